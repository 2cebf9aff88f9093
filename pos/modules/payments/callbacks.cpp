#include "pos/modules/payments/callbacks.h"

#include <fmt/format.h>

#include <algorithm>

#include "auth/caller.h"
#include "auth/rate_limit.h"
#include "base/hash.h"
#include "base/strings.h"
#include "http/middleware/ip_network.h"
#include "pos/modules/payments/c2b.h"
#include "pos/modules/payments/provider_events.h"
#include "pos/modules/payments/reference.h"

namespace pos {

namespace {

using ::payments::VerifiedCallback;

// ---- Whose it is -------------------------------------------------------------------------------------------------

constexpr db::UnverifiedQuery<base::Uuid(schema::Bytes)> tenant_of_token{
    {"callbacks.tenant_of_token",
     "select tenant_id from payment_accounts where callback_token_hash = $1 or former_token_hash = $1 limit 1"}};
constexpr db::Query<PaymentAccountId(schema::Bytes)> account_of_token{
    {"callbacks.account_of_token",
     "select id from payment_accounts where tenant_id = $1 and (callback_token_hash = $2 or former_token_hash = $2) "
     "limit 1"}};

bool is_among(std::string_view address, const std::vector<std::string>& networks) {
    if (networks.empty()) return true;
    const auto parsed = http::IPAddress::parse(address);
    return parsed && std::ranges::any_of(networks, [&](const std::string& text) {
               const auto network = http::IPNetwork::parse(text);
               return network && network->contains(*parsed);
           });
}

// Flutterwave's, which is the secret itself.
constexpr std::string_view secret_header = "verif-hash";

// Nothing else is looked at of what came around the body.
http::Headers signatures_of(const http::RequestHeaders& sent) {
    constexpr std::size_t longest = 4'096;
    http::Headers kept;
    for (const auto& [name, value] : sent) {
        const auto known = base::ascii_lower(name);
        const bool proves = known.ends_with("-signature") || known == secret_header;
        if (proves && value.size() <= longest) kept.append(name, value);
    }
    return kept;
}

// ---- What it says ------------------------------------------------------------------------------------------------

constexpr std::string_view kind_of_signed = "events";
constexpr std::string_view kind_of_validation = "validate";
// M-Pesa's answer where nothing is open that the account number could mean.
constexpr std::string_view not_accepted = R"({"ResultCode":"C2B00012","ResultDesc":"Rejected"})";

struct Understood {
    VerifiedCallback said{};
    bool could_read = true;
};

std::expected<VerifiedCallback, ::payments::CallbackRefusal> read_delivery(const PaymentIntents& intents,
                                                                           base::Uuid tenant,
                                                                           const PaymentAccount& account,
                                                                           const Delivery& delivery) {
    return intents.provider_of(account.provider)
        .verify_callback(intents.open(tenant, account), delivery.kind, delivery.bytes, delivery.headers,
                         intents.runtime().now());
}

// What is not signed is kept whatever it is: nothing that goes wrong here keeps it from being stored.
Understood understood(const PaymentIntents& intents, base::Uuid tenant, const PaymentAccount& account,
                      const Delivery& delivery) {
    if (delivery.kind == kind_of_signed) {
        auto read = read_delivery(intents, tenant, account, delivery);
        if (!read) auth::refuse_callback();
        return {*std::move(read)};
    }
    try {
        auto read = read_delivery(intents, tenant, account, delivery);
        if (read) return {*std::move(read)};
    } catch (const std::exception&) {
        return {.could_read = false};
    }
    return {};
}

// ---- Storing -----------------------------------------------------------------------------------------------------

struct Stored {
    ProviderEventId id;
    bool is_open = false;

