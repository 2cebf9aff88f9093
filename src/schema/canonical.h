#pragma once
// Canonical JSON: members sorted by name (UTF-8 byte order), no white space, numbers in one spelling (1.0, 1e0 and 1 are the
// same). Two requests mean the same exactly if their canonical texts are equal; idempotency fingerprints hash it.
//
//     constexpr std::string_view noise[] = {"sentAt", "attempt"};
//     auto text = schema::canonical_json(body, noise);

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace schema {

// nullopt when `json` is not JSON that read_json would take. `without` names top-level members that are left out.
[[nodiscard]] std::optional<std::string> canonical_json(std::string_view json,
                                                        std::span<const std::string_view> without = {});

}  // namespace schema
