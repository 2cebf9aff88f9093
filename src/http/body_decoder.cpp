#include "http/body_decoder.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "http/headers.h"

namespace http {

namespace {

constexpr std::uint32_t max_size_digits = 15;

std::optional<unsigned> hex_digit(char c) {
    if (base::is_ascii_digit(c)) return static_cast<unsigned>(c - '0');
    const char lower = base::ascii_lower(c);
    if (lower >= 'a' && lower <= 'f') return static_cast<unsigned>(lower - 'a' + 10);
    return std::nullopt;
}

bool is_token_char(char c) { return is_token({&c, 1}); }
bool is_text(char c) { return is_field_value({&c, 1}); }

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
    while (step.consumed < input.size() && !done() && !failed()) {
        if (state_ != State::data) {
            state_ = next(input[step.consumed]);
            if (!failed()) ++step.consumed;
            continue;
        }
        step.data = input.substr(step.consumed, static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size())));
        step.consumed += step.data.size();
        left_ -= step.data.size();
        if (left_ == 0) state_ = is_chunked_ ? State::data_return : State::done;
        return step;
    }
    step.failed = failed();
    return step;
}

BodyDecoder::State BodyDecoder::next(char c) {
    const auto expect = [c](char wanted, State then) { return c == wanted ? then : State::failed; };
    switch (state_) {
        case State::size_first:
        case State::size: return next_of_size(c);
        case State::extension_name_first:
        case State::extension_name:
        case State::extension_value_first:
        case State::extension_value:
        case State::extension_quoted:
        case State::extension_quoted_pair:
        case State::extension_quoted_end:
            if (++extension_bytes_ > max_extension_bytes) return State::failed;
            return next_of_extension(c);
        case State::size_line_feed: return expect('\n', left_ == 0 ? State::trailer_first : State::data);
        case State::data_return: return expect('\r', State::data_line_feed);
        case State::data_line_feed: return expect('\n', State::size_first);
        case State::trailer_first:
        case State::trailer_name:
        case State::trailer_value: return next_of_trailer(c);
        case State::trailer_line_feed: return expect('\n', State::trailer_first);
        case State::end_line_feed: return expect('\n', State::done);
        case State::data:
        case State::done:
        case State::failed: break;
    }
    return State::failed;
}

BodyDecoder::State BodyDecoder::next_of_size(char c) {
    const auto digit = hex_digit(c);
    if (state_ == State::size_first) {
        if (!digit) return State::failed;
        left_ = 0;
        size_digits_ = 0;
    }
    if (!digit) return extension_or_end(c);
    if (++size_digits_ > max_size_digits) return State::failed;
    left_ = (left_ * 16) + *digit;
    return State::size;
}

// Behind a size, an extension's name or its value. No white space: BWS there is what smugglers use.
BodyDecoder::State BodyDecoder::extension_or_end(char c) {
    if (c == '\r') return State::size_line_feed;
    return c == ';' && ++extensions_ <= max_extensions ? State::extension_name_first : State::failed;
}

// chunk-ext = *( ";" token [ "=" ( token / quoted-string ) ] )
BodyDecoder::State BodyDecoder::next_of_extension(char c) {
    switch (state_) {
        case State::extension_name_first: return is_token_char(c) ? State::extension_name : State::failed;
        case State::extension_name:
            if (is_token_char(c)) return State::extension_name;
            return c == '=' ? State::extension_value_first : extension_or_end(c);
        case State::extension_value_first:
            if (c == '"') return State::extension_quoted;
            return is_token_char(c) ? State::extension_value : State::failed;
        case State::extension_value: return is_token_char(c) ? State::extension_value : extension_or_end(c);
        case State::extension_quoted:
            if (c == '"') return State::extension_quoted_end;
            if (c == '\\') return State::extension_quoted_pair;
            return is_text(c) ? State::extension_quoted : State::failed;
        case State::extension_quoted_pair: return is_text(c) ? State::extension_quoted : State::failed;
        default: return extension_or_end(c);
    }
}

// field-line = token ":" text; a fold starts with no token.
BodyDecoder::State BodyDecoder::next_of_trailer(char c) {
    if (c == '\r') {
        if (state_ == State::trailer_first) return State::end_line_feed;
        return state_ == State::trailer_value ? State::trailer_line_feed : State::failed;
    }
    if (++trailer_bytes_ > max_trailer_bytes) return State::failed;
    if (state_ == State::trailer_value) return is_text(c) ? State::trailer_value : State::failed;
    if (state_ == State::trailer_first) {
        return is_token_char(c) && ++trailers_ <= max_trailers ? State::trailer_name : State::failed;
    }
    if (c == ':') return State::trailer_value;
    return is_token_char(c) ? State::trailer_name : State::failed;
}

}  // namespace http
