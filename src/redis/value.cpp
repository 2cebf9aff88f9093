#include "redis/value.h"

#include <charconv>
#include <optional>

#include "base/strings.h"
#include "redis/errors.h"

namespace redis {

namespace {

[[noreturn]] void refuse(std::string cause) {
    throw base::Failure(base::Failure(errors::unexpected_reply).cause(std::move(cause)));
}

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::null: return "null";
        case Kind::text: return "a string";
        case Kind::error: return "an error";
        case Kind::integer: return "an integer";
        case Kind::number: return "a double";
        case Kind::boolean: return "a boolean";
        case Kind::array: return "an array";
        case Kind::push: return "a push frame";
    }
    return "nothing";
}

[[noreturn]] void refuse(std::string_view wanted, Kind kind) {
    refuse("wanted " + std::string(wanted) + ", got " + std::string(name_of(kind)));
}

}  // namespace

std::string_view Value::text() const {
    const auto& own = node();
    switch (own.kind) {
        case Kind::text:
        case Kind::error:
        case Kind::integer:
        case Kind::number: return std::string_view(*bytes_).substr(own.begin, own.length);
        // As RESP2 has it.
        case Kind::boolean: return own.integer == 0 ? "0" : "1";
        default: refuse("a string", own.kind);
    }
}

std::int64_t Value::integer() const {
    const auto& own = node();
    if (own.kind == Kind::integer || own.kind == Kind::boolean) return own.integer;
    if (own.kind != Kind::text) refuse("an integer", own.kind);
    const auto value = base::parse_integer<std::int64_t>(text());
    if (!value) refuse("wanted an integer, got other text");
    return *value;
}

double Value::number() const {
    const auto& own = node();
    if (own.kind == Kind::integer || own.kind == Kind::boolean) return static_cast<double>(own.integer);
    if (own.kind != Kind::number && own.kind != Kind::text) refuse("a number", own.kind);
    auto digits = text();
    if (digits.starts_with('+')) digits.remove_prefix(1);
    double value = 0;
    // Takes "inf", "-inf" and "nan" as Redis writes them.
    const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (result.ec != std::errc{} || result.ptr != digits.data() + digits.size())
        refuse("wanted a number, got other text");
    return value;
}

std::size_t Value::size() const noexcept { return is_array() ? static_cast<std::size_t>(node().integer) : 0; }

Value Value::at(std::size_t position) const {
    if (position >= size()) refuse("wanted element " + std::to_string(position) + " of " + std::to_string(size()));
    auto element = begin();
    for (; position > 0; --position) ++element;
    return *element;
}

Reply Value::to_reply() const {
    const auto& own = node();
    std::vector<detail::Node> nodes(nodes_->begin() + static_cast<std::ptrdiff_t>(index_),
                                    nodes_->begin() + static_cast<std::ptrdiff_t>(own.end));
    std::string bytes;
    for (auto& copy : nodes) {
        const auto begin = bytes.size();
        bytes.append(*bytes_, copy.begin, copy.length);
        copy.begin = begin;
        copy.end -= index_;
    }
    return {std::move(bytes), std::move(nodes)};
}

}  // namespace redis
