#include "pos/modules/auth/module.h"

#include "app/jobs.h"
#include "auth/authenticator.h"
#include "auth/caller.h"
#include "auth/jwks_route.h"
#include "http/middleware/conditional.h"
#include "pos/modules/auth/account_links.h"
#include "pos/modules/auth/account_pages.h"
#include "pos/modules/auth/account_tokens.h"
#include "pos/modules/auth/errors.h"
#include "pos/modules/auth/service.h"
#include "pos/modules/auth/statements.h"
#include "pos/modules/auth/step_up.h"
#include "pos/modules/auth/wiring.h"
#include "pos/modules/devices/tables.h"
#include "pos/plumbing/current_caller.h"

namespace pos {

namespace {

async::Task<Profile> load_profile(db::SystemDb db, UserId user, TenantId tenant) {
    auto person = co_await db.one(sign_in::person, user);
    if (!person) throw base::Failure(errors::user_disabled);
    co_return Profile{std::move(*person), co_await db.all(sign_in::memberships_of, user, tenant)};
}

// The one that was asked for, the only one, or the user's default.
TenantId choose_tenant(const LoginRequest& request, const VerifiedPassword& user,
                       const std::vector<sign_in::MembershipRow>& memberships) {
    const auto has = [&](const TenantId& tenant) {
        return std::ranges::any_of(memberships, [&](const auto& row) { return row.tenant.id == tenant; });
    };
    if (memberships.empty() || (request.tenant_id && !has(*request.tenant_id)))
        throw base::Failure(errors::no_membership);
    if (request.tenant_id) return *request.tenant_id;
    if (memberships.size() == 1) return memberships.front().tenant.id;
    if (user.default_tenant() && has(*user.default_tenant())) return *user.default_tenant();
    std::vector<MembershipSummary> choice;
    for (const auto& row : memberships) choice.push_back({row.tenant.id, row.tenant.name, row.roles});
    throw base::Failure(errors::choose_tenant).member("memberships", schema::to_json(choice));
}

async::Task<SignedIn> login(http::Context& context, http::Body<LoginRequest> input, db::SystemDb db,
                            http::Service<AuthService> auth) {
    // Else a stranger's page could sign its reader in as the stranger, who then sees what is sold there.
    if (input->session == SessionKind::cookie) auth->cookies().require_own_page(context.request());
    const auto proof =
        co_await auth->authenticate(context, db, input->login(), std::move(input->password), input->device_id);
    const auto wanted = input->tenant_id ? input->tenant_id : proof.default_tenant();
    Profile profile{proof.person(), co_await db.all(sign_in::memberships_of, proof.user(), wanted)};
    const auto tenant = choose_tenant(*input, proof, profile.memberships);
    if (input->device_id && !co_await db.only(sign_in::device_is_open_to, tenant, *input->device_id, proof.user())) {
        throw base::Failure(errors::unknown_device, {{"body", "/deviceId", "unknown", "there is no such device", {}}});
    }
    const SessionSubject subject{.tenant = tenant, .device = input->device_id, .kind = input->session};
    if (proof.needs_second_factor()) throw auth->second_factor_required(proof, subject);
    const auto session = auth->open_session(proof, subject, context.request());
    co_await auth->store_session(db, session);
    co_return auth->sign_in(context.response(), session.opened, std::move(profile));
}

async::Task<SignedIn> refresh(http::Context& context, http::Body<RefreshRequest> input, db::SystemDb db,
                              http::Service<AuthService> auth) {
    const auto session = co_await auth->rotate(context, db, std::move(input->refresh_token), input->device_id);
    co_return auth->sign_in(context.response(), session,
                            co_await load_profile(db, session.row.user_id, session.row.tenant_id));
}

async::Task<bool> end_session(db::SystemDb db, SessionId session, UserId user, std::string reason,
                              base::Timestamp now) {
    auto batch = db.batch();
    const auto ended = batch.add(sign_in::end_session, session, user, now, reason);
    batch.add(sign_in::announce, "session:" + session.to_string());
    const auto results = co_await batch.commit();
    co_return results.affected(ended) == 1;
}

// Other loops and instances learn of it by NOTIFY, moments later; this one knows it when the reply leaves.
async::Task<http::NoContent> logout(http::Context& context, auth::Caller caller, db::SystemDb db,
                                    http::Service<AuthService> auth, http::Service<auth::Authenticator> authenticator) {
    co_await end_session(db, SessionId(caller.session_id), UserId(caller.user_id), "logout", auth->now());
    authenticator->invalidate_session(caller.session_id);
    auth->cookies().expire(context.response());
    co_return http::NoContent{};
}

std::vector<std::string> names_in(const auth::Permissions& permissions, const auth::PermissionSet& set) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < permissions.names().size(); ++i) {
        if (set.test(i)) names.emplace_back(permissions.names()[i]);
    }
    return names;
}

