#pragma once
// What the receiver of development asks.

#include "db/query.h"
#include "pos/modules/webhooks/tables.h"

namespace pos::hooks {

struct EventSecret {
    base::Uuid tenant_id;
    WebhookSecretId id;
    schema::Bytes sealed;

    friend constexpr auto describe(EventSecret*) {
        return schema::object<EventSecret>("EventSecret", schema::field<&EventSecret::tenant_id>("tenantId"),
                                           schema::field<&EventSecret::id>("id"),
                                           schema::field<&EventSecret::sealed>("sealed"));
    }
};
// Of a development database, which is small.
inline constexpr db::SystemQuery<EventSecret(WebhookEventId)> secrets_of_event{
    {"webhooks.secrets_of_event",
     "select s.tenant_id, s.id, s.sealed from webhook_deliveries d join webhook_secrets s "
     "on s.tenant_id = d.tenant_id and s.endpoint_id = d.endpoint_id "
     "where d.event_id = $1 and (s.expires_at is null or s.expires_at > now()) limit 50",
     db::Kind::read}};

}  // namespace pos::hooks
