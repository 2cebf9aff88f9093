#pragma once
// A ring of keys for what tenants entrust to us: their credentials at other services, kept in a table. AES-256-GCM; the
// first key seals, all of them open, so that a key is changed without a day on which nothing opens. Keys are not those
// of APP_SECRET: whoever has that one alone opens nothing. Immutable after parse(); as thread-safe as its random
// source.
//
//     auto keys = auth::CredentialKeys::parse("2026-11:q83v…=,2025-01:Vg0h…=", random);   // else: what is wrong with it
//     const std::string row = tenant.to_string() + account.to_string();
//     const std::string sealed = keys->seal("payment-credentials", row, json);
//     const auto back = keys->open("payment-credentials", row, sealed);    // nullopt in any other row
//     if (!keys->is_current(sealed)) …                                      // seal it again, and store that

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace base {
class RandomSource;
}

namespace auth {

class CredentialKeys {
public:
    static constexpr std::size_t max_keys = 20;

    // `id:base64,id:base64`: an id is 1 to 32 of a-z, 0-9 and "-", a key is 32 bytes (`openssl rand -base64 32`). The
    // error is for whoever wrote the setting, and shows nothing of a key. `random` outlives the ring.
    [[nodiscard]] static std::expected<CredentialKeys, std::string> parse(std::string_view text,
                                                                          base::RandomSource& random);

    // A byte of format, one of length and the key's id, 12 of nonce, the text encrypted, 16 of tag. `purpose` and
    // `associated` (the ids of the row it stands in) are bound, not stored: the same value copied elsewhere does not
    // open.
    [[nodiscard]] std::string seal(std::string_view purpose, std::string_view associated, std::string_view text) const;
    // nullopt: altered, cut, of another purpose or row, or of a key that the ring has no more.
    [[nodiscard]] std::optional<std::string> open(std::string_view purpose, std::string_view associated,
                                                  std::string_view sealed) const;
    // Whether the first key has sealed it.
    [[nodiscard]] bool is_current(std::string_view sealed) const;

private:
    struct Key {
        std::string id;
        base::Digest256 bytes;
    };
    CredentialKeys(std::vector<Key> keys, base::RandomSource& random) : keys_(std::move(keys)), random_(&random) {}

    [[nodiscard]] static std::expected<Key, std::string> parse_key(std::string_view entry);
    [[nodiscard]] const Key* find(std::string_view id) const;

    std::vector<Key> keys_;  // the current one first
    base::RandomSource* random_;
};

}  // namespace auth
