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
}  // namespace plan_limits

inline void require_seat(db::Batch& batch) {
    batch.add(plan_limits::hold);
    batch.add(plan_limits::seats_suffice);
}

inline void require_place_for_location(db::Batch& batch) {
    batch.add(plan_limits::hold);
    batch.add(plan_limits::locations_suffice);
}

}  // namespace pos
