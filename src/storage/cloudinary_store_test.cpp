#include "storage/cloudinary_store.h"

#include <gtest/gtest.h>

#include "base/fake_clock.h"
#include "base/random.h"
#include "base/strings.h"
#include "client/client_for_test.h"

namespace storage {
namespace {

using namespace std::chrono_literals;
using testing::Answer;
using testing::http_reply;
using Request = testing::ScriptedServer::Request;

class Stand {
public:
    explicit Stand(
        std::function<Answer(const Request&)> script = [](const Request&) { return Answer(); }, bool is_real = false)
        : server(std::move(script)) {
        CloudinaryUrl url{.cloud = "demo", .api_key = "123456789", .api_secret = "abcd-secret"};
        if (!is_real) url.endpoint = url.delivery = server.url();
        store = std::make_unique<CloudinaryStore>(
            CloudinaryStore::Parts{.http = *http.operator->(), .clock = clock, .random = random}, std::move(url));
    }
    template <class T>
    T run(async::Task<T> task) {
        return http.run(std::move(task));
    }
    Result<Stored> put(std::string key, std::string bytes, Put more = {}) {
        more.key = std::move(key);
        more.source = source_of(std::move(bytes));
        return run(store->put(std::move(more), soon()));
    }
    static async::SteadyTime soon() { return async::Loop::now() + 10s; }

    testing::ScriptedServer server;
    client::TestClient http;
    base::FakeClock clock{base::Timestamp(1'767'323'045s)};
    base::SecureRandom random;
    std::unique_ptr<CloudinaryStore> store;
};

// What its own package for Node (2.11.0) makes of the same.
TEST(Cloudinary, SignsAsItsPackageDoes) {
    EXPECT_EQ(cloudinary_signature({{"public_id", "t/1/a b"},
                                    {"timestamp", "1767323045"},
                                    {"type", "authenticated"},
                                    {"overwrite", "true"},
                                    {"invalidate", "true"}},
                                   "abcd-secret"),
              "c48da8932ea141edafdde0333b7e497673824f49");
    const Stand stand([](const Request&) { return Answer(); }, true);
    EXPECT_EQ(stand.store->delivery_url("t/1/a b.jpg"),
              "https://res.cloudinary.com/demo/image/authenticated/s--kMsvSBDt--/t/1/a%20b.jpg");
    EXPECT_EQ(stand.store->delivery_url("t/1/é x.pdf"),
              "https://res.cloudinary.com/demo/raw/authenticated/s--L9zPV_yW--/t/1/%C3%A9%20x.pdf");
    EXPECT_EQ(
        stand.store->sign_get({.key = "t/1/a b.jpg", .lifetime = 300s})->url,
        "https://api.cloudinary.com/v1_1/demo/image/download?timestamp=1767323045&public_id=t%2F1%2Fa%20b&format=jpg"
        "&type=authenticated&expires_at=1767323345&signature=5beabf047b613cdfd701836de0f1473d843be5ce"
        "&api_key=123456789");
    EXPECT_EQ(stand.store->sign_get({.key = "t/1/x.pdf", .lifetime = 300s, .content_disposition = "attachment"})->url,
              "https://api.cloudinary.com/v1_1/demo/raw/download?timestamp=1767323045&public_id=t%2F1%2Fx.pdf"
              "&type=authenticated&attachment=true&expires_at=1767323345"
              "&signature=ace9d886cd8adaaee17c9d2f04e5b5b32f063f71&api_key=123456789");
}

TEST(Cloudinary, AnUploadIsSignedAndLookedAt) {
    std::string reply = R"({"public_id":"t/1/a","bytes":5,"etag":"e"})";
    Stand stand([&](const Request&) { return Answer().send(http_reply(200, reply)); });
    const auto stored = stand.put("t/1/a.jpg", "hello", {.content_type = "image/jpeg"});
    ASSERT_TRUE(stored) << stored.error().detail;
    EXPECT_EQ(stored->etag, "\"e\"");
    EXPECT_EQ(stored->sha256, base::sha256("hello"));
    const auto request = stand.server.requests().front();
    EXPECT_EQ(request.target, "/v1_1/demo/image/upload");
    EXPECT_TRUE(request.header("content-type").starts_with("multipart/form-data; boundary="));
    EXPECT_TRUE(request.body.contains("name=\"type\"\r\n\r\nauthenticated\r\n"));
    EXPECT_TRUE(request.body.contains("Content-Type: image/jpeg\r\n\r\nhello\r\n--"));
    EXPECT_FALSE(request.body.contains("abcd-secret"));
    reply = R"({"public_id":"t/1/a","bytes":4,"etag":"e"})";
    EXPECT_EQ(stand.put("t/1/a.jpg", "hello").error().fault, Fault::outcome_unknown);
}

TEST(Cloudinary, Removing) {
    std::string reply = R"({"result":"ok"})";
    Stand stand([&](const Request&) { return Answer().send(http_reply(200, reply)); });
    EXPECT_TRUE(stand.run(stand.store->remove("a.pdf", Stand::soon())));
    EXPECT_EQ(stand.server.requests().front().target, "/v1_1/demo/raw/destroy");
    reply = R"({"result":"not found"})";
    EXPECT_TRUE(stand.run(stand.store->remove("a.pdf", Stand::soon())));
    reply = R"({"result":"error"})";
    EXPECT_EQ(stand.run(stand.store->remove("a.pdf", Stand::soon())).error().fault, Fault::refused);
}

TEST(Cloudinary, WhatItCannotDoSaysSo) {
    Stand stand;
    EXPECT_EQ(stand.run(stand.store->list({}, Stand::soon())).error().fault, Fault::not_supported);
    EXPECT_EQ(stand.run(stand.store->copy({.from = "a", .to = "b"}, Stand::soon())).error().fault,
              Fault::not_supported);
    EXPECT_EQ(stand.store->sign_put({.key = "a", .content_type = "a/b"}).error().fault, Fault::not_supported);
    EXPECT_EQ(stand.store->sign_post({.key = "a", .content_type = "a/b"}).error().fault, Fault::not_supported);
    EXPECT_EQ(stand.put("a", "x", {.only_if_absent = true}).error().fault, Fault::not_supported);
    EXPECT_EQ(stand.put("a&b", "x").error().fault, Fault::bad_key);
    EXPECT_EQ(stand.put("a", "x", {.length = most_cloudinary_bytes + 1}).error().fault, Fault::too_large);
    for (const auto ability : {Ability::list, Ability::copy_if_match, Ability::only_if_absent, Ability::sign_put,
                               Ability::sign_post, Ability::any_bytes})
        EXPECT_FALSE(stand.store->can(ability));
    EXPECT_EQ(stand.server.request_count(), 0U);
}

TEST(Cloudinary, Faults) {
    int status = 0;
    Stand stand([&](const Request&) { return Answer().send(http_reply(status, R"({"error":{"message":"m"}})")); });
    for (const auto& [answered, fault] : std::vector<std::pair<int, Fault>>{{401, Fault::denied},
                                                                            {404, Fault::not_found},
                                                                            {420, Fault::unavailable},
                                                                            {400, Fault::refused},
                                                                            {500, Fault::unavailable}}) {
        status = answered;
        EXPECT_EQ(stand.run(stand.store->head("a.jpg", async::Loop::now() + 100ms)).error().fault, fault) << answered;
    }
    EXPECT_FALSE(stand.http.logged().contains("s--"));
}

}  // namespace
}  // namespace storage
