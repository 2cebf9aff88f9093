#include "payments/stripe/stripe.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/random.h"
#include "base/strings.h"
#include "payments/stripe/amount.h"
#include "payments/stripe/asking.h"
#include "payments/stripe/credentials.h"
#include "payments/stripe/objects.h"
#include "payments/stripe/webhook.h"
#include "payments/stripe/wire.h"

namespace payments {

namespace {

using stripe::Answer;
using stripe::Credentials;
using stripe::Wire;
using Fields = client::FormFields;
using Kind = Answer::Kind;

// The shapes that we read and write; Stripe keeps old ones for old accounts.
constexpr std::string_view api_version = "2026-07-29.dahlia";

// Of a page of Stripe's; at least half an hour (Stripe).
constexpr std::chrono::hours page_lives{1};

std::optional<Credentials> open(const Account& account) { return stripe::read<Credentials>(account.credentials.text); }

std::string metadata(std::string_view key) { return fmt::format("metadata[{}]", key); }

const std::string& what_for(const StartRequest& request) {
    return request.description.empty() ? request.reference : request.description;
}

Fields intent_fields(const StartRequest& request, std::int64_t units) {
    Fields fields{{"amount", std::to_string(units)},
                  {"currency", base::ascii_lower(request.currency)},
                  {"automatic_payment_methods[enabled]", "true"},
                  {metadata(stripe::attempt_key), request.id.to_string()},
                  {metadata("reference"), request.reference}};
    if (!what_for(request).empty()) fields.emplace_back("description", what_for(request));
    return fields;
}

// Metadata of a session is not that of its payment intent: both have ours.
Fields session_fields(const StartRequest& request, std::int64_t units) {
    const auto id = request.id.to_string();
    const std::string name = what_for(request).empty() ? "Payment" : what_for(request);
    Fields fields{{"mode", "payment"},
                  {"success_url", request.return_url},
                  {"cancel_url", request.return_url},
                  {"client_reference_id", id},
                  {"line_items[0][quantity]", "1"},
                  {"line_items[0][price_data][currency]", base::ascii_lower(request.currency)},
                  {"line_items[0][price_data][unit_amount]", std::to_string(units)},
                  {"line_items[0][price_data][product_data][name]", name},
                  {metadata(stripe::attempt_key), id},
                  {metadata("reference"), request.reference},
                  {"payment_intent_data[description]", name},
                  {fmt::format("payment_intent_data[metadata][{}]", stripe::attempt_key), id},
                  {"payment_intent_data[metadata][reference]", request.reference}};
    // Half an hour at least when it arrives there: so it is counted from the attempt, and the same at every repeat.
    const auto ends = std::chrono::floor<std::chrono::seconds>(request.created_at + page_lives);
    fields.emplace_back("expires_at", std::to_string(ends.time_since_epoch().count()));
    return fields;
}

Evidence of_reply(Finding finding, std::string code = {}, std::string text = {}) {
    return {.source = Source::reply, .finding = finding, .code = std::move(code), .text = std::move(text)};
}

// Of a start that Stripe did not simply take. A key that belongs to other parameters: something was made under it.
Started not_started(const Answer& answer) {
    const auto finding = [&] {
        switch (answer.kind) {
            case Kind::declined: return Finding::declined;
            case Kind::refused:
            case Kind::forbidden: return Finding::refused;
            case Kind::not_taken: return Finding::not_sent;
            default: return Finding::lost;
        }
    };
    return {.evidence = of_reply(finding(), answer.code, answer.text)};
}

Started unreadable_start() { return {.evidence = of_reply(Finding::lost, "unreadable")}; }

async::Task<Started> start_intent(Wire* wire, const StartRequest* request, std::int64_t units) {
    const auto answer =
        co_await wire->post("/v1/payment_intents", intent_fields(*request, units), request->id.to_string());
    if (answer.kind != Kind::done) co_return not_started(answer);
    const auto intent = stripe::read<stripe::PaymentIntent>(answer.body);
    if (!intent || !stripe::is_id(intent->id, "pi_") || intent->client_secret.empty()) co_return unreadable_start();
    auto evidence = of_reply(Finding::accepted, stripe::cut(intent->status, 40));
    evidence.provider_id = intent->id;
    co_return Started{.evidence = std::move(evidence), .action = {.client_secret = intent->client_secret}};
}

async::Task<Started> start_session(Wire* wire, const StartRequest* request, std::int64_t units) {
    const auto answer =
        co_await wire->post("/v1/checkout/sessions", session_fields(*request, units), request->id.to_string());
    if (answer.kind != Kind::done) co_return not_started(answer);
    const auto session = stripe::read<stripe::Session>(answer.body);
    if (!session || !stripe::is_id(session->id, "cs_") || session->url.empty()) co_return unreadable_start();
    auto evidence = of_reply(Finding::accepted, stripe::cut(session->status, 40));
    evidence.provider_id = stripe::id_of(session->payment_intent);
    evidence.second_id = session->id;
    co_return Started{.evidence = std::move(evidence), .action = {.redirect_url = session->url}};
}

std::string any_key() {
    base::SecureRandom random;
    return base::uuid_v4(random).to_string();
}

// Whether Stripe called it off.
async::Task<bool> called_off(Wire* wire, std::string session, std::string intent) {
    if (!session.empty()) {
        const auto answer = co_await wire->post("/v1/checkout/sessions/" + session + "/expire", {}, any_key());
        const auto ended =
            answer.kind == Kind::done ? stripe::read<stripe::Session>(answer.body) : std::optional<stripe::Session>();
        co_return ended && ended->id == session && ended->status == "expired";
    }
    const auto answer = co_await wire->post("/v1/payment_intents/" + intent + "/cancel",
                                            {{"cancellation_reason", "requested_by_customer"}}, any_key());
    const auto ended = answer.kind == Kind::done ? stripe::read<stripe::PaymentIntent>(answer.body)
                                                 : std::optional<stripe::PaymentIntent>();
    co_return ended && ended->id == intent && ended->status == "canceled";
}

Refunded not_refunded(const Answer& answer) {
    const bool is_definite =
        answer.kind == Kind::declined || answer.kind == Kind::refused || answer.kind == Kind::forbidden;
    return {.outcome = is_definite ? Refunded::Outcome::refused : Refunded::Outcome::unknown,
            .code = answer.code,
            .text = answer.text};
}

Refunded read_refund(std::string_view json) {
    const auto refund = stripe::read<stripe::Refund>(json);
    return refund ? stripe::refunded_of(*refund) : Refunded{.code = "unreadable"};
}

struct RefundList {
    std::vector<schema::Json> data;
    bool has_more = false;

