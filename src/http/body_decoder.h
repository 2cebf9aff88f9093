#pragma once
// Takes the framing off a request body: a length, or the chunked coding read strictly by its grammar (RFC 9112 §7.1, without
// the white space that it tolerates). Extensions and trailers are checked, bounded and dropped. Pure and incremental: bytes
// in, views of the same bytes out. A fault is final: a decoder that has failed is never done, and takes nothing any more.
//
//     auto decoder = http::BodyDecoder::chunked();
//     for (auto step = decoder.decode(input); ...; input.remove_prefix(step.consumed)) use(step.data);

#include <cstdint>
#include <string_view>

namespace http {

class BodyDecoder {
public:
    // Of all chunks together.
    static constexpr std::uint32_t max_extensions = 64;
    static constexpr std::uint32_t max_extension_bytes = 4096;
    static constexpr std::uint32_t max_trailers = 32;
    static constexpr std::uint32_t max_trailer_bytes = 4096;

    [[nodiscard]] static BodyDecoder none() { return with_length(0); }
    [[nodiscard]] static BodyDecoder with_length(std::uint64_t length);
    [[nodiscard]] static BodyDecoder chunked();

    struct Step {
        std::size_t consumed = 0;
        std::string_view data;
        bool failed = false;  // broken framing: the connection cannot be used any further
    };
    // Takes framing and at most one run of data. Consumes everything unless it has found data, the end, or a fault.
    [[nodiscard]] Step decode(std::string_view input);

    [[nodiscard]] bool done() const { return state_ == State::done; }
    [[nodiscard]] bool failed() const { return state_ == State::failed; }
    // Bytes of a body with a length that are still to come; 0 for a chunked one.
    [[nodiscard]] std::uint64_t remaining() const { return is_chunked_ ? 0 : left_; }
    [[nodiscard]] bool is_chunked() const { return is_chunked_; }

private:
    enum class State : std::uint8_t {
        done,
        failed,
        data,
        size_first,
        size,
        extension_name_first,
        extension_name,
        extension_value_first,
        extension_value,
        extension_quoted,
        extension_quoted_pair,
        extension_quoted_end,
        size_line_feed,
        data_return,
        data_line_feed,
        trailer_first,
        trailer_name,
        trailer_value,
        trailer_line_feed,
        end_line_feed,
    };
    // Where one byte of framing leads; `failed` when it is not allowed there. decode() alone changes state_, by what these
    // have judged.
    [[nodiscard]] State next(char c);
    [[nodiscard]] State next_of_size(char c);
    [[nodiscard]] State next_of_extension(char c);
    [[nodiscard]] State next_of_trailer(char c);
    [[nodiscard]] State extension_or_end(char c);

    State state_ = State::done;
    bool is_chunked_ = false;
    std::uint64_t left_ = 0;
    std::uint32_t size_digits_ = 0;
    std::uint32_t extensions_ = 0;
    std::uint32_t extension_bytes_ = 0;
    std::uint32_t trailers_ = 0;
    std::uint32_t trailer_bytes_ = 0;
};

}  // namespace http
