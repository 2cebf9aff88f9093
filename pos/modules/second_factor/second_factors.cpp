#include "pos/modules/second_factor/second_factors.h"

#include <algorithm>

#include "auth/totp.h"
#include "base/random.h"
#include "base/strings.h"
#include "pos/modules/auth/account_tokens.h"
#include "pos/modules/auth/errors.h"
#include "pos/modules/second_factor/errors.h"
#include "pos/modules/users/role_rules.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/current_caller.h"
#include "pos/plumbing/second_factor_wall.h"

namespace pos {

namespace {

using namespace second_factor;

constexpr std::string_view secret_purpose = "totp-secret";

// ---- Other people's -------------------------------------------------------------------------------------------------

constexpr db::Query<bool(UserId)> is_member{
    {"second_factor.is_member",
     "select exists (select from memberships where tenant_id = $1 and user_id = $2 and deleted_at is null)",
     db::Kind::point}};
constexpr db::Query<RoleAssignment(UserId)> roles_given{
    {"second_factor.roles_given",
     "select x.role_id, x.location_id from memberships m "
     "join membership_roles x on x.tenant_id = m.tenant_id and x.membership_id = m.id "
     "where m.tenant_id = $1 and m.user_id = $2 and m.deleted_at is null",
     db::Kind::point}};

// ---- Helpers --------------------------------------------------------------------------------------------------------

// People write six digits in two groups.
std::string digits_in(std::string_view typed) {
    std::string digits;
    std::ranges::copy_if(typed, std::back_inserter(digits), base::is_ascii_digit);
    return digits;
}

std::optional<std::string> digits_of(const std::optional<std::string>& typed) {
    return typed ? std::optional(digits_in(*typed)) : std::nullopt;
}

void tell(db::Batch& batch, const SecondFactors::Parts& parts, UserId user, const FactorPerson& person,
          SecondFactorMail mail, const std::string& key) {
    mail.name = person.name;
    parts.notifier.add(batch, mail, {.key = key, .recipient = person.email, .locale = person.locale, .user = user});
}

std::string new_key(const SecondFactors::Parts& parts) {
    return "second_factor:" + parts.runtime.new_id<NotificationId>().to_string();
}

async::Task<FactorPerson> person_of(db::SystemDb db, UserId user) {
    auto found = co_await db.one(person_with_factor, user, TenantId(base::Uuid::nil()));
    if (!found) throw base::Failure(errors::user_disabled);
    co_return *std::move(found);
}

}  // namespace

// ---- Judging a code -------------------------------------------------------------------------------------------------

struct SecondFactors::Trial {
    const Parts* parts;
    Subject subject;
    GivenCode given;
    base::Timestamp now;
};

struct SecondFactors::NewCodes {
    std::vector<RecoveryCode> rows;
    RecoveryCodes shown;
};

namespace {

enum class Verdict : std::uint8_t { right, wrong, used, codes_needed, none, unreadable };

async::Task<Verdict> spend_recovery_code(db::SystemDb transaction, std::shared_ptr<const SecondFactors::Trial> trial) {
    const auto user = trial->subject.user;
    const auto digest = auth::recovery_code_digest(*trial->given.recovery_code);
    if (!digest) co_return Verdict::wrong;
    const schema::Bytes hash{std::string(base::as_chars(*digest))};
    if (co_await transaction.run(use_code, user, hash, trial->now) != 1) co_return Verdict::wrong;
    const auto person = co_await person_of(transaction, user);
    auto batch = transaction.as_tenant(base::Uuid::nil()).batch();
    audit(batch, trial->parts->runtime,
          {.action = "totp.recovery_code", .actor = user, .subject = user.uuid(), .address = trial->subject.address});
    tell(batch, *trial->parts, user, person,
         {.event = SecondFactorEvent::recovery_code_used, .codes_left = static_cast<std::int32_t>(person.codes_left)},
         new_key(*trial->parts));
    co_await batch.commit();
    co_return Verdict::right;
}

// Counted, and the owner hears of the last one that a code alone was taken for, once a day.
async::Task<void> count_guess(db::SystemDb transaction, std::shared_ptr<const SecondFactors::Trial> trial,
                              std::int64_t before) {
    const auto user = trial->subject.user;
    const auto& runtime = trial->parts->runtime;
    const auto acting = transaction.as_tenant(base::Uuid::nil());
    auto batch = acting.batch();
    acting.system(batch).add(add_attempt,
                             CodeAttempt{trial->parts->runtime.new_id<base::Id<struct CodeAttemptTag>>().uuid(), user,
                                         CodeAttemptKind::totp_guess, trial->now});
    if (before + 1 == SecondFactors::most_guesses) {
        const auto person = co_await person_of(transaction, user);
        tell(batch, *trial->parts, user, person, {.event = SecondFactorEvent::guessed},
             fmt::format("second_factor_guessed:{}:{}", user.to_string(),
                         base::format_timestamp(runtime.now()).substr(0, 10)));
    }
    co_await batch.commit();
}

async::Task<Verdict> judge(db::SystemDb transaction, std::shared_ptr<const SecondFactors::Trial> trial) {
    const auto user = trial->subject.user;
    auto reading = transaction.batch();
    const auto locked = reading.add(lock, user);
    const auto counted =
        reading.add(attempts_since, user, CodeAttemptKind::totp_guess, trial->now - SecondFactors::guess_window);
    const auto results = co_await reading.commit();
    const auto factor = results.one(locked);
    if (!factor || !factor->confirmed_at) co_return Verdict::none;
    const auto& given = trial->given;
    if (given.recovery_code) co_return co_await spend_recovery_code(transaction, trial);
    const auto guesses = results.one(counted).value_or(Attempts{}).count;
    if (!given.next_code && guesses >= SecondFactors::most_guesses) co_return Verdict::codes_needed;
    const auto secret = trial->parts->auth.sealed().open(secret_purpose, user.to_string(), factor->secret.value);
    if (!secret) co_return Verdict::unreadable;
    const auto step = given.next_code ? auth::find_totp_pair(*secret, *given.code, *given.next_code, trial->now)
                                      : auth::find_totp(*secret, *given.code, trial->now);
    if (step && *step <= factor->last_step) co_return Verdict::used;
    if (step) {
        co_await transaction.run(use_step, user, *step);
        co_return Verdict::right;
    }
    // Two at once are guessed by nobody: what is counted is what runs out.
    if (!given.next_code) co_await count_guess(transaction, trial, guesses);
    co_return Verdict::wrong;
}

}  // namespace

async::Task<void> SecondFactors::prove(db::SystemDb db, Subject subject, GivenCode given) const {
    given.code = digits_of(given.code);
    given.next_code = digits_of(given.next_code);
    const auto trial =
        std::make_shared<const Trial>(Trial{&parts_, std::move(subject), std::move(given), parts_.runtime.now()});
    const auto verdict =
        co_await db.transaction([trial](db::SystemDb transaction) { return judge(transaction, trial); });
    switch (verdict) {
        case Verdict::right: co_return;
        case Verdict::wrong: throw base::Failure(errors::code_wrong);
        case Verdict::used: throw base::Failure(errors::code_used);
        case Verdict::codes_needed: throw base::Failure(errors::codes_needed);
        case Verdict::none: throw base::Failure(errors::totp_off);
        case Verdict::unreadable: throw base::Failure(errors::totp_unreadable);
    }
}

// ---- Setting it up --------------------------------------------------------------------------------------------------

SecondFactors::NewCodes SecondFactors::new_codes(UserId user) const {
    NewCodes made;
    for (std::size_t i = 0; i < recovery_code_count; ++i) {
        auto code = auth::make_recovery_code(parts_.random);
        made.rows.push_back({.id = parts_.runtime.new_id<base::Id<struct RecoveryCodeTag>>().uuid(),
                             .user_id = user,
                             .code_hash = {std::string(base::as_chars(*auth::recovery_code_digest(code)))},
                             .created_at = parts_.runtime.now(),
                             .used_at = {}});
        made.shown.recovery_codes.push_back(std::move(code));
    }
    return made;
}

async::Task<TotpSecret> SecondFactors::begin(db::SystemDb db, Subject subject) const {
    const auto person = co_await person_of(db, subject.user);
    // Else whoever signs up with another one's address would lock its owner out for good.
    if (!person.is_email_proven) throw base::Failure(errors::email_unproven);
    const auto now = parts_.runtime.now();
    const auto secret = auth::make_totp_secret(parts_.random);
    const schema::Bytes sealed{parts_.auth.sealed().seal(secret_purpose, subject.user.to_string(), secret)};
    if (co_await db.run(second_factor::begin, subject.user, sealed, now) != 1)
        throw base::Failure(errors::totp_enabled);
    co_return TotpSecret{
        .secret = auth::totp_secret_text(secret),
        .uri = auth::totp_uri({.issuer = parts_.settings.totp_issuer, .account = person.email}, secret),
        .expires_at = now + setup_life};
}

namespace {

struct Confirmation {
    const SecondFactors::Parts* parts;
    SecondFactors::Subject subject;
    std::string code;
    std::vector<RecoveryCode> codes;
    base::Timestamp now;
};

// The factor of its row, if the code shows that the person's app has it.
async::Task<std::int64_t> require_setup(db::SystemDb transaction, std::shared_ptr<const Confirmation> what) {
    const auto factor = co_await transaction.one(lock, what->subject.user);
    if (factor && factor->confirmed_at) throw base::Failure(errors::totp_enabled);
    if (!factor || factor->created_at + SecondFactors::setup_life <= what->now)
        throw base::Failure(errors::totp_not_begun);
    const auto secret =
        what->parts->auth.sealed().open(secret_purpose, what->subject.user.to_string(), factor->secret.value);
    if (!secret) throw base::Failure(errors::totp_not_begun);
    const auto step = auth::find_totp(*secret, what->code, what->now);
    if (!step) throw base::Failure(errors::code_wrong);
    co_return *step;
}

async::Task<void> store_confirmation(db::SystemDb transaction, std::shared_ptr<const Confirmation> what) {
    const auto user = what->subject.user;
    const auto session = *what->subject.session;
    co_await transaction.run(hold_off_everywhere, user);
    const auto step = co_await require_setup(transaction, what);
    const auto person = co_await person_of(transaction, user);
    const auto acting = transaction.as_tenant(base::Uuid::nil());
    auto batch = acting.batch();
    const auto system = acting.system(batch);
    const auto turned_on = system.add(turn_on, user, session, what->now);
    system.add(second_factor::confirm, user, what->now, step);
    system.add(drop_codes, user);
    system.add(add_codes, what->codes);
    system.add(prove_session, session, what->now);
    system.add(sign_in::end_other_sessions, user, session, what->now, "second factor set up");
    system.add(sign_in::announce, "user:" + user.to_string());
    audit(batch, what->parts->runtime,
          {.action = "totp.enable", .actor = user, .subject = user.uuid(), .address = what->subject.address});
    tell(batch, *what->parts, user, person, {.event = SecondFactorEvent::set_up}, new_key(*what->parts));
    const auto results = co_await batch.commit();
    if (results.affected(turned_on) != 1) throw base::Failure(errors::totp_not_begun);
}

}  // namespace

async::Task<RecoveryCodes> SecondFactors::confirm(db::SystemDb db, Subject subject, std::string code) const {
    const auto user = subject.user;
    const auto now = parts_.runtime.now();
    auto codes = new_codes(user);
    const auto what = std::make_shared<const Confirmation>(
        Confirmation{&parts_, std::move(subject), digits_in(code), std::move(codes.rows), now});
    co_await AuthService::end_surplus_sessions(db, user, now);
    co_await db.transaction([what](db::SystemDb transaction) { return store_confirmation(transaction, what); });
    parts_.authenticator.invalidate_user(user.uuid());
    co_return std::move(codes.shown);
}

// ---- Changing it ----------------------------------------------------------------------------------------------------

namespace {

struct Renewal {
    const SecondFactors::Parts* parts;
    SecondFactors::Subject subject;
    std::vector<RecoveryCode> codes;  // none: it is removed
    base::Timestamp now;
};

async::Task<void> store_renewal(db::SystemDb transaction, std::shared_ptr<const Renewal> what) {
    const auto user = what->subject.user;
    const auto factor = co_await transaction.one(lock, user);
    if (!factor || !factor->confirmed_at) throw base::Failure(errors::totp_off);
    const auto person = co_await person_of(transaction, user);
    const auto acting = transaction.as_tenant(base::Uuid::nil());
    auto batch = acting.batch();
    const auto system = acting.system(batch);
    system.add(drop_codes, user);
    system.add(add_codes, what->codes);
    tell(batch, *what->parts, user, person, {.event = SecondFactorEvent::new_recovery_codes}, new_key(*what->parts));
    audit(batch, what->parts->runtime,
          {.action = "totp.new_codes", .actor = user, .subject = user.uuid(), .address = what->subject.address});
    co_await batch.commit();
}

async::Task<void> store_removal(db::SystemDb transaction, std::shared_ptr<const Renewal> what) {
    const auto user = what->subject.user;
    co_await transaction.run(hold_off_everywhere, user);
    const auto person = co_await person_of(transaction, user);
    const auto acting = transaction.as_tenant(base::Uuid::nil());
    auto batch = acting.batch();
    const auto system = acting.system(batch);
    const auto turned_off = system.add(turn_off, user, what->now);
    system.add(second_factor::remove, user);
    system.add(drop_codes, user);
    system.add(sign_in::announce, "user:" + user.to_string());
    audit(batch, what->parts->runtime,
          {.action = "totp.disable", .actor = user, .subject = user.uuid(), .address = what->subject.address});
    tell(batch, *what->parts, user, person, {.event = SecondFactorEvent::removed}, new_key(*what->parts));
    const auto results = co_await batch.commit();
    if (results.affected(turned_off) != 1) throw base::Failure(errors::totp_off);
}

}  // namespace

async::Task<RecoveryCodes> SecondFactors::renew_codes(db::SystemDb db, Subject subject) const {
    auto codes = new_codes(subject.user);
    const auto what = std::make_shared<const Renewal>(
        Renewal{&parts_, std::move(subject), std::move(codes.rows), parts_.runtime.now()});
    co_await db.transaction([what](db::SystemDb transaction) { return store_renewal(transaction, what); });
    co_return std::move(codes.shown);
}

async::Task<void> SecondFactors::remove(db::SystemDb db, Subject subject) const {
    const auto user = subject.user;
    const auto what = std::make_shared<const Renewal>(Renewal{&parts_, std::move(subject), {}, parts_.runtime.now()});
    co_await db.transaction([what](db::SystemDb transaction) { return store_removal(transaction, what); });
    parts_.authenticator.invalidate_user(user.uuid());
}

// ---- Other people's -------------------------------------------------------------------------------------------------

namespace {

struct Reset {
    const SecondFactors::Parts* parts;
    auth::Caller caller;
    UserId user;
    std::string address;
};

// Before anything is asked of the person's account: a member of this tenant, whose roles the caller may give and take.
async::Task<void> require_may_reset(db::ActingDb transaction, std::shared_ptr<const Reset> what) {
    if (!co_await transaction.only(is_member, what->user)) throw base::Failure(errors::row_not_found);
    const auto roles = co_await transaction.all(roles_of_tenant);
    require_cover(what->caller, roles, co_await transaction.all(roles_given, what->user));
    if (what->user.uuid() == what->caller.user_id) throw base::Failure(errors::totp_own_reset);
}

// Else a thief of a session makes an administrator of their own, and takes the owner's away by it.
async::Task<void> require_own_factor(db::SystemDb transaction, UserId caller) {
    const auto person = co_await person_of(transaction, caller);
    if (person.second_factor_since) co_return;
    throw base::Failure(errors::second_factor_needed,
                        "whoever takes somebody's second factor away has one: set yours up first");
}

// By whom, and in whose tenant, the batch says.
db::BatchSlot<void> add_reset(db::Batch& batch, db::SystemStatements system, const SecondFactors::Parts& parts,
                              UserId user, const FactorPerson& person, Audited by) {
    const auto now = parts.runtime.now();
    const auto turned_off = system.add(turn_off, user, now);
    system.add(second_factor::remove, user);
    system.add(drop_codes, user);
    system.add(account::end_all_sessions, user, now, "second factor reset");
    system.add(sign_in::announce, "user:" + user.to_string());
    by.action = "totp.reset";
    by.subject = user.uuid();
    audit(batch, parts.runtime, std::move(by));
    tell(batch, parts, user, person, {.event = SecondFactorEvent::reset}, new_key(parts));
    return turned_off;
}

async::Task<void> store_reset(db::SystemDb transaction, std::shared_ptr<const Reset> what) {
    const TenantId tenant(what->caller.tenant_id);
    const auto acting = transaction.as_tenant(tenant.uuid());
    co_await transaction.run(hold_off_everywhere, what->user);
    co_await require_may_reset(acting, what);
    if (co_await transaction.only(is_member_elsewhere, what->user, tenant))
        throw base::Failure(errors::totp_member_elsewhere);
    const auto person = co_await person_of(transaction, what->user);
    if (person.second_factor_since) co_await require_own_factor(transaction, UserId(what->caller.user_id));
    auto batch = acting.batch();
    batch.add(caller_is_current, SessionId(what->caller.session_id), what->caller.member_version);
    const auto turned_off = add_reset(batch, acting.system(batch), *what->parts, what->user, person,
                                      {.action = {}, .actor = UserId(what->caller.user_id), .address = what->address});
    const auto results = co_await batch.commit();
    if (results.affected(turned_off) != 1) throw base::Failure(errors::totp_off);
}

async::Task<void> store_operators_reset(db::SystemDb transaction, const SecondFactors::Parts* parts, UserId user) {
    co_await transaction.run(hold_off_everywhere, user);
    const auto person = co_await person_of(transaction, user);
    const auto acting = transaction.as_tenant(base::Uuid::nil());
    auto batch = acting.batch();
    const auto turned_off = add_reset(batch, acting.system(batch), *parts, user, person, {.action = {}});
    const auto results = co_await batch.commit();
    if (results.affected(turned_off) != 1) throw base::Failure(errors::totp_off);
}

}  // namespace

async::Task<void> SecondFactors::reset(db::SystemDb db, auth::Caller caller, UserId user, std::string address) const {
    const auto what = std::make_shared<const Reset>(Reset{&parts_, std::move(caller), user, std::move(address)});
    co_await db.transaction([what](db::SystemDb transaction) { return store_reset(transaction, what); });
    parts_.authenticator.invalidate_user(user.uuid());
}

async::Task<void> SecondFactors::reset_by_operator(db::SystemDb db, UserId user) const {
    const auto* parts = &parts_;
    co_await db.transaction(
        [parts, user](db::SystemDb transaction) { return store_operators_reset(transaction, parts, user); });
    parts_.authenticator.invalidate_user(user.uuid());
}

std::unique_ptr<SecondFactors> make_second_factors(const SecondFactorSettings& settings, AuthService& auth,
                                                   auth::Authenticator& authenticator, Runtime& runtime,
                                                   Notifier& notifier, base::SecureRandom& random) {
    return std::make_unique<SecondFactors>(
        SecondFactors::Parts{settings, auth, authenticator, runtime, notifier, random});
}

std::vector<db::StatementView> second_factor_statements() {
    return db::statements(person_with_factor, begin, lock, use_step, confirm, remove, turn_on, turn_off, prove_session,
                          add_codes, drop_codes, use_code, attempts_since, add_attempt, is_member_elsewhere, is_member,
                          roles_given);
}

}  // namespace pos
