#pragma once
// What a plan allows (modules/billing), demanded in the batch that adds a member or a location, behind it. A shop without a
// subscription has no limits.
//
//     batch.add(add_membership, membership);
//     require_seat(batch);                       // 409 plan.seats
//
// The subscription's row is locked until the end: of many who come at once, as many get in as there are seats.

#include "db/db.h"

namespace pos {

// Of a shop's files: what is stored, and what uploads under way have announced.
struct StorageUse {
    std::int64_t used_bytes = 0;
    std::int64_t limit_bytes = 0;

    friend constexpr auto describe(StorageUse*) {
        return schema::object<StorageUse>(
            "StorageUse",
            schema::field<&StorageUse::used_bytes>(
                "usedBytes",
                {.doc = "Images, documents and uploads under way, which count with what they have announced."}),
            schema::field<&StorageUse::limit_bytes>("limitBytes",
                                                    {.doc = "Of the plan; where it says nothing, of the service."}));
    }
};

namespace plan_limits {
inline constexpr db::Query<void()> hold{
    {"plan_limits.hold", "select from subscriptions where tenant_id = $1 and state <> 'cancelled' for no key update",
     db::Kind::write}};
inline constexpr db::Query<void()> seats_suffice{
    {"plan_limits.seats_suffice",
     "select violate('subscriptions_seats') from subscriptions s where s.tenant_id = $1 and s.state <> 'cancelled' "
     "and (s.limits ->> 'seats')::int < (select count(*) from memberships m where m.tenant_id = $1 "
     "  and m.status = 'active' and m.deleted_at is null)",
     db::Kind::write}};
inline constexpr db::Query<void()> locations_suffice{
    {"plan_limits.locations_suffice",
     "select violate('subscriptions_locations') from subscriptions s where s.tenant_id = $1 and s.state <> 'cancelled' "
     "and (s.limits ->> 'locations')::int < (select count(*) from locations l where l.tenant_id = $1 "
     "  and l.deleted_at is null)",
     db::Kind::write}};
// Files of a tenant are counted one after the other, so that many uploads at once get no more than there is room for.
inline constexpr db::Query<void()> hold_storage{
    {"plan_limits.hold_storage", "select pg_advisory_xact_lock(hashtextextended('files ' || $1::uuid::text, 0))",
     db::Kind::write}};
// What is stored, and what uploads that are under way have announced. `$2`: for a shop whose plan says nothing.
inline constexpr db::Query<void(std::int64_t)> storage_suffices{
    {"plan_limits.storage_suffices",
     "select violate('subscriptions_storage') where coalesce("
     "  (select (s.limits ->> 'storageBytes')::bigint from subscriptions s "
     "   where s.tenant_id = $1 and s.state <> 'cancelled'), $2) "
     "  < (select coalesce(sum(i.bytes), 0) from images i where i.tenant_id = $1) "
     "  + (select coalesce(sum(d.bytes), 0) from documents d where d.tenant_id = $1) "
     "  + (select coalesce(sum(u.bytes), 0) from uploads u where u.tenant_id = $1 and u.state = 'open')",
     db::Kind::write}};
inline constexpr db::Query<StorageUse(std::int64_t)> storage_use{
    {"plan_limits.storage_use",
     "select (select coalesce(sum(i.bytes), 0)::bigint from images i where i.tenant_id = $1) "
     "  + (select coalesce(sum(d.bytes), 0)::bigint from documents d where d.tenant_id = $1) "
     "  + (select coalesce(sum(u.bytes), 0)::bigint from uploads u where u.tenant_id = $1 and u.state = 'open') "
     "  as used_bytes, "
     "coalesce((select (s.limits ->> 'storageBytes')::bigint from subscriptions s "
     "  where s.tenant_id = $1 and s.state <> 'cancelled'), $2) as limit_bytes",
     db::Kind::read}};
}  // namespace plan_limits

inline void require_seat(db::Batch& batch) {
    batch.add(plan_limits::hold);
    batch.add(plan_limits::seats_suffice);
}

inline void require_place_for_location(db::Batch& batch) {
    batch.add(plan_limits::hold);
    batch.add(plan_limits::locations_suffice);
}

// In front of and behind the statement that takes room: 409 plan.storage. `without_plan` bytes: where the plan says nothing.
inline void hold_storage(db::Batch& batch) { batch.add(plan_limits::hold_storage); }
inline void require_storage(db::Batch& batch, std::int64_t without_plan) {
    batch.add(plan_limits::storage_suffices, without_plan);
}

// Behind a failed batch: 409 plan.storage with how much is used of how much, for whoever has to make room; any other failure as it is.
[[nodiscard]] async::Task<void> rethrow_with_use(db::Db db, std::exception_ptr failure, std::int64_t without_plan);

}  // namespace pos
