#include "http/middleware/request_id.h"

#include <gtest/gtest.h>

#include "http/middleware/chain_for_test.h"

namespace http {
namespace {

TEST(RequestId, AcceptsTheDocumentedAlphabetAndLengths) {
    const std::vector<std::pair<std::string, bool>> cases{
        {"till-0001", true},
        {"A.b_c-12", true},
        {"1234567", false},
        {std::string(128, 'a'), true},
        {std::string(129, 'a'), false},
        {"", false},
        {"with space", false},
        {"semi;colon", false},
        {"quote\"quote", false},
        {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", false},
    };
    for (const auto& [text, valid] : cases) {
        EXPECT_EQ(is_valid_request_id(text), valid) << text;
        ChainForTest chain;
        const auto reply = chain.run({request_id()}, Replies{}, {.headers = {{"X-Request-Id", text}}});
        const auto echoed = reply.header("X-Request-Id").value_or("");
        EXPECT_EQ(echoed == text, valid) << text;
        if (!valid) EXPECT_EQ(base::Uuid::from_string(echoed)->version(), 7);
    }
}

TEST(RequestId, DiffersFromRequestToRequestAndCanBeOurs) {
    ChainForTest chain;
    EXPECT_NE(chain.run({request_id()}, Replies{}).header("X-Request-Id"),
              chain.run({request_id()}, Replies{}).header("X-Request-Id"));
    const auto ours = chain.run({request_id({.accept_incoming = false, .generate = [] { return base::Uuid::nil(); }})},
                                Replies{}, {.headers = {{"X-Request-Id", "till-0001"}}});
    EXPECT_EQ(ours.header("X-Request-Id"), "00000000-0000-0000-0000-000000000000");
}

}  // namespace
}  // namespace http