async::Task<Me> me(auth::Caller caller, db::SystemDb db) {
    auto profile = co_await load_profile(db, UserId(caller.user_id), TenantId(caller.tenant_id));
    Me reply;
    reply.user = std::move(profile.user);
    reply.session_id = SessionId(caller.session_id);
    if (caller.device_id) reply.device_id = DeviceId(*caller.device_id);
    reply.permissions = names_in(*caller.permissions, caller.grants->everywhere);
    for (const auto& [location, set] : caller.grants->by_place)
        reply.location_permissions.push_back({LocationId(location), names_in(*caller.permissions, set)});
    reply.tenant = tenant_of(profile, TenantId(caller.tenant_id));
    for (const auto& membership : profile.memberships)
        reply.memberships.push_back({membership.tenant.id, membership.tenant.name, membership.roles});
    co_return reply;
}

async::Task<SessionList> list_sessions(auth::Caller caller, db::SystemDb db, http::Service<AuthService> auth) {
    co_return SessionList{
        co_await db.all(sign_in::sessions_of, UserId(caller.user_id), SessionId(caller.session_id), auth->now())};
}

async::Task<http::NoContent> delete_session(auth::Caller caller, http::Path<"id", SessionId> id, db::SystemDb db,
                                            http::Service<AuthService> auth,
                                            http::Service<auth::Authenticator> authenticator) {
    if (!co_await end_session(db, *id, UserId(caller.user_id), "revoked", auth->now()))
        throw base::Failure(errors::unknown_session);
    authenticator->invalidate_session(id.value.uuid());
    co_return http::NoContent{};
}

// Ends the user's other sessions: whoever knew the old password is out.
async::Task<http::NoContent> change_password(http::Context& context, auth::Caller caller,
                                             http::Body<PasswordChange> input, db::SystemDb db,
                                             http::Service<AuthService> auth) {
    co_await require_step_up(db, SessionId(caller.session_id), auth->now());
    const auto person = co_await db.one(sign_in::person, UserId(caller.user_id));
    if (!person) throw base::Failure(errors::user_disabled);
    const auto proof = co_await auth->authenticate(context, db, person->email, std::move(input->current_password), {},
                                                   SessionId(caller.session_id));
    // The address may have passed to somebody else in between.
    if (proof.user() != person->id) throw base::Failure(errors::invalid_credentials);
    auth->require_good_password(input->new_password, *person, "/newPassword");
    auto hash = co_await auth->hash_password(std::move(input->new_password));
    co_await auth->change_password(db, proof, std::move(hash), SessionId(caller.session_id));
    co_return http::NoContent{};
}

// ---- Links in mails ----------------------------------------------------------------------------------------------

async::Task<http::NoContent> forget_password(http::Context& context, http::Body<ForgottenPassword> input,
                                             db::SystemDb db, http::Service<AccountLinks> links) {
    co_await links->forget_password(context, db, std::move(input->email));
    co_return http::NoContent{};
}

async::Task<http::NoContent> reset_password(http::Context& context, http::Body<PasswordReset> input, db::SystemDb db,
                                            http::Service<AccountLinks> links) {
    co_await links->reset_password(context, db, std::move(*input));
    co_return http::NoContent{};
}

