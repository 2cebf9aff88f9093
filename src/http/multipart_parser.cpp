#include "http/multipart_parser.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "base/text.h"

namespace http {

namespace {

using Fault = MultipartParser::Fault;

constexpr std::string_view crlf = "\r\n";
constexpr std::size_t longest_name = 255;   // what file systems take
constexpr std::size_t longest_ending = 32;  // that is kept when a name is cut

bool is_token(char c) {  // RFC 9110 section 5.6.2
    constexpr std::string_view signs = "!#$%&'*+-.^_`|~";
    const char lower = base::ascii_lower(c);
    return base::is_ascii_digit(c) || (lower >= 'a' && lower <= 'z') || signs.contains(c);
}
bool is_boundary_char(char c) {  // RFC 2046 section 5.1.1
    constexpr std::string_view signs = "'()+_,-./:=? ";
    const char lower = base::ascii_lower(c);
    return base::is_ascii_digit(c) || (lower >= 'a' && lower <= 'z') || signs.contains(c);
}
bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

// The parameters behind a media type or a disposition: `; name=token; name="quoted"`.
class Parameters {
public:
    explicit Parameters(std::string_view text) : rest_(text) {}

    // False: not by the grammar.
    bool read() {
        while (true) {
            skip_space();
            if (rest_.empty()) return true;
            if (rest_.front() != ';' || !read_one()) return false;
        }
    }
    // nullopt: none, or more than one (`doubled`).
    [[nodiscard]] std::optional<std::string> get(std::string_view name) {
        std::optional<std::string> found;
        for (auto& [own, value] : pairs_) {
            if (!base::iequals(own, name)) continue;
            doubled_ |= found.has_value();
            found = value;
        }
        return found;
    }
    [[nodiscard]] bool doubled() const { return doubled_; }

private:
    void skip_space() {
        while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
    }
    std::string_view take_token() {
        const auto length = static_cast<std::size_t>(std::ranges::find_if_not(rest_, is_token) - rest_.begin());
        const auto token = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return token;
    }
    bool read_one() {
        rest_.remove_prefix(1);
        skip_space();
        const auto name = take_token();
        if (name.empty() || !rest_.starts_with('=')) return false;
        rest_.remove_prefix(1);
        auto& value = pairs_.emplace_back(name, std::string()).second;
        if (rest_.starts_with('"')) return read_quoted(value);
        value = take_token();
        return !value.empty();
    }
    // Old clients write `\"` for a quote, today's browsers `%22`, and a backslash as it is: so a quote that nothing follows ends
    // the value, whatever stands before it.
    bool read_quoted(std::string& value) {
        rest_.remove_prefix(1);
        while (!rest_.empty()) {
            const char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '"') return true;
            const bool escape =
                c == '\\' && !rest_.empty() && (rest_.front() == '\\' || (rest_.front() == '"' && rest_.size() > 1));
            value += escape ? rest_.front() : c;
            if (escape) rest_.remove_prefix(1);
        }
        return false;
    }

    std::string_view rest_;
    std::vector<std::pair<std::string_view, std::string>> pairs_;
    bool doubled_ = false;
};

// What browsers escape in names, and nothing else (HTML, "multipart/form-data encoding algorithm").
std::string unescape(std::string_view text) {
    std::string plain;
    while (!text.empty()) {
        const auto three = text.substr(0, 3);
        const char decoded = base::iequals(three, "%22") ? '"' : base::iequals(three, "%0d") ? '\r' : '\n';
        const bool escaped = decoded != '\n' || base::iequals(three, "%0a");
        plain += escaped ? decoded : text.front();
        text.remove_prefix(escaped ? 3 : 1);
    }
    return plain;
}

// RFC 8187 section 3.2.1: UTF-8'language'%C3%A9. nullopt: anything else.
std::optional<std::string> decode_extended(std::string_view value) {
    const auto quote = value.find('\'');
    const auto second = quote == std::string_view::npos ? quote : value.find('\'', quote + 1);
    if (second == std::string_view::npos || !base::iequals(value.substr(0, quote), "utf-8")) return std::nullopt;
    return base::percent_decode(value.substr(second + 1));
}

class HeadReader {
public:
    HeadReader(PartHead& head, const MultipartLimits& limits) : head_(head), limits_(limits) {}

