#include "http/headers.h"

#include <algorithm>
#include <stdexcept>

#include "base/strings.h"

namespace http {

namespace {

constexpr std::array<std::string_view, known_header_count> known_names{
    "host",
    "connection",
    "content-length",
    "content-type",
    "content-encoding",
    "transfer-encoding",
    "expect",
    "upgrade",
    "authorization",
    "cookie",
    "origin",
    "accept",
    "accept-encoding",
    "if-match",
    "if-none-match",
    "x-forwarded-for",
    "x-request-id",
    "traceparent",
    "idempotency-key",
};

constexpr std::array<bool, 256> token_table = [] {
    std::array<bool, 256> table{};
    for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
    for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = true;
    for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = true;
    for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = true;
    return table;
}();

// Values are short and names mostly differ in length: cheaper than base::iequals' call.
bool same_name(std::string_view left, std::string_view right) {
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (base::ascii_lower(left[i]) != base::ascii_lower(right[i])) return false;
    }
    return true;
}

void require_valid(std::string_view name, std::string_view value) {
    if (!is_token(name)) throw std::invalid_argument("not a header name: \"" + std::string(name) + '"');
    if (!is_field_value(value))
        throw std::invalid_argument("control character in the value of header " + std::string(name));
}

bool list_has(std::string_view list, std::string_view token) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        if (base::iequals(base::trim(list.substr(0, comma)), token)) return true;
        if (comma == std::string_view::npos) return false;
        list.remove_prefix(comma + 1);
    }
    return false;
}

}  // namespace

std::optional<KnownHeader> known_header(std::string_view name) {
    for (std::size_t i = 0; i < known_names.size(); ++i) {
        if (same_name(known_names[i], name)) return static_cast<KnownHeader>(i);
    }
    return std::nullopt;
}

bool is_token(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return token_table[static_cast<unsigned char>(c)]; });
}

bool is_field_value(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
    });
}

std::optional<std::string_view> RequestHeaders::get(std::string_view name) const {
    for (const auto& field : fields_) {
        if (same_name(field.name, name)) return field.value;
    }
    return std::nullopt;
}

std::size_t RequestHeaders::count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(fields_, [&](const Header& field) { return same_name(field.name, name); }));
}

std::string RequestHeaders::joined(std::string_view name) const {
    std::string all;
    for (const auto& field : fields_) {
        if (!same_name(field.name, name)) continue;
        if (!all.empty()) all += ", ";
        all += field.value;
    }
    return all;
}

void RequestHeaders::add(std::string_view name, std::string_view value, std::optional<KnownHeader> known) {
    fields_.push_back({name, value});
    if (!known) return;
    auto& index = known_[static_cast<std::size_t>(*known)];
    if (index == 0 && fields_.size() < 256) index = static_cast<std::uint8_t>(fields_.size());
}

void RequestHeaders::clear() {
    fields_.clear();
    known_ = {};
}

void Headers::set(std::string_view name, std::string_view value) {
    require_valid(name, value);
    // Before the removal: `value` may view one of our own bytes, which stay where they are.
    remove(name);
    append(name, value);
}

void Headers::append(std::string_view name, std::string_view value) {
    require_valid(name, value);
    const auto offset = static_cast<std::uint32_t>(bytes_.size());
    if (const auto size = bytes_.size() + name.size() + value.size(); size > bytes_.capacity()) {
        // `name` and `value` may view our own bytes, which must not move between the two appends.
        std::string grown;
        grown.reserve(std::max(size, 2 * bytes_.capacity()));
        grown.append(bytes_).append(name).append(value);
        bytes_ = std::move(grown);
    } else {
        bytes_.append(name).append(value);
    }
    entries_.push_back({offset, static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size())});
}

void Headers::append_all(const Headers& block) {
    const auto shift = static_cast<std::uint32_t>(bytes_.size());
    bytes_.append(block.bytes_);
    for (const auto& entry : block.entries_)
        entries_.push_back({entry.offset + shift, entry.name_size, entry.value_size});
}

void Headers::remove(std::string_view name) {
    std::erase_if(entries_, [&](const Entry& entry) { return same_name(view(entry).name, name); });
}

void Headers::add_to_list(std::string_view name, std::string_view token) {
    const auto present = get(name);
    if (!present || present->empty()) return set(name, token);
    if (list_has(*present, token) || *present == "*") return;
    set(name, std::string(*present).append(", ").append(token));
}

void Headers::clear() {
    bytes_.clear();
    entries_.clear();
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
    for (const auto field : *this) {
        if (same_name(field.name, name)) return field.value;
    }
    return std::nullopt;
}

}  // namespace http