    friend constexpr auto describe(Stored*) {
        return schema::object<Stored>("StoredEvent", schema::field<&Stored::id>("id"),
                                      schema::field<&Stored::is_open>("isOpen"));
    }
};

// A repetition of what is not done yet wakes it. What is done stays done, unless an address that is trusted says now what one that is
// not has said before, or ($17) each delivery is news.
#define POS_READ_ANEW "($17 or excluded.trusted and not provider_events.trusted and excluded.processed_at is null)"
constexpr db::Query<Stored(ProviderEvent, bool)> store_event{
    {"callbacks.store_event",
     "insert into provider_events (tenant_id, id, account_id, provider, kind, dedupe_key, body, headers, trusted, "
     "attempt_ref, received_at, intent_id, processed_at, due_at, outcome, deliveries) "
     "values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) "
     "on conflict (tenant_id, account_id, dedupe_key) do update "
     "set deliveries = least(provider_events.deliveries, 2147483646) + 1, "
     "trusted = provider_events.trusted or excluded.trusted, "
     "received_at = case when $17 then excluded.received_at else provider_events.received_at end, "
     "outcome = case when " POS_READ_ANEW " then null else provider_events.outcome end, "
     "processed_at = case when " POS_READ_ANEW " then null else provider_events.processed_at end, "
     "due_at = case when " POS_READ_ANEW " then excluded.due_at else provider_events.due_at end "
     "returning id, processed_at is null as is_open",
     db::Kind::write}};
#undef POS_READ_ANEW

constexpr db::Query<void(PaymentAccountId, std::int64_t)> forget_older{
    {"callbacks.forget_older",
     "delete from provider_events where tenant_id = $1 and id in (select id from provider_events "
     "where tenant_id = $1 and account_id = $2 and outcome = 'not_understood' "
     "order by received_at desc, id desc offset $3)",
     db::Kind::write}};

constexpr std::chrono::seconds job_has_time{60};  // before the sweep looks after what its job should have done

// Whether the same bytes say once more that something has happened since.
bool is_hint(const VerifiedCallback& said) { return !said.claims.empty() && said.claims.front().is_hint; }

std::string dedupe_key_of(const Delivery& delivery, const VerifiedCallback& said) {
    // The provider's own name of the event, where a signature proves that the provider gave it: a stranger must not be able to send
    // something else under the name of what is to come.
    if (delivery.kind == kind_of_signed && !said.claims.empty()) return said.claims.front().dedupe_key;
    return fmt::format("{}:{}", delivery.kind, base::hex_encode(base::as_chars(base::sha256(delivery.bytes))));
}

std::optional<std::string> attempt_ref_of(const VerifiedCallback& said) {
    constexpr std::size_t longest = 255;
    if (said.claims.empty()) return std::nullopt;
    const auto& evidence = said.claims.front().evidence;
    auto ref = kept_text(evidence.provider_id.empty() ? evidence.second_id : evidence.provider_id, longest);
    return ref.empty() ? std::nullopt : std::optional(std::move(ref));
}

ProviderEvent event_of(const PaymentAccount& account, const Delivery& delivery, const Understood& understood,
                       Runtime& runtime) {
    const auto now = runtime.now();
    ProviderEvent event;
    event.id = runtime.new_id<ProviderEventId>();
    event.account_id = account.id;
    event.provider = account.provider;
    event.kind = delivery.kind;
    event.dedupe_key = dedupe_key_of(delivery, understood.said);
    event.body = {std::string(delivery.bytes)};
    event.headers = stored_headers(understood.said.kept.value_or(delivery.headers));
    event.trusted = delivery.trusted;
    event.attempt_ref = attempt_ref_of(understood.said);
    event.intent_id = delivery.attempt;
    event.received_at = now;
    event.due_at = now + job_has_time;
    const bool says_something = !understood.could_read || !understood.said.claims.empty();
    if (says_something && delivery.kind != kind_of_validation) return event;
    // Nothing comes of it.
    event.outcome = says_something ? "answered" : "not_understood";
    event.processed_at = now;
    event.due_at.reset();
    return event;
}

async::Task<void> store(db::Db tx, const ProviderEvent* event, bool is_news, Runtime* runtime) {
    const auto stored = co_await tx.only(store_event, *event, is_news);
    auto batch = tx.batch();
    if (stored.is_open) runtime->outbox().add(batch, read_provider_event, ReadProviderEvent{stored.id});
    if (event->outcome == "not_understood") batch.add(forget_older, event->account_id, most_not_understood);
    if (batch.size() > 0) co_await batch.commit();
}

// ---- Routes ------------------------------------------------------------------------------------------------------

// What M-Pesa wants to read.
struct MpesaReply {
    schema::Json result_code;
    std::string result_desc;

