#include "pos/modules/invites/module.h"

#include <algorithm>
#include <iterator>

#include "auth/rate_limit.h"
#include "base/strings.h"
#include "http/middleware/conditional.h"
#include "pos/modules/auth/account_tokens.h"
#include "pos/modules/auth/errors.h"
#include "pos/modules/auth/step_up.h"
#include "pos/modules/billing/tables.h"
#include "pos/modules/invites/accept.h"
#include "pos/modules/notifications/day_limits.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/modules/users/role_rules.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/current_caller.h"
#include "pos/plumbing/form_page.h"
#include "pos/plumbing/list.h"
#include "pos/plumbing/writer.h"
#include "schema/form.h"

namespace pos {

namespace {

constexpr std::chrono::days invite_life{7};

struct NewInvite {
    schema::Maybe<InviteId> id;
    std::optional<std::string> email;
    std::optional<std::string> phone;
    std::optional<Channel> channel;
    RoleId role_id;
    std::optional<LocationId> location_id;
    Locale locale = Locale::english;

    [[nodiscard]] Channel way() const { return email ? Channel::email : channel.value_or(Channel::sms); }
    [[nodiscard]] const std::string& recipient() const { return email ? *email : *phone; }
    static void check(const NewInvite& input, schema::Issues& issues) {
        if (input.email.has_value() == input.phone.has_value())
            issues.add(input.channel.value_or(Channel::email) == Channel::email ? "/email" : "/phone", "one_of",
                       "either an e-mail address or a phone number");
        if (input.channel &&
            (*input.channel == Channel::app || (*input.channel == Channel::email) != input.email.has_value()))
            issues.add("/channel", "unfit",
                       "`email` is for an e-mail address, `sms` and `whatsapp` for a phone number");
    }
    friend constexpr auto describe(NewInvite*) {
        return schema::object<NewInvite>(
            "NewInvite", schema::doc("Either `email` or `phone`."),
            schema::field<&NewInvite::id>("id", {.doc = "Made by the server when it is missing."}),
            schema::field<&NewInvite::email>("email", {.max_length = 254, .format = schema::Format::email}),
            schema::field<&NewInvite::phone>(
                "phone", {.format = schema::Format::phone, .doc = "Instead of `email`: it goes by SMS or WhatsApp."}),
            schema::field<&NewInvite::channel>("channel", {.doc = "Of a phone number: `sms` when it is missing."}),
            schema::field<&NewInvite::role_id>("roleId"),
            schema::field<&NewInvite::location_id>("locationId", {.doc = "Null: at every location."}),
            schema::field<&NewInvite::locale>("locale", {.defaulted = true, .doc = "Of the message."}),
            schema::refine<&NewInvite::check>());
    }
};

// ---- Statements --------------------------------------------------------------------------------------------------

constexpr List<tables::invites, Newest<&Invite::created_at>> newest;
constexpr auto add_invite = db::insert<tables::invites>("invites.add");
constexpr auto lock_invite = db::find_for_update<tables::invites>("invites.lock");
// One that has expired makes room.
constexpr db::Query<void(std::string, base::Timestamp)> close_expired{
    {"invites.close_expired",
     "update invites set revoked_at = $3 where tenant_id = $1 and (email = $2 or phone = $2) and accepted_at is null "
     "and revoked_at is null and expires_at <= $3",
     db::Kind::write}};
constexpr db::Query<void(InviteId, schema::Bytes, base::Timestamp, base::Timestamp)> renew{
    {"invites.renew",
     "update invites set token_hash = $3, sent_at = $4, expires_at = $5 where tenant_id = $1 and id = $2",
     db::Kind::write}};
constexpr db::Query<void(InviteId, base::Timestamp)> revoke_row{
    {"invites.revoke", "update invites set revoked_at = $3 where tenant_id = $1 and id = $2", db::Kind::write}};
constexpr db::Query<bool(std::string)> was_written{
    {"invites.was_written", "select exists (select from notifications where tenant_id = $1 and idempotency_key = $2)",
     db::Kind::point}};

// What the message says: users belong to no tenant, so as app_system.
struct MailNames {
    std::string shop;
    std::string inviter;
    bool is_member = false;  // who has the invited address or number

