#pragma once
// Makes the readers' part of an ETag (middleware/conditional.h): six base32 characters of an HMAC over the tenant and the body,
// which holds the members that the reader may see and has asked for. One a loop.
//
//     http::TagKey key(settings.secret);
//     http::etag_for(row.version, key.part(caller.tenant_id, body));      // "7.k3f9qa"

#include <string>
#include <string_view>

#include "base/hmac.h"
#include "base/strings.h"
#include "base/uuid.h"

namespace http {

class TagKey {
public:
    // `secret` may serve other ends too; instances that share it make the same tags.
    explicit TagKey(std::string_view secret) : mac_(base::as_chars(base::hkdf_sha256(secret, {}, "entity-tags"))) {}
    [[nodiscard]] std::string part(const base::Uuid& tenant, std::string_view body);

private:
    base::HmacSha256 mac_;
};

}  // namespace http
