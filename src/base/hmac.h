#pragma once
// HMAC-SHA-256 under one key, many times: the key is taken in once, so that a short message costs half of hmac_sha256().
// One thread.
//
//     base::HmacSha256 mac(key);
//     const base::Digest256 digest = mac({tenant, body});

#include <initializer_list>
#include <memory>
#include <string_view>

#include "base/hash.h"

namespace base {

class HmacSha256 {
public:
    explicit HmacSha256(std::string_view key);
    ~HmacSha256();
    HmacSha256(HmacSha256&&) noexcept;
    HmacSha256& operator=(HmacSha256&&) = delete;

    // Of the parts one behind the other: their lengths are part of what the caller knows.
    [[nodiscard]] Digest256 operator()(std::initializer_list<std::string_view> parts);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace base