    // `lines` end with an empty one.
    Fault read(std::string_view lines) {
        head_ = {.name = {}, .file_name = {}, .media_type = "text/plain"};
        std::size_t count = 0;
        while (!lines.starts_with(crlf)) {
            if (++count > limits_.head_fields) return Fault::head_too_large;
            const auto end = lines.find(crlf);
            if (const auto fault = read_line(lines.substr(0, end)); fault != Fault::none) return fault;
            lines.remove_prefix(end + crlf.size());
        }
        return has_disposition_ ? Fault::none : Fault::no_disposition;
    }

private:
    Fault read_line(std::string_view line) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) return Fault::malformed_head;
        const auto name = line.substr(0, colon);
        const bool clean = std::ranges::all_of(name, is_token) &&
                           line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
        if (!clean) return Fault::malformed_head;
        const auto value = base::trim(line.substr(colon + 1));
        if (base::iequals(name, "content-disposition")) return read_disposition(value);
        if (base::iequals(name, "content-type")) return read_type(value);
        if (base::iequals(name, "content-transfer-encoding")) return read_transfer_encoding(value);
        return Fault::none;
    }

    Fault read_disposition(std::string_view value) {
        const auto end = std::min(value.find(';'), value.size());
        if (has_disposition_ || !base::iequals(base::trim(value.substr(0, end)), "form-data"))
            return Fault::no_disposition;
        has_disposition_ = true;
        Parameters parameters(value.substr(end));
        if (!parameters.read()) return Fault::malformed_head;
        const auto name = parameters.get("name");
        const auto plain = parameters.get("filename");
        const auto extended = parameters.get("filename*");
        if (!name) return Fault::no_disposition;
        if (parameters.doubled()) return Fault::malformed_name;
        head_.name = unescape(*name);
        if (plain) head_.file_name = unescape(*plain);
        if (extended) head_.file_name = decode_extended(*extended);
        if ((extended && !head_.file_name) || (head_.file_name && !base::is_utf8(*head_.file_name)))
            return Fault::malformed_name;
        return Fault::none;
    }

    Fault read_type(std::string_view value) {
        const auto type = base::trim(value.substr(0, value.find(';')));
        const auto slash = type.find('/');
        const bool is_type = slash != std::string_view::npos && slash > 0 && slash + 1 < type.size() &&
                             std::ranges::all_of(type.substr(0, slash), is_token) &&
                             std::ranges::all_of(type.substr(slash + 1), is_token);
        if (has_type_ || !is_type) return Fault::malformed_head;
        has_type_ = true;
        head_.media_type = base::ascii_lower(type);
        return Fault::none;
    }

    static Fault read_transfer_encoding(std::string_view value) {  // RFC 7578 section 4.7: nobody sends another
        const bool plain =
            base::iequals(value, "binary") || base::iequals(value, "8bit") || base::iequals(value, "7bit");
        return plain ? Fault::none : Fault::transfer_encoding;
    }

    PartHead& head_;
    const MultipartLimits& limits_;
    bool has_disposition_ = false;
    bool has_type_ = false;
};

// As find(), which asks each CR whether it is the one: with nothing but CRs it is a hundred times slower than with none.
std::size_t find_delimiter(std::string_view input, std::string_view delimiter) {
    const auto* found = ::memmem(input.data(), input.size(), delimiter.data(), delimiter.size());
    return found == nullptr ? std::string_view::npos
                            : static_cast<std::size_t>(static_cast<const char*>(found) - input.data());
}

// How many of the last bytes may be the beginning of a delimiter. It has one CR, in front: so there is one place to look at.
std::size_t delimiter_begun(std::string_view input, std::string_view delimiter) {
    const auto tail = input.substr(input.size() - std::min(input.size(), delimiter.size() - 1));
    const auto at = tail.rfind('\r');
    if (at == std::string_view::npos || !delimiter.starts_with(tail.substr(at))) return 0;
    return tail.size() - at;
}

void cut_keeping_ending(std::string& name) {
    if (name.size() <= longest_name) return;
    const auto dot = name.rfind('.');
    const bool has_ending = dot != std::string::npos && dot > 0 && name.size() - dot <= longest_ending;
    const auto ending = has_ending ? name.substr(dot) : std::string();
    auto end = longest_name - ending.size();
    while (end > 0 && is_continuation(name[end])) --end;
    name.resize(end);
    name += ending;
}

}  // namespace

std::optional<std::string> multipart_boundary(std::string_view content_type, std::size_t most_bytes) {
    const auto end = std::min(content_type.find(';'), content_type.size());
    Parameters parameters(content_type.substr(end));
    if (!parameters.read()) return std::nullopt;
    auto boundary = parameters.get("boundary");
    const bool valid = boundary && !parameters.doubled() && !boundary->empty() && boundary->size() <= most_bytes &&
                       boundary->back() != ' ' && std::ranges::all_of(*boundary, is_boundary_char);
    return valid ? boundary : std::nullopt;
}

MultipartParser::MultipartParser(std::string_view boundary, const MultipartLimits& limits)
    : delimiter_(std::string("\r\n--").append(boundary)), limits_(limits) {}

MultipartParser::Step MultipartParser::parse(std::string_view input) {
    switch (state_) {
        case State::start:
            if (input.empty()) return {};
            matched_ = input.front() == '\r' ? 0 : crlf.size();
            state_ = State::first_boundary;
            return match_first(input);
        case State::first_boundary: return match_first(input);
        case State::head: return take_head(input);
        case State::data: return take_data(input);
        case State::failed: return {.kind = Kind::failed};
        default: return take_framing(input);
    }
}

MultipartParser::Step MultipartParser::fail(Fault fault, std::size_t consumed) {
    state_ = State::failed;
    fault_ = fault;
    return {.kind = Kind::failed, .consumed = consumed};
}

