#pragma once
// AWS Signature Version 4 for S3: of headers, of a query (presigned URLs) and of a POST policy. Pure functions; the time is an
// argument.
//
//     const Signer signer({.access_key = "AKIA…", .secret_key = "…"}, "eu-west-1");
//     request.headers.emplace_back("authorization", signer.authorization(request));
//     const auto url = origin + encoded_path(path) + "?" + signer.presigned_query(request, 10min, now);
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html, sigv4-query-string-auth.html,
// sigv4-HTTPPOSTConstructPolicy.html. S3 encodes a path once and normalises nothing of it.

#include <chrono>
#include <string>
#include <string_view>

#include "base/time.h"
#include "storage/storage.h"

namespace storage {

inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";

struct S3Credentials {
    std::string access_key;
    std::string secret_key;
    std::string session_token{};  // of temporary credentials
};

struct S3Request {
    std::string method;
    std::string path;            // not encoded: "/bucket/a b.jpg"
    NameValues query{};          // not encoded
    NameValues headers{};        // what is signed: host, all x-amz-*, content-type …; names in any case
    std::string payload_hash{};  // lower-case hex of the body's SHA-256, or unsigned_payload
    // Of authorization(): what `x-amz-date` says and what is signed; a second look at the clock may be a second later.
    base::Timestamp at{};
};

// Every byte but RFC 3986's unreserved characters and `/` becomes %XX; "" is "/".
[[nodiscard]] std::string encoded_path(std::string_view path);
// Sorted, each with its `=`.
[[nodiscard]] std::string encoded_query(const NameValues& query);
// "20130524T000000Z"
[[nodiscard]] std::string amz_date(base::Timestamp time);

class Signer {
public:
    Signer(S3Credentials credentials, std::string region)
        : credentials_(std::move(credentials)), region_(std::move(region)) {}

    [[nodiscard]] const S3Credentials& credentials() const noexcept { return credentials_; }
    [[nodiscard]] const std::string& region() const noexcept { return region_; }

    // "AKIA…/20130524/us-east-1/s3/aws4_request"
    [[nodiscard]] std::string credential(base::Timestamp now) const;
    // The header of that name. `headers` has x-amz-date of `now`, and x-amz-content-sha256.
    [[nodiscard]] std::string authorization(const S3Request& request) const;
    // The whole query, with `request.query` and the signature in it. `lifetime` is 1 s to 7 days.
    [[nodiscard]] std::string presigned_query(S3Request request, std::chrono::seconds lifetime,
                                              base::Timestamp now) const;
    // Of a policy's Base64.
    [[nodiscard]] std::string signature(std::string_view text, base::Timestamp now) const;

private:
    [[nodiscard]] std::string signature_of(std::string_view canonical_request, base::Timestamp now) const;

    S3Credentials credentials_;
    std::string region_;
};

}  // namespace storage