    friend constexpr auto describe(MpesaReply*) {
        return schema::object<MpesaReply>("MpesaReply", schema::field<&MpesaReply::result_code>("ResultCode"),
                                          schema::field<&MpesaReply::result_desc>("ResultDesc"));
    }
};
struct EventReply {
    bool received = true;

    friend constexpr auto describe(EventReply*) {
        return schema::object<EventReply>("EventReply", schema::field<&EventReply::received>("received"));
    }
};

struct PesapalReply {
    std::string type;
    std::string tracking_id;
    std::string reference;
    std::int32_t status = 200;

    friend constexpr auto describe(PesapalReply*) {
        using schema::field;
        return schema::object<PesapalReply>("PesapalReply", field<&PesapalReply::type>("orderNotificationType"),
                                            field<&PesapalReply::tracking_id>("orderTrackingId"),
                                            field<&PesapalReply::reference>("orderMerchantReference"),
                                            field<&PesapalReply::status>("status"));
    }
};

template <class T>
struct ReplyAsGiven {
    std::string json;

    static void send(http::Context& context, ReplyAsGiven&& reply) {
        http::detail::send_json_bytes(context, 200, std::move(reply.json));
    }
    static void describe(http::Operation& operation) {
        operation.can_answer({.status = 200, .body = &schema::type_of<T>});
    }
};

async::Task<std::string> receive(const ProviderCallback* sent, std::string_view provider, std::string_view kind,
                                 PaymentIntents* intents, std::optional<IntentId> attempt = std::nullopt) {
    const auto db = sent->db();
    auto account = co_await account_of_callback(sent, provider);
    const bool is_signed = kind == kind_of_signed;
    Delivery delivery{.provider = provider,
                      .kind = kind,
                      .bytes = sent->bytes(),
                      .headers = signatures_of(sent->headers()),
                      .attempt = attempt,
                      .trusted = is_signed || is_from_provider(*sent, intents->settings())};
    co_return co_await take_delivery(db, intents, std::move(account), std::move(delivery));
}

template <base::FixedString provider, base::FixedString kind, class Reply>
async::Task<ReplyAsGiven<Reply>> take(ProviderCallback sent, http::Path<"token", std::string> /*unused*/,
                                      http::AnyQuery /*unused*/, http::Service<PaymentIntents> intents) {
    co_return ReplyAsGiven<Reply>{co_await receive(&sent, provider.view(), kind.view(), &*intents)};
}

// What is no id names no attempt: it is kept all the same.
async::Task<ReplyAsGiven<MpesaReply>> take_prompt_of(ProviderCallback sent, http::Path<"token", std::string> /*unused*/,
                                                     http::Path<"attempt", std::string> attempt,
                                                     http::AnyQuery /*unused*/, http::Service<PaymentIntents> intents) {
    const auto id = base::Uuid::from_string(*attempt);
    co_return ReplyAsGiven<MpesaReply>{
        co_await receive(&sent, "mpesa", "stk", &*intents, id ? std::optional(IntentId(*id)) : std::nullopt)};
}

http::RouteDocs docs_of(std::string_view id, std::string_view summary, std::string_view description) {
    return {
        .id = id,
        .summary = summary,
        .description = description,
        .errors = {errors::account_missing, errors::account_unreadable, errors::live_credentials, errors::payments_off},
        .options = {.deadline = std::chrono::seconds(5), .rate_class = "callbacks", .priority = http::Priority::high}};
}

}  // namespace

// Whatever stands in the token's place is hashed and looked up: none is told from another by the work that it makes. Accounts that are
// gone are called, too: money may still come.
async::Task<base::Uuid> tenant_of_callback(auth::UnverifiedCallback sent) {
    const auto tenant = co_await sent.db().one(tenant_of_token, PaymentKeys::hash_of_token(sent.param("token")));
    if (!tenant) auth::refuse_callback();
    co_return *tenant;
}

async::Task<PaymentAccount> account_of_callback(const ProviderCallback* sent, std::string_view provider) {
    const auto db = sent->db();
    const auto id = co_await db.one(account_of_token, PaymentKeys::hash_of_token(sent->param("token")));
    auto account = id ? co_await db.one(intents::account_by_id, *id) : std::nullopt;
    if (!account || account->provider != provider) auth::refuse_callback();
    co_return *std::move(account);
}

bool is_from_provider(const ProviderCallback& sent, const PaymentSettings& settings) {
    return is_among(sent.client_address(), settings.mpesa_callback_sources);
}

async::Task<std::string> take_delivery(db::Db db, PaymentIntents* intents, PaymentAccount account, Delivery delivery) {
    auto read = understood(*intents, db.tenant(), account, delivery);
    const auto event = event_of(account, delivery, read, intents->runtime());
    const bool is_news = is_hint(read.said);
    co_await db.transaction([&](db::Db tx) { return store(tx, &event, is_news, &intents->runtime()); });
    const bool may_refuse = delivery.kind == kind_of_validation && account.refuses_unknown && !read.said.claims.empty();
    if (may_refuse && !co_await could_match(db, intents, account, read.said.claims.front()))
        co_return std::string(not_accepted);
    co_return std::move(read.said.reply);
}

void callback_routes(http::Routes routes) {
    routes.post("/callbacks/m/{token}/stk", take<"mpesa", "stk", MpesaReply>,
                docs_of("takeMpesaPrompt", "M-Pesa tells what became of a prompt",
                        "Kept as sent and answered 200, whatever it is; what it says is read afterwards."));
    routes.post("/callbacks/m/{token}/stk/{attempt}", take_prompt_of,
                docs_of("takeMpesaPromptOf", "M-Pesa tells what became of an attempt's prompt",
                        "As `takeMpesaPrompt`. Prompts are sent with this URL, so that their outcome finds its attempt "
                        "also when the reply to the prompt was lost."));
    routes.post("/callbacks/m/{token}/confirm", take<"mpesa", "confirm", MpesaReply>,
                docs_of("takeMpesaConfirmation", "M-Pesa tells of money that came", "Never refused."));
    routes.post("/callbacks/m/{token}/validate", take<"mpesa", "validate", MpesaReply>,
                docs_of("takeMpesaValidation", "M-Pesa asks whether to take a payment",
                        "Accepted, unless the account has `refusesUnknown` and the account number fits nothing that is "
                        "to be paid."));
    routes.post("/callbacks/m/{token}/timeout", take<"mpesa", "timeout", MpesaReply>,
                docs_of("takeMpesaTimeout", "M-Pesa tells that a request waited for too long",
                        "Kept; it says nothing of what became of the request."));
    routes.post("/callbacks/s/{token}/events", take<"stripe", "events", EventReply>,
                docs_of("takeStripeEvent", "Stripe tells of an event",
                        "Its signature is proved before anything is stored; a wrong one is 403."));
    routes.post(
        "/callbacks/flutterwave/{token}/events", take<"flutterwave", "events", EventReply>,
        docs_of("takeFlutterwaveEvent", "Flutterwave tells of an event",
                "Its secret hash is proved before anything is stored; a wrong one is 403. What it says is asked "
                "after."));
    routes.post("/callbacks/paystack/{token}/events", take<"paystack", "events", EventReply>,
                docs_of("takePaystackEvent", "Paystack tells of an event",
                        "Its signature is proved before anything is stored; a wrong one is 403."));
    routes.post("/callbacks/pesapal/{token}/ipn", take<"pesapal", "ipn", PesapalReply>,
                docs_of("takePesapalNotification", "Pesapal tells that something happened to an order",
                        "Kept as sent and answered 200, whatever it is. It does not say what happened: Pesapal is "
                        "asked."));
}

std::vector<db::StatementView> callback_statements() {
    return db::statements(tenant_of_token, account_of_token, store_event, forget_older);
}

}  // namespace pos
