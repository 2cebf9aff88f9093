#pragma once
// LocalUrls: signed URLs of files that this service keeps in a directory, and what they allow. The service's own route checks
// them and does
// what they say. Pure but for the secret that it holds: any thread.
//
//     const storage::LocalUrls urls({.base_url = "https://api.example.com/v1/storage", .secret = app_secret});
//     auto target = urls.sign_put({.key = "pending/7", .content_type = "image/jpeg", .length = 81234}, now);
//
//     // GET, HEAD and PUT /v1/storage/{key…}: the key and the query decoded, once
//     auto grant = urls.verify(context.method(), key, query, now);
//     if (!grant) throw storage::failure(grant.error());             // bad_signature, expired
//     // of a PUT: Content-Length is grant->length and Content-Type grant->content_type, or urls.check_upload() says what is wrong
//     // POST /v1/storage: the fields before the file
//     auto grant = urls.verify_form(fields, now);
//
// A signature covers the method, the key and every member of the query: none can be left out, added or repeated. HEAD is what
// GET allows.
// What serves a grant sets `Cache-Control: private, max-age=` at most the grant's remaining life, and `X-Content-Type-Options:
// nosniff`.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/time.h"
#include "storage/storage.h"

namespace storage {

struct LocalGrant {
    std::string method;  // "GET", "PUT", "POST"
    std::string key;
    base::Timestamp expires_at{};
    std::string content_type{};         // of a GET: instead of the object's, when not empty
    std::string content_disposition{};  // likewise
    std::uint64_t min_length = 0;       // of a PUT both are the same
    std::uint64_t max_length = 0;
    bool only_if_absent = false;
};

class LocalUrls {
public:
    struct Options {
        std::string base_url;  // of the route: without a slash at its end
        std::string secret;    // of the service; a key of our own is made of it
    };

    explicit LocalUrls(const Options& options);

    [[nodiscard]] Result<SignedUrl> sign_get(const SignGet& sign, base::Timestamp now) const;
    [[nodiscard]] Result<SignedUrl> sign_put(const SignPut& sign, base::Timestamp now) const;
    [[nodiscard]] Result<SignedForm> sign_post(const SignPost& sign, base::Timestamp now) const;

    [[nodiscard]] Result<LocalGrant> verify(std::string_view method, std::string_view key, const NameValues& query,
                                            base::Timestamp now) const;
    // Fields that were signed; others, as the file's own, are refused. `now` is when the form began to come in.
    [[nodiscard]] Result<LocalGrant> verify_form(const NameValues& fields, base::Timestamp now) const;

    // nullopt: what is sent is what the grant allows. `length` is that of Content-Length, or of what has come.
    [[nodiscard]] static std::optional<Error> check_upload(const LocalGrant& grant, std::string_view content_type,
                                                           std::uint64_t length);

private:
    [[nodiscard]] std::string signature(std::string_view method, std::string_view key, const NameValues& members) const;
    [[nodiscard]] SignedUrl url(std::string method, std::string_view key, NameValues query,
                                base::Timestamp expires_at) const;
    [[nodiscard]] Result<LocalGrant> grant(std::string_view method, std::string_view key, const NameValues& members,
                                           base::Timestamp now) const;

    std::string base_url_;
    base::Digest256 key_;
};

}  // namespace storage
