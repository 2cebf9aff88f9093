#pragma once
// What every write travels with: the stored reply of its idempotency key and its entries in the change feed.

#include "db/table.h"
#include "pos/row_meta.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode key_known{"idempotency.key_known", 409, true, base::Action::retry,
                                           "This key has a reply already"};
inline constexpr base::ErrorCode feed_conflict{"feed.conflict", 409, true, base::Action::retry,
                                               "Two changes took the same number"};
}  // namespace errors

// `tenant_id` is the nil UUID before there is a tenant (sign-up).
struct IdempotencyKey {
    std::string principal_kind;
    std::string route;
    std::string key;
    schema::Bytes request_hash;
    std::int32_t status = 0;
    schema::Bytes response;
    std::optional<std::string> etag;
    std::optional<std::string> location;
    std::optional<std::string> resource_type;
    std::optional<base::Uuid> resource_id;
    base::Timestamp created_at;
    base::Timestamp expires_at;

    friend constexpr auto describe(IdempotencyKey*) {
        return schema::object<IdempotencyKey>(
            "IdempotencyKey",
            schema::field<&IdempotencyKey::principal_kind>("principalKind", {.text = schema::Text::raw}),
            schema::field<&IdempotencyKey::route>("route", {.text = schema::Text::raw}),
            schema::field<&IdempotencyKey::key>("key", {.text = schema::Text::raw}),
            schema::field<&IdempotencyKey::request_hash>("requestHash"),
            schema::field<&IdempotencyKey::status>("status"), schema::field<&IdempotencyKey::response>("response"),
            schema::field<&IdempotencyKey::etag>("etag"), schema::field<&IdempotencyKey::location>("location"),
            schema::field<&IdempotencyKey::resource_type>("resourceType"),
            schema::field<&IdempotencyKey::resource_id>("resourceId"),
            schema::field<&IdempotencyKey::created_at>("createdAt"),
            schema::field<&IdempotencyKey::expires_at>("expiresAt"));
    }
};

enum class ChangeKind : std::uint8_t { updated, deleted };
constexpr auto describe(ChangeKind*) {
    return schema::enumeration<ChangeKind>("ChangeKind", {{ChangeKind::updated, "u"}, {ChangeKind::deleted, "d"}});
}

// One row per live or deleted row of a synchronised collection: its newest change. Compacted by construction.
struct ChangePointer {
    std::string collection;
    base::Uuid row_id;
    std::int64_t seq = 0;
    ChangeKind op = ChangeKind::updated;
    std::optional<LocationId> location_id;
    std::optional<DeviceId> origin_device_id;

    friend constexpr auto describe(ChangePointer*) {
        return schema::object<ChangePointer>(
            "ChangePointer", schema::field<&ChangePointer::collection>("collection", {.text = schema::Text::raw}),
            schema::field<&ChangePointer::row_id>("rowId"), schema::field<&ChangePointer::seq>("seq"),
            schema::field<&ChangePointer::op>("op"), schema::field<&ChangePointer::location_id>("locationId"),
            schema::field<&ChangePointer::origin_device_id>("originDeviceId"));
    }
};

// Who did what that somebody may ask about later. In the nil tenant: what belongs to an account alone.
struct AuditEvent {
    base::Uuid id;
    base::Timestamp at;
    std::string action;  // "invite.accept"
    std::optional<UserId> actor_id;
    std::optional<base::Uuid> subject_id;
    std::string address;
    schema::Json detail;

    friend constexpr auto describe(AuditEvent*) {
        return schema::object<AuditEvent>(
            "AuditEvent", schema::field<&AuditEvent::id>("id"), schema::field<&AuditEvent::at>("at"),
            schema::field<&AuditEvent::action>("action"), schema::field<&AuditEvent::actor_id>("actorId"),
            schema::field<&AuditEvent::subject_id>("subjectId"),
            schema::field<&AuditEvent::address>("address", {.doc = "Of the client; empty where a job did it."}),
            schema::field<&AuditEvent::detail>("detail"));
    }
};

namespace tables {
inline constexpr auto audit_events = db::tenant_table<AuditEvent>(
    "audit_events", db::primary_key<&AuditEvent::id>(),
    db::index<&AuditEvent::at, &AuditEvent::id>("audit_events_newest"),
    db::index<&AuditEvent::actor_id, &AuditEvent::at, &AuditEvent::id>("audit_events_actor"),
    db::index<&AuditEvent::subject_id, &AuditEvent::at, &AuditEvent::id>("audit_events_subject"), db::append_only());
inline constexpr auto idempotency_keys = db::tenant_table<IdempotencyKey>(
    "idempotency_keys",
    db::primary_key<&IdempotencyKey::principal_kind, &IdempotencyKey::route, &IdempotencyKey::key>(errors::key_known),
    db::index<&IdempotencyKey::expires_at>("idempotency_keys_expiry"));
inline constexpr auto change_pointers = db::tenant_table<ChangePointer>(
    "change_pointers", db::primary_key<&ChangePointer::collection, &ChangePointer::row_id>(),
    db::unique<&ChangePointer::seq>("change_pointers_seq", errors::feed_conflict));
}  // namespace tables

}  // namespace pos
