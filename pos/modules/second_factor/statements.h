#pragma once
// The statements of second factors. They are about accounts, hence run as app_system.

#include "db/query.h"
#include "pos/modules/second_factor/tables.h"

namespace pos::second_factor {

using db::Kind;
using db::SystemQuery;

// Whose it is, as notices and pages need it. `is_asked_for` by the tenant.
struct FactorPerson {
    std::string email;
    std::optional<std::string> phone;
    std::string name;
    Locale locale = Locale::english;
    bool is_email_proven = false;
    std::optional<base::Timestamp> second_factor_since;
    bool is_asked_for = false;
    std::int64_t codes_left = 0;

    friend constexpr auto describe(FactorPerson*) {
        return schema::object<FactorPerson>(
            "FactorPerson", schema::field<&FactorPerson::email>("email"), schema::field<&FactorPerson::phone>("phone"),
            schema::field<&FactorPerson::name>("name"), schema::field<&FactorPerson::locale>("locale"),
            schema::field<&FactorPerson::is_email_proven>("isEmailProven"),
            schema::field<&FactorPerson::second_factor_since>("secondFactorSince"),
            schema::field<&FactorPerson::is_asked_for>("isAskedFor"),
            schema::field<&FactorPerson::codes_left>("codesLeft"));
    }
};
inline constexpr SystemQuery<FactorPerson(UserId, TenantId)> person_with_factor{
    {"second_factor.person",
     "select u.email, u.phone, u.name, u.locale, u.email_verified_at is not null as is_email_proven, "
     "u.second_factor_since, exists ("
     "  select from second_factor_rules f where f.tenant_id = $2 and (f.role_id is null or exists ("
     "    select from memberships m join membership_roles x on x.tenant_id = m.tenant_id and x.membership_id = m.id "
     "    where m.tenant_id = $2 and m.user_id = u.id and m.deleted_at is null and x.role_id = f.role_id))"
     "  ) as is_asked_for, "
     "(select count(*) from recovery_codes c where c.user_id = u.id and c.used_at is null) as codes_left "
     "from users u where u.id = $1 and u.disabled_at is null",
     Kind::point}};

// ---- The factor --------------------------------------------------------------------------------------------------

// None, where one is confirmed.
inline constexpr SystemQuery<void(UserId, schema::Bytes, base::Timestamp)> begin{
    {"second_factor.begin",
     "insert into second_factors as f (user_id, secret, last_step, created_at) values ($1, $2, 0, $3) "
     "on conflict (user_id) do update set secret = excluded.secret, last_step = 0, created_at = excluded.created_at "
     "where f.confirmed_at is null",
     Kind::write}};

// The lock of all that is judged for a person: a statement of its own, so that the next one sees what was committed meanwhile.
inline constexpr SystemQuery<SecondFactor(UserId)> lock{
    {"second_factor.lock",
     "select user_id, secret, last_step, created_at, confirmed_at from second_factors where user_id = $1 "
     "for no key update",
     Kind::write}};

inline constexpr SystemQuery<void(UserId, std::int64_t)> use_step{
    {"second_factor.use_step", "update second_factors set last_step = $2 where user_id = $1", Kind::write}};

inline constexpr SystemQuery<void(UserId, base::Timestamp, std::int64_t)> confirm{
    {"second_factor.confirm",
     "update second_factors set confirmed_at = $2, last_step = $3 where user_id = $1 and confirmed_at is null",
     Kind::write}};
inline constexpr SystemQuery<void(UserId)> remove{
    {"second_factor.remove", "delete from second_factors where user_id = $1", Kind::write}};

// By a session that lives, for an account whose address is proven. Sessions that are being stored wait for this row, and see it.
inline constexpr SystemQuery<void(UserId, SessionId, base::Timestamp)> turn_on{
    {"second_factor.turn_on",
     "update users set second_factor_since = $3, updated_at = $3, version = " POS_NEXT_VERSION(
         "version") " where id = $1 and second_factor_since is null and disabled_at is null "
                    "and email_verified_at is not null "
                    "and exists (select from sessions where id = $2 and user_id = $1 and revoked_at is null)",
     Kind::write}};
inline constexpr SystemQuery<void(UserId, base::Timestamp)> turn_off{
    {"second_factor.turn_off",
     "update users set second_factor_since = null, updated_at = $2, version = " POS_NEXT_VERSION(
         "version") " where id = $1 and second_factor_since is not null",
     Kind::write}};

inline constexpr SystemQuery<void(SessionId, base::Timestamp)> prove_session{
    {"second_factor.prove_session", "update sessions set second_factor_at = $2 where id = $1 and revoked_at is null",
     Kind::write}};

// ---- Recovery codes ----------------------------------------------------------------------------------------------

inline constexpr auto add_codes = db::insert_all<tables::recovery_codes>("second_factor.add_codes");
inline constexpr SystemQuery<void(UserId)> drop_codes{
    {"second_factor.drop_codes", "delete from recovery_codes where user_id = $1", Kind::write}};
inline constexpr SystemQuery<void(UserId, schema::Bytes, base::Timestamp)> use_code{
    {"second_factor.use_code",
     "update recovery_codes set used_at = $3 where user_id = $1 and code_hash = $2 and used_at is null", Kind::write}};

// ---- What is limited over a day ----------------------------------------------------------------------------------

struct Attempts {
    std::int64_t count = 0;
    std::optional<base::Timestamp> oldest;

    friend constexpr auto describe(Attempts*) {
        return schema::object<Attempts>("Attempts", schema::field<&Attempts::count>("count"),
                                        schema::field<&Attempts::oldest>("oldest"));
    }
};
inline constexpr SystemQuery<Attempts(UserId, CodeAttemptKind, base::Timestamp)> attempts_since{
    {"second_factor.attempts_since",
     "select count(*) as count, min(at) as oldest from code_attempts where user_id = $1 and kind = $2 and at > $3",
     Kind::point}};
inline constexpr auto add_attempt = db::insert<tables::code_attempts>("second_factor.add_attempt");

// ---- Other people's ----------------------------------------------------------------------------------------------

// Somebody who works for others as well: their factor guards these, too.
inline constexpr SystemQuery<bool(UserId, TenantId)> is_member_elsewhere{
    {"second_factor.is_member_elsewhere",
     "select exists (select from memberships m join tenants t on t.id = m.tenant_id and t.status <> 'closed' "
     "where m.user_id = $1 and m.tenant_id <> $2 and m.status = 'active' and m.deleted_at is null)",
     Kind::point}};

}  // namespace pos::second_factor
