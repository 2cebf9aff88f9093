// Expected: a_statement_of_an_unknown_sender_may_not_write
#include "db/unverified.h"

constexpr db::UnverifiedQuery<void(base::Uuid)> seen{
    {"stripe.seen", "update stripe_accounts set seen_at = now() where id = $1", db::Kind::write}};
