#include "pos/modules/sms/callbacks.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "auth/callback.h"
#include "auth/caller.h"
#include "base/strings.h"
#include "pos/modules/sms/accounts.h"
#include "pos/modules/sms/reports.h"
#include "sms/callback.h"

namespace pos {

namespace {

// ---- Whose it is -------------------------------------------------------------------------------------------------

struct OwnAccount {
    base::Uuid tenant_id;
    MessageAccount row;

    friend constexpr auto describe(OwnAccount*) {
        return schema::object<OwnAccount>("OwnAccount", schema::field<&OwnAccount::tenant_id>("tenantId"),
                                          schema::flatten<&OwnAccount::row>());
    }
};
constexpr db::UnverifiedQuery<OwnAccount(base::Uuid)> account_by_id{
    {"sms.account_by_id",
     "select tenant_id, channel, id, provider, shown, credentials, created_at, updated_at from message_accounts "
     "where id = $1 limit 1"}};
constexpr db::Query<MessageAccount(MessageAccountId)> account_again{
    {"sms.account_again",
     "select channel, id, provider, shown, credentials, created_at, updated_at from message_accounts "
     "where tenant_id = $1 and id = $2",
     db::Kind::point}};

// What proves it, and how its bytes are to be read.
http::Headers headers_of(const http::RequestHeaders& sent) {
    constexpr std::size_t longest = 4'096;
    http::Headers headers;
    for (const auto& [name, value] : sent) {
        const auto lower = base::ascii_lower(name);
        if ((lower.contains("signature") || lower == "content-type") && value.size() <= longest)
            headers.append(name, value);
    }
    return headers;
}

std::expected<sms::Callback, sms::CallbackRefusal> read(const auth::CallbackRequest& sent, const Messaging& messaging,
                                                        const sms::Account& account, std::string_view method) {
    const auto headers = headers_of(sent.headers());
    const auto url = messaging.public_url(sent.target());
    return sms::read_callback(
        account,
        {.method = method, .url = url, .path_token = sent.param("token"), .bytes = sent.bytes(), .headers = &headers});
}

template <base::FixedString method>
async::Task<base::Uuid> verify(auth::UnverifiedCallback sent) {
    const auto& accounts = sent.use<SenderAccounts>();
    const auto name = sent.param("account");
    auto account = accounts.of_service(name);
    if (const auto id = base::Uuid::from_string(name); !account && id) {
        const auto row = co_await sent.db().one(account_by_id, *id);
        if (row) account = accounts.of_tenant(row->tenant_id, row->row);
    }
    if (!account) auth::refuse_callback();
    const auto callback = read(sent, sent.use<Messaging>(), account->account, method.view());
    if (!callback && callback.error().status != 400) auth::refuse_callback();
    co_return account->scope;
}

// ---- What comes of it --------------------------------------------------------------------------------------------

struct Taken {
    std::vector<std::shared_ptr<const ToldReport>> reports;
    std::vector<sms::IncomingMessage> messages;
    base::Uuid scope;
    bool is_whatsapp = false;
    ReportParts parts;
};

// A provider that gets no answer in time tells the same again, for days: what was taken of it has to stay.
constexpr std::size_t portion = 50;

// From `first` on, of both lists. In the order of their ids, so that two callbacks do not wait for each other.
async::Task<void> take_portion(db::SystemDb transaction, std::shared_ptr<const Taken> taken, std::size_t first) {
    const auto now = taken->parts.runtime->now();
    for (auto i = first; i < std::min(first + portion, taken->reports.size()); ++i)
        co_await take_report(transaction, taken->reports[i], taken->parts);
    for (auto i = first; i < std::min(first + portion, taken->messages.size()); ++i) {
        const auto& message = taken->messages[i];
        const auto at = std::min(message.at.value_or(now), now);
        if (message.wish != sms::Wish::none) {
            const PhoneWish wish{taken->scope, message.from, message.wish == sms::Wish::stop, at};
            co_await transaction.run(texting::wish, wish);
        }
        if (taken->is_whatsapp)
            co_await transaction.run(texting::open_window, WhatsappWindow{taken->scope, message.from, at});
    }
}

// Whether the report would change nothing: it is parked, or its message is there, or beyond it.
bool is_known(const ToldReport& told, const std::set<std::string, std::less<>>& known) {
    const auto& report = told.report;
    if (report.is_opted_out || told.message) return false;
    const auto has = [&](std::string_view what, std::string_view state) {
        return known.contains(fmt::format("{} {} {}", what, state, report.provider_id));
    };
    if (has("parked", sms::to_string(report.delivery))) return true;
    return std::ranges::any_of(std::array{NotificationState::sent, NotificationState::failed,
                                          NotificationState::delivered, NotificationState::read},
                               [&](NotificationState state) {
                                   return has("message", schema::name_of(state)) &&
                                          !state_after(state, report.delivery);
                               });
}

// Of a long list that comes again, so that it gets further each time.
async::Task<void> leave_out_known(db::SystemDb db, std::shared_ptr<Taken> taken) {
    if (taken->reports.size() <= portion) co_return;
    std::vector<std::string> ids;
    for (const auto& one : taken->reports) ids.push_back(one->report.provider_id);
    auto lines = co_await db.all(texting::told_already, taken->reports.front()->provider, std::move(ids), taken->scope);
    const std::set<std::string, std::less<>> known(std::make_move_iterator(lines.begin()),
                                                   std::make_move_iterator(lines.end()));
    std::erase_if(taken->reports, [&](const auto& told) { return is_known(*told, known); });
}

async::Task<void> take_all(db::SystemDb db, std::shared_ptr<Taken> taken) {
    co_await leave_out_known(db, taken);
    const auto most = std::max(taken->reports.size(), taken->messages.size());
    for (std::size_t first = 0; first < most; first += portion) {
        co_await db.transaction(
            [taken, first](db::SystemDb transaction) { return take_portion(transaction, taken, first); });
    }
}

std::shared_ptr<Taken> taken_from(sms::Callback callback, const SenderAccount& account,
                                  std::optional<NotificationId> message, ReportParts parts) {
    auto taken = std::make_shared<Taken>();
    const std::string provider(sms::provider_of(account.account));
    std::ranges::sort(callback.reports, {}, [](const sms::DeliveryReport& one) {
        return std::pair(std::string_view(one.provider_id), one.delivery);
    });
    for (auto& report : callback.reports)
        taken->reports.push_back(
            std::make_shared<const ToldReport>(ToldReport{std::move(report), provider, account.scope, message}));
    std::ranges::sort(callback.messages, {},
                      [](const sms::IncomingMessage& one) { return std::pair(std::string_view(one.from), one.at); });
    taken->messages = std::move(callback.messages);
    taken->scope = account.scope;
    taken->is_whatsapp = sms::channel_of(account.account) == sms::Channel::whatsapp;
    taken->parts = parts;
    return taken;
}

// What the provider wants to read: TwiML, a challenge, nothing.
struct ProviderReply {
    std::uint16_t status = 200;
    std::string body;
    std::string type;

