#pragma once
// Takes a multipart/form-data body apart (RFC 7578, RFC 2046 section 5.1.1). Pure and incremental: bytes in, views of the same
// bytes out. Each byte is looked at once, however the body is cut; what is kept between two calls is a part's head, which is
// bounded. A fault is final: a parser that has failed takes nothing any more and is never done.
//
//     MultipartParser parser(*boundary, limits);
//     for (auto step = parser.parse(input); …; input.remove_prefix(step.consumed)) …
//     if (!parser.done()) …                                    // at the end of the body: it was cut off
//
// Strict where two readers could see different parts: no preamble (but one CRLF), no epilogue, no white space behind a boundary, no
// folded headers, no bare CR or LF in a head, no Content-Transfer-Encoding that changes bytes.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace http {

struct MultipartLimits {
    std::size_t boundary_bytes = 70;                     // RFC 2046 section 5.1.1
    std::size_t head_bytes = std::size_t{8} * 1024;      // of one part
    std::size_t head_fields = 16;                        // of one part
    std::size_t field_bytes = std::size_t{64} * 1024;    // of one field's value
    std::size_t fields_bytes = std::size_t{256} * 1024;  // of all fields, names and values
    std::size_t fields = 100;
    std::size_t files = 10;                                // of all names together
    std::uint64_t file_bytes = std::uint64_t{16} << 20U;   // of one file, unless its FileField says otherwise
    std::uint64_t total_bytes = std::uint64_t{64} << 20U;  // of the body; the route's body_limit counts as well
};

// The boundary of a Content-Type, without its quotes. nullopt: there is none, two, or one that is not by the grammar.
[[nodiscard]] std::optional<std::string> multipart_boundary(std::string_view content_type,
                                                            std::size_t most_bytes = MultipartLimits{}.boundary_bytes);

// What a part says about itself.
struct PartHead {
    std::string name;                      // any bytes
    std::optional<std::string> file_name;  // as sent, in UTF-8; filename* wins. Not cleaned yet
    std::string media_type;                // in small letters, without parameters; "text/plain" where there is none
};

class MultipartParser {
public:
    enum class Fault : std::uint8_t {
        none,
        no_boundary,        // the body does not begin with it, or what follows one is neither CRLF nor "--"
        malformed_head,     // a line that is no header field, a bare CR or LF, a fold
        no_disposition,     // no Content-Disposition: form-data with a name, or two
        malformed_name,     // a file name that is not UTF-8, or in another charset; a name twice
        transfer_encoding,  // base64, quoted-printable
        head_too_large,     // bytes or fields
        bytes_behind_end,
    };
    enum class Kind : std::uint8_t {
        more,  // all was taken: give more
        part,  // head() is complete
        data,  // of that part
        part_end,
        end,  // of the body
        failed,
    };
    struct Step {
        Kind kind = Kind::more;
        std::size_t consumed = 0;
        std::string_view data{};
    };

    MultipartParser(std::string_view boundary, const MultipartLimits& limits);

    // `data` views the input, or the parser until the next call.
    [[nodiscard]] Step parse(std::string_view input);

    [[nodiscard]] const PartHead& head() const { return head_; }
    [[nodiscard]] bool done() const { return state_ == State::end || state_ == State::end_line; }
    [[nodiscard]] Fault fault() const { return fault_; }

private:
    enum class State : std::uint8_t {
        start,
        first_boundary,
        head,
        data,
        after_boundary,
        after_boundary_return,
        after_boundary_dash,
        end,
        end_return,
        end_line,
        failed,
    };
    Step fail(Fault fault, std::size_t consumed);
    Step match_first(std::string_view input);
    Step take_head(std::string_view input);
    Step take_data(std::string_view input);
    Step finish_delimiter(std::string_view input);
    Step take_framing(std::string_view input);
    // Where a byte behind a boundary leads; `failed` when it is not allowed there.
    [[nodiscard]] State next_of_framing(char c) const;

    std::string delimiter_;  // CRLF, "--", the boundary
    MultipartLimits limits_;
    State state_ = State::start;
    Fault fault_ = Fault::none;
    std::size_t matched_ = 0;  // bytes of the delimiter that the last ones were
    std::string lines_;        // the head so far
    PartHead head_;
};

// A sentence for the reader of the error.
[[nodiscard]] std::string_view to_string(MultipartParser::Fault fault);

// A name to keep and to show, of any file name that a client sends: what stands behind the last slash or backslash, in composed
// letters (NFC), without control characters and what only steers the display, without dots and spaces in front and at the end, at
// most 255 bytes (the ending stays). "": nothing is left, or it was no UTF-8.
[[nodiscard]] std::string clean_file_name(std::string_view sent);

}  // namespace http