    friend constexpr auto describe(MailNames*) {
        return schema::object<MailNames>("MailNames", schema::field<&MailNames::shop>("shop"),
                                         schema::field<&MailNames::inviter>("inviter"),
                                         schema::field<&MailNames::is_member>("isMember"));
    }
};
constexpr db::Query<MailNames(UserId, std::optional<std::string>, std::optional<std::string>)> names{
    {.name = "invites.names",
     .sql =
         "select t.name as shop, u.name as inviter, exists (select from memberships m join users p on p.id = m.user_id "
         "  where m.tenant_id = t.id and m.deleted_at is null and (p.email = $3 "
         "    or (p.phone = $4 and p.phone_verified_at is not null))) as is_member "
         "from tenants t, users u where t.id = $1 and u.id = $2",
     .as_system = true}};

// As is_suppressed of the mails, within the invitation's own transaction.
constexpr db::Query<bool(std::string)> is_unreachable{
    {.name = "invites.is_unreachable",
     .sql = "select exists (select from mail_suppressions where address = lower($2) and scope in ($1::uuid, "
            "'00000000-0000-0000-0000-000000000000'::uuid) and list in ('invites', 'all'))",
     .as_system = true}};
// … by the account that would send to the number.
constexpr db::Query<bool(std::string, Channel)> has_said_stop{
    {.name = "invites.has_said_stop",
     .sql = "select exists (select from phone_wishes where phone = $2 and is_opted_out and scope = case when exists ("
            "  select from message_accounts where tenant_id = $1 and channel = $3) then $1::uuid "
            "  else '00000000-0000-0000-0000-000000000000'::uuid end)",
     .as_system = true}};

// ---- Handlers ----------------------------------------------------------------------------------------------------

async::Task<db::Page<Invite>> list(auth::PermittedSomewhere<"users.read"> /*unused*/, http::Query<db::PageRequest> page,
                                   db::Db db) {
    return newest.page(db, *page);
}

struct NewToken {
    std::string text;
    schema::Bytes hash;
};
NewToken new_token(AuthService& auth) {
    auto made = auth.new_token("invite");
    return {std::move(made.text), {std::string(base::as_chars(made.digest))}};
}

struct Sending {
    std::string key;
    std::string secret;
    std::string source;  // who asks for it
};

void add_message(db::Batch& batch, const Notifier& notifier, const Invite& invite, const MailNames& who,
                 const std::string& role, Sending sending) {
    notifier.add(batch, InviteMail{who.shop, who.inviter, role, static_cast<std::int32_t>(invite_life.count())},
                 {.key = std::move(sending.key),
                  .recipient = invite.email ? *invite.email : *invite.phone,
                  .locale = invite.locale,
                  .expires_at = invite.expires_at,
                  .secret = std::move(sending.secret),
                  .channel = invite.channel,
                  .source = std::move(sending.source)});
}

// So many messages to one recipient, and none where none would arrive.
async::Task<void> require_reachable(http::Context* context, db::ActingDb db, std::string recipient, Channel channel) {
    const bool is_mail = channel == Channel::email;
    if (is_mail && co_await db.only(is_unreachable, recipient)) throw base::Failure(errors::invite_unreachable);
    if (!is_mail && co_await db.only(has_said_stop, recipient, channel))
        throw base::Failure(errors::invite_unreachable);
    co_await auth::charge(*context, {{"invites_recipient", base::ascii_lower(recipient)}});
}

Invite invite_of(const NewInvite& input, const NewToken& token, const Writer& write) {
    const auto now = write.now();
    return {.id = input.id ? *input.id : write.new_id<InviteId>(),
            .email = input.email,
            .role_id = input.role_id,
            .location_id = input.location_id,
            .locale = input.locale,
            .token_hash = token.hash,
            .used_by = {},
            .created_by = UserId(write.user_id),
            .created_at = now,
            .sent_at = now,
            .expires_at = now + invite_life,
            .accepted_at = {},
            .accepted_by = {},
            .revoked_at = {},
            .phone = input.phone,
            .channel = input.way()};
}

async::Task<Created<Invite>> create(Create<"users.write", Held::as_declared, IdempotencyKeyHeader> write,
                                    http::Body<NewInvite> input, db::SystemDb system, http::Service<AuthService> auth,
                                    http::Service<Notifier> notifier) {
    co_await require_step_up(system, SessionId(write.session_id), write.now());
    const auto db = system.as_tenant(write.tenant_id);
    co_await notifier->require_on(db, input->way());
    const auto roles = co_await db.all(roles_of_tenant);
    require_cover(write, roles, {{input->role_id, input->location_id}});
    const auto who = co_await db.only(names, UserId(write.user_id), input->email, input->phone);
    if (who.is_member) throw base::Failure(errors::already_member);
    co_await require_reachable(&write.context(), db, input->recipient(), input->way());
    const auto token = new_token(*auth);
    const auto invite = invite_of(*input, token, write);
    auto once = write.once(db, invite, invite.id.uuid(), input);
    once.batch().add(caller_is_current, SessionId(write.session_id), write.member_version);
    once.batch().add(close_expired, input->recipient(), write.now());
    once.batch().add(add_invite, invite);
    audit(once.batch(), write.runtime(),
          {.action = "invite.create",
           .actor = UserId(write.user_id),
           .subject = invite.id.uuid(),
           .address = std::string(write.context().request().client_address())});
    const auto role = std::ranges::find(roles, invite.role_id, &Role::id);
    add_message(
        once.batch(), *notifier, invite, who, role->name,
        {"invite:" + invite.id.to_string(), token.text, std::string(write.context().request().client_address())});
    co_return co_await once.commit({});
}

struct InviteChange {
    enum class What : std::uint8_t { resend, revoke };

