#pragma once
// Result: the rows of one statement in binary format, as libpq received them (RAII over PGresult). Movable; used on the thread
// of its loop. Views it gives live as long as it does. decode() reads one value, strictly: a length or form that the type does
// not have throws DecodeError, which is a fault of the program (the declaration disagrees with the schema).
//
//     for (std::size_t row = 0; row < result.rows(); ++row) {
//         auto id = result.get<base::Uuid>(row, 0);
//         auto barcode = result.get<std::optional<std::string>>(row, 1);
//     }

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/decimal.h"
#include "base/money.h"
#include "base/time.h"
#include "base/uuid.h"
#include "db/types.h"

struct pg_result;

namespace db {

using Bytes = std::span<const std::byte>;

class DecodeError : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

void decode(Bytes bytes, bool& out);
void decode(Bytes bytes, std::int16_t& out);
void decode(Bytes bytes, std::int32_t& out);
void decode(Bytes bytes, std::int64_t& out);
void decode(Bytes bytes, double& out);
void decode(Bytes bytes, std::string& out);
void decode(Bytes bytes, std::string_view& out);  // a view into the result
void decode(Bytes bytes, std::vector<std::byte>& out);
void decode(Bytes bytes, base::Uuid& out);
void decode(Bytes bytes, base::Timestamp& out);  // infinity is refused
void decode(Bytes bytes, base::Date& out);
void decode(Bytes bytes, base::Quantity& out);  // NaN, infinity and more than four decimals are refused
inline void decode(Bytes bytes, base::Money& out) { decode(bytes, out.minor); }
inline void decode(Bytes bytes, base::Rate& out) { decode(bytes, out.ppm); }
template <class Tag>
void decode(Bytes bytes, base::Id<Tag>& out) {
    base::Uuid uuid;
    decode(bytes, uuid);
    out = base::Id<Tag>(uuid);
}

// The elements of a one-dimensional array; nullopt: a null element.
struct ArrayView {
    std::uint32_t element_type = 0;
    std::vector<std::optional<Bytes>> elements;
};
[[nodiscard]] ArrayView decode_array(Bytes bytes);
// The JSON text behind jsonb's version byte.
[[nodiscard]] std::string_view decode_jsonb(Bytes bytes);

template <class T>
struct Decoder {
    static T read(const std::optional<Bytes>& bytes) {
        if (!bytes) throw DecodeError("null where the declaration allows none");
        T value{};
        decode(*bytes, value);
        return value;
    }
};
template <class T>
struct Decoder<std::optional<T>> {
    static std::optional<T> read(const std::optional<Bytes>& bytes) {
        return bytes ? std::optional<T>(Decoder<T>::read(bytes)) : std::nullopt;
    }
};
template <class T>
struct Decoder<std::vector<T>> {
    static std::vector<T> read(const std::optional<Bytes>& bytes) {
        if (!bytes) throw DecodeError("null where the declaration allows none");
        std::vector<T> values;
        const ArrayView array = decode_array(*bytes);
        values.reserve(array.elements.size());
        for (const auto& element : array.elements) values.push_back(Decoder<T>::read(element));
        return values;
    }
};
template <>
struct Decoder<std::vector<std::byte>> {
    static std::vector<std::byte> read(const std::optional<Bytes>& bytes) {
        if (!bytes) throw DecodeError("null where the declaration allows none");
        return {bytes->begin(), bytes->end()};
    }
};

class Result {
public:
    Result() = default;
    explicit Result(pg_result* result) noexcept : result_(result) {}

    [[nodiscard]] bool has_value() const noexcept { return result_ != nullptr; }
    [[nodiscard]] std::size_t rows() const noexcept;
    [[nodiscard]] std::size_t columns() const noexcept;
    [[nodiscard]] std::string_view column_name(std::size_t column) const;
    [[nodiscard]] std::uint32_t column_type(std::size_t column) const;
    [[nodiscard]] std::optional<std::size_t> find_column(std::string_view name) const;
    // nullopt: SQL null. Row and column must exist.
    [[nodiscard]] std::optional<Bytes> value(std::size_t row, std::size_t column) const;
    // Rows inserted, updated or deleted; rows returned by a select.
    [[nodiscard]] std::uint64_t affected() const;
    // In bytes, as libpq holds it.
    [[nodiscard]] std::size_t memory() const;
    // "INSERT 0 1", "COMMIT".
    [[nodiscard]] std::string_view command() const;

    template <class T>
    [[nodiscard]] T get(std::size_t row, std::size_t column) const {
        return Decoder<T>::read(value(row, column));
    }

private:
    struct Clear {
        void operator()(pg_result* result) const noexcept;
    };
    std::unique_ptr<pg_result, Clear> result_;
};

}  // namespace db
