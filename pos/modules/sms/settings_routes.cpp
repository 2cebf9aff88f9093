#include "pos/modules/sms/settings_routes.h"

#include <fmt/format.h>

#include "auth/caller.h"
#include "http/middleware/conditional.h"
#include "pos/modules/auth/step_up.h"
#include "pos/modules/sms/accounts.h"
#include "pos/modules/sms/statements.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/current_caller.h"

namespace pos {

namespace {

constexpr std::int64_t millionths_of_a_cent = 10'000;

Channel channel_for(const sms::Account& account) {
    return sms::channel_of(account) == sms::Channel::sms ? Channel::sms : Channel::whatsapp;
}

struct ChannelView {
    Channel channel{};
    bool is_on = false;
    bool is_own = false;
    std::optional<std::string> provider;
    std::optional<std::string> shown;
    std::optional<std::string> callback_url;

    friend constexpr auto describe(ChannelView*) {
        using schema::field;
        return schema::object<ChannelView>(
            "MessageChannel", field<&ChannelView::channel>("channel"),
            field<&ChannelView::is_on>("isOn", {.doc = "Whether such messages are sent for this tenant."}),
            field<&ChannelView::is_own>("isOwn", {.doc = "By an account of its own, or by the service's."}),
            field<&ChannelView::provider>("provider",
                                          {.one_of = &schema::type_of<MessageProvider>, .doc = "Of an own account."}),
            field<&ChannelView::shown>("shown", {.doc = "What tells an own account from others."}),
            field<&ChannelView::callback_url>(
                "callbackUrl", {.doc = "Of an own account: where its provider reports to. Africa's Talking: with `/` "
                                       "and `callbackToken` behind it."}));
    }
};

struct MessagingView {
    std::vector<ChannelView> channels;
    std::string currency;
    base::Money daily_limit;
    std::optional<base::Money> own_limit;
    base::Money spent_today;
    std::int64_t messages_today = 0;

    friend constexpr auto describe(MessagingView*) {
        using schema::field;
        return schema::object<MessagingView>(
            "Messaging", field<&MessagingView::channels>("channels"), field<&MessagingView::currency>("currency"),
            field<&MessagingView::daily_limit>("dailyLimit", {.doc = "What may be spent a day (UTC)."}),
            field<&MessagingView::own_limit>("ownLimit", {.doc = "Null: the service's."}),
            field<&MessagingView::spent_today>("spentToday", {.doc = "Rounded up."}),
            field<&MessagingView::messages_today>("messagesToday"));
    }
};

struct NewMessageAccount {
    MessageProvider provider{};
    schema::Json credentials;

    friend constexpr auto describe(NewMessageAccount*) {
        return schema::object<NewMessageAccount>(
            "NewMessageAccount",
            schema::field<&NewMessageAccount::provider>("provider", {.example = R"("africastalking")"}),
            schema::field<&NewMessageAccount::credentials>(
                "credentials",
                {.write_only = true,
                 .doc =
                     "An object of texts, by provider. Africa's Talking: `username`, `apiKey`, `callbackToken` (20 to "
                     "100 "
                     "letters, digits, - and _), and where there is one `sender`. Twilio: `accountSid`, `authToken`, "
                     "`sender`, and perhaps `apiKeySid` with `apiKeySecret`, `previousAuthToken`. WhatsApp: "
                     "`phoneNumberId`, `token`, `appSecret`, `verifyToken` (as `callbackToken`). White space at their "
                     "ends is left out. It is sealed, and no reply has it.",
                 .example = R"({"username":"amani","apiKey":"atsk_0000","callbackToken":"0123456789abcdefghij"})"}));
    }
};

struct ChannelQuery {
    Channel channel{};

    friend constexpr auto describe(ChannelQuery*) {
        return schema::object<ChannelQuery>(
            "ChannelQuery", schema::field<&ChannelQuery::channel>("channel", {.doc = "Whose account is put away."}));
    }
};

struct LimitChange {
    std::optional<base::Money> daily_limit;

