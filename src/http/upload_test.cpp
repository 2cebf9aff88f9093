// Bodies that are a file's bytes, with and without a digest.

#include "http/upload.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/hasher.h"
#include "base/strings.h"
#include "http/middleware/body_decoding.h"
#include "http/middleware/problems.h"
#include "http/server_for_test.h"

namespace http {
namespace {

struct Kept {
    std::int64_t bytes = 0;

    friend constexpr auto describe(Kept*) { return schema::object<Kept>("Kept", schema::field<&Kept::bytes>("bytes")); }
};

std::atomic<int> kept = 0;

async::Task<Kept> keep(Upload<"image/png", "image/jpeg"> upload) {
    Kept result;
    while (const auto piece = co_await upload.next()) result.bytes += static_cast<std::int64_t>(piece->size());
    ++kept;
    co_return result;
}

std::string digest(base::Hasher::Algorithm algorithm, std::string_view bytes) {
    base::Hasher hasher(algorithm);
    hasher.add(bytes);
    return base::base64_encode(hasher.finish());
}
std::string sha256(std::string_view bytes) {
    return "sha-256=:" + digest(base::Hasher::Algorithm::sha256, bytes) + ":";
}
std::string sha512(std::string_view bytes) {
    return "sha-512=:" + digest(base::Hasher::Algorithm::sha512, bytes) + ":";
}

class UploadTest : public ServerForTest {
protected:
    void SetUp() override {
        ServerForTest::SetUp();
        kept = 0;
        Routes routes(router.group("", {problems(), body_decoding()}), "test");
        routes.post("/keep", keep, {.options = {.body_limit = 8 << 20}});
    }
    std::string send(std::string_view body, std::string_view fields) {
        return exchange(post("/keep", body, "Content-Type: image/png\r\n" + std::string(fields)));
    }
};

TEST_F(UploadTest, TakesBytesWhoseDigestIsRight) {
    start();
    const std::string bytes(1'000'000, 'x');
    for (const std::string& fields :
         {std::string(), "Content-Digest: " + sha256(bytes) + "\r\n", "Content-Digest: " + sha512(bytes) + "\r\n",
          "Content-Digest: md5=:AAAA:,  " + sha512(bytes) + " , " + sha256(bytes) + "\r\n",
          "Content-Digest: " + sha512(bytes) + "\r\nContent-Digest: " + sha256(bytes) + "\r\n"}) {
        const auto reply = send(bytes, fields);
        EXPECT_TRUE(reply.contains(R"("bytes":1000000)")) << fields << reply;
    }
    EXPECT_EQ(kept, 5);
    EXPECT_TRUE(send("", "Content-Digest: " + sha256("") + "\r\n").contains(R"("bytes":0)"));
}

TEST_F(UploadTest, RefusesOtherBytesAndDigestsItCannotRead) {
    start();
    const std::string right = sha256("abc");
    const struct {
        std::string digest;
        std::string_view code;
    } cases[] = {
        {sha256("abd"), "upload.digest_mismatch"},
        {right + ", " + sha512("abd"), "upload.digest_mismatch"},
        {right + "\r\nContent-Digest: " + sha512("abd"), "upload.digest_mismatch"},
        {right + ", " + right, "upload.digest_malformed"},
        {"sha-256=:AAAA:", "upload.digest_malformed"},
        {"sha-256=:" + std::string(43, '!') + "=:", "upload.digest_malformed"},
        {"sha-256=" + right.substr(9), "upload.digest_malformed"},
        {"SHA-256" + right.substr(7), "upload.digest_malformed"},
        {"md5=:AAAA:", "upload.digest_malformed"},
        {"", "upload.digest_malformed"},
        {right + ",", "upload.digest_malformed"},
        {right + "\r\nContent-Encoding: gzip", "upload.digest_malformed"},
    };
    for (const auto& [digest, code] : cases) {
        const auto reply = send("abc", "Content-Digest: " + digest + "\r\n");
        EXPECT_TRUE(reply.starts_with("HTTP/1.1 400")) << digest << "\n" << reply;
        EXPECT_TRUE(reply.contains(code)) << digest << "\n" << reply;
    }
    EXPECT_EQ(kept, 0);
    EXPECT_TRUE(exchange(post("/keep", "abc", "Content-Type: image/gif\r\n")).starts_with("HTTP/1.1 415"));
    EXPECT_TRUE(exchange(post("/keep", "abc")).starts_with("HTTP/1.1 415"));
    EXPECT_EQ(kept, 0);
}

TEST(UploadDocument, NamesTheDigest) {
    Operation operation;
    Upload<"image/png">::describe(operation);
    ASSERT_EQ(operation.parameters.size(), 1U);
    EXPECT_EQ(operation.parameters[0].field->name, "Content-Digest");
    EXPECT_FALSE(operation.parameters[0].required);
    EXPECT_TRUE(operation.parameters[0].field->rules.example.empty()) << "a page would send it with other bytes";
}

}  // namespace
}  // namespace http
