#pragma once
// Parameters: the values of one execution in PostgreSQL's binary format, in one buffer. A movable value of one thread; it copies
// what it is given.
//
//     db::Parameters parameters;
//     parameters.append(tenant_id).append(std::string_view("Maziwa")).append(std::optional<std::int64_t>{});
//     parameters.append(product_ids);                      // std::vector<base::Uuid> as uuid[]
//     parameters.append_jsonb(R"({"a":1})");
//
// Binary format: the type must be the one PostgreSQL gives the parameter (int4 is not int8); `db check` compares them.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/money.h"
#include "base/time.h"
#include "base/uuid.h"
#include "db/types.h"

namespace db {

// Appends the binary form of one value. Throws base::Failure (422) for what the type cannot hold (a zero byte in text,
// a date that does not exist, a quantity beyond numeric(18,4)).
void encode(std::string& out, bool value);
void encode(std::string& out, std::int16_t value);
void encode(std::string& out, std::int32_t value);
void encode(std::string& out, std::int64_t value);
void encode(std::string& out, double value);
void encode(std::string& out, std::string_view value);
void encode(std::string& out, std::span<const std::byte> value);
void encode(std::string& out, const base::Uuid& value);
void encode(std::string& out, base::Timestamp value);
void encode(std::string& out, base::Date value);
void encode(std::string& out, base::Quantity value);
inline void encode(std::string& out, base::Money value) { encode(out, value.minor); }
inline void encode(std::string& out, base::Rate value) { encode(out, value.ppm); }
template <class Tag>
void encode(std::string& out, const base::Id<Tag>& value) {
    encode(out, value.uuid());
}

// The type of each C++ value; arrays carry their element's OID on the wire.
template <std::uint32_t Oid, std::uint32_t Array>
struct Oids {
    static constexpr auto oid = Oid, array = Array;
};
template <class T>
struct TypeOf;
template <>
struct TypeOf<bool> : Oids<type::boolean, type::boolean_array> {};
template <>
struct TypeOf<std::int16_t> : Oids<type::int2, type::int2_array> {};
template <>
struct TypeOf<std::int32_t> : Oids<type::int4, type::int4_array> {};
template <>
struct TypeOf<std::int64_t> : Oids<type::int8, type::int8_array> {};
template <>
struct TypeOf<double> : Oids<type::float8, type::float8_array> {};
template <>
struct TypeOf<std::string> : Oids<type::text, type::text_array> {};
template <>
struct TypeOf<std::string_view> : TypeOf<std::string> {};
template <>
struct TypeOf<std::vector<std::byte>> : Oids<type::bytea, type::bytea_array> {};
template <>
struct TypeOf<std::span<const std::byte>> : TypeOf<std::vector<std::byte>> {};
template <>
struct TypeOf<base::Uuid> : Oids<type::uuid, type::uuid_array> {};
template <class Tag>
struct TypeOf<base::Id<Tag>> : TypeOf<base::Uuid> {};
template <>
struct TypeOf<base::Timestamp> : Oids<type::timestamptz, type::timestamptz_array> {};
template <>
struct TypeOf<base::Date> : Oids<type::date, type::date_array> {};
template <>
struct TypeOf<base::Quantity> : Oids<type::numeric, type::numeric_array> {};
template <>
struct TypeOf<base::Money> : TypeOf<std::int64_t> {};
template <>
struct TypeOf<base::Rate> : TypeOf<std::int32_t> {};

// Exactly one of the types above: a pointer or an int of another width is a compile error, never a conversion.
template <class T>
concept Scalar = requires { TypeOf<T>::oid; };

class Parameters {
public:
    struct Slot {
        std::uint32_t offset;
        std::int32_t size;  // -1: null
    };

    Parameters& append_null() {
        slots_.push_back({0, -1});
        return *this;
    }
    template <Scalar T>
    Parameters& append(const T& value) {
        const auto start = begin();
        encode(bytes_, value);
        return finish(start);
    }
    template <std::size_t N>
    Parameters& append(const char (&text)[N]) {
        return append(std::string_view(text));
    }
    template <class T>
    Parameters& append(const std::optional<T>& value) {
        return value ? append(*value) : append_null();
    }
    // One-dimensional arrays; elements may be std::optional.
    template <class T>
        requires(!std::same_as<T, std::byte>)
    Parameters& append(const std::vector<T>& values);

    // `json` must be valid JSON text; PostgreSQL checks it.
    Parameters& append_jsonb(std::string_view json);
    // jsonb[] out of JSON texts.
    Parameters& append_jsonb_array(const std::vector<std::optional<std::string>>& texts);

    [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }
    [[nodiscard]] std::span<const Slot> slots() const noexcept { return slots_; }
    [[nodiscard]] const char* bytes() const noexcept { return bytes_.data(); }
    // For tests and logs of lengths: never log values.
    [[nodiscard]] std::optional<std::string_view> at(std::size_t index) const;

private:
    [[nodiscard]] std::size_t begin() const noexcept { return bytes_.size(); }
    Parameters& finish(std::size_t start);
    void begin_array(std::uint32_t element_type, std::size_t count, bool has_null);
    template <class T>
    void append_element(const T& value);
    template <class T>
    void append_element(const std::optional<T>& value);
    void append_null_element();
    std::size_t begin_element();
    void finish_element(std::size_t start);

    std::string bytes_;
    std::vector<Slot> slots_;
};

namespace detail {
template <class T>
struct Element {
    using Type = T;
    static bool is_null(const T&) { return false; }
};
template <class T>
struct Element<std::optional<T>> {
    using Type = T;
    static bool is_null(const std::optional<T>& value) { return !value; }
};
}  // namespace detail

template <class T>
    requires(!std::same_as<T, std::byte>)
Parameters& Parameters::append(const std::vector<T>& values) {
    const auto start = begin();
    bool has_null = false;
    for (const T& value : values) has_null = has_null || detail::Element<T>::is_null(value);
    begin_array(TypeOf<typename detail::Element<T>::Type>::oid, values.size(), has_null);
    for (const T& value : values) append_element(value);
    return finish(start);
}

template <class T>
void Parameters::append_element(const T& value) {
    const auto start = begin_element();
    encode(bytes_, value);
    finish_element(start);
}

template <class T>
void Parameters::append_element(const std::optional<T>& value) {
    if (value) {
        append_element(*value);
    } else {
        append_null_element();
    }
}

}  // namespace db