async::Task<http::NoContent> verify_email(http::Context& context, http::Body<EmailVerification> input, db::SystemDb db,
                                          http::Service<AccountLinks> links) {
    co_await links->verify_email(context, db, std::move(*input));
    co_return http::NoContent{};
}

async::Task<http::NoContent> send_verification(http::Context& context, auth::Caller caller, db::SystemDb db,
                                               http::Service<AccountLinks> links) {
    co_await links->send_verification(context, db, UserId(caller.user_id));
    co_return http::NoContent{};
}

async::Task<http::NoContent> change_email(http::Context& context, auth::Caller caller, http::Body<EmailChange> input,
                                          db::SystemDb db, http::Service<AuthService> auth,
                                          http::Service<AccountLinks> links) {
    co_await require_step_up(db, SessionId(caller.session_id), auth->now());
    co_await links->change_email(context, db, UserId(caller.user_id), SessionId(caller.session_id), std::move(*input));
    co_return http::NoContent{};
}

async::Task<EmailConfirmed> confirm_email(http::Context& context, http::Body<EmailConfirmation> input, db::SystemDb db,
                                          http::Service<AccountLinks> links) {
    return links->confirm_email(context, db, std::move(*input));
}

void link_routes(http::Routes routes) {
    routes.post("/auth/password/forgot", forget_password,
                {.id = "forgetPassword",
                 .summary = "Have a link mailed for a new password",
                 .description = "The same answer after the same time, whether somebody has the address or not. At most "
                                "five mails an hour and account; the newest link alone works, for 30 minutes.",
                 .errors = {errors::mail_off},
                 .options = {.rate_class = "recovery"}});
    routes.post("/auth/password/reset", reset_password,
                {.id = "resetPassword",
                 .summary = "Choose a new password by the link of a mail",
                 .description = "Ends every session of the account, and signs nobody in. The same request again within "
                                "a minute gets the same answer.",
                 .errors = {errors::link_dead, errors::weak_password, auth::errors::busy},
                 .options = {.rate_class = "recovery"}});
    routes.post("/auth/email/verify", verify_email,
                {.id = "verifyEmail",
                 .summary = "Prove an e-mail address by the link of a mail",
                 .description = "With the account's password; or with a new one, which ends every session.",
                 .errors = {errors::link_dead, errors::weak_password, errors::invalid_credentials, errors::throttled,
                            errors::user_disabled, auth::errors::busy},
                 .options = {.rate_class = "recovery"}});
    routes.post("/auth/email/verify/send", send_verification,
                {.id = "sendEmailVerification",
                 .summary = "Have the link mailed that proves my address",
                 .description = "Nothing is sent when it is proven already. At most five mails an hour.",
                 .errors = {errors::mail_off},
                 .options = {.rate_class = "recovery", .outside_wall = true}});
    routes.post("/auth/email/change", change_email,
                {.id = "changeEmail",
                 .summary = "Ask for another e-mail address",
                 .description = "Links go to both addresses; it changes when both have agreed, within 24 hours.",
                 .errors = {errors::mail_off, errors::invalid_credentials, errors::throttled, errors::user_disabled,
                            errors::step_up_needed, auth::errors::busy},
                 .options = {.rate_class = "password"}});
    routes.post("/auth/email/confirm", confirm_email,
                {.id = "confirmEmail",
                 .summary = "Agree to a change of the e-mail address by the link of a mail",
                 .description = "From each of the two addresses once. The second one changes it, and ends all other "
                                "links. The same request again within a minute gets the same answer.",
                 .errors = {errors::link_dead, errors::email_taken},
                 .options = {.rate_class = "recovery"}});
}

void root_routes(http::Router& router) {
    auth::add_jwks_route(router);
    account_pages(router);
}

