#pragma once
// A name that the caller gave, as far as an error or a log line may repeat it. A value may stand where a name should: JSON that was sent
// as a form is one long name, password and all. So a name is shown when it looks like one: up to 64 bytes of letters, digits, spaces and
// -_.$@~/[]:+ in UTF-8; else "…" stands for it. Readers show none at all beside a secret (a write-only field, a password), where
// a short name may be a piece of it; the pointer is then of the object around it.
//
//     fmt::format("there is no \"{}\"", schema::shown_name(name))

#include <string_view>

namespace schema {

inline constexpr std::size_t longest_shown_name = 64;
inline constexpr std::string_view hidden_name = "…";

[[nodiscard]] std::string_view shown_name(std::string_view name);

}  // namespace schema
