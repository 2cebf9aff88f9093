#pragma once
// What a log line can carry: a key and a view of a value. Values are rendered inside the logging call and never kept, so
// they may point at temporaries of the same full expression; do not store a Value. Nothing here allocates.
//
//     logger.info("sale recorded", {{"saleId", id}, {"lines", 3}, {"total", logging::object({{"minor", 11600}, {"currency", "KES"}})}});
//     logger.error("relay failed", {{"err", logging::error(exception)}});
//     logger.info("request completed", {{"req", logging::request({.method = "GET", .url = target})},
//                                       {"res", logging::response({.status_code = 200})}, {"responseTime", 3}});

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace logging {

struct Field;
struct RequestShape;
struct ResponseShape;

// A view of zero or more fields: made from braces, a span or an array.
class Fields {
public:
    constexpr Fields() = default;
    constexpr Fields(std::initializer_list<Field> fields) : data_(fields.begin()), size_(fields.size()) {}
    constexpr explicit Fields(std::span<const Field> fields) : data_(fields.data()), size_(fields.size()) {}
    [[nodiscard]] constexpr const Field* begin() const { return data_; }
    [[nodiscard]] constexpr const Field* end() const;
    [[nodiscard]] constexpr std::size_t size() const { return size_; }

private:
    const Field* data_ = nullptr;
    std::size_t size_ = 0;
};

class Value {
public:
    enum class Kind : std::uint8_t {
        null,
        boolean,
        integer,
        natural,
        real,
        text,
        raw,
        object,
        array,
        error,
        unknown_error,
        request,
        response
    };

    constexpr Value(std::nullptr_t) : kind_(Kind::null), natural_(0) {}
    constexpr Value(bool value) : kind_(Kind::boolean), boolean_(value) {}
    template <std::signed_integral Integer>
    constexpr Value(Integer value) : kind_(Kind::integer), integer_(value) {}
    template <std::unsigned_integral Integer>
        requires(!std::same_as<Integer, bool>)
    constexpr Value(Integer value) : kind_(Kind::natural), natural_(value) {}
    constexpr Value(double value) : kind_(Kind::real), real_(value) {}
    constexpr Value(std::string_view text) : kind_(Kind::text), size_(text.size()), pointer_(text.data()) {}
    constexpr Value(const char* text) : Value(std::string_view(text == nullptr ? "" : text)) {}
    Value(const std::string& text) : Value(std::string_view(text)) {}
    // An empty optional is null.
    template <typename T>
        requires std::constructible_from<Value, const T&>
    constexpr Value(const std::optional<T>& value) : Value(value ? Value(*value) : Value(nullptr)) {}

    [[nodiscard]] constexpr Kind kind() const { return kind_; }
    [[nodiscard]] constexpr bool boolean() const { return boolean_; }
    [[nodiscard]] constexpr std::int64_t integer() const { return integer_; }
    [[nodiscard]] constexpr std::uint64_t natural() const { return natural_; }
    [[nodiscard]] constexpr double real() const { return real_; }
    [[nodiscard]] std::string_view text() const { return {static_cast<const char*>(pointer_), size_}; }
    [[nodiscard]] const void* pointer() const { return pointer_; }
    [[nodiscard]] constexpr std::size_t size() const { return size_; }

private:
    constexpr Value(Kind kind, const void* pointer, std::size_t size) : kind_(kind), size_(size), pointer_(pointer) {}

    Kind kind_;
    std::size_t size_ = 0;
    union {
        bool boolean_;
        std::int64_t integer_;
        std::uint64_t natural_;
        double real_;
        const void* pointer_;
    };

    friend Value raw_json(std::string_view json);
    friend Value object(Fields fields);
    friend Value array(std::span<const Value> items);
    friend Value error(const std::exception& exception);
    friend Value error(const std::exception_ptr& exception);
    friend Value request(const RequestShape& shape);
    friend Value response(const ResponseShape& shape);
};

struct Field {
    std::string_view key;
    Value value;
};

constexpr const Field* Fields::end() const { return data_ + size_; }

// JSON the caller has rendered: copied as it is, so neither escaped nor redacted.
[[nodiscard]] Value raw_json(std::string_view json);
[[nodiscard]] Value object(Fields fields);
[[nodiscard]] Value array(std::span<const Value> items);
[[nodiscard]] inline Value array(std::initializer_list<Value> items) {
    return array(std::span<const Value>(items.begin(), items.size()));
}

// Pino's `err`: {type, message, stack}; a base::Failure adds `code`. `stack` holds the type, the message and the chain of causes
// (std::nested_exception, Failure::cause), which is what pino-pretty prints. The exception must outlive the call.
[[nodiscard]] Value error(const std::exception& exception);
[[nodiscard]] Value error(const std::exception_ptr& exception);

using Header = std::pair<std::string_view, std::string_view>;

// Pino's `req`. Headers and query parameters with a redacted name lose their value.
struct RequestShape {
    std::string_view id = {};
    std::string_view method;
    std::string_view url;
    std::string_view remote_address = {};
    std::uint16_t remote_port = 0;
    std::span<const Header> headers = {};
};

// Pino's `res`.
struct ResponseShape {
    int status_code = 0;
    std::span<const Header> headers = {};
};

[[nodiscard]] Value request(const RequestShape& shape);
[[nodiscard]] Value response(const ResponseShape& shape);

}  // namespace logging
