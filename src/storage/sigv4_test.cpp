#include "storage/sigv4.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/strings.h"

namespace storage {
namespace {

using namespace std::chrono_literals;

// The keys, the time and the requests of Amazon's documentation.
const Signer documented({.access_key = "AKIAIOSFODNN7EXAMPLE",
                         .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"},
                        "us-east-1");
const base::Timestamp documented_time = *base::parse_timestamp("2013-05-24T00:00:00Z");
const std::string empty_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const std::string host = "examplebucket.s3.amazonaws.com";

std::string signature_in(const std::string& authorization) {
    return authorization.substr(authorization.find("Signature=") + 10);
}

TEST(SigV4, SignsAsDocumented) {
    const std::string text_hash = base::hex_encode(base::as_chars(base::sha256("Welcome to Amazon S3.")));
    const std::string date = "20130524T000000Z";
    struct Case {
        S3Request request;
        std::string signature;
    };
    const std::vector<Case> cases{
        {{.method = "GET",
          .path = "/test.txt",
          .headers =
              {{"Range", "bytes=0-9"}, {"host", host}, {"x-amz-content-sha256", empty_hash}, {"x-amz-date", date}},
          .payload_hash = empty_hash},
         "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
        {{.method = "PUT",
          .path = "/test$file.text",
          .headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                      {"Host", host},
                      {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                      {"x-amz-content-sha256", text_hash},
                      {"x-amz-date", date}},
          .payload_hash = text_hash},
         "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
        {{.method = "GET",
          .path = "/",
          .query = {{"lifecycle", ""}},
          .headers = {{"host", host}, {"x-amz-content-sha256", empty_hash}, {"x-amz-date", date}},
          .payload_hash = empty_hash},
         "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
        {{.method = "GET",
          .path = "/",
          .query = {{"prefix", "J"}, {"max-keys", "2"}},
          .headers = {{"host", host}, {"x-amz-content-sha256", empty_hash}, {"x-amz-date", date}},
          .payload_hash = empty_hash},
         "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
        {{.method = "PUT",
          .path = "/examplebucket/chunkObject.txt",
          .headers = {{"host", "s3.amazonaws.com"},
                      {"x-amz-date", date},
                      {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                      {"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
                      {"content-encoding", "aws-chunked"},
                      {"x-amz-decoded-content-length", "66560"},
                      {"content-length", "66824"}},
          .payload_hash = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
         "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"},
    };
    for (auto [request, signature] : cases) {
        request.at = documented_time;
        EXPECT_EQ(signature_in(documented.authorization(request)), signature) << request.path;
    }
}

TEST(SigV4, NamesTheHeadersThatItSigns) {
    const auto header = documented.authorization({.method = "GET",
                                                  .path = "/",
                                                  .headers = {{"x-amz-date", "x"}, {"Host", host}},
                                                  .payload_hash = empty_hash,
                                                  .at = documented_time});
    EXPECT_TRUE(
        header.starts_with("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                           "SignedHeaders=host;x-amz-date, Signature="))
        << header;
}

TEST(SigV4, PresignsAsDocumented) {
    const auto query = documented.presigned_query({.method = "GET", .path = "/test.txt", .headers = {{"host", host}}},
                                                  86'400s, documented_time);
    EXPECT_EQ(query,
              "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
              "aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
              "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(SigV4, HeadersWhoseNameBeginsAnotherOnesAreSortedByName) {
    // As whole lines, ':' would come after '-'.
    S3Request one{.method = "GET", .path = "/", .headers = {{"x-amz-meta-a-b", "2"}, {"x-amz-meta-a", "1"}}};
    EXPECT_NE(documented.authorization(one).find("SignedHeaders=x-amz-meta-a;x-amz-meta-a-b,"), std::string::npos);
    S3Request spaced = one;
    spaced.headers[0].second = "  2 ";
    EXPECT_EQ(documented.authorization(one), documented.authorization(spaced));
}

TEST(SigV4, PathsAreEncodedOnceAndNotNormalised) {
    EXPECT_EQ(encoded_path("/b/a b+c/.././/é$%20~"), "/b/a%20b%2Bc/.././/%C3%A9%24%2520~");
    EXPECT_EQ(encoded_path("/"), "/");
    EXPECT_EQ(encoded_path(""), "/");
}

TEST(SigV4, QueriesAreSortedByTheirEncodedForm) {
    EXPECT_EQ(encoded_query({{"uploads", ""}}), "uploads=");
    EXPECT_EQ(encoded_query({{"b", "1"}, {"a", "x/y z"}, {"a-", "2"}, {"a", "b"}, {"B", "="}}),
              "B=%3D&a=b&a=x%2Fy%20z&a-=2&b=1");
}

}  // namespace
}  // namespace storage
