#pragma once
// What files are called in the storage. The tenant is the first part, the digest of the bytes the last or the one before: a key means one
// content for ever, and what two requests make at once of two contents lies under two keys. Pure functions.
//
//     t/<tenant>/pending/<id>                                 on its way: nobody is given it
//     t/<tenant>/images/<image>/<sha256 of what was sent>/320.webp
//     t/<tenant>/documents/<document>/<sha256>

#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/uuid.h"

namespace pos::files {

inline constexpr std::string_view every_file = "t/";

[[nodiscard]] std::string hex(const base::Digest256& digest);

[[nodiscard]] std::string pending_key(base::Uuid tenant, base::Uuid id);
[[nodiscard]] std::string image_prefix(base::Uuid tenant, base::Uuid image);
[[nodiscard]] std::string image_key(base::Uuid tenant, base::Uuid image, std::string_view sha256,
                                    std::string_view name);
[[nodiscard]] std::string document_prefix(base::Uuid tenant, base::Uuid document);
[[nodiscard]] std::string document_key(base::Uuid tenant, base::Uuid document, std::string_view sha256);

enum class Place : std::uint8_t { pending, image, document };
struct FileKey {
    Place place{};
    base::Uuid tenant;
    base::Uuid id;
    std::string sha256{};  // "" of a pending one
};
// nullopt: no key that these functions make.
[[nodiscard]] std::optional<FileKey> parse_key(std::string_view key);

}  // namespace pos::files
