#include "pos/modules/auth/account_links.h"

#include "app/jobs.h"
#include "auth/rate_limit.h"
#include "base/strings.h"
#include "http/context.h"
#include "pos/modules/auth/account_tokens.h"
#include "pos/modules/auth/errors.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/current_caller.h"

namespace pos {

namespace {

using db::Kind;
using db::SystemQuery;

// A loop of {ask, guess} gets no more than this: links have 256 bits, and a mailbox is not to be filled.
constexpr std::int64_t most_mails_an_hour = 5;

// ---- Statements --------------------------------------------------------------------------------------------------

struct MailPerson {
    Person person;
    Locale locale = Locale::english;
    bool is_verified = false;

    friend constexpr auto describe(MailPerson*) {
        return schema::object<MailPerson>("MailPerson", schema::flatten<&MailPerson::person>(),
                                          schema::field<&MailPerson::locale>("locale"),
                                          schema::field<&MailPerson::is_verified>("isVerified"));
    }
};
#define POS_MAIL_PERSON \
    "select id, email, phone, name, locale, email_verified_at is not null as is_verified from users "
constexpr SystemQuery<MailPerson(std::string)> person_by_email{
    {"account.person_by_email", POS_MAIL_PERSON "where email = $1 and disabled_at is null", Kind::point}};
constexpr SystemQuery<MailPerson(UserId)> person_by_id{
    {"account.person_by_id", POS_MAIL_PERSON "where id = $1 and disabled_at is null", Kind::point}};
constexpr SystemQuery<MailPerson(UserId)> lock_person{
    {"account.lock_person", POS_MAIL_PERSON "where id = $1 and disabled_at is null for no key update", Kind::write}};
#undef POS_MAIL_PERSON

constexpr SystemQuery<void(UserId, std::string, std::string, base::Timestamp)> move_user{
    {"account.move_user",
     "update users set email = $3, email_verified_at = $4, updated_at = $4, "
     "version = " POS_NEXT_VERSION("version") " where id = $1 and email = $2 and disabled_at is null",
     Kind::write}};
// ---- Tokens ------------------------------------------------------------------------------------------------------

const std::vector<std::string>& kinds_of_password() {
    static const std::vector<std::string> kinds{"password_reset", "email_change_old", "email_change_new"};
    return kinds;
}
const std::vector<std::string>& all_kinds() {
    static const std::vector<std::string> kinds{"password_reset", "email_verify", "email_change_old",
                                                "email_change_new"};
    return kinds;
}

// Under the locks of token and user. nullopt: this very request was answered a moment ago. Throws auth.link_dead.
async::Task<std::optional<account::TokenRow>> open_token(db::SystemDb transaction, schema::Bytes hash,
                                                         std::string used_by, base::Timestamp now) {
    auto row = co_await transaction.one(account::lock_token, hash);
    if (!row || row->is_dead) throw base::Failure(errors::link_dead);
    if (row->used_at) {
        if (now - *row->used_at <= repeat_grace && row->used_by == used_by) co_return std::nullopt;
        throw base::Failure(errors::link_dead);
    }
    if (row->expires_at <= now) throw base::Failure(errors::link_dead);
    co_return row;
}

// Before anything is hashed. Also of one that this very request has used: the repetition is told under the lock.
async::Task<account::TokenRow> peek(db::SystemDb db, std::optional<schema::Bytes> hash, std::string used_by,
                                    base::Timestamp now) {
    if (!hash) throw base::Failure(errors::link_dead);
    auto row = co_await db.one(account::token, *hash);
    const bool is_alive = row && !row->is_dead && row->expires_at > now &&
                          (!row->used_at || (now - *row->used_at <= repeat_grace && row->used_by == used_by));
    if (!is_alive) throw base::Failure(errors::link_dead);
    co_return *std::move(row);
}

async::Task<void> charge_address(http::Context& context) {
    return auth::charge(context, {{"recovery_address", auth::rate_key_of(context.request().client_address())}});
}

std::string short_digest(std::string_view text) {
    return base::hex_encode(base::as_chars(base::sha256(text)).substr(0, 16));
}

}  // namespace

// ---- What a link does ----------------------------------------------------------------------------------------------

struct AccountLinks::Claim {
    const Parts* parts;
    UserId user;
    schema::Bytes token_hash;
    std::string used_by;
    std::string password_hash;
    std::string address;
    base::Timestamp now;
    std::string_view action;
};

namespace {

// Whether it was done now.
async::Task<bool> claim_account(db::SystemDb transaction, std::shared_ptr<const AccountLinks::Claim> claim) {
    co_await transaction.run(hold_off_everywhere, claim->user);
    const auto row = co_await open_token(transaction, claim->token_hash, claim->used_by, claim->now);
    if (!row) co_return false;
    const auto acting = transaction.as_tenant(base::Uuid::nil());
    auto batch = acting.batch();
    const auto system = acting.system(batch);
    const auto claimed =
        system.add(account::claim_user, row->person.id, row->person.email, claim->password_hash, claim->now);
    system.add(account::use_token, row->id, claim->now, claim->used_by);
    system.add(account::end_tokens, row->person.id, kinds_of_password(), claim->now);
    system.add(account::end_all_sessions, row->person.id, claim->now, std::string(claim->action));
    system.add(sign_in::announce, "user:" + row->person.id.to_string());
    audit(batch, claim->parts->runtime,
          {.action = claim->action,
           .actor = row->person.id,
           .subject = row->person.id.uuid(),
           .address = claim->address});
    claim->parts->notifier.add(batch, PasswordChangedMail{row->person.name, claim->now},
                               {.key = "password_changed:" + row->id.to_string(),
                                .recipient = row->person.email,
                                .locale = row->locale,
                                .user = row->person.id});
    const auto results = co_await batch.commit();
    if (results.affected(claimed) != 1) throw base::Failure(errors::link_dead);
    co_return true;
}

struct Verification {
    const AccountLinks::Parts* parts;
    VerifiedPassword proof;
    schema::Bytes token_hash;
    std::string used_by;
    std::string address;
    base::Timestamp now;
};

async::Task<void> store_verification(db::SystemDb transaction, std::shared_ptr<const Verification> what) {
    const auto row = co_await open_token(transaction, what->token_hash, what->used_by, what->now);
    if (!row) co_return;
    const auto acting = transaction.as_tenant(base::Uuid::nil());
    auto batch = acting.batch();
    const auto system = acting.system(batch);
    const auto verified =
        system.add(account::verify_user, row->person.id, row->person.email, what->proof.hash(), what->now);
    system.add(account::use_token, row->id, what->now, what->used_by);
    system.add(account::end_tokens, row->person.id, std::vector<std::string>{"email_verify"}, what->now);
    audit(batch, what->parts->runtime,
          {.action = "email.verify",
           .actor = row->person.id,
           .subject = row->person.id.uuid(),
           .address = what->address});
    const auto results = co_await batch.commit();
    if (results.affected(verified) != 1) throw base::Failure(errors::link_dead);
}

struct Confirmation {
    const AccountLinks::Parts* parts;
    schema::Bytes token_hash;
    std::string used_by;
    std::string address;
    base::Timestamp now;
    UserId user;
};

void tell_both_addresses(db::Batch& batch, const Notifier& notifier, const account::TokenRow& row) {
    for (const auto& address : {row.person.email, *row.new_email}) {
        notifier.add(batch, EmailChangedMail{row.person.name, *row.new_email},
                     {.key = "email_changed:" + row.change_id->to_string() + ":" + short_digest(address),
                      .recipient = address,
                      .locale = row.locale,
                      .user = row.person.id});
    }
}

// Whether the address is changed, now or a moment ago.
async::Task<bool> store_confirmation(db::SystemDb transaction, std::shared_ptr<const Confirmation> what) {
    co_await transaction.run(hold_off_everywhere, what->user);
    const auto row = co_await open_token(transaction, what->token_hash, what->used_by, what->now);
    if (!row) {
        const auto used = co_await transaction.one(account::token, what->token_hash);
        co_return used && used->new_email == used->person.email;
    }
    if (!row->change_id || !row->new_email) throw base::Failure(errors::link_dead);
    const bool is_complete = co_await transaction.only(account::other_half_is_used, *row->change_id, row->id);
    const auto acting = transaction.as_tenant(base::Uuid::nil());
    auto batch = acting.batch();
    const auto system = acting.system(batch);
    system.add(account::use_token, row->id, what->now, what->used_by);
    std::optional<db::BatchSlot<void>> moved;
    if (is_complete) {
        moved = system.add(move_user, row->person.id, row->person.email, *row->new_email, what->now);
        system.add(account::end_tokens, row->person.id, all_kinds(), what->now);
        audit(batch, what->parts->runtime,
              {.action = "email.change",
               .actor = row->person.id,
               .subject = row->person.id.uuid(),
               .address = what->address});
        tell_both_addresses(batch, what->parts->notifier, *row);
    }
    const auto results = co_await batch.commit();
    if (moved && results.affected(*moved) != 1) throw base::Failure(errors::link_dead);
    co_return is_complete;
}

}  // namespace

std::string AccountLinks::use_tag(const http::Context& context, std::string_view token, std::string_view secret) const {
    const auto agent = user_agent_of(context.request());
    return parts_.auth.values().tag("link-use", fmt::format("{}\n{}\n{}", token, secret, agent));
}

async::Task<void> AccountLinks::claim(http::Context& context, db::SystemDb db, AccountTokenKind kind, std::string token,
                                      std::string new_password) const {
    const auto now = parts_.runtime.now();
    const auto hash = account_token_hash(kind, token);
    auto used_by = use_tag(context, token, new_password);
    const auto row = co_await peek(db, hash, used_by, now);
    parts_.auth.require_good_password(new_password, row.person, "/newPassword");
    const auto claim = std::make_shared<const Claim>(
        Claim{.parts = &parts_,
              .user = row.person.id,
              .token_hash = *hash,
              .used_by = std::move(used_by),
              .password_hash = co_await parts_.auth.hash_password(std::move(new_password)),
              .address = std::string(context.request().client_address()),
              .now = now,
              .action = kind == AccountTokenKind::email_verify ? "email.claim" : "password.reset"});
    co_await AuthService::end_surplus_sessions(db, row.person.id, now);
    co_await db.transaction([claim](db::SystemDb transaction) { return claim_account(transaction, claim); });
    parts_.authenticator.invalidate_user(row.person.id.uuid());
}

async::Task<void> AccountLinks::forget_password(http::Context& context, db::SystemDb db, std::string email) const {
    parts_.notifier.require_on();
    const auto address = auth::rate_key_of(context.request().client_address());
    co_await auth::charge(context, {{"recovery", short_digest(email) + ":" + address}, {"recovery_address", address}});
    auto batch = db.as_tenant(base::Uuid::nil()).batch();
    parts_.runtime.outbox().add(batch, forgot_password, ForgotPassword{std::move(email)});
    co_await batch.commit();
}

async::Task<void> AccountLinks::reset_password(http::Context& context, db::SystemDb db, PasswordReset request) const {
    co_await charge_address(context);
    co_await claim(context, db, AccountTokenKind::password_reset, std::move(request.token),
                   std::move(request.new_password));
}

async::Task<void> AccountLinks::verify_email(http::Context& context, db::SystemDb db, EmailVerification request) const {
    co_await charge_address(context);
    if (request.new_password) {
        co_await claim(context, db, AccountTokenKind::email_verify, std::move(request.token),
                       *std::move(request.new_password));
        co_return;
    }
    const auto now = parts_.runtime.now();
    const auto hash = account_token_hash(AccountTokenKind::email_verify, request.token);
    auto used_by = use_tag(context, request.token, *request.password);
    const auto row = co_await peek(db, hash, used_by, now);
    auto proof = co_await parts_.auth.authenticate(context, db, row.person.email, *std::move(request.password));
    if (proof.user() != row.person.id) throw base::Failure(errors::invalid_credentials);
    const auto what = std::make_shared<const Verification>(Verification{
        &parts_, std::move(proof), *hash, std::move(used_by), std::string(context.request().client_address()), now});
    co_await db.transaction([what](db::SystemDb transaction) { return store_verification(transaction, what); });
}

async::Task<void> AccountLinks::send_verification(http::Context& context, db::SystemDb db, UserId user) const {
    parts_.notifier.require_on();
    co_await charge_address(context);
    const auto now = parts_.runtime.now();
    const auto person = co_await db.one(person_by_id, user);
    if (!person || person->is_verified) co_return;
    const auto recent =
        co_await db.only(account::tokens_since, user, AccountTokenKind::email_verify, now - std::chrono::hours(1));
    if (recent >= most_mails_an_hour) co_return;
    const auto acting = db.as_tenant(base::Uuid::nil());
    auto batch = acting.batch();
    add_verification(batch, acting.system(batch), parts_.auth, parts_.runtime, parts_.notifier, person->person,
                     person->locale);
    co_await batch.commit();
}

void add_verification(db::Batch& batch, db::SystemStatements system, AuthService& auth, Runtime& runtime,
                      const Notifier& notifier, const Person& person, Locale locale) {
    if (!notifier.is_on()) return;
    const auto token = new_account_token(
        auth, runtime,
        {.kind = AccountTokenKind::email_verify, .user = person.id, .email = person.email, .life = verify_life});
    system.add(account::end_tokens, person.id, std::vector<std::string>{"email_verify"}, runtime.now());
    system.add(account::add_token, token.row);
    notifier.add(batch, EmailVerifyMail{person.name, static_cast<std::int32_t>(verify_life.count())},
                 {.key = "email_verify:" + token.row.id.to_string(),
                  .recipient = person.email,
                  .locale = locale,
                  .user = person.id,
                  .expires_at = token.row.expires_at,
                  .secret = token.text});
}

async::Task<void> AccountLinks::change_email(http::Context& context, db::SystemDb db, UserId user, SessionId session,
                                             EmailChange request) const {
    parts_.notifier.require_on();
    const auto person = co_await db.one(person_by_id, user);
    if (!person) throw base::Failure(errors::user_disabled);
    const auto proof =
        co_await parts_.auth.authenticate(context, db, person->person.email, std::move(request.password), {}, session);
    if (proof.user() != user) throw base::Failure(errors::invalid_credentials);
    if (request.new_email == person->person.email) co_return;
    const auto& [id, email, phone, name] = person->person;
    const auto change = parts_.runtime.new_id<base::Id<struct EmailChangeTag>>().uuid();
    const auto token_of = [&](AccountTokenKind kind) {
        return new_account_token(parts_.auth, parts_.runtime,
                                 {.kind = kind,
                                  .user = user,
                                  .email = person->person.email,
                                  .new_email = request.new_email,
                                  .change = change,
                                  .life = change_life});
    };
    const auto old_token = token_of(AccountTokenKind::email_change_old);
    const auto new_token = token_of(AccountTokenKind::email_change_new);
    const auto to = [&](const NewAccountToken& token, const std::string& address) {
        return To{.key = "email_change:" + token.row.id.to_string(),
                  .recipient = address,
                  .locale = person->locale,
                  .user = user,
                  .expires_at = token.row.expires_at,
                  .secret = token.text};
    };
    constexpr auto hours = static_cast<std::int32_t>(change_life.count());
    const auto acting = db.as_tenant(base::Uuid::nil());
    auto batch = acting.batch();
    const auto system = acting.system(batch);
    system.add(account::end_tokens, user, std::vector<std::string>{"email_change_old", "email_change_new"},
               parts_.runtime.now());
    system.add(account::add_token, old_token.row);
    system.add(account::add_token, new_token.row);
    audit(batch, parts_.runtime,
          {.action = "email.ask_change",
           .actor = user,
           .subject = user.uuid(),
           .address = std::string(context.request().client_address())});
    parts_.notifier.add(batch, EmailChangeOldMail{name, request.new_email, hours}, to(old_token, email));
    parts_.notifier.add(batch, EmailChangeNewMail{name, email, hours}, to(new_token, request.new_email));
    co_await batch.commit();
}

async::Task<EmailConfirmed> AccountLinks::confirm_email(http::Context& context, db::SystemDb db,
                                                        EmailConfirmation request) const {
    co_await charge_address(context);
    const auto now = parts_.runtime.now();
    auto hash = account_token_hash(AccountTokenKind::email_change_old, request.token);
    if (!hash) hash = account_token_hash(AccountTokenKind::email_change_new, request.token);
    auto used_by = use_tag(context, request.token, "");
    const auto row = co_await peek(db, hash, used_by, now);
    const auto what = std::make_shared<const Confirmation>(Confirmation{
        &parts_, *hash, std::move(used_by), std::string(context.request().client_address()), now, row.person.id});
    co_return EmailConfirmed{
        co_await db.transaction([what](db::SystemDb transaction) { return store_confirmation(transaction, what); })};
}

std::unique_ptr<AccountLinks> make_account_links(AuthService& auth, auth::Authenticator& authenticator,
                                                 Runtime& runtime, Notifier& notifier) {
    return std::make_unique<AccountLinks>(AccountLinks::Parts{auth, authenticator, runtime, notifier});
}

// ---- Jobs --------------------------------------------------------------------------------------------------------

namespace {

struct ResetMail {
    UserId user;
    base::Uuid token;  // the job's id: a second run of it finds that it is done
    Runtime* runtime;
    AuthService* auth;
    const Notifier* notifier;
};

// Under the user's lock, so that several at once are counted.
async::Task<void> write_reset_mail(db::SystemDb transaction, std::shared_ptr<const ResetMail> what) {
    const auto person = co_await transaction.one(lock_person, what->user);
    if (!person) co_return;
    const auto now = what->runtime->now();
    if (co_await transaction.only(account::token_is_there, what->token)) co_return;
    const auto recent = co_await transaction.only(account::tokens_since, what->user, AccountTokenKind::password_reset,
                                                  now - std::chrono::hours(1));
    if (recent >= most_mails_an_hour) co_return;
    auto token = new_account_token(*what->auth, *what->runtime,
                                   {.kind = AccountTokenKind::password_reset,
                                    .user = what->user,
                                    .email = person->person.email,
                                    .life = reset_life});
    token.row.id = what->token;
    const auto acting = transaction.as_tenant(base::Uuid::nil());
    auto batch = acting.batch();
    const auto system = acting.system(batch);
    system.add(account::end_tokens, what->user, std::vector<std::string>{"password_reset"}, now);
    system.add(account::add_token, token.row);
    audit(batch, *what->runtime, {.action = "password.forget", .subject = what->user.uuid()});
    what->notifier->add(batch, PasswordResetMail{person->person.name, static_cast<std::int32_t>(reset_life.count())},
                        {.key = "password_reset:" + token.row.id.to_string(),
                         .recipient = person->person.email,
                         .locale = person->locale,
                         .user = what->user,
                         .expires_at = token.row.expires_at,
                         .secret = token.text});
    co_await batch.commit();
}

// Of no tenant, as nobody has signed in. Whether somebody has the address is seen here, where no stranger can time it.
async::Task<void> mail_reset(jobs::Job<ForgotPassword>& job, app::TenantScope scope) {
    const auto db = db::system_db(scope.use<db::Databases>(), scope.db().deadline(), job.span());
    const auto person = co_await db.one(person_by_email, job.data().email);
    const auto id = base::Uuid::from_string(job.id());
    if (!person || !id) co_return;
    const auto what = std::make_shared<const ResetMail>(
        ResetMail{person->person.id, *id, &scope.use<Runtime>(), &scope.use<AuthService>(), &scope.use<Notifier>()});
    co_await db.transaction([what](db::SystemDb transaction) { return write_reset_mail(transaction, what); });
}

// At most one a day.
async::Task<void> mail_limit(jobs::Job<LimitReached>& job, app::TenantScope scope) {
    const auto id = base::Uuid::from_string(job.data().login);
    if (!id) co_return;
    const auto db = db::system_db(scope.use<db::Databases>(), scope.db().deadline(), job.span());
    const auto person = co_await db.one(person_by_id, UserId(*id));
    if (!person) co_return;
    const auto day = base::format_timestamp(scope.use<Runtime>().now()).substr(0, 10);
    auto batch = db.as_tenant(base::Uuid::nil()).batch();
    scope.use<Notifier>().add(batch, LoginLimitMail{person->person.name},
                              {.key = "login_limit:" + id->to_string() + ":" + day,
                               .recipient = person->person.email,
                               .locale = person->locale,
                               .user = person->person.id});
    if (batch.size() > 0) co_await batch.commit();
}

}  // namespace

void handle_account_jobs(app::JobHandlers handlers) {
    handlers.on(forgot_password, mail_reset);
    handlers.on(limit_reached, mail_limit);
}

std::vector<db::StatementView> account_link_statements() {
    using namespace account;
    return db::statements(add_token, end_tokens, token, lock_token, use_token, tokens_since, other_half_is_used,
                          person_by_email, person_by_id, lock_person, token_is_there, claim_user, verify_user,
                          move_user, end_all_sessions);
}

}  // namespace pos