    static void send(http::Context& context, ProviderReply&& reply) {
        context.response().status(reply.status).body(std::move(reply.body)).content_type(reply.type);
    }
    static void describe(http::Operation& operation) {
        operation.can_answer({.status = 200, .media_type = "text/plain"});
    }
};

template <base::FixedString method>
async::Task<ProviderReply> receive(const auth::VerifiedCallback* sent, db::SystemDb db, ReportParts parts,
                                   const SenderAccounts* accounts) {
    const auto name = sent->param("account");
    auto account = accounts->of_service(name);
    if (const auto id = base::Uuid::from_string(name); !account && id) {
        const auto row = co_await sent->db().one(account_again, MessageAccountId(*id));
        if (row) account = accounts->of_tenant(sent->tenant(), *row);
    }
    if (!account) auth::refuse_callback();
    auto callback = read(*sent, *parts.messaging, account->account, method.view());
    if (!callback) throw base::Failure(errors::sms_callback_unreadable);
    ProviderReply reply{static_cast<std::uint16_t>(callback->status), std::move(callback->reply),
                        std::move(callback->reply_type)};
    const auto message = base::Uuid::from_string(sent->param("token"));
    const auto taken = taken_from(*std::move(callback), *account,
                                  message ? std::optional(NotificationId(*message)) : std::nullopt, parts);
    co_await take_all(db, taken);
    co_return reply;
}

using Posted = auth::Callback<verify<"POST">>;

async::Task<ProviderReply> take(Posted sent, http::Path<"account", std::string> /*unused*/, http::AnyQuery /*unused*/,
                                db::SystemDb db, http::Service<MailShared> mail, http::Service<Messaging> messaging,
                                http::Service<Runtime> runtime, http::Service<SenderAccounts> accounts) {
    co_return co_await receive<"POST">(&sent, db, {mail.service, messaging.service, runtime.service}, accounts.service);
}
async::Task<ProviderReply> take_behind_token(Posted sent, http::Path<"account", std::string> /*unused*/,
                                             http::Path<"token", std::string> /*unused*/, http::AnyQuery /*unused*/,
                                             db::SystemDb db, http::Service<MailShared> mail,
                                             http::Service<Messaging> messaging, http::Service<Runtime> runtime,
                                             http::Service<SenderAccounts> accounts) {
    co_return co_await receive<"POST">(&sent, db, {mail.service, messaging.service, runtime.service}, accounts.service);
}
async::Task<ProviderReply> challenge(auth::Callback<verify<"GET">> sent, http::Path<"account", std::string> /*unused*/,
                                     http::AnyQuery /*unused*/, db::SystemDb db, http::Service<MailShared> mail,
                                     http::Service<Messaging> messaging, http::Service<Runtime> runtime,
                                     http::Service<SenderAccounts> accounts) {
    co_return co_await receive<"GET">(&sent, db, {mail.service, messaging.service, runtime.service}, accounts.service);
}

http::RouteDocs docs_of(std::string_view id, std::string_view summary, std::string_view description) {
    return {.id = id,
            .summary = summary,
            .description = description,
            .errors = {errors::sms_callback_unreadable},
            .options = {.deadline = std::chrono::seconds(10), .rate_class = "callbacks"}};
}

}  // namespace

void phone_callback_routes(http::Routes routes) {
    routes.post("/callbacks/sms/{account}", take,
                docs_of("takeMessageCallback", "A provider tells of messages, and of what people wrote",
                        "Twilio's and Meta's signatures are proved over the bytes and the service's own public URL. A "
                        "report that comes before the message's own reply is kept for it."));
    routes.post("/callbacks/sms/{account}/{token}", take_behind_token,
                docs_of("takeMessageCallbackOf", "A provider tells of messages, behind a token",
                        "Of Africa's Talking the account's token; of Twilio the id of the message."));
    routes.get("/callbacks/sms/{account}", challenge,
               docs_of("verifyMessageCallback", "Meta asks whether the URL is ours", "Answered with `hub.challenge`."));
}

std::vector<db::StatementView> phone_callback_statements() { return db::statements(account_by_id, account_again); }

}  // namespace pos
