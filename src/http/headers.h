#pragma once
// Header fields. RequestHeaders views the connection's buffer: valid until the request ends. Headers owns its bytes in one
// buffer (replies, injected requests) and keeps its capacity over clear(). Names compare without case. Loop's thread only.
//
//     if (auto tag = request.headers().get("if-match")) { ... }
//     for (auto [name, value] : request.headers()) { ... }
//     response.headers().set("Cache-Control", "no-store");
//     response.headers().append("Set-Cookie", cookie);
//
// set() and append() throw std::invalid_argument for a name that is no token or a value with CR, LF, NUL or another
// control character: a reply header can not be split by what somebody sent us (RFC 9110 §5.5).

#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace http {

struct Header {
    std::string_view name;
    std::string_view value;
};

// Looked up by index instead of by comparing names.
enum class KnownHeader : std::uint8_t {
    host,
    connection,
    content_length,
    content_type,
    content_encoding,
    transfer_encoding,
    expect,
    upgrade,
    authorization,
    cookie,
    origin,
    accept,
    accept_encoding,
    if_match,
    if_none_match,
    x_forwarded_for,
    x_request_id,
    traceparent,
    idempotency_key,
};
inline constexpr std::size_t known_header_count = 19;

[[nodiscard]] std::optional<KnownHeader> known_header(std::string_view name);

// RFC 9110 §5.6.2 and §5.5.
[[nodiscard]] bool is_token(std::string_view text);
[[nodiscard]] bool is_field_value(std::string_view text);

class RequestHeaders {
public:
    // The first field of that name.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
    [[nodiscard]] std::optional<std::string_view> get(KnownHeader name) const {
        const auto index = known_[static_cast<std::size_t>(name)];
        if (index == 0) return std::nullopt;
        return fields_[index - 1U].value;
    }
    [[nodiscard]] bool has(std::string_view name) const { return get(name).has_value(); }
    [[nodiscard]] std::size_t count(std::string_view name) const;
    // Every field of that name, joined with ", " (RFC 9110 §5.3); "" when there is none. Not for Set-Cookie.
    [[nodiscard]] std::string joined(std::string_view name) const;

    [[nodiscard]] std::size_t size() const { return fields_.size(); }
    [[nodiscard]] auto begin() const { return fields_.begin(); }
    [[nodiscard]] auto end() const { return fields_.end(); }

    // For the connection and inject(). The views must outlive the request. `known` spares the look-up of the name.
    void add(std::string_view name, std::string_view value) { add(name, value, known_header(name)); }
    void add(std::string_view name, std::string_view value, std::optional<KnownHeader> known);
    void clear();

private:
    std::vector<Header> fields_;
    std::array<std::uint8_t, known_header_count> known_{};  // index + 1 of the first of that name
};

class Headers {
    struct Entry {
        std::uint32_t offset;
        std::uint32_t name_size;
        std::uint32_t value_size;
    };

public:
    class Iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Header;
        using difference_type = std::ptrdiff_t;
        using pointer = void;
        using reference = Header;

        Iterator(const Headers* owner, const Entry* at) : owner_(owner), at_(at) {}
        Header operator*() const { return owner_->view(*at_); }
        Iterator& operator++() {
            ++at_;
            return *this;
        }
        friend bool operator==(const Iterator& left, const Iterator& right) { return left.at_ == right.at_; }

    private:
        const Headers* owner_;
        const Entry* at_;
    };

    // Replaces every field of that name.
    void set(std::string_view name, std::string_view value);
    // Adds one more; what Set-Cookie, Link and Vary need.
    void append(std::string_view name, std::string_view value);
    // Adds every field of `block`, as they are: one copy, for headers that all replies have.
    void append_all(const Headers& block);
    void remove(std::string_view name);
    // Adds `token` to a comma-separated list unless it is there: vary("Accept-Encoding").
    void add_to_list(std::string_view name, std::string_view token);
    void vary(std::string_view name) { add_to_list("Vary", name); }
    void clear();

    // The first of that name; valid until the next change.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const { return get(name).has_value(); }
    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] bool empty() const { return entries_.empty(); }
    [[nodiscard]] Iterator begin() const { return {this, entries_.data()}; }
    [[nodiscard]] Iterator end() const { return {this, entries_.data() + entries_.size()}; }

private:
    [[nodiscard]] Header view(const Entry& entry) const {
        const std::string_view all = bytes_;
        return {all.substr(entry.offset, entry.name_size),
                all.substr(entry.offset + entry.name_size, entry.value_size)};
    }

    std::string bytes_;
    std::vector<Entry> entries_;
};

}  // namespace http
