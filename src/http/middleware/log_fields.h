#pragma once
// What later links and handlers add to the request's access-log line: who called, which error. A slot of the Context, so it
// lives and dies with the request; at most 8 fields and 320 bytes of text, further ones are left out.
//
//     http::log_fields(context).add("userId", caller.user_id.to_string()).add("tenantId", caller.tenant_id.to_string());

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace http {

class Context;

class LogFields {
public:
    // `key` is a literal; `value` is copied. A key that is there already gets the new value.
    LogFields& add(std::string_view key, std::string_view value);

    struct Item {
        std::string_view key;
        std::string_view value;
    };
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] Item operator[](std::size_t index) const {
        const auto& entry = entries_[index];
        return {entry.key, std::string_view(text_.data() + entry.offset, entry.size)};
    }

    static constexpr std::size_t most_fields = 8;

private:
    struct Entry {
        std::string_view key;
        std::uint16_t offset = 0;
        std::uint16_t size = 0;
    };
    std::array<Entry, most_fields> entries_;
    std::size_t size_ = 0;
    std::size_t used_ = 0;
    std::array<char, 320> text_;
};

// The request's, made when first asked for.
[[nodiscard]] LogFields& log_fields(Context& context);

}  // namespace http
