#include "payments/flutterwave/flutterwave.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "payments/common_sayings.h"
#include "payments/flutterwave/asking.h"
#include "payments/flutterwave/charges.h"
#include "payments/flutterwave/credentials.h"
#include "payments/flutterwave/objects.h"
#include "payments/flutterwave/webhook.h"
#include "payments/reading.h"

namespace payments {

namespace {

using flutterwave::Credentials;
using Kind = ApiAnswer::Kind;

constexpr std::string_view title = "Flutterwave";
constexpr base::Money most{99'999'999'999};
// Bytes, of what a refund is for.
constexpr std::size_t longest_reason = 150;

std::optional<Credentials> open(const Account& account) { return read<Credentials>(account.credentials.text); }

Evidence of_reply(Finding finding, std::string code, std::string text = {}) {
    return {.source = Source::reply, .finding = finding, .code = std::move(code), .text = std::move(text)};
}

// Where the payer is sent to: a page of the provider's, over TLS. A simulator has none.
bool is_page(std::string_view url, std::string_view base_url) {
    const bool is_plain = base_url.starts_with("http://") && url.starts_with("http://");
    return (is_plain || url.starts_with("https://")) && url.size() <= 2'000;
}

struct Authorization {
    std::string redirect;

    friend constexpr auto describe(Authorization*) {
        return schema::object<Authorization>("FlutterwaveAuthorization",
                                             schema::field<&Authorization::redirect>("redirect", {.defaulted = true}));
    }
};
struct ChargeMeta {
    Authorization authorization;

    friend constexpr auto describe(ChargeMeta*) {
        return schema::object<ChargeMeta>(
            "FlutterwaveChargeMeta", schema::field<&ChargeMeta::authorization>("authorization", {.defaulted = true}));
    }
};
struct Hosted {
    std::string link;

    friend constexpr auto describe(Hosted*) {
        return schema::object<Hosted>("FlutterwaveHosted", schema::field<&Hosted::link>("link"));
    }
};

// Of a charge that was taken. A 200 says that the call worked, and its status what has become of the charge. A success is left to be
// verified.
Started charged(const ApiAnswer& answer, const std::string& reference, std::string_view base_url) {
    const auto meta = read<ChargeMeta>(answer.meta.text);
    const std::string redirect = meta ? meta->authorization.redirect : "";
    const auto transaction = read<flutterwave::Transaction>(answer.data.text);
    const bool is_ours = transaction && transaction->tx_ref == reference;
    Started started{.evidence = of_reply(Finding::accepted, "pending")};
    if (is_page(redirect, base_url)) started.action.redirect_url = redirect;
    // Some networks' charges answer with the page alone.
    if (!is_ours && (transaction && !transaction->tx_ref.empty())) return {of_reply(Finding::lost, "other_attempt")};
    if (!is_ours && started.action.redirect_url.empty()) return {of_reply(Finding::lost, "unreadable")};
    started.evidence.provider_id = reference;
    if (!is_ours) return started;
    if (auto id = flutterwave::id_of(*transaction); !id.empty()) started.evidence.provider_id = std::move(id);
    started.evidence.second_id = flutterwave::reference_of(*transaction);
    const auto said = flutterwave::evidence_of(*transaction);
    if (said.finding == Finding::declined || said.finding == Finding::cancelled || said.finding == Finding::timed_out) {
        started.evidence.finding = said.finding;
        started.evidence.code = said.code;
        started.evidence.text = said.text;
    }
    return started;
}

Started paged(const ApiAnswer& answer, const std::string& reference, std::string_view base_url) {
    const auto hosted = read<Hosted>(answer.data.text);
    if (!hosted || !is_page(hosted->link, base_url)) return {of_reply(Finding::lost, "unreadable")};
    Started started{.evidence = of_reply(Finding::accepted, "page"), .action = {.redirect_url = hosted->link}};
    // A payment is known to Flutterwave only when the payer has begun: until then it goes by our name, and was a page.
    started.evidence.provider_id = reference;
    started.evidence.second_id = "page";
    return started;
}

struct RefundOrder {
    schema::Json amount;
    std::string comments;

    friend constexpr auto describe(RefundOrder*) {
        return schema::object<RefundOrder>("FlutterwaveRefundOrder", schema::field<&RefundOrder::amount>("amount"),
                                           schema::field<&RefundOrder::comments>("comments"));
    }
};

Refunded refunded(const ApiAnswer& answer, const std::string& transaction) {
    const auto refund = read<flutterwave::Refund>(answer.data.text);
    if (!refund || scalar(refund->tx_id) != transaction) return {.code = "unreadable"};
    return flutterwave::refunded_of(*refund);
}

constexpr Traits traits_of(std::span<const std::string_view> currencies) {
    return {.name = "flutterwave",
            .title = title,
            .currencies = currencies,
            .least = base::Money{1},
            .most = most,
            .by_phone = true,
            .pages = true,
            .refunds = true,
            .prompt_lives = flutterwave::page_lives};
}

}  // namespace

Flutterwave::Flutterwave(client::Client& http, FlutterwaveOptions options)
    : http_(http),
      options_(std::move(options)),
      // It gives up by itself after 28 s, with a 503.
      target_{.name = "flutterwave",
              .base_url = options_.base_url,
              .deadlines = {.connect = std::chrono::seconds(5),
                            .first_byte = std::chrono::seconds(32),
                            .whole = std::chrono::seconds(40)},
              .retry = options_.retry,
              .max_reply_bytes = std::size_t{4} << 20U} {}

const Traits& Flutterwave::traits() const {
    static const Traits traits = traits_of(flutterwave::currencies());
    return traits;
}

std::expected<schema::Json, schema::ReadError> Flutterwave::read_credentials(std::string_view json) const {
    const auto credentials = schema::parse<Credentials>(json);
    if (!credentials) return std::unexpected(credentials.error());
    return schema::Json{schema::to_json(*credentials)};
}

bool Flutterwave::is_live(const schema::Json& credentials) const {
    const auto known = read<flutterwave::Credentials>(credentials.text);
    return known && known->is_live();
}

std::string Flutterwave::shown(const schema::Json& credentials) const {
    const auto known = read<Credentials>(credentials.text);
    if (!known) return "";
    const std::string_view key = known->secret_key;
    const auto begins = key.substr(0, key.find('-') + 1);
    return key.size() < 24 ? fmt::format("{}…", begins) : fmt::format("{}…{}", begins, key.substr(key.size() - 6));
}

BearerApi Flutterwave::api_for(std::string secret_key, client::Call call) {
    return BearerApi({.http = &http_,
                      .target = &target_,
                      .secret_key = std::move(secret_key),
                      .call = std::move(call),
                      .envelope = &flutterwave::envelope_of});
}

async::Task<Started> Flutterwave::start(Account account, StartRequest request, client::Call call) {
    const auto credentials = open(account);
    if (!credentials) co_return Started{of_reply(Finding::refused, "credentials")};
    auto api = api_for(credentials->secret_key, std::move(call));
    if (!request.return_url.empty()) {
        const auto answer = co_await api.post("/v3/payments", flutterwave::page_of(request, credentials->email));
        if (answer.kind != Kind::done) co_return Started{not_started(answer)};
        co_return paged(answer, request.id.to_string(), target_.base_url);
    }
    if (!flutterwave::has_mobile_money(request.currency)) co_return Started{of_reply(Finding::refused, "page_needed")};
    const auto charge = flutterwave::charge_of(request, credentials->email);
    if (!charge) co_return Started{of_reply(Finding::refused, "phone_not_taken")};
    const auto answer = co_await api.post("/v3/charges", charge->json, {{"type", charge->type}});
    if (answer.kind != Kind::done) co_return Started{not_started(answer)};
    co_return charged(answer, request.id.to_string(), target_.base_url);
}

async::Task<Evidence> Flutterwave::query(Account account, AttemptRef attempt, client::Call call) {
    const auto credentials = open(account);
    if (!credentials) co_return no_answer("credentials");
    auto api = api_for(credentials->secret_key, std::move(call));
    co_return co_await flutterwave::ask(&api, &attempt, options_.clock->now());
}

async::Task<Refunded> Flutterwave::refund(Account account, RefundRequest request, client::Call call) {
    const auto credentials = open(account);
    if (!credentials) {
        co_return Refunded{.outcome = request.repeat ? Refunded::Outcome::unknown : Refunded::Outcome::refused,
                           .code = "credentials"};
    }
    auto api = api_for(credentials->secret_key, std::move(call));
    const auto now = options_.clock->now();
    auto transaction = request.attempt.receipt;
    if (!is_number(transaction)) transaction = (co_await flutterwave::ask(&api, &request.attempt, now)).receipt;
    if (!is_number(transaction)) {
        // Nothing was sent, and nothing will be under this id.
        co_return Refunded{.outcome = request.repeat ? Refunded::Outcome::unknown : Refunded::Outcome::refused,
                           .code = "not_found_yet",
                           .text = "Flutterwave does not say which transaction it is"};
    }
    if (request.repeat) co_return co_await flutterwave::ask_refund(&api, transaction, &request, now);
    const RefundOrder order{
        .amount = {to_major(request.amount, request.attempt.currency)},
        .comments = fmt::format("{} {}", request.id.to_string(), cut(request.reason, longest_reason))};
    const auto answer = co_await api.post("/v3/transactions/" + transaction + "/refund", schema::to_json(order));
    if (answer.kind != Kind::done) co_return not_refunded(answer);
    co_return refunded(answer, transaction);
}

async::Task<Refunded> Flutterwave::ask_refund(Account account, RefundRef refund, client::Call call) {
    const auto credentials = open(account);
    if (!credentials) co_return Refunded{.code = "credentials"};
    auto api = api_for(credentials->secret_key, std::move(call));
    co_return co_await flutterwave::ask_refund_by_name(&api, &refund, options_.clock->now());
}

async::Task<Evidence> Flutterwave::cancel(Account /*account*/, AttemptRef /*attempt*/, client::Call /*call*/) {
    co_return no_answer("not_offered");
}

async::Task<Evidence> Flutterwave::register_callbacks(Account /*account*/, client::Call /*call*/) {
    co_return of_reply(Finding::refused, "not_offered", "The webhook is set in Flutterwave's dashboard");
}

async::Task<Provider::Pulled> Flutterwave::pull(Account /*account*/, base::Timestamp /*since*/, client::Call /*call*/) {
    co_return Pulled{.is_offered = false, .text = "Flutterwave is asked about each payment, not about all"};
}

std::expected<VerifiedCallback, CallbackRefusal> Flutterwave::verify_callback(const Account& account,
                                                                              std::string_view kind,
                                                                              std::string_view bytes,
                                                                              const http::Headers& headers,
                                                                              base::Timestamp /*now*/) const {
    if (kind != "events")
        return std::unexpected(CallbackRefusal{.status = 404, .detail = "Flutterwave has no such callback"});
    const auto credentials = open(account);
    if (!credentials)
        return std::unexpected(CallbackRefusal{.status = 401, .detail = "the account has no credentials"});
    return flutterwave::verify_event(*credentials, bytes, headers);
}

std::optional<VerifiedCallback> Flutterwave::read_callback(std::string_view kind, std::string_view bytes) const {
    if (kind != "events") return std::nullopt;
    return flutterwave::read_event(bytes);
}

Saying Flutterwave::saying(std::string_view code, std::string_view language) const {
    return common_saying(code, language, title);
}

}  // namespace payments
