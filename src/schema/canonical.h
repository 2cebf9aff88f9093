#pragma once
// One text for one meaning; idempotency fingerprints hash it.
//
//     constexpr std::string_view noise[] = {"sentAt", "attempt"};
//     auto meaning = schema::canonical(sale, noise);       // of the value that was read
//     auto text = schema::canonical_json(body, noise);     // of the text that was sent
//
// Of a value: defaults filled in, times in UTC, decimals and UUIDs in one spelling, members sorted by name; left out is what is
// empty (null means missing), what we set ourselves and members that the type does not know. So two versions of a client that
// write one order differently send one order.
//
// Of a text: members sorted by name (UTF-8 byte order), no white space, numbers in one spelling (1.0, 1e0 and 1 are the same).

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "schema/schema.h"

namespace schema {

// `without` names top-level members that are left out.
[[nodiscard]] std::string canonical_value(const Type& type, const void* value,
                                          std::span<const std::string_view> without = {});
template <class T>
[[nodiscard]] std::string canonical(const T& value, std::span<const std::string_view> without = {}) {
    return canonical_value(type_of<T>, &value, without);
}

// nullopt when `json` is not JSON that read_json would take. `without` names top-level members that are left out.
[[nodiscard]] std::optional<std::string> canonical_json(std::string_view json,
                                                        std::span<const std::string_view> without = {});

}  // namespace schema
