#pragma once
// One content coding being undone, for body_decoding.cpp; zlib and brotli stay in inflate.cpp. One thread, one body.
//
//     auto inflate = http::make_inflate("gzip");                    // nullptr: not a coding we know
//     const auto result = inflate->decode(input, output);           // input shrinks by what was read

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace http {

class Inflate {
public:
    enum class Result : std::uint8_t { progressed, failed };

    virtual ~Inflate() = default;
    // Decodes until `output` is full or `input` is used up. Bytes after the end of the coding are a failure.
    [[nodiscard]] virtual Result decode(std::string_view& input, std::span<char> output) = 0;
    // Of the last output: bytes not filled.
    [[nodiscard]] std::size_t room() const { return room_; }
    // What was read so far ends where the coding ends.
    [[nodiscard]] virtual bool is_finished() const = 0;

protected:
    std::size_t room_ = 0;
};

[[nodiscard]] std::unique_ptr<Inflate> make_inflate(std::string_view coding);

}  // namespace http
