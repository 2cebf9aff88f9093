#pragma once
// Content codings being made, for compression.cpp; the libraries stay in encoder.cpp. An Encoder serves one stream on one
// thread; compress_whole() uses contexts of the calling thread and is quicker for bodies that are there whole.
//
//     auto encoder = http::make_encoder(http::Coding::br, options);
//     encoder->append(out, piece, http::Encoder::Step::flush);

#include <memory>
#include <string>
#include <string_view>

#include "http/middleware/compression.h"

namespace http {

class Encoder {
public:
    enum class Step : std::uint8_t { run, flush, finish };
    virtual ~Encoder() = default;
    // Adds to `out` what encoding `input` has brought so far; flush and finish bring all of it.
    virtual void append(std::string& out, std::string_view input, Step step) = 0;
};

[[nodiscard]] std::unique_ptr<Encoder> make_encoder(Coding coding, const CompressionOptions& options);
[[nodiscard]] std::string compress_whole(Coding coding, std::string_view body, const CompressionOptions& options);

}  // namespace http
