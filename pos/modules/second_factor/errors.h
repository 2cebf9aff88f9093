#pragma once
// What second factors and the proof of phone numbers can answer, besides pos/modules/auth/errors.h.

#include "base/failure.h"

namespace pos::errors {

inline constexpr auto code_wrong = base::invalid("auth.code_wrong", "The code is wrong, or its time is over");
inline constexpr auto code_used = base::invalid("auth.code_used", "This code was used before: wait for the next one");
inline constexpr auto codes_needed =
    base::invalid("auth.codes_needed", "Too many wrong codes were tried: send two codes that follow each other");
inline constexpr auto email_unproven =
    base::conflict("auth.email_unproven", "Prove the e-mail address of the account first");
inline constexpr auto totp_enabled = base::conflict("totp.enabled", "The account has a second factor already");
inline constexpr auto totp_off = base::conflict("totp.off", "The account has no second factor");
inline constexpr auto totp_not_begun =
    base::conflict("totp.not_begun", "No second factor is being set up, or it was begun too long ago");
inline constexpr base::ErrorCode totp_unreadable{
    "totp.unreadable", 409, false, base::Action::contact,
    "The second factor cannot be read any more: use a recovery code, or have it reset"};
inline constexpr auto totp_own_first =
    base::conflict("totp.own_first", "Set up your own second factor before you ask others for one");
inline constexpr auto totp_own_reset =
    base::conflict("totp.own_reset", "Nobody resets the second factor of their own: remove it with a code");
inline constexpr auto totp_member_elsewhere =
    base::conflict("totp.member_elsewhere", "The person is a member of other tenants, too: a recovery code is needed");
inline constexpr base::ErrorCode phone_code_limit{"phone.code_limit", 429, false, base::Action::contact,
                                                  "As many codes as may be were sent to this account today"};
inline constexpr base::ErrorCode phone_guess_limit{"phone.guess_limit", 429, false, base::Action::contact,
                                                   "Too many wrong codes were tried for this account today"};
inline constexpr base::ErrorCode phone_no_code{"phone.no_code", 410, false, base::Action::fix,
                                               "No code waits for this number: have a new one sent"};

}  // namespace pos::errors
