#include "base/hmac.h"

#include <gtest/gtest.h>

#include <string>

namespace {

TEST(HmacSha256, EachMessageIsItsOwn) {
    for (const std::size_t key_size : {1U, 32U, 64U, 65U, 200U}) {
        const std::string key(key_size, 'k');
        base::HmacSha256 mac(key);
        for (const std::size_t size : {0U, 1U, 63U, 64U, 500U}) {
            const std::string message(size, 'm');
            EXPECT_EQ(mac({message}), base::hmac_sha256(key, message)) << key_size << ' ' << size;
            EXPECT_EQ(mac({"a", {}, message}), base::hmac_sha256(key, "a" + message)) << key_size << ' ' << size;
        }
    }
}

}  // namespace
