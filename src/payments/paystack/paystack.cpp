#include "payments/paystack/paystack.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "payments/common_sayings.h"
#include "payments/paystack/amount.h"
#include "payments/paystack/asking.h"
#include "payments/paystack/charges.h"
#include "payments/paystack/credentials.h"
#include "payments/paystack/objects.h"
#include "payments/paystack/webhook.h"
#include "payments/reading.h"

namespace payments {

namespace {

using paystack::Credentials;
using Kind = ApiAnswer::Kind;

constexpr std::string_view title = "Paystack";
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

struct Initialized {
    std::string authorization_url;
    std::string access_code;
    std::string reference;

    friend constexpr auto describe(Initialized*) {
        using schema::field;
        return schema::object<Initialized>("PaystackInitialized",
                                           field<&Initialized::authorization_url>("authorization_url"),
                                           field<&Initialized::access_code>("access_code", {.defaulted = true}),
                                           field<&Initialized::reference>("reference"));
    }
};

Started paged(const ApiAnswer& answer, const std::string& reference, std::string_view base_url) {
    const auto page = read<Initialized>(answer.data.text);
    if (!page || page->reference != reference || !is_page(page->authorization_url, base_url))
        return {of_reply(Finding::lost, "unreadable")};
    Started started{.evidence = of_reply(Finding::accepted, "page"),
                    .action = {.redirect_url = page->authorization_url}};
    started.evidence.provider_id = reference;
    started.evidence.second_id = "page";
    return started;
}

// Steps that the payer is to do in a form of ours, which there is none of: the charge ends by itself, unpaid.
bool asks_for_more(std::string_view status) { return status.starts_with("send_"); }

// Of a charge that was taken. A success is left to be verified.
Started charged(const ApiAnswer& answer, const std::string& reference, std::string_view base_url) {
    const auto transaction = read<paystack::Transaction>(answer.data.text);
    if (!transaction || transaction->reference != reference) return {of_reply(Finding::lost, "unreadable")};
    auto evidence = paystack::evidence_of(*transaction, Source::reply);
    Started started{.evidence = of_reply(Finding::accepted, evidence.code)};
    started.evidence.provider_id = reference;
    const bool has_failed = evidence.finding == Finding::declined || evidence.finding == Finding::cancelled ||
                            evidence.finding == Finding::timed_out;
    if (has_failed) {
        started.evidence.finding = evidence.finding;
        started.evidence.text = evidence.text;
    } else if (asks_for_more(transaction->status)) {
        started.evidence.finding = Finding::declined;
        started.evidence.code = "page_needed";
    } else if (transaction->status == "open_url" && is_page(transaction->url, base_url)) {
        started.action.redirect_url = transaction->url;
    }
    return started;
}

struct RefundOrder {
    std::string transaction;
    std::int64_t amount = 0;
    std::string currency;
    std::string customer_note;
    std::string merchant_note;