    friend constexpr auto describe(LimitChange*) {
        return schema::object<LimitChange>(
            "MessageLimitChange",
            schema::field<&LimitChange::daily_limit>(
                "dailyLimit", {.min = 0, .max = 100'000'000, .doc = "Null: what the service allows."}));
    }
};

struct Tools {
    const Messaging* messaging;
    const AccountKeys* keys;
};

ChannelView view_of(Tools tools, base::Uuid tenant, Channel channel, const std::optional<MessageAccount>& own) {
    ChannelView view{.channel = channel};
    if (!own) {
        view.is_on = tools.messaging->account_of(channel) != nullptr;
        return view;
    }
    view.is_own = true;
    view.is_on = tools.keys->open(tenant, *own).has_value();
    view.provider = own->provider;
    view.shown = own->shown;
    view.callback_url = tools.messaging->callback_url(own->id.to_string());
    return view;
}

async::Task<MessagingView> view_of_tenant(db::Db db, Tools tools, base::Timestamp now) {
    MessagingView view{.currency = tools.messaging->currency(),
                       .daily_limit = base::Money{tools.messaging->daily_limit() / millionths_of_a_cent}};
    for (const auto channel : {Channel::sms, Channel::whatsapp}) {
        const auto own = co_await db.one(texting::account_of_tenant, channel);
        view.channels.push_back(view_of(tools, db.tenant(), channel, own));
    }
    view.own_limit = co_await db.one(texting::limit_of);
    if (view.own_limit && view.own_limit->minor < view.daily_limit.minor) view.daily_limit = *view.own_limit;
    const base::Date today(std::chrono::floor<std::chrono::days>(now));
    if (const auto spent = co_await db.one(texting::spent_on, today)) {
        view.spent_today = base::Money{(spent->spent_millionths + millionths_of_a_cent - 1) / millionths_of_a_cent};
        view.messages_today = spent->messages;
    }
    co_return view;
}

async::Task<MessagingView> show(auth::Permitted<"tenant.settings"> /*unused*/, db::Db db,
                                http::Service<Messaging> messaging, http::Service<AccountKeys> keys,
                                http::Service<Runtime> runtime) {
    return view_of_tenant(db, {messaging.service, keys.service}, runtime->now());
}

struct Change {
    std::string_view action;
    std::string detail = "{}";
};

// What every change ends with.
void seal_change(db::Batch& batch, http::Context& context, const auth::Caller& caller, Runtime& runtime,
                 Change change) {
    batch.add(caller_is_current, SessionId(caller.session_id), caller.member_version);
    audit(batch, runtime,
          {.action = change.action,
           .actor = UserId(caller.user_id),
           .address = std::string(context.request().client_address()),
           .detail = std::move(change.detail)});
}

// What is written there, in place of a pattern.
std::string_view words_for(const base::Issue& issue) {
    constexpr std::pair<std::string_view, std::string_view> words[] = {
        {"/username", "letters, digits, '.', - and _: as the provider's console shows it"},
        {"/apiKey", "one word: copy it from the provider's console once more"},
        {"/callbackToken", "20 to 100 letters, digits, - and _: a word that you make up, and that nobody guesses"},
        {"/verifyToken", "20 to 100 letters, digits, - and _: a word that you make up, and that nobody guesses"},
        {"/accountSid", "AC and 32 hexadecimal digits: the account SID of Twilio's console"},
        {"/apiKeySid", "SK and 32 hexadecimal digits: the SID of an API key of Twilio's console"},
        {"/authToken", "one word: copy it from the provider's console once more"},
        {"/token", "one word: copy it from the provider's console once more"},
        {"/appSecret", "one word: copy it from the provider's console once more"},
        {"/phoneNumberId", "5 to 32 digits: Meta's id of the number, and not the number itself"},
        {"/sender",
         "a number as +254712345678, a short code, a name of up to 11 letters and digits, or at Twilio a "
         "messaging service (MG and 32 hexadecimal digits)"},
    };
    if (issue.code != "pattern") return {};
    const auto* const known = std::ranges::find(words, std::string_view(issue.pointer),
                                                &std::pair<std::string_view, std::string_view>::first);
    return known == std::end(words) ? std::string_view() : known->second;
}

sms::Account read_credentials(const NewMessageAccount& input) {
    auto read = sms::read_account(schema::name_of(input.provider), input.credentials.text);
    if (read) return *std::move(read);
    auto issues = read.error().issues;
    for (auto& issue : issues) {
        if (const auto words = words_for(issue); !words.empty()) issue.message = words;
        issue.pointer = "/credentials" + issue.pointer;
    }
    if (issues.empty()) issues.push_back({"body", "/credentials", "invalid_type", "an object", {}});
    throw base::Failure(http::errors::invalid, std::move(issues));
}

async::Task<MessagingView> put_account(http::Context& context, auth::Permitted<"tenant.settings"> caller,
                                       http::Body<NewMessageAccount> input, db::SystemDb system, db::Db db,
                                       http::Service<Messaging> messaging, http::Service<AccountKeys> keys,
                                       http::Service<Runtime> runtime) {
    const auto now = runtime->now();
    co_await require_step_up(system, SessionId(caller.session_id), now);
    const auto account = read_credentials(*input);
    const auto channel = channel_for(account);
    const MessageAccount row{.channel = channel,
                             .id = runtime->new_id<MessageAccountId>(),
                             .provider = std::string(sms::provider_of(account)),
                             .shown = sms::shown(account),
                             .credentials = keys->seal(caller.tenant_id, channel, account),
                             .created_at = now,
                             .updated_at = now};
    auto batch = db.batch();
    batch.add(texting::put_account, row);
    seal_change(batch, context, caller, *runtime,
                {"message_account.set",
                 fmt::format(R"({{"channel":"{}","provider":"{}"}})", schema::name_of(channel), row.provider)});
    co_await batch.commit();
    co_return co_await view_of_tenant(db, {messaging.service, keys.service}, now);
}

async::Task<MessagingView> drop_account(http::Context& context, auth::Permitted<"tenant.settings"> caller,
                                        http::Query<ChannelQuery> query, db::SystemDb system, db::Db db,
                                        http::Service<Messaging> messaging, http::Service<AccountKeys> keys,
                                        http::Service<Runtime> runtime) {
    co_await require_step_up(system, SessionId(caller.session_id), runtime->now());
    if (!co_await db.one(texting::account_of_tenant, query->channel)) throw base::Failure(http::errors::row_not_found);
    auto batch = db.batch();
    batch.add(texting::drop_account, query->channel);
    seal_change(batch, context, caller, *runtime,
                {"message_account.remove", fmt::format(R"({{"channel":"{}"}})", schema::name_of(query->channel))});
    co_await batch.commit();
    co_return co_await view_of_tenant(db, {messaging.service, keys.service}, runtime->now());
}

async::Task<MessagingView> set_limit(http::Context& context, auth::Permitted<"tenant.settings"> caller,
                                     http::Body<LimitChange> input, db::SystemDb system, db::Db db,
                                     http::Service<Messaging> messaging, http::Service<AccountKeys> keys,
                                     http::Service<Runtime> runtime) {
    co_await require_step_up(system, SessionId(caller.session_id), runtime->now());
    auto batch = db.batch();
    if (input->daily_limit) {
        batch.add(texting::set_limit, *input->daily_limit);
    } else {
        batch.add(texting::drop_limit);
    }
    seal_change(batch, context, caller, *runtime, {"message_limit.set", schema::to_json(*input)});
    co_await batch.commit();
    co_return co_await view_of_tenant(db, {messaging.service, keys.service}, runtime->now());
}

}  // namespace

void messaging_routes(http::Routes routes) {
    routes.get("/messaging", show,
               {.id = "getMessaging",
                .summary = "SMS and WhatsApp: by whom they are sent, and what they cost today",
                .middleware = {http::no_store()}});
    routes.post(
        "/messaging/accounts", put_account,
        {.id = "setMessageAccount",
         .summary = "Send by an account of one's own",
         .description = "One for each channel, in place of the one before; the address of its callbacks stays. "
                        "Its credentials are sealed, and never shown again. Prices and limits stay the service's.",
         .errors = {errors::sms_off, errors::step_up_needed}});
    routes.del("/messaging/accounts", drop_account,
               {.id = "removeMessageAccount",
                .summary = "Send by the service's account again",
                .description = "What its provider still tells is refused.",
                .errors = {http::errors::row_not_found, errors::step_up_needed}});
    routes.post("/messaging/limit", set_limit,
                {.id = "setMessageLimit",
                 .summary = "Limit what messages may cost a day",
                 .description = "The service's own limit counts where it is lower.",
                 .errors = {errors::step_up_needed}});
}

}  // namespace pos