MultipartParser::Step MultipartParser::match_first(std::string_view input) {
    std::size_t taken = 0;
    while (taken < input.size() && matched_ < delimiter_.size()) {
        if (input[taken] != delimiter_[matched_]) return fail(Fault::no_boundary, taken);
        ++taken;
        ++matched_;
    }
    if (matched_ == delimiter_.size()) state_ = State::after_boundary;
    return {.consumed = taken};
}

MultipartParser::State MultipartParser::next_of_framing(char c) const {
    switch (state_) {
        case State::after_boundary:
            if (c == '-') return State::after_boundary_dash;
            return c == '\r' ? State::after_boundary_return : State::failed;
        case State::after_boundary_return: return c == '\n' ? State::head : State::failed;
        case State::after_boundary_dash: return c == '-' ? State::end : State::failed;
        case State::end: return c == '\r' ? State::end_return : State::failed;
        case State::end_return: return c == '\n' ? State::end_line : State::failed;
        default: return State::failed;
    }
}

MultipartParser::Step MultipartParser::take_framing(std::string_view input) {
    std::size_t taken = 0;
    while (taken < input.size()) {
        const bool was_end = state_ >= State::end;
        state_ = next_of_framing(input[taken]);
        if (state_ == State::failed) return fail(was_end ? Fault::bytes_behind_end : Fault::no_boundary, taken);
        ++taken;
        if (state_ == State::end) return {.kind = Kind::end, .consumed = taken};
        if (state_ == State::head) {
            lines_.clear();
            break;
        }
    }
    return {.consumed = taken};
}

MultipartParser::Step MultipartParser::take_head(std::string_view input) {
    std::size_t taken = 0;
    while (taken < input.size()) {
        lines_ += input[taken];
        ++taken;
        if (lines_ != crlf && !lines_.ends_with("\r\n\r\n")) {
            if (lines_.size() < limits_.head_bytes) continue;
            return fail(Fault::head_too_large, taken);
        }
        if (const auto fault = HeadReader(head_, limits_).read(lines_); fault != Fault::none) return fail(fault, taken);
        state_ = State::data;
        matched_ = 0;
        return {.kind = Kind::part, .consumed = taken};
    }
    return {.consumed = taken};
}

MultipartParser::Step MultipartParser::take_data(std::string_view input) {
    if (input.empty()) return {};
    if (matched_ > 0) return finish_delimiter(input);
    const auto at = find_delimiter(input, delimiter_);
    if (at == 0) {
        state_ = State::after_boundary;
        return {.kind = Kind::part_end, .consumed = delimiter_.size()};
    }
    if (at != std::string_view::npos) return {.kind = Kind::data, .consumed = at, .data = input.substr(0, at)};
    matched_ = delimiter_begun(input, delimiter_);
    const auto data = input.substr(0, input.size() - matched_);
    return {.kind = data.empty() ? Kind::more : Kind::data, .consumed = input.size(), .data = data};
}

// The last input ended within what may be a delimiter. If it is none, its bytes are data: the same as the delimiter's own.
MultipartParser::Step MultipartParser::finish_delimiter(std::string_view input) {
    std::size_t taken = 0;
    while (taken < input.size() && matched_ < delimiter_.size() && input[taken] == delimiter_[matched_]) {
        ++taken;
        ++matched_;
    }
    if (matched_ == delimiter_.size()) {
        state_ = State::after_boundary;
        return {.kind = Kind::part_end, .consumed = taken};
    }
    if (taken == input.size()) return {.consumed = taken};
    const auto held = std::exchange(matched_, 0);
    return {.kind = Kind::data, .consumed = taken, .data = std::string_view(delimiter_).substr(0, held)};
}

std::string_view to_string(MultipartParser::Fault fault) {
    switch (fault) {
        case Fault::none: return "it was cut off";
        case Fault::no_boundary:
            return "the boundary of Content-Type is not where it belongs, or neither CRLF nor -- follows it";
        case Fault::malformed_head: return "the head of a part has a line that is no header field";
        case Fault::no_disposition: return "a part needs one Content-Disposition: form-data; name=\"...\"";
        case Fault::malformed_name: return "a name stands twice, or a file name is not UTF-8";
        case Fault::transfer_encoding: return "Content-Transfer-Encoding is not understood: send the bytes as they are";
        case Fault::head_too_large: return "the head of a part is too large";
        case Fault::bytes_behind_end: return "bytes behind the last boundary";
    }
    return "";
}

std::string clean_file_name(std::string_view sent) {
    if (!base::is_utf8(sent)) return {};
    const auto slash = sent.find_last_of("/\\");
    std::string name(slash == std::string_view::npos ? sent : sent.substr(slash + 1));
    std::erase(name, '\0');  // no text of the database has it
    base::normalise_name(name);
    constexpr std::string_view around = ". ";
    name.erase(0, std::min(name.find_first_not_of(around), name.size()));
    name.erase(name.find_last_not_of(around) + 1);
    if (!base::has_visible(name)) return {};
    cut_keeping_ending(name);
    return name;
}

}  // namespace http
