#include "pos/modules/second_factor/module.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/jobs.h"
#include "auth/caller.h"
#include "auth/rate_limit.h"
#include "http/middleware/conditional.h"
#include "pos/modules/auth/step_up.h"
#include "pos/modules/notifications/day_limits.h"
#include "pos/modules/second_factor/errors.h"
#include "pos/modules/second_factor/phone_proofs.h"
#include "pos/modules/second_factor/second_factors.h"
#include "pos/modules/sms/tables.h"
#include "pos/modules/users/role_rules.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/current_caller.h"
#include "pos/plumbing/writer.h"

namespace pos {

namespace {

SecondFactors::Subject subject_of(http::Context& context, const auth::Caller& caller) {
    return {.user = UserId(caller.user_id),
            .session = SessionId(caller.session_id),
            .address = std::string(context.request().client_address())};
}

async::Task<second_factor::FactorPerson> person_of(db::SystemDb db, UserId user, TenantId tenant) {
    auto person = co_await db.one(second_factor::person_with_factor, user, tenant);
    if (!person) throw base::Failure(errors::user_disabled);
    co_return *std::move(person);
}

// The password of the account, given once more.
async::Task<void> require_password(http::Context* context, db::SystemDb db, AuthService* auth,
                                   SecondFactors::Subject subject, std::string password) {
    const auto person = co_await person_of(db, subject.user, TenantId(base::Uuid::nil()));
    const auto proof =
        co_await auth->authenticate(*context, db, person.email, std::move(password), {}, subject.session);
    if (proof.user() != subject.user) throw base::Failure(errors::invalid_credentials);
}

// ---- My own ---------------------------------------------------------------------------------------------------------

async::Task<SecondFactorState> show(auth::Caller caller, db::SystemDb db) {
    const auto person = co_await person_of(db, UserId(caller.user_id), TenantId(caller.tenant_id));
    co_return SecondFactorState{.is_enabled = person.second_factor_since.has_value(),
                                .since = person.second_factor_since,
                                .recovery_codes_left = person.codes_left,
                                .is_asked_for = person.is_asked_for,
                                .is_email_proven = person.is_email_proven};
}

async::Task<TotpSecret> begin(http::Context& context, auth::Caller caller, http::Body<TotpStart> input, db::SystemDb db,
                              http::Service<AuthService> auth, http::Service<SecondFactors> factors) {
    const auto subject = subject_of(context, caller);
    co_await require_password(&context, db, auth.service, subject, std::move(input->password));
    co_return co_await factors->begin(db, subject);
}

async::Task<RecoveryCodes> confirm(http::Context& context, auth::Caller caller, http::Body<TotpConfirmation> input,
                                   db::SystemDb db, http::Service<SecondFactors> factors) {
    return factors->confirm(db, subject_of(context, caller), std::move(input->code));
}

async::Task<http::NoContent> step_up(http::Context& context, auth::Caller caller, http::Body<GivenCode> input,
                                     db::SystemDb db, http::Service<SecondFactors> factors,
                                     http::Service<Runtime> runtime) {
    co_await factors->prove(db, subject_of(context, caller), std::move(*input));
    co_await db.run(second_factor::prove_session, SessionId(caller.session_id), runtime->now());
    co_return http::NoContent{};
}

async::Task<RecoveryCodes> renew_codes(http::Context& context, auth::Caller caller, http::Body<GivenCode> input,
                                       db::SystemDb db, http::Service<SecondFactors> factors) {
    const auto subject = subject_of(context, caller);
    co_await factors->prove(db, subject, std::move(*input));
    co_return co_await factors->renew_codes(db, subject);
}

async::Task<http::NoContent> disable(http::Context& context, auth::Caller caller, http::Body<TotpRemoval> input,
                                     db::SystemDb db, http::Service<AuthService> auth,
                                     http::Service<SecondFactors> factors) {
    const auto subject = subject_of(context, caller);
    co_await require_password(&context, db, auth.service, subject, std::move(input->password));
    co_await factors->prove(db, subject, std::move(input->given));
    co_await factors->remove(db, subject);
    co_return http::NoContent{};
}

// ---- The second step of a sign-in -----------------------------------------------------------------------------------

async::Task<SignedIn> log_in(http::Context& context, http::Body<TotpLogin> input, db::SystemDb db,
                             http::Service<AuthService> auth, http::Service<SecondFactors> factors) {
    auto half = co_await auth->open_challenge(db, std::move(input->challenge));
    // As at the first step: a stranger's page signs nobody in.
    if (half.subject.kind == SessionKind::cookie) auth->cookies().require_own_page(context.request());
    const auto user = half.proof.user();
    const std::string address(context.request().client_address());
    const auto key = auth::rate_key_of(address);
    co_await auth::charge(context, {{"login", user.to_string() + ":" + key}, {"login_address", key}});
    co_await factors->prove(db, {.user = user, .session = {}, .address = address}, std::move(input->given));
    half.subject.second_factor_at = auth->now();
    Profile profile{half.proof.person(), co_await db.all(sign_in::memberships_of, user, half.subject.tenant)};
    const auto session = auth->open_session(half.proof, half.subject, context.request());
    co_await auth->store_session(db, session);
    co_return auth->sign_in(context.response(), session.opened, std::move(profile));
}

// ---- Other people's -------------------------------------------------------------------------------------------------

async::Task<http::NoContent> reset(http::Context& context, auth::PermittedSomewhere<"users.write"> caller,
                                   http::Path<"id", UserId> id, db::SystemDb db, http::Service<SecondFactors> factors,
                                   http::Service<Runtime> runtime) {
    co_await require_step_up(db, SessionId(caller.session_id), runtime->now());
    co_await factors->reset(db, caller, *id, std::string(context.request().client_address()));
    co_return http::NoContent{};
}

// ---- Whom the tenant asks for one -----------------------------------------------------------------------------------

constexpr auto all_rules =
    db::select<tables::second_factor_rules>().order_by<&SecondFactorRule::id>().named("second_factor.rules");
constexpr auto add_rules = db::insert_all<tables::second_factor_rules>("second_factor.add_rules");
constexpr db::Query<void()> clear_rules{
    {"second_factor.clear_rules", "delete from second_factor_rules where tenant_id = $1", db::Kind::write}};
// Two who set them at once take turns.
constexpr db::Query<TenantId()> lock_tenant{
    {"second_factor.lock_tenant", "select id from tenants where id = $1 for no key update", db::Kind::write}};

async::Task<SecondFactorRules> read_rules(db::Db db) {
    SecondFactorRules rules;
    for (const auto& rule : co_await db.all(all_rules)) {
        if (rule.role_id) {
            rules.role_ids.push_back(*rule.role_id);
        } else {
            rules.is_for_everyone = true;
        }
    }
    co_return rules;
}

async::Task<SecondFactorRules> show_rules(auth::PermittedSomewhere<"users.read"> /*unused*/, db::Db db) {
    return read_rules(db);
}

std::vector<SecondFactorRule> rows_of(const SecondFactorRules& rules, Runtime& runtime) {
    std::vector<SecondFactorRule> rows;
    const auto add = [&](std::optional<RoleId> role) {
        rows.push_back({runtime.new_id<base::Id<struct SecondFactorRuleTag>>().uuid(), role});
    };
    if (rules.is_for_everyone) add(std::nullopt);
    for (const auto& role : rules.role_ids) add(role);
    return rows;
}

void require_known(const std::vector<Role>& roles, const std::vector<RoleId>& given) {
    std::vector<base::Issue> issues;
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (std::ranges::find(roles, given[i], &Role::id) == roles.end())
            issues.push_back({"body", fmt::format("/roleIds/{}", i), "unknown", "there is no such role", {}});
    }
    if (!issues.empty()) throw base::Failure(errors::unknown_role, std::move(issues));
}

async::Task<SecondFactorRules> set_rules(http::Context& context, auth::Permitted<"tenant.settings"> caller,
                                         http::Body<SecondFactorRules> input, db::SystemDb system,
                                         http::Service<Runtime> runtime,
                                         http::Service<auth::Authenticator> authenticator) {
    const UserId user(caller.user_id);
    const TenantId tenant(caller.tenant_id);
    co_await require_step_up(system, SessionId(caller.session_id), runtime->now());
    const auto rows = rows_of(*input, *runtime);
    const auto person = co_await person_of(system, user, tenant);
    if (!rows.empty() && !person.second_factor_since) throw base::Failure(errors::totp_own_first);
    const auto db = system.as_tenant(tenant.uuid());
    require_known(co_await db.all(roles_of_tenant), input->role_ids);
    auto batch = db.batch();
    batch.add(lock_tenant);
    batch.add(caller_is_current, SessionId(caller.session_id), caller.member_version);
    batch.add(clear_rules);
    if (!rows.empty()) batch.add(add_rules, rows);
    db.system(batch).add(sign_in::announce, "tenant:" + tenant.to_string());
    audit(batch, *runtime,
          {.action = "second_factor.rules",
           .actor = user,
           .subject = tenant.uuid(),
           .address = std::string(context.request().client_address()),
           .detail = schema::to_json(*input)});
    co_await batch.commit();
    authenticator->invalidate_tenant(tenant.uuid());
    co_return co_await read_rules(db);
}

// ---- My phone -------------------------------------------------------------------------------------------------------

PhoneProofs::Subject phone_subject_of(http::Context& context, const auth::Caller& caller) {
    return {.user = UserId(caller.user_id),
            .tenant = TenantId(caller.tenant_id),
            .address = std::string(context.request().client_address())};
}

base::Failure missing(std::string_view member, std::string message) {
    return base::Failure(http::errors::invalid,
                         {{"body", "/" + std::string(member), "required", std::move(message), {}}});
}

// The number that is given, or the account's.
std::string number_of(const std::optional<std::string>& given, const second_factor::FactorPerson& person) {
    if (given) return *given;
    if (!person.phone) throw missing("phone", "the account has no number yet");
    return *person.phone;
}

// Another number is another login: it needs what another address needs.
async::Task<PhoneCodeSent> send_code(http::Context& context, auth::Caller caller, http::Body<PhoneCodeRequest> input,
                                     db::SystemDb db, http::Service<AuthService> auth,
                                     http::Service<PhoneProofs> phones) {
    const auto person = co_await person_of(db, UserId(caller.user_id), TenantId(caller.tenant_id));
    const auto number = number_of(input->phone, person);
    if (number != person.phone) {
        if (!input->password) throw missing("password", "another number than the account's needs the password");
        co_await require_step_up(db, SessionId(caller.session_id), auth->now());
        co_await require_password(&context, db, auth.service, subject_of(context, caller), *std::move(input->password));
    }
    co_return co_await phones->send(db, phone_subject_of(context, caller), number);
}

async::Task<ProvenPhone> prove_phone(http::Context& context, auth::Caller caller, http::Body<PhoneProof> input,
                                     db::SystemDb db, http::Service<PhoneProofs> phones) {
    const auto person = co_await person_of(db, UserId(caller.user_id), TenantId(caller.tenant_id));
    co_return co_await phones->prove(db, phone_subject_of(context, caller), number_of(input->phone, person),
                                     std::move(input->code));
}

// ---- Routes ---------------------------------------------------------------------------------------------------------

const std::vector<base::ErrorCode>& code_errors() {
    static const std::vector all{errors::code_wrong, errors::code_used, errors::codes_needed, errors::totp_off,
                                 errors::totp_unreadable};
    return all;
}

std::vector<base::ErrorCode> with(std::vector<base::ErrorCode> errors, std::initializer_list<base::ErrorCode> more) {
    errors.insert(errors.end(), more.begin(), more.end());
    return errors;
}

void totp_routes(http::Routes routes) {
    const std::vector password_errors{errors::invalid_credentials, errors::throttled, errors::user_disabled,
                                      auth::errors::busy};
    routes.get(
        "/auth/totp", show,
        {.id = "getTotp",
         .summary = "Whether I have a second factor, and am asked for one",
         .description = "Also how many recovery codes are left, and whether the address of the account is proven.",
         .errors = {errors::user_disabled},
         .options = {.outside_wall = true},
         .middleware = {http::no_store()}});
    routes.post("/auth/totp", begin,
                {.id = "beginTotp",
                 .summary = "Begin to set up an authenticator app",
                 .description = "Gives a secret for the app; nothing changes until it is confirmed, within an hour. "
                                "Beginning again makes the secret before worthless.",
                 .errors = with(password_errors, {errors::email_unproven, errors::totp_enabled}),
                 .options = {.rate_class = "password", .outside_wall = true},
                 .middleware = {http::no_store()}});
    routes.post("/auth/totp/confirm", confirm,
                {.id = "confirmTotp",
                 .summary = "Turn the second factor on, with a code of the app",
                 .description = "Gives ten recovery codes and ends my other sessions. The code serves for nothing "
                                "else: wait for the next one.",
                 .errors = {errors::code_wrong, errors::totp_not_begun, errors::totp_enabled, errors::user_disabled},
                 .options = {.rate_class = "password", .outside_wall = true},
                 .middleware = {http::no_store()}});
    routes.post(
        "/auth/totp/login", log_in,
        {.id = "loginWithTotp",
         .summary = "Second step of a sign-in",
         .description = "With the challenge of POST /auth/login, good for five minutes, and a code of the app "
                        "or a recovery code. Each code serves once. After 20 wrong codes within 24 hours, from "
                        "wherever, two codes that follow each other are asked for (`auth.codes_needed`).",
         .errors = with(code_errors(), {errors::challenge_dead, errors::invalid_credentials, errors::no_membership,
                                        errors::user_disabled, auth::errors::csrf_failed}),
         .headers = {"Set-Cookie"},
         .options = {.rate_class = "login"}});
    routes.post("/auth/totp/step-up", step_up,
                {.id = "stepUp",
                 .summary = "Prove the second factor again, for this session",
                 .description = "What `auth.step_up_needed` asks for; good for 15 minutes.",
                 .errors = with(code_errors(), {errors::user_disabled}),
                 .options = {.rate_class = "password"}});
    routes.post("/auth/totp/recovery-codes", renew_codes,
                {.id = "renewRecoveryCodes",
                 .summary = "Ten new recovery codes",
                 .description = "In place of those before, used or not.",
                 .errors = with(code_errors(), {errors::user_disabled}),
                 .options = {.rate_class = "password"},
                 .middleware = {http::no_store()}});
    routes.post("/auth/totp/disable", disable,
                {.id = "disableTotp",
                 .summary = "Turn my second factor off",
                 .description = "Asks for the password and a code. From then on the password alone signs in.",
                 .errors = with(password_errors, {errors::code_wrong, errors::code_used, errors::codes_needed,
                                                  errors::totp_off, errors::totp_unreadable}),
                 .options = {.rate_class = "password"}});
}

void people_routes(http::Routes routes) {
    routes.post("/users/{id}/totp/reset", reset,
                {.id = "resetTotp",
                 .summary = "Take a member's second factor away",
                 .description = "For who has lost app and recovery codes; make sure of whom you talk to. Ends all of "
                                "their sessions, and they are told by mail. By who may give and take the member's "
                                "roles; not of oneself, and not of somebody who is a member of other tenants, too.",
                 .errors = {errors::row_not_found, errors::unknown_role, errors::totp_off, errors::totp_own_reset,
                            errors::totp_member_elsewhere, errors::step_up_needed, errors::user_disabled,
                            errors::caller_changed}});
    routes.get("/tenant/second-factor", show_rules,
               {.id = "getSecondFactorRules", .summary = "Which members are asked for a second factor"});
    routes.post(
        "/tenant/second-factor", set_rules,
        {.id = "setSecondFactorRules",
         .summary = "Ask members for a second factor",
         .description = "Who is asked and has none may set one up, and send the sales of a till, and gets 403 "
                        "`auth.second_factor_needed` for all else, also in sessions that are open. Whoever asks "
                        "others has one.",
         .errors = {errors::unknown_role, errors::totp_own_first, errors::step_up_needed, errors::user_disabled,
                    errors::caller_changed}});
}

void phone_routes(http::Routes routes) {
    routes.post(
        "/auth/phone/verify/send", send_code,
        {.id = "sendPhoneCode",
         .summary = "Have a code sent to a phone number",
         .description = "By SMS, good for ten minutes, five a day and account. Asked for again within a minute, "
                        "nothing more is sent; later it is the same code.",
         .errors = {errors::phone_code_limit, errors::phone_guess_limit, errors::sms_off, errors::sms_not_mobile,
                    errors::sms_not_sent_there, errors::sms_number_limit, errors::sms_source_limit,
                    errors::sms_spending_limit, errors::step_up_needed, errors::invalid_credentials, errors::throttled,
                    errors::user_disabled, auth::errors::busy},
         .options = {.rate_class = "password"},
         .middleware = {say_when_the_day_ends()}});
    routes.post("/auth/phone/verify", prove_phone,
                {.id = "verifyPhone",
                 .summary = "Prove a phone number with its code",
                 .description = "It is the account's from then on, and a login. Ten wrong codes a day and account.",
                 .errors = {errors::code_wrong, errors::phone_no_code, errors::phone_guess_limit, errors::phone_taken,
                            errors::user_disabled},
                 .options = {.rate_class = "password"}});
}

void routes(http::Routes routes) {
    totp_routes(routes);
    people_routes(routes);
    phone_routes(routes);
}

}  // namespace

app::Module second_factor_module() {
    auto statements = second_factor_statements();
    for (const auto& statement : phone_proof_statements()) statements.push_back(statement);
    for (const auto& statement : db::statements(all_rules, add_rules, clear_rules, lock_tenant))
        statements.push_back(statement);
    return {.name = "second_factor",
            .doc = "Second factors of people, and proof of their phone numbers.",
            .tables = {tables::second_factors.view(), tables::recovery_codes.view(), tables::code_attempts.view(),
                       tables::phone_verifications.view(), tables::second_factor_rules.view()},
            .statements = std::move(statements),
            .routes = routes,
            .settings = app::settings<SecondFactorSettings>(),
            .services = app::services<make_second_factors, make_phone_proofs>()};
}

}  // namespace pos
