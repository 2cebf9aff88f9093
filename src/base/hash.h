#pragma once
// Digests of bytes. Pure functions: any thread.
//
//     const base::Digest256 payload_hash = base::sha256(body);
//     const base::Digest256 signature = base::hmac_sha256(secret, timestamp_and_body);
//     const auto key = static_cast<std::int64_t>(base::stable_hash64("migrations"));   // pg_advisory_lock(key)

#include <array>
#include <cstdint>
#include <string_view>

namespace base {

using Digest256 = std::array<std::uint8_t, 32>;

[[nodiscard]] Digest256 sha256(std::string_view bytes);
[[nodiscard]] Digest256 hmac_sha256(std::string_view key, std::string_view message);
// HKDF (RFC 5869) for one key of 32 bytes: `info` says what it is for.
[[nodiscard]] Digest256 hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view info);

// FNV-1a, 64 bits: the same in every build and release, so fit for advisory lock keys and stored buckets. Not for hash
// tables that an attacker can fill.
[[nodiscard]] constexpr std::uint64_t stable_hash64(std::string_view bytes) {
    std::uint64_t hash = 0xCBF29CE484222325U;
    for (const char c : bytes) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001B3U;
    return hash;
}

}  // namespace base
