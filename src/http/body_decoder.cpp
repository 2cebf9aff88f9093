#include "http/body_decoder.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"

namespace http {

namespace {

constexpr std::uint32_t max_size_digits = 15;

std::optional<unsigned> hex_digit(char c) {
    if (base::is_ascii_digit(c)) return static_cast<unsigned>(c - '0');
    const char lower = base::ascii_lower(c);
    if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a' + 10);
    return std::nullopt;
}

bool is_text(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

}  // namespace

BodyDecoder BodyDecoder::with_length(std::uint64_t length) {
    BodyDecoder decoder;
    decoder.left_ = length;
    decoder.state_ = length == 0 ? State::done : State::data;
    return decoder;
}

BodyDecoder BodyDecoder::chunked() {
    BodyDecoder decoder;
    decoder.is_chunked_ = true;
    decoder.state_ = State::size_first;
    return decoder;
}

BodyDecoder::Step BodyDecoder::decode(std::string_view input) {
    Step step;
    while (step.consumed < input.size() && state_ != State::done) {
        if (state_ != State::data) {
            if (!take(input[step.consumed])) {
                step.failed = true;
                return step;
            }
            ++step.consumed;
            continue;
        }
        step.data = input.substr(step.consumed, static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size())));
        step.consumed += step.data.size();
        left_ -= step.data.size();
        if (left_ == 0) state_ = is_chunked_ ? State::data_return : State::done;
        return step;
    }
    return step;
}

bool BodyDecoder::expect(char c, char wanted, State next) {
    state_ = next;
    return c == wanted;
}

bool BodyDecoder::take(char c) {
    switch (state_) {
        case State::size_first:
        case State::size: return take_size(c);
        case State::extension:
            if (c == '\r') return expect(c, '\r', State::size_line_feed);
            return is_text(c) && ++extension_bytes_ <= max_extension_bytes;
        case State::size_line_feed: return expect(c, '\n', left_ == 0 ? State::trailer_first : State::data);
        case State::data_return: return expect(c, '\r', State::data_line_feed);
        case State::data_line_feed: return expect(c, '\n', State::size_first);
        case State::trailer_first:
        case State::trailer: return take_trailer(c);
        case State::trailer_line_feed: return expect(c, '\n', State::trailer_first);
        case State::end_line_feed: return expect(c, '\n', State::done);
        case State::data:
        case State::done: break;
    }
    return false;
}

bool BodyDecoder::take_size(char c) {
    if (const auto digit = hex_digit(c)) {
        if (state_ == State::size_first) {
            left_ = 0;
            size_digits_ = 0;
            state_ = State::size;
        }
        left_ = left_ * 16 + *digit;
        return ++size_digits_ <= max_size_digits;
    }
    if (state_ == State::size_first) return false;
    if (c == '\r') return expect(c, '\r', State::size_line_feed);
    // No white space before the semicolon: BWS there is what smugglers use.
    return expect(c, ';', State::extension) && ++extension_bytes_ <= max_extension_bytes;
}

bool BodyDecoder::take_trailer(char c) {
    if (c == '\r') {
        const bool empty_line = state_ == State::trailer_first;
        return expect(c, '\r', empty_line ? State::end_line_feed : State::trailer_line_feed);
    }
    // A fold, or a line that starts with a colon, is no field.
    if (state_ == State::trailer_first && (c == ' ' || c == '\t' || c == ':')) return false;
    state_ = State::trailer;
    return is_text(c) && ++trailer_bytes_ <= max_trailer_bytes;
}

}  // namespace http