    friend constexpr auto describe(RefundList*) {
        using schema::field;
        return schema::object<RefundList>("StripeRefundList", field<&RefundList::data>("data"),
                                          field<&RefundList::has_more>("has_more", {.defaulted = true}));
    }
};

// Of one that Stripe has forgotten the key of. A payment has few refunds, so that the first hundred are all.
async::Task<Refunded> look_refund_up(Wire* wire, std::pair<std::string, std::string> payment, base::Uuid id) {
    const auto answer = co_await wire->get("/v1/refunds", {payment, {"limit", "100"}});
    if (answer.kind != Kind::done) co_return Refunded{.code = answer.code, .text = answer.text};
    const auto list = stripe::read<RefundList>(answer.body);
    if (!list) co_return Refunded{.code = "unreadable"};
    for (const auto& one : list->data) {
        const auto refund = stripe::read<stripe::Refund>(one.text);
        if (!refund) co_return Refunded{.code = "unreadable"};
        if (stripe::ours_of(refund->metadata, stripe::refund_key) == id) co_return stripe::refunded_of(*refund);
    }
    if (list->has_more) co_return Refunded{.code = "not_found"};
    co_return Refunded{
        .outcome = Refunded::Outcome::refused, .code = "not_found", .text = "Stripe never took this refund"};
}

constexpr Traits stripe_traits(std::span<const std::string_view> currencies) {
    return {.name = "stripe",
            .title = "Stripe",
            .currencies = currencies,
            .least = base::Money{1},
            .most = base::Money{stripe::most_units},
            .refunds = true,
            .cancels = true,
            .prompt_lives = page_lives,
            .resend_within = stripe::resend_within};
}

}  // namespace

Stripe::Stripe(client::Client& http, async::Loop& loop, StripeOptions options)
    : http_(http),
      loop_(loop),
      options_(std::move(options)),
      target_{.name = "stripe",
              .base_url = options_.base_url,
              .headers = {{"Stripe-Version", std::string(api_version)}},
              .deadlines = {.connect = std::chrono::seconds(5),
                            .first_byte = std::chrono::seconds(30),
                            .whole = std::chrono::seconds(80)},
              .retry = {.attempts = 1},
              .max_reply_bytes = std::size_t{4} << 20U} {}

const Traits& Stripe::traits() const {
    static const Traits traits = stripe_traits(stripe::currencies());
    return traits;
}

std::expected<schema::Json, schema::ReadError> Stripe::read_credentials(std::string_view json) const {
    const auto credentials = schema::parse<Credentials>(json);
    if (!credentials) return std::unexpected(credentials.error());
    return schema::Json{schema::to_json(*credentials)};
}

bool Stripe::is_live(const schema::Json& credentials) const {
    const auto known = stripe::read<stripe::Credentials>(credentials.text);
    return known && known->is_live();
}

std::string Stripe::shown(const schema::Json& credentials) const {
    const auto read = stripe::read<Credentials>(credentials.text);
    if (!read) return "";
    const std::string_view key = read->secret_key;
    const auto ends = key.size() > 20 ? key.substr(key.size() - 4) : std::string_view();
    return fmt::format("{}…{}", key.substr(0, 8), ends);
}

std::optional<stripe::Wire> Stripe::wire_of(const Account& account, client::Call call) {
    const auto credentials = open(account);
    if (!credentials) return std::nullopt;
    return Wire({.http = &http_,
                 .loop = &loop_,
                 .target = &target_,
                 .retry = options_.retry,
                 .secret_key = credentials->secret_key,
                 .call = std::move(call)});
}

async::Task<Started> Stripe::start(Account account, StartRequest request, client::Call call) {
    auto wire = wire_of(account, std::move(call));
    if (!wire) co_return Started{.evidence = of_reply(Finding::refused, "credentials")};
    const auto units = stripe::to_units(request.amount, request.currency);
    if (!units)
        co_return Started{.evidence = of_reply(Finding::refused, "amount_not_taken",
                                               "Stripe does not take this amount in this currency")};
    if (request.return_url.empty()) co_return co_await start_intent(&*wire, &request, *units);
    co_return co_await start_session(&*wire, &request, *units);
}

async::Task<Evidence> Stripe::query(Account account, AttemptRef attempt, client::Call call) {
    auto wire = wire_of(account, std::move(call));
    if (!wire) co_return stripe::no_news("credentials");
    co_return co_await stripe::ask(&*wire, &attempt, options_.clock->now());
}

async::Task<Evidence> Stripe::cancel(Account account, AttemptRef attempt, client::Call call) {
    auto wire = wire_of(account, std::move(call));
    if (!wire) co_return stripe::no_news("credentials");
    const auto now = options_.clock->now();
    if (attempt.provider_id.empty() && attempt.second_id.empty()) {
        auto found = co_await stripe::ask(&*wire, &attempt, now);
        if (found.finding != Finding::processing) co_return found;
        attempt.provider_id = found.provider_id;
        attempt.second_id = found.second_id;
    }
    const std::string session = stripe::is_id(attempt.second_id, "cs_") ? attempt.second_id : "";
    const std::string intent = stripe::is_id(attempt.provider_id, "pi_") ? attempt.provider_id : "";
    if (session.empty() && intent.empty()) co_return stripe::no_news("not_found");
    if (co_await called_off(&*wire, session, intent)) {
        auto evidence = of_reply(Finding::cancelled, "requested_by_customer");
        evidence.provider_id = intent;
        evidence.second_id = session;
        co_return evidence;
    }
    co_return co_await stripe::ask(&*wire, &attempt, now);
}

async::Task<Refunded> Stripe::refund(Account account, RefundRequest request, client::Call call) {
    auto wire = wire_of(account, std::move(call));
    if (!wire) {
        co_return Refunded{.outcome = request.repeat ? Refunded::Outcome::unknown : Refunded::Outcome::refused,
                           .code = "credentials"};
    }
    const auto units = stripe::to_units(request.amount, request.attempt.currency);
    if (!units) co_return Refunded{.outcome = Refunded::Outcome::refused, .code = "amount_not_taken"};
    const auto now = options_.clock->now();
    const auto payment = co_await stripe::payment_of(&*wire, &request.attempt, now);
    if (payment.second.empty()) co_return Refunded{.code = "payment_not_found"};
    if (now - request.created_at > stripe::resend_within)
        co_return co_await look_refund_up(&*wire, payment, request.id);
    Fields fields{payment,
                  {"amount", std::to_string(*units)},
                  {metadata(stripe::refund_key), request.id.to_string()},
                  {metadata(stripe::attempt_key), request.attempt.id.to_string()}};
    if (!request.reason.empty()) fields.emplace_back(metadata("reason"), stripe::cut(request.reason, 500));
    const auto answer = co_await wire->post("/v1/refunds", std::move(fields), request.id.to_string());
    if (answer.kind != Kind::done) co_return not_refunded(answer);
    co_return read_refund(answer.body);
}

async::Task<Refunded> Stripe::ask_refund(Account account, RefundRef refund, client::Call call) {
    auto wire = wire_of(account, std::move(call));
    if (!wire) co_return Refunded{.code = "credentials"};
    const bool is_name = stripe::is_id(refund.provider_id, "re_") || stripe::is_id(refund.provider_id, "pyr_");
    if (!is_name) co_return Refunded{.code = "not_found_yet"};
    const auto answer = co_await wire->get("/v1/refunds/" + refund.provider_id);
    if (answer.kind != Kind::done) co_return Refunded{.code = answer.code, .text = answer.text};
    auto told = read_refund(answer.body);
    if (told.provider_id != refund.provider_id) co_return Refunded{.code = "unreadable"};
    co_return told;
}

async::Task<Evidence> Stripe::register_callbacks(Account /*account*/, client::Call /*call*/) {
    co_return of_reply(Finding::refused, "not_offered", "The endpoint is made in Stripe's dashboard");
}

async::Task<Provider::Pulled> Stripe::pull(Account /*account*/, base::Timestamp /*since*/, client::Call /*call*/) {
    co_return Pulled{.text = "Stripe is asked about each payment, not about all"};
}

std::expected<VerifiedCallback, CallbackRefusal> Stripe::verify_callback(const Account& account, std::string_view kind,
                                                                         std::string_view bytes,
                                                                         const http::Headers& headers,
                                                                         base::Timestamp now) const {
    if (kind != "events")
        return std::unexpected(CallbackRefusal{.status = 404, .detail = "Stripe has no such callback"});
    const auto credentials = open(account);
    if (!credentials)
        return std::unexpected(CallbackRefusal{.status = 400, .detail = "the account has no credentials"});
    return stripe::verify_event(*credentials, bytes, headers.get("Stripe-Signature").value_or(""), now);
}

std::optional<VerifiedCallback> Stripe::read_callback(std::string_view kind, std::string_view bytes) const {
    if (kind != "events") return std::nullopt;
    return stripe::read_event(bytes);
}

}  // namespace payments