void routes(http::Routes routes) {
    link_routes(routes);
    const std::vector password_errors{errors::invalid_credentials, errors::throttled, errors::user_disabled,
                                      auth::errors::busy};
    auto login_errors = password_errors;
    for (const auto& error : {errors::no_membership, errors::choose_tenant, errors::unknown_device,
                              errors::second_factor_required, auth::errors::csrf_failed})
        login_errors.push_back(error);
    auto change_errors = password_errors;
    change_errors.insert(change_errors.end(), {errors::weak_password, errors::step_up_needed});

    routes.post("/auth/login", login,
                {.id = "login",
                 .summary = "Sign in with a password",
                 .description = "Gives an access token of minutes and a refresh token of weeks; with `session: cookie` "
                                "the browser's cookies instead. Whoever has a second factor gets 401 "
                                "`auth.second_factor_required` with a `challenge` for POST /auth/totp/login.",
                 .errors = login_errors,
                 .headers = {"Set-Cookie"},
                 .options = {.rate_class = "login"}});
    routes.post("/auth/refresh", refresh,
                {.id = "refreshSession",
                 .summary = "New tokens for a refresh token",
                 .description = "A refresh token serves once. If the reply was lost, the same token gives the same "
                                "successor for 24 hours, as long as that was not used; any other reuse ends the "
                                "session.",
                 .errors = {errors::invalid_refresh_token, errors::refresh_reused, errors::user_disabled,
                            errors::no_membership},
                 .options = {.rate_class = "refresh"}});
    routes.post("/auth/logout", logout,
                {.id = "logout",
                 .summary = "End this session",
                 .description = "Its tokens and cookies are refused from then on. Other devices stay signed in.",
                 .headers = {"Set-Cookie"},
                 .options = {.outside_wall = true}});
    routes.get("/auth/me", me,
               {.id = "getMe",
                .summary = "Who I am and what I may do",
                .description = "The person, the tenant and the session of this token, and the permissions, everywhere "
                               "and by location.",
                .errors = {errors::user_disabled, errors::no_membership},
                .options = {.outside_wall = true},
                .middleware = {http::no_store()}});
    routes.get("/auth/sessions", list_sessions,
               {.id = "listSessions",
                .summary = "Where I am signed in, newest first",
                .description = "My sessions that have not ended, in every tenant and on every device: the newest 200.",
                .middleware = {http::no_store()}});
    routes.del("/auth/sessions/{id}", delete_session,
               {.id = "deleteSession",
                .summary = "End one of my sessions",
                .description = "Whoever holds its tokens is signed out at once: for a device that was lost.",
                .errors = {errors::unknown_session}});
    routes.post("/auth/password/change", change_password,
                {.id = "changePassword",
                 .summary = "Change my password",
                 .description = "Ends my other sessions.",
                 .errors = change_errors,
                 .options = {.rate_class = "password"}});
}

}  // namespace

app::Module auth_module() {
    using namespace sign_in;
    auto statements = account_link_statements();
    for (const auto& statement : db::statements(
             user_by_login, challenged_user, step_up_is_due, second_factor_of_session, person, locale_of_user,
             new_login_of, memberships_of, device_is_open_to, rehash, set_password, add_session, add_refresh_token,
             grants_of_session, session_of_cookie, sessions_of, sign_in::end_session, sign_in::end_surplus_sessions,
             end_other_sessions, end_sessions_of_member, announce, lock_family, refresh_token, use_refresh_token,
             drop_spent_tokens, prolong_session, note_use, count_failure, failures_of, blocked_until, forget_failures,
             uncount_attempt, forget_empty, purge_throttles, hold_off_everywhere))
        statements.push_back(statement);
    return {.name = "auth",
            .doc = "Signing in and out, sessions, the caller.",
            .tables = {tables::sessions.view(), tables::refresh_tokens.view(), tables::account_tokens.view(),
                       tables::login_throttles.view()},
            .statements = std::move(statements),
            .routes = routes,
            .jobs = handle_account_jobs,
            .settings = app::settings<AuthSettings, check_auth_settings>(),
            .process_services = app::process_services<make_auth_shared>(),
            .services = app::services<make_grants, make_authenticator, make_auth_service, make_account_links>(),
            .root_routes = root_routes};
}

}  // namespace pos
