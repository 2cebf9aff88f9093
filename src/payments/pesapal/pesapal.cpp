#include "payments/pesapal/pesapal.h"

#include <array>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/strings.h"
#include "payments/pesapal/ipn.h"
#include "payments/pesapal/messages.h"
#include "payments/reading.h"

namespace payments {

using namespace std::chrono_literals;

namespace {

using pesapal::Answer;
using pesapal::Credentials;
using pesapal::Wire;
using Kind = Answer::Kind;

constexpr std::string_view live_url = "https://pay.pesapal.com/v3";
constexpr std::string_view sandbox_url = "https://cybqa.pesapal.com/pesapalv3";

constexpr std::chrono::hours page_lives{1};
constexpr std::size_t most_ipn_ids = 10'000;
constexpr std::size_t longest_url = 2'000;

Evidence of_reply(Finding finding, std::string code = {}, std::string text = {}) {
    return {.source = Source::reply, .finding = finding, .code = std::move(code), .text = std::move(text)};
}
Evidence of_query(Finding finding, std::string code, std::string text = {}) {
    return {.source = Source::query, .finding = finding, .code = std::move(code), .text = std::move(text)};
}

Evidence not_started(const Answer& answer) {
    if (answer.kind == Kind::refused) return of_reply(Finding::refused, answer.code, answer.text);
    return of_reply(answer.kind == Kind::not_taken ? Finding::not_sent : Finding::lost, answer.code, answer.text);
}

// Of what was asked before the order: nothing of the order was sent.
Evidence not_prepared(const Answer& answer) {
    return of_reply(answer.kind == Kind::refused ? Finding::refused : Finding::not_sent, answer.code, answer.text);
}

bool is_page(std::string_view url) {
    return url.size() <= longest_url && (url.starts_with("https://") || url.starts_with("http://"));
}

// Of an order's 200. An id without a page: nobody can pay it, and what became of it can be asked.
Started submitted(const Answer& answer, base::Uuid id) {
    const auto order = read<pesapal::OrderReply>(answer.body);
    auto evidence = of_reply(Finding::lost, "unreadable");
    if (!order) return {.evidence = std::move(evidence)};
    const auto tracking_id = scalar(order->tracking_id);
    const auto named = base::Uuid::from_string(scalar(order->reference));
    auto page = scalar(order->redirect_url);
    if (!pesapal::is_id(tracking_id) || (named && *named != id)) return {.evidence = std::move(evidence)};
    evidence.provider_id = tracking_id;
    if (!is_page(page)) return {.evidence = std::move(evidence)};
    evidence.finding = Finding::accepted;
    evidence.code = "200";
    return {.evidence = std::move(evidence), .action = {.redirect_url = std::move(page)}};
}

std::string address_of(const Account& account) { return account.callback_url + "/ipn"; }

std::string registered_id(const std::vector<schema::Json>& list, const std::string& url) {
    for (const auto& one : list) {
        const auto ipn = one.text.starts_with('{') ? read<pesapal::Ipn>(one.text) : std::nullopt;
        if (!ipn || scalar(ipn->url) != url) continue;
        auto id = scalar(ipn->id);
        if (pesapal::is_id(id)) return id;
    }
    return {};
}

}  // namespace

Pesapal::Pesapal(client::Client& http, PesapalOptions options) : http_(http), options_(std::move(options)) {
    const auto target = [&](std::string_view name, std::string_view url) {
        return client::Target{.name = std::string(name),
                              .base_url = options_.base_url.value_or(std::string(url)),
                              .deadlines = {.connect = 5s, .first_byte = 30s, .whole = 30s},
                              .retry = options_.retry,
                              // An order that nobody has paid yet is an error, too.
                              .breaker = {.failing = 2}};
    };
    live_ = target("pesapal_live", options_.sandbox_only ? sandbox_url : live_url);
    sandbox_ = target("pesapal_sandbox", sandbox_url);
}

const Traits& Pesapal::traits() const {
    static constexpr std::array<std::string_view, 7> currencies{"KES", "MWK", "RWF", "TZS", "UGX", "USD", "ZMW"};
    static const Traits traits{.name = "pesapal",
                               .title = "Pesapal",
                               .currencies = currencies,
                               .least = base::Money{1},
                               .most = base::Money{1'000'000'000},
                               .by_phone = true,  // of an e-mail address and a phone Pesapal demands one
                               .only_pages = true,
                               .registers = true,
                               .cancels = true,
                               .prompt_lives = page_lives};
    return traits;
}

std::expected<schema::Json, schema::ReadError> Pesapal::read_credentials(std::string_view json) const {
    const auto read = schema::parse<Credentials>(json);
    if (!read) return std::unexpected(read.error());
    return schema::Json{schema::to_json(*read)};
}

bool Pesapal::is_live(const schema::Json& credentials) const {
    const auto known = read<pesapal::Credentials>(credentials.text);
    return known && known->is_live();
}

std::string Pesapal::shown(const schema::Json& credentials) const {
    const auto known = read<Credentials>(credentials.text);
    if (!known) return {};
    const std::string_view key = known->consumer_key;
    if (key.size() <= 12) return std::string(key.substr(0, 2)) + "…";
    return std::string(key.substr(0, 4)).append("…").append(key.substr(key.size() - 4));
}

std::optional<Wire> Pesapal::wire_of(const Account& account, client::Call call) {
    auto credentials = read<Credentials>(account.credentials.text);
    if (!credentials) return std::nullopt;
    const auto* target = credentials->environment == pesapal::Environment::sandbox ? &sandbox_ : &live_;
    return Wire({.http = &http_,
                 .tokens = &tokens_,
                 .target = target,
                 .credentials = *std::move(credentials),
                 .call = std::move(call)});
}

async::Task<Answer> Pesapal::ipn_id(Wire* wire, const Account* account) {
    const auto url = address_of(*account);
    // The merchant's address holds a token of ours: a merchant has another one in each environment and with each key.
    const auto key = std::string(base::as_chars(base::sha256(url + "\n" + account->credentials.text)));
    if (const auto found = ipn_ids_.find(key); found != ipn_ids_.end())
        co_return Answer{.kind = Kind::done, .body = found->second};
    auto listed = co_await wire->get("/api/URLSetup/GetIpnList");
    if (listed.kind != Kind::done && listed.kind != Kind::refused) co_return listed;
    const auto list = read<std::vector<schema::Json>>(listed.body);
    auto id = list ? registered_id(*list, url) : std::string();
    if (id.empty()) {
        const pesapal::IpnRegistration registration{.url = url};
        const auto made = co_await wire->post("/api/URLSetup/RegisterIPN", schema::to_json(registration), true);
        if (made.kind != Kind::done) co_return made;
        const auto ipn = read<pesapal::Ipn>(made.body);
        id = ipn ? scalar(ipn->id) : std::string();
        if (!pesapal::is_id(id)) co_return Answer{.kind = Kind::not_taken, .code = "unreadable"};
    }
    if (ipn_ids_.size() >= most_ipn_ids) ipn_ids_.clear();
    ipn_ids_[key] = id;
    co_return Answer{.kind = Kind::done, .body = std::move(id)};
}

// ---- Orders -----------------------------------------------------------------------------------------------------

async::Task<Started> Pesapal::start(Account account, StartRequest request, client::Call call) {
    auto wire = wire_of(account, std::move(call));
    if (!wire) co_return Started{.evidence = of_reply(Finding::refused, "credentials_invalid")};
    if (request.return_url.empty()) co_return Started{.evidence = of_reply(Finding::refused, "return_url_missing")};
    const auto ipn = co_await ipn_id(&*wire, &account);
    if (ipn.kind != Kind::done) co_return Started{.evidence = not_prepared(ipn)};
    const auto order = pesapal::order_of(request, ipn.body);
    const auto answer = co_await wire->post("/api/Transactions/SubmitOrderRequest", schema::to_json(order));
    if (answer.kind == Kind::done) co_return submitted(answer, request.id);
    // It may be the address that Pesapal has forgotten: looked up anew next time.
    if (answer.kind == Kind::refused) std::erase_if(ipn_ids_, [&](const auto& one) { return one.second == ipn.body; });
    co_return Started{.evidence = not_started(answer)};
}

async::Task<Evidence> Pesapal::ask(Wire* wire, const AttemptRef* attempt) const {
    if (!pesapal::is_id(attempt->provider_id)) {
        const bool is_over = options_.clock->now() - attempt->created_at > page_lives;
        co_return is_over ? of_query(Finding::declined, "never_shown", "nobody was shown the page of this order")
                          : of_query(Finding::lost, "no_tracking_id");
    }
    const auto answer =
        co_await wire->get("/api/Transactions/GetTransactionStatus", {{"orderTrackingId", attempt->provider_id}});
    // An error that is none: nobody has paid, or tried to, so far.
    if (answer.code == "payment_details_not_found") co_return of_query(Finding::processing, answer.code);
    if (answer.kind != Kind::done) co_return of_query(Finding::lost, answer.code, answer.text);
    const auto status = read<pesapal::Status>(answer.body);
    co_return status ? pesapal::evidence_of(*status, *attempt) : of_query(Finding::lost, "unreadable");
}

async::Task<Evidence> Pesapal::query(Account account, AttemptRef attempt, client::Call call) {
    auto wire = wire_of(account, std::move(call));
    if (!wire) co_return of_query(Finding::lost, "credentials_invalid");
    co_return co_await ask(&*wire, &attempt);
}

async::Task<Evidence> Pesapal::cancel(Account account, AttemptRef attempt, client::Call call) {
    auto wire = wire_of(account, std::move(call));
    if (!wire) co_return of_query(Finding::lost, "credentials_invalid");
    if (pesapal::is_id(attempt.provider_id)) {
        const pesapal::Cancellation order{.tracking_id = attempt.provider_id};
        const auto answer = co_await wire->post("/api/Transactions/CancelOrder", schema::to_json(order), true);
        if (answer.kind == Kind::done) co_return of_reply(Finding::cancelled, "order_cancelled");
    }
    co_return co_await ask(&*wire, &attempt);
}

async::Task<Refunded> Pesapal::refund(Account /*account*/, RefundRequest /*request*/, client::Call /*call*/) {
    co_return Refunded{.outcome = Refunded::Outcome::refused, .code = "not_offered"};
}

// ---- Callbacks --------------------------------------------------------------------------------------------------

async::Task<Evidence> Pesapal::register_callbacks(Account account, client::Call call) {
    auto wire = wire_of(account, std::move(call));
    if (!wire) co_return of_reply(Finding::refused, "credentials_invalid");
    const auto ipn = co_await ipn_id(&*wire, &account);
    co_return ipn.kind == Kind::done ? of_reply(Finding::accepted, "200") : not_prepared(ipn);
}

async::Task<Provider::Pulled> Pesapal::pull(Account /*account*/, base::Timestamp /*since*/, client::Call /*call*/) {
    co_return Pulled{.is_offered = false, .text = "Pesapal is asked about each order, not about all"};
}

std::expected<VerifiedCallback, CallbackRefusal> Pesapal::verify_callback(const Account& /*account*/,
                                                                          std::string_view kind, std::string_view bytes,
                                                                          const http::Headers& /*headers*/,
                                                                          base::Timestamp /*now*/) const {
    auto callback = read_callback(kind, bytes);
    if (!callback) return std::unexpected(CallbackRefusal{.status = 404, .detail = "Pesapal has no such callback"});
    return *std::move(callback);
}

std::optional<VerifiedCallback> Pesapal::read_callback(std::string_view kind, std::string_view bytes) const {
    if (kind != "ipn") return std::nullopt;
    return pesapal::read_ipn(bytes);
}

}  // namespace payments