    friend constexpr auto describe(RefundOrder*) {
        using schema::field;
        return schema::object<RefundOrder>(
            "PaystackRefundOrder", field<&RefundOrder::transaction>("transaction"),
            field<&RefundOrder::amount>("amount"), field<&RefundOrder::currency>("currency"),
            field<&RefundOrder::customer_note>("customer_note"), field<&RefundOrder::merchant_note>("merchant_note"));
    }
};

constexpr Traits traits_of(std::span<const std::string_view> currencies) {
    return {.name = "paystack",
            .title = title,
            .currencies = currencies,
            .least = base::Money{1},
            .most = most,
            .by_phone = true,
            .pages = true,
            .refunds = true,
            .prompt_lives = paystack::page_lives};
}

}  // namespace

Paystack::Paystack(client::Client& http, PaystackOptions options)
    : http_(http),
      options_(std::move(options)),
      target_{.name = "paystack",
              .base_url = options_.base_url,
              .deadlines = {.connect = std::chrono::seconds(5),
                            .first_byte = std::chrono::seconds(30),
                            .whole = std::chrono::seconds(40)},
              .retry = options_.retry,
              .max_reply_bytes = std::size_t{4} << 20U} {}

const Traits& Paystack::traits() const {
    static const Traits traits = traits_of(paystack::currencies());
    return traits;
}

std::expected<schema::Json, schema::ReadError> Paystack::read_credentials(std::string_view json) const {
    const auto credentials = schema::parse<Credentials>(json);
    if (!credentials) return std::unexpected(credentials.error());
    return schema::Json{schema::to_json(*credentials)};
}

bool Paystack::is_live(const schema::Json& credentials) const {
    const auto known = read<paystack::Credentials>(credentials.text);
    return known && known->is_live();
}

std::string Paystack::shown(const schema::Json& credentials) const {
    const auto known = read<Credentials>(credentials.text);
    if (!known) return "";
    const std::string_view key = known->secret_key;
    const auto ends = key.size() > 20 ? key.substr(key.size() - 4) : std::string_view();
    return fmt::format("{}…{}", key.substr(0, 8), ends);
}

BearerApi Paystack::api_for(std::string secret_key, client::Call call) {
    return BearerApi({.http = &http_,
                      .target = &target_,
                      .secret_key = std::move(secret_key),
                      .call = std::move(call),
                      .envelope = &paystack::envelope_of});
}

async::Task<Started> Paystack::start(Account account, StartRequest request, client::Call call) {
    const auto credentials = open(account);
    if (!credentials) co_return Started{of_reply(Finding::refused, "credentials")};
    const auto subunits = paystack::to_subunits(request.amount, request.currency);
    if (!subunits) co_return Started{of_reply(Finding::refused, "amount_not_taken")};
    auto api = api_for(credentials->secret_key, std::move(call));
    const auto reference = request.id.to_string();
    if (!request.return_url.empty()) {
        const auto answer =
            co_await api.post("/transaction/initialize", paystack::page_of(request, *subunits, credentials->email));
        if (answer.kind != Kind::done) co_return Started{not_started(answer)};
        co_return paged(answer, reference, target_.base_url);
    }
    if (!paystack::has_mobile_money(request.currency)) co_return Started{of_reply(Finding::refused, "page_needed")};
    auto charge = paystack::charge_of(request, *subunits, credentials->email);
    if (!charge) co_return Started{of_reply(Finding::refused, "phone_not_taken")};
    const auto answer = co_await api.post("/charge", *std::move(charge));
    if (answer.kind != Kind::done) co_return Started{not_started(answer)};
    co_return charged(answer, reference, target_.base_url);
}

async::Task<Evidence> Paystack::query(Account account, AttemptRef attempt, client::Call call) {
    const auto credentials = open(account);
    if (!credentials) co_return no_answer("credentials");
    auto api = api_for(credentials->secret_key, std::move(call));
    co_return co_await paystack::ask(&api, &attempt, options_.clock->now());
}

async::Task<Refunded> Paystack::refund(Account account, RefundRequest request, client::Call call) {
    const auto credentials = open(account);
    if (!credentials) {
        co_return Refunded{.outcome = request.repeat ? Refunded::Outcome::unknown : Refunded::Outcome::refused,
                           .code = "credentials"};
    }
    const auto& attempt = request.attempt;
    const auto subunits = paystack::to_subunits(request.amount, attempt.currency);
    if (!subunits) co_return Refunded{.outcome = Refunded::Outcome::refused, .code = "amount_not_taken"};
    auto api = api_for(credentials->secret_key, std::move(call));
    if (request.repeat) co_return co_await paystack::ask_refund(&api, &request, options_.clock->now());
    const RefundOrder order{.transaction = attempt.receipt.empty() ? attempt.id.to_string() : attempt.receipt,
                            .amount = *subunits,
                            .currency = attempt.currency,
                            .customer_note = cut(request.reason, longest_reason),
                            .merchant_note = request.id.to_string()};
    const auto answer = co_await api.post("/refund", schema::to_json(order));
    if (answer.kind != Kind::done) co_return not_refunded(answer);
    const auto refund = read<paystack::Refund>(answer.data.text);
    co_return refund ? paystack::refunded_of(*refund) : Refunded{.code = "unreadable"};
}

async::Task<Refunded> Paystack::ask_refund(Account account, RefundRef refund, client::Call call) {
    const auto credentials = open(account);
    if (!credentials) co_return Refunded{.code = "credentials"};
    auto api = api_for(credentials->secret_key, std::move(call));
    const auto listed = co_await paystack::list_refunds(&api, &refund.attempt);
    for (const auto& news : listed.refunds)
        if (news.refunded.provider_id == refund.provider_id) co_return news.refunded;
    co_return Refunded{.code = "not_found_yet"};
}

async::Task<Provider::RefundList> Paystack::list_refunds(Account account, AttemptRef attempt, client::Call call) {
    const auto credentials = open(account);
    if (!credentials) co_return RefundList{.refunds = {}, .is_offered = true};
    auto api = api_for(credentials->secret_key, std::move(call));
    co_return co_await paystack::list_refunds(&api, &attempt);
}

async::Task<Evidence> Paystack::cancel(Account /*account*/, AttemptRef /*attempt*/, client::Call /*call*/) {
    co_return no_answer("not_offered");
}

async::Task<Evidence> Paystack::register_callbacks(Account /*account*/, client::Call /*call*/) {
    co_return of_reply(Finding::refused, "not_offered", "The webhook is set in Paystack's dashboard");
}

async::Task<Provider::Pulled> Paystack::pull(Account /*account*/, base::Timestamp /*since*/, client::Call /*call*/) {
    co_return Pulled{.is_offered = false, .text = "Paystack is asked about each payment, not about all"};
}

std::expected<VerifiedCallback, CallbackRefusal> Paystack::verify_callback(const Account& account,
                                                                           std::string_view kind,
                                                                           std::string_view bytes,
                                                                           const http::Headers& headers,
                                                                           base::Timestamp /*now*/) const {
    if (kind != "events")
        return std::unexpected(CallbackRefusal{.status = 404, .detail = "Paystack has no such callback"});
    const auto credentials = open(account);
    if (!credentials)
        return std::unexpected(CallbackRefusal{.status = 401, .detail = "the account has no credentials"});
    return paystack::verify_event(*credentials, bytes, headers.get("x-paystack-signature").value_or(""));
}

std::optional<VerifiedCallback> Paystack::read_callback(std::string_view kind, std::string_view bytes) const {
    if (kind != "events") return std::nullopt;
    return paystack::read_event(bytes);
}

Saying Paystack::saying(std::string_view code, std::string_view language) const {
    return common_saying(code, language, title);
}

}  // namespace payments
