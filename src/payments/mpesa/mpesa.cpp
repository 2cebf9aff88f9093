#include "payments/mpesa/mpesa.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "payments/mpesa/answers.h"
#include "payments/mpesa/callback_url.h"
#include "payments/mpesa/callbacks.h"
#include "payments/mpesa/credentials.h"
#include "payments/mpesa/messages.h"
#include "payments/mpesa/phone.h"
#include "payments/mpesa/values.h"

namespace payments {

using namespace std::chrono_literals;

namespace {

using mpesa::Answered;
using mpesa::Credentials;
using mpesa::Problem;

constexpr std::string_view live_url = "https://api.safaricom.co.ke";
constexpr std::string_view sandbox_url = "https://sandbox.safaricom.co.ke";

constexpr std::int64_t shilling = 100;
constexpr base::Money least{1 * shilling};
constexpr base::Money most{250'000 * shilling};

// As far back as Daraja's list goes, and how much of it is read at once.
constexpr std::chrono::hours pulled_hours{48};
constexpr std::size_t most_pages = 50;

Evidence of_reply(Finding finding, std::string code, std::string text = {}) {
    return {.source = Source::reply, .finding = finding, .code = std::move(code), .text = std::move(text)};
}
Evidence of_query(Finding finding, std::string code, std::string text = {}) {
    return {.source = Source::query, .finding = finding, .code = std::move(code), .text = std::move(text)};
}

bool is_payable(base::Money amount) { return amount >= least && amount <= most && amount.minor % shilling == 0; }

std::string id_or_empty(const schema::Json& member) {
    auto id = mpesa::scalar_or_empty(member);
    return mpesa::is_checkout_id(id) ? id : "";
}

// Of a prompt's 200. Accepted is what says so, and has an id to ask by; refused is what says another code.
Evidence prompted(std::string_view body) {
    const auto answer = mpesa::read<Answered>(body);
    if (!answer) return of_reply(Finding::lost, "unreadable");
    const auto code = mpesa::scalar_or_empty(answer->response_code);
    auto evidence =
        of_reply(Finding::lost, "unreadable", mpesa::shown_text(mpesa::scalar_or_empty(answer->response_text)));
    evidence.provider_id = id_or_empty(answer->checkout_id);
    evidence.second_id = id_or_empty(answer->merchant_id);
    if (!mpesa::is_result_code(code)) return evidence;
    // Its numbers are not those of a prompt's results: 0 is not "paid", and 1 is not "no money".
    if (code != "0") evidence.finding = Finding::refused;
    if (code == "0" && !evidence.provider_id.empty()) evidence.finding = Finding::accepted;
    if (evidence.finding == Finding::accepted) evidence.code.clear();
    if (evidence.finding == Finding::refused) evidence.code = "response:" + code;
    return evidence;
}

// Of a query's 200. It names neither amount nor receipt; they come with the callback, a confirmation or a pull.
Evidence queried(std::string_view body, const std::string& checkout_id) {
    const auto answer = mpesa::read<Answered>(body);
    const bool is_whole =
        answer && mpesa::scalar(answer->response_code) == "0" && mpesa::scalar(answer->checkout_id) == checkout_id;
    if (!is_whole) return of_query(Finding::lost, "unreadable");
    const auto code = mpesa::scalar_or_empty(answer->result_code);
    const auto finding = mpesa::finding_of_queried(code);
    auto evidence = of_query(finding, mpesa::is_result_code(code) ? code : "unreadable",
                             mpesa::shown_text(mpesa::scalar_or_empty(answer->result_text)));
    evidence.provider_id = checkout_id;
    evidence.second_id = id_or_empty(answer->merchant_id);
    return evidence;
}

// Of a registration's 200, whose code is "0", or of a pull "1000"; 1001: it was registered before.
Evidence registered(std::string_view body) {
    const auto answer = mpesa::read<Answered>(body);
    if (!answer) return of_reply(Finding::lost, "unreadable");
    auto code = mpesa::scalar_or_empty(answer->response_code);
    if (code.empty()) code = mpesa::scalar_or_empty(answer->response_status);
    const auto text = mpesa::shown_text(mpesa::scalar_or_empty(answer->response_text));
    if (!mpesa::is_result_code(code)) return of_reply(Finding::lost, "unreadable", text);
    const bool is_there = code == "0" || code == "00000000" || code == "1000" || code == "1001";
    return of_reply(is_there ? Finding::accepted : Finding::refused, code, text);
}

Evidence not_registered(const Problem& problem) {
    return of_reply(mpesa::finding_of_registration(problem), problem.code, problem.text);
}

}  // namespace

Mpesa::Mpesa(client::Client& http, async::Loop& loop, redis::Client* redis, const logging::Logger& logger,
             observe::Metrics& metrics, MpesaOptions options)
    : http_(http),
      logger_(logger.child({{"provider", "mpesa"}})),
      options_(std::move(options)),
      production_(host_of("production", options_.sandbox_only ? sandbox_url : live_url, options_)),
      sandbox_(host_of("sandbox", sandbox_url, options_)),
      tokens_(http, loop, redis, metrics),
      limiter_(loop, redis, {.prefix = "mpesa-rate:"}, metrics),
      limited_(
          metrics.counter("mpesa_queries_limited_total", "Queries of M-Pesa that were put off by our own limit.")) {}

// A query that waits for the payer is answered with a 500, and so is each wrong set-up of an account: no sign of an outage, so nothing opens the
// breaker.
Mpesa::Host Mpesa::host_of(std::string_view environment, std::string_view url, const MpesaOptions& options) {
    Host host{.name = std::string(environment), .asking = {}, .prompting = {}};
    host.asking = {.name = fmt::format("mpesa_{}", environment),
                   .base_url = options.base_url.value_or(std::string(url)),
                   .deadlines = {.connect = 5s, .first_byte = 30s, .whole = 30s},
                   .retry = options.retry,
                   .breaker = {.failing = 2}};
    host.prompting = host.asking;
    host.prompting.name += "_prompt";
    host.prompting.retry.attempts = 1;
    return host;
}

mpesa::Wire Mpesa::wire_of(const Credentials& credentials, const client::Call& call) {
    const auto& host = credentials.environment == mpesa::Environment::sandbox ? sandbox_ : production_;
    return mpesa::Wire({.http = &http_,
                        .tokens = &tokens_,
                        .owner = {.target = &host.asking,
                                  .host = host.name + " " + host.asking.base_url,
                                  .consumer_key = credentials.consumer_key,
                                  .consumer_secret = credentials.consumer_secret},
                        .logger = logger_,
                        .call = call});
}

const Traits& Mpesa::traits() const {
    static constexpr std::array<std::string_view, 1> currencies{"KES"};
    static const Traits traits{.name = "mpesa",
                               .title = "M-Pesa",
                               .currencies = currencies,
                               .least = least,
                               .most = most,
                               .step = shilling,
                               .by_phone = true,
                               .refunds = false,
                               .registers = true,
                               .pulls = true,
                               .cancels = false,
                               .prompt_lives = 90s,
                               .resend_within = {}};
    return traits;
}

std::expected<schema::Json, schema::ReadError> Mpesa::read_credentials(std::string_view json) const {
    const auto read = schema::parse<Credentials>(json);
    if (!read) return std::unexpected(read.error());
    return schema::Json{schema::to_json(*read)};
}

bool Mpesa::is_live(const schema::Json& credentials) const {
    const auto known = mpesa::read_credentials(credentials.text);
    return known && known->is_live();
}

std::string Mpesa::shown(const schema::Json& credentials) const {
    const auto read = mpesa::read_credentials(credentials.text);
    if (!read) return {};
    return read->goods_number ? fmt::format("{} / {}", read->short_code, *read->goods_number) : read->short_code;
}

// ---- Prompts ----------------------------------------------------------------------------------------------------

async::Task<Started> Mpesa::start(Account account, StartRequest request, client::Call call) {
    const auto credentials = mpesa::read_credentials(account.credentials.text);
    if (!credentials || !credentials->passkey) co_return Started{of_reply(Finding::refused, "credentials_invalid")};
    auto phone = mpesa::normalise_phone(request.phone);
    if (!phone) co_return Started{of_reply(Finding::refused, "phone_invalid")};
    if (request.currency != "KES" || !is_payable(request.amount))
        co_return Started{of_reply(Finding::refused, "amount_invalid")};
    // With the attempt's id: M-Pesa's own is learnt by its reply, which may be lost.
    const auto callback_url = fmt::format("{}/stk/{}", account.callback_url, request.id.to_string());
    if (!mpesa::forbidden_word(callback_url).empty())
        co_return Started{of_reply(Finding::refused, "callback_url_refused")};
    request.phone = *std::move(phone);

    const auto push = mpesa::prompt_of(*credentials, request, callback_url, options_.clock->now());
    const auto& host = credentials->environment == mpesa::Environment::sandbox ? sandbox_ : production_;
    auto wire = wire_of(*credentials, call);
    const auto body = co_await wire.post(&host.prompting, "/mpesa/stkpush/v1/processrequest", schema::to_json(push));
    if (body) co_return Started{prompted(*body)};
    const auto& problem = body.error();
    co_return Started{of_reply(mpesa::finding_of_prompt(problem), problem.code, problem.text)};
}

async::Task<Evidence> Mpesa::query(Account account, AttemptRef attempt, client::Call call) {
    const auto credentials = mpesa::read_credentials(account.credentials.text);
    if (!credentials) co_return of_query(Finding::lost, "credentials_invalid");
    if (!mpesa::is_checkout_id(attempt.provider_id)) co_return of_query(Finding::lost, "no_checkout_id");
    const auto& host = credentials->environment == mpesa::Environment::sandbox ? sandbox_ : production_;
    const auto verdict = co_await limiter_.take(
        {{.key = fmt::format("query:{}:{}", host.name, credentials->short_code), .limit = options_.queries}});
    if (!verdict.allowed) {
        limited_.increment();
        co_return of_query(Finding::lost, "query_limit");
    }
    const auto query = mpesa::query_of(*credentials, attempt.provider_id, options_.clock->now());
    auto wire = wire_of(*credentials, call);
    const auto body = co_await wire.post(&host.asking, "/mpesa/stkpushquery/v1/query", schema::to_json(query));
    if (body) co_return queried(*body, attempt.provider_id);
    const auto& problem = body.error();
    co_return of_query(mpesa::finding_of_query(problem), problem.code, problem.text);
}

async::Task<Refunded> Mpesa::refund(Account /*account*/, RefundRequest /*request*/, client::Call /*call*/) {
    co_return Refunded{.outcome = Refunded::Outcome::refused, .code = "not_offered"};
}

async::Task<Evidence> Mpesa::cancel(Account /*account*/, AttemptRef /*attempt*/, client::Call /*call*/) {
    co_return of_query(Finding::lost, "not_offered");
}

// ---- Money that comes by itself ---------------------------------------------------------------------------------

async::Task<Evidence> Mpesa::register_callbacks(Account account, client::Call call) {
    const auto credentials = mpesa::read_credentials(account.credentials.text);
    if (!credentials) co_return of_reply(Finding::refused, "credentials_invalid");
    if (!mpesa::forbidden_word(account.callback_url).empty())
        co_return of_reply(Finding::refused, "callback_url_refused");
    const auto& host = credentials->environment == mpesa::Environment::sandbox ? sandbox_ : production_;
    auto wire = wire_of(*credentials, call);
    // Completed: what cannot be validated in time is taken.
    const mpesa::C2bRegistration urls{.short_code = credentials->short_code,
                                      .response_type = "Completed",
                                      .confirmation_url = account.callback_url + "/confirm",
                                      .validation_url = account.callback_url + "/validate"};
    const auto body = co_await wire.post(&host.asking, "/mpesa/c2b/v2/registerurl", schema::to_json(urls));
    auto evidence = body ? registered(*body) : not_registered(body.error());
    if (evidence.finding != Finding::accepted || !credentials->nominated_number) co_return evidence;

    const mpesa::PullRegistration pulling{.short_code = credentials->short_code,
                                          .request_type = "Pull",
                                          .nominated_number = *credentials->nominated_number,
                                          .callback_url = account.callback_url + "/confirm"};
    const auto pulled = co_await wire.post(&host.asking, "/pulltransactions/v1/register", schema::to_json(pulling));
    co_return pulled ? registered(*pulled) : not_registered(pulled.error());
}

async::Task<Provider::Pulled> Mpesa::pull(Account account, base::Timestamp since, client::Call call) {
    const auto credentials = mpesa::read_credentials(account.credentials.text);
    if (!credentials) co_return Pulled{.claims = {}, .whole = false, .text = "credentials_invalid"};
    if (!credentials->nominated_number) {
        co_return Pulled{.claims = {}, .whole = false, .is_offered = false, .text = "no nominatedNumber"};
    }
    const auto& host = credentials->environment == mpesa::Environment::sandbox ? sandbox_ : production_;
    const auto now = options_.clock->now();
    const auto from = std::max(since, now - std::chrono::duration_cast<std::chrono::microseconds>(pulled_hours));
    auto wire = wire_of(*credentials, call);
    Pulled pulled;
    for (std::size_t page = 0, offset = 0; page < most_pages; ++page) {
        const mpesa::PullQuery query{.short_code = credentials->short_code,
                                     .from = mpesa::spaced_time(from),
                                     .to = mpesa::spaced_time(now),
                                     .offset = std::to_string(offset)};
        const auto body = co_await wire.post(&host.asking, "/pulltransactions/v1/query", schema::to_json(query));
        if (!body) {
            pulled.text = fmt::format("{} {}", body.error().code, body.error().text);
            co_return pulled;
        }
        const auto answer = mpesa::read<Answered>(*body);
        const auto code = answer ? mpesa::scalar_or_empty(answer->response_code) : "unreadable";
        auto found = answer && code == "1000" ? mpesa::read_pulled(answer->response, credentials->short_code)
                                              : mpesa::PulledPage{};
        // A list that begins anew has no pages.
        const bool is_repeated = offset > 0 && !found.claims.empty() && !pulled.claims.empty() &&
                                 found.claims.front().dedupe_key == pulled.claims.front().dedupe_key;
        if (is_repeated) found = {};
        offset += found.count;
        std::ranges::move(found.claims, std::back_inserter(pulled.claims));
        // 1001: there are none, or none any more.
        pulled.whole = code == "1001" || (code == "1000" && found.count == 0);
        if (!pulled.whole && code != "1000") pulled.text = fmt::format("ResponseCode {}", mpesa::shown_text(code));
        if (found.count == 0) co_return pulled;
    }
    pulled.text = "more pages than are read at once";
    co_return pulled;
}

// ---- Callbacks --------------------------------------------------------------------------------------------------

std::expected<VerifiedCallback, CallbackRefusal> Mpesa::verify_callback(const Account& /*account*/,
                                                                        std::string_view kind, std::string_view bytes,
                                                                        const http::Headers& /*headers*/,
                                                                        base::Timestamp /*now*/) const {
    auto callback = read_callback(kind, bytes);
    if (!callback) return std::unexpected(CallbackRefusal{.status = 404, .detail = "no such kind of callback"});
    return *std::move(callback);
}

std::optional<VerifiedCallback> Mpesa::read_callback(std::string_view kind, std::string_view bytes) const {
    return mpesa::read_callback(kind, bytes);
}

std::string Mpesa::shown_reference(std::string_view reference) const { return mpesa::shown_reference(reference); }

Saying Mpesa::saying(std::string_view code, std::string_view language) const {
    return mpesa::saying_of(code, language);
}

}  // namespace payments
