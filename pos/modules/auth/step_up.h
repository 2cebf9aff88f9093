#pragma once
// What a thief of a session would do first (another password, another address, a role for a friend, where the money goes) asks whoever
// has a second factor to prove it again, if that was more than step_up_life ago. Who has none passes: second_factor_rules say who needs
// one.
//
//     co_await require_step_up(db, SessionId(caller.session_id), runtime->now());          // 403 auth.step_up_needed
//
// POST /auth/totp/step-up proves it for the session; a sign-in has just done so.

#include <chrono>

#include "db/db.h"
#include "pos/modules/auth/errors.h"
#include "pos/modules/auth/statements.h"

namespace pos {

inline constexpr std::chrono::minutes step_up_life{15};

inline async::Task<void> require_step_up(db::SystemDb db, SessionId session, base::Timestamp now) {
    if (co_await db.only(sign_in::step_up_is_due, session, now - step_up_life))
        throw base::Failure(errors::step_up_needed);
}

}  // namespace pos