    What what{};
    auth::Caller caller;
    InviteId invite;
    std::string key;  // of the message
    std::string address;
    Runtime* runtime = nullptr;
    AuthService* auth = nullptr;
    const Notifier* notifier = nullptr;
    http::Context* context = nullptr;
};

async::Task<Invite> change_invite(db::ActingDb transaction, std::shared_ptr<const InviteChange> change) {
    auto invite = co_await transaction.one(lock_invite, change->invite);
    if (!invite) throw base::Failure(errors::row_not_found);
    const auto roles = co_await transaction.all(roles_of_tenant);
    require_cover(change->caller, roles, {{invite->role_id, invite->location_id}});
    const bool is_revoking = change->what == InviteChange::What::revoke;
    if (is_revoking && invite->revoked_at) co_return *invite;
    if (invite->accepted_at || invite->revoked_at) throw base::Failure(errors::invite_closed);
    if (!is_revoking && co_await transaction.only(was_written, change->key)) co_return *invite;
    if (!is_revoking) {
        co_await change->notifier->require_on(transaction, invite->channel);
        const auto recipient = invite->email ? *invite->email : *invite->phone;
        co_await require_reachable(change->context, transaction, recipient, invite->channel);
    }
    const auto now = change->runtime->now();
    const UserId actor(change->caller.user_id);
    auto batch = transaction.batch();
    batch.add(caller_is_current, SessionId(change->caller.session_id), change->caller.member_version);
    audit(batch, *change->runtime,
          {.action = is_revoking ? "invite.revoke" : "invite.resend",
           .actor = actor,
           .subject = invite->id.uuid(),
           .address = change->address});
    if (is_revoking) {
        invite->revoked_at = now;
        batch.add(revoke_row, invite->id, now);
    } else {
        const auto who = co_await transaction.only(names, actor, invite->email, invite->phone);
        const auto token = new_token(*change->auth);
        const auto role = std::ranges::find(roles, invite->role_id, &Role::id);
        invite->sent_at = now;
        invite->expires_at = now + invite_life;
        batch.add(renew, invite->id, token.hash, now, invite->expires_at);
        add_message(batch, *change->notifier, *invite, who, role->name, {change->key, token.text, change->address});
    }
    co_await batch.commit();
    co_return *invite;
}

async::Task<Invite> perform(db::SystemDb system, std::shared_ptr<const InviteChange> change) {
    const auto db = system.as_tenant(change->caller.tenant_id);
    co_return co_await db.transaction(
        [change](db::ActingDb transaction) { return change_invite(transaction, change); });
}

async::Task<Invite> resend(http::Context& context, auth::PermittedSomewhere<"users.write"> caller,
                           http::Path<"id", InviteId> id, IdempotencyKeyHeader key, db::SystemDb db,
                           http::Service<AuthService> auth, http::Service<Notifier> notifier,
                           http::Service<Runtime> runtime) {
    co_await require_step_up(db, SessionId(caller.session_id), runtime->now());
    co_return co_await perform(
        db, std::make_shared<const InviteChange>(InviteChange{
                InviteChange::What::resend, auth::Caller(caller), *id,
                fmt::format("invite:{}:{}", id->to_string(), *key.key), std::string(context.request().client_address()),
                runtime.service, auth.service, notifier.service, &context}));
}

async::Task<Invite> revoke(http::Context& context, auth::PermittedSomewhere<"users.write"> caller,
                           http::Path<"id", InviteId> id, db::SystemDb db, http::Service<AuthService> auth,
                           http::Service<Notifier> notifier, http::Service<Runtime> runtime) {
    return perform(db,
                   std::make_shared<const InviteChange>(InviteChange{InviteChange::What::revoke,
                                                                     auth::Caller(caller),
                                                                     *id,
                                                                     {},
                                                                     std::string(context.request().client_address()),
                                                                     runtime.service,
                                                                     auth.service,
                                                                     notifier.service,
                                                                     &context}));
}

async::Task<Joined> accept(http::Context& context, http::Body<InviteAcceptance> input, db::SystemDb db) {
    return accept_invite(&context, db, std::move(*input));
}

// ---- The page ----------------------------------------------------------------------------------------------------

constexpr FormPage accept_page{
    .title = "Accept the invitation",
    .intro =
        "<p>Choose a name and a password. If you have an account already, give its password; the name stays as it "
        "is.</p>",
    .fields =
        "<label for=\"n\">Your name</label><input id=\"n\" name=\"name\" autocomplete=\"name\" required>"
        "<label for=\"p\">Password</label><input id=\"p\" name=\"password\" type=\"password\" "
        "autocomplete=\"new-password\" required>",
    .button = "Accept"};
// Of an invitation to a phone, which says nothing of an account.
constexpr FormPage accept_by_phone_page{
    .title = accept_page.title,
    .intro =
        "<p>Choose a name and a password, and the e-mail address that you want to sign in with. If you have an account "
        "already, give its address and password; the name stays as it is.</p>",
    .fields =
        "<label for=\"e\">E-mail address</label><input id=\"e\" name=\"email\" type=\"email\" autocomplete=\"email\" "
        "required>"
        "<label for=\"n\">Your name</label><input id=\"n\" name=\"name\" autocomplete=\"name\" required>"
        "<label for=\"p\">Password</label><input id=\"p\" name=\"password\" type=\"password\" "
        "autocomplete=\"new-password\" required>",
    .button = accept_page.button};

constexpr FormPage accept_page_swahili{
    .title = "Kubali mwaliko",
    .intro =
        "<p>Chagua jina na nenosiri. Kama una akaunti tayari, andika nenosiri lake; jina linabaki kama lilivyo.</p>",
    .fields =
        "<label for=\"n\">Jina lako</label><input id=\"n\" name=\"name\" autocomplete=\"name\" required>"
        "<label for=\"p\">Nenosiri</label><input id=\"p\" name=\"password\" type=\"password\" "
        "autocomplete=\"new-password\" required>",
    .button = "Kubali",
    .language = "sw"};
constexpr FormPage accept_by_phone_page_swahili{
    .title = accept_page_swahili.title,
    .intro =
        "<p>Chagua jina na nenosiri, na barua pepe ambayo utaingilia nayo. Kama una akaunti tayari, andika barua pepe "
        "na "
        "nenosiri lake; jina linabaki kama lilivyo.</p>",
    .fields =
        "<label for=\"e\">Barua pepe</label><input id=\"e\" name=\"email\" type=\"email\" autocomplete=\"email\" "
        "required>"
        "<label for=\"n\">Jina lako</label><input id=\"n\" name=\"name\" autocomplete=\"name\" required>"
        "<label for=\"p\">Nenosiri</label><input id=\"p\" name=\"password\" type=\"password\" "
        "autocomplete=\"new-password\" required>",
    .button = accept_page_swahili.button,
    .language = "sw"};

// In the language of the message.
const FormPage& accept_page_of(Locale locale, bool is_by_phone) {
    if (locale == Locale::swahili) return is_by_phone ? accept_by_phone_page_swahili : accept_page_swahili;
    return is_by_phone ? accept_by_phone_page : accept_page;
}

std::string intro_of(const InvitePreview& preview, const FormPage& page) {
    const auto shop = escaped(preview.shop);
    const auto recipient = escaped(preview.recipient);
    if (preview.locale == Locale::swahili)
        return fmt::format("<p>{} imemwalika {}.</p>{}", shop, recipient, page.intro);
    return fmt::format("<p>{} has invited {}.</p>{}", shop, recipient, page.intro);
}

async::Task<void> show_accept(http::Context& context) {
    const auto& services = context.services();
    auto token = form_token(context);
    const auto db = db::system_db(services.use<db::Databases>(), context.deadline(), context.span());
    const auto preview = co_await preview_invite(db, token, services.use<Runtime>().now());
    if (!preview) {
        send_form(context, errors::link_dead.status, accept_page, "", {std::string(errors::link_dead.title)});
        co_return;
    }
    auto page = accept_page_of(preview->locale, preview->is_by_phone);
    const auto intro = intro_of(*preview, page);
    page.intro = intro;
    send_form(context, 200, page, token);
}

async::Task<std::string> accept_form(http::Context* context, db::SystemDb db, InviteAcceptance form) {
    const auto joined = co_await accept_invite(context, db, std::move(form));
    co_return fmt::format("<h1>Welcome to {}</h1><p>Sign in with {}.</p>\n", escaped(joined.tenant_name),
                          escaped(joined.email));
}

async::Task<std::string> accept_form_swahili(http::Context* context, db::SystemDb db, InviteAcceptance form) {
    const auto joined = co_await accept_invite(context, db, std::move(form));
    co_return fmt::format("<h1>Karibu {}</h1><p>Ingia kwa {}.</p>\n", escaped(joined.tenant_name),
                          escaped(joined.email));
}

async::Task<void> post_accept(http::Context& context) {
    // With its faults the form comes back as it was sent.
    const auto sent = co_await context.request().body();
    const bool names_account = sent.starts_with("email=") || sent.contains("&email=");
    const auto& services = context.services();
    std::string token;
    if (const auto pairs = schema::parse_urlencoded(sent)) {
        const auto named = std::ranges::find(*pairs, "token", &std::pair<std::string, std::string>::first);
        if (named != pairs->end()) token = named->second;
    }
    const auto db = db::system_db(services.use<db::Databases>(), context.deadline(), context.span());
    const auto preview = co_await preview_invite(db, token, services.use<Runtime>().now());
    const auto locale = preview ? preview->locale : Locale::english;
    co_await answer_form<InviteAcceptance>(&context, accept_page_of(locale, names_account),
                                           locale == Locale::swahili ? accept_form_swahili : accept_form);
}

void pages(http::Router& router) {
    router.add(http::Method::get, "/account/accept-invite", {.handler = show_accept});
    router.add(http::Method::post, "/account/accept-invite",
               {.handler = post_accept, .options = {.body_limit = 64 * 1024}});
}

std::vector<base::ErrorCode> with_phones(std::vector<base::ErrorCode> codes) {
    std::ranges::copy(errors::of_phone_messages, std::back_inserter(codes));
    return codes;
}

void routes(http::Routes routes) {
    routes.get("/invites", list, {.id = "listInvites", .summary = "Invitations, newest first"});
    routes.post("/invites", create,
                {.id = "createInvite",
                 .summary = "Invite a person by e-mail, SMS or WhatsApp",
                 .description = "A role may be given by who has all of its permissions. The link is good for seven "
                                "days, once.",
                 .errors = with_phones({errors::mail_off, errors::unknown_role, errors::unknown_location,
                                        errors::already_member, errors::invite_unreachable, errors::caller_changed,
                                        errors::step_up_needed}),
                 .options = {.rate_class = "invites"},
                 .middleware = {say_when_the_day_ends()}});
    routes.post(
        "/invites/accept", accept,
        {.id = "acceptInvite",
         .summary = "Accept an invitation",
         .description = "With the token of the message: as a new person (`name`, `password`), as one who has an "
                        "account (`password`), or signed in; after an invitation to a phone also `email`. The same "
                        "request again within a minute gets the "
                        "same answer.",
         .errors = {errors::link_dead, errors::invite_of_another, errors::accounts_closed, errors::weak_password,
                    errors::invalid_credentials, errors::throttled, errors::user_disabled, errors::already_member,
                    errors::unknown_role, errors::unknown_location, errors::plan_seats, auth::errors::busy},
         .options = {.rate_class = "recovery", .outside_wall = true}});
    routes.post("/invites/{id}/resend", resend,
                {.id = "resendInvite",
                 .summary = "Send an invitation again",
                 .description = "With a new link, for seven days more; the one before is dead.",
                 .errors = with_phones({errors::mail_off, errors::invite_closed, errors::invite_unreachable,
                                        errors::unknown_role, errors::caller_changed, errors::step_up_needed}),
                 .options = {.rate_class = "invites"},
                 .middleware = {say_when_the_day_ends()}});
    routes.post("/invites/{id}/revoke", revoke,
                {.id = "revokeInvite",
                 .summary = "Withdraw an invitation",
                 .errors = {errors::invite_closed, errors::unknown_role, errors::caller_changed}});
}

}  // namespace

app::Module invites_module() {
    auto statements = accept_statements();
    for (const auto& statement : db::statements(newest, add_invite, lock_invite, close_expired, renew, revoke_row,
                                                was_written, names, is_unreachable, has_said_stop))
        statements.push_back(statement);
    return {.name = "invites",
            .doc = "Inviting people by e-mail, SMS or WhatsApp.",
            .tables = {tables::invites.view()},
            .statements = std::move(statements),
            .routes = routes,
            .root_routes = pages};
}

}  // namespace pos
