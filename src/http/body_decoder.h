#pragma once
// Takes the framing off a request body: a length, or the chunked coding read strictly (RFC 9112 §7.1). Extensions and
// trailers are skipped and bounded. Pure and incremental: bytes in, views of the same bytes out.
//
//     auto decoder = http::BodyDecoder::chunked();
//     for (auto step = decoder.decode(input); ...; input.remove_prefix(step.consumed)) use(step.data);

#include <cstdint>
#include <string_view>

namespace http {

class BodyDecoder {
public:
    static constexpr std::uint32_t max_extension_bytes = 4096;  // of all chunks together
    static constexpr std::uint32_t max_trailer_bytes = 4096;

    [[nodiscard]] static BodyDecoder none() { return with_length(0); }
    [[nodiscard]] static BodyDecoder with_length(std::uint64_t length);
    [[nodiscard]] static BodyDecoder chunked();

    struct Step {
        std::size_t consumed = 0;
        std::string_view data;
        bool failed = false;  // broken framing: the connection cannot be used any further
    };
    // Takes framing and at most one run of data. Consumes everything unless it has found data or the end.
    [[nodiscard]] Step decode(std::string_view input);

    [[nodiscard]] bool done() const { return state_ == State::done; }
    // Bytes of a body with a length that are still to come; 0 for a chunked one.
    [[nodiscard]] std::uint64_t remaining() const { return is_chunked_ ? 0 : left_; }
    [[nodiscard]] bool is_chunked() const { return is_chunked_; }

private:
    enum class State : std::uint8_t {
        done,
        data,
        size_first,
        size,
        extension,
        size_line_feed,
        data_return,
        data_line_feed,
        trailer_first,
        trailer,
        trailer_line_feed,
        end_line_feed,
    };
    // One byte of framing; false when it is not allowed there.
    [[nodiscard]] bool take(char c);
    [[nodiscard]] bool take_size(char c);
    [[nodiscard]] bool take_trailer(char c);
    [[nodiscard]] bool expect(char c, char wanted, State next);

    State state_ = State::done;
    bool is_chunked_ = false;
    std::uint64_t left_ = 0;
    std::uint32_t size_digits_ = 0;
    std::uint32_t extension_bytes_ = 0;
    std::uint32_t trailer_bytes_ = 0;
};

}  // namespace http
