// Money that goes out of an account. Daraja only takes the request; what becomes of it comes to the result's URL.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "payments/mpesa/answers.h"
#include "payments/mpesa/callback_url.h"
#include "payments/mpesa/initiator.h"
#include "payments/mpesa/mpesa.h"
#include "payments/mpesa/phone.h"
#include "payments/mpesa/results.h"
#include "payments/mpesa/values.h"

namespace payments {

namespace {

using mpesa::Credentials;
using mpesa::Problem;
using mpesa::ResultUrls;

constexpr std::int64_t shilling = 100;
constexpr PayoutLimits limits{
    .currency = "KES", .least = {10 * shilling}, .most = {250'000 * shilling}, .step = shilling};

PayoutEvidence of_reply(PayoutFinding finding, std::string code, std::string text = {}) {
    return {.source = PayoutSource::reply, .finding = finding, .code = std::move(code), .text = std::move(text)};
}
PayoutEvidence refused(std::string code) { return of_reply(PayoutFinding::refused, std::move(code)); }

struct Taken {
    schema::Json originator_id;
    schema::Json conversation_id;
    schema::Json code;
    schema::Json text;

    friend constexpr auto describe(Taken*) {
        using schema::field;
        constexpr auto member = schema::PlainRules{.defaulted = true};
        return schema::object<Taken>("MpesaTaken", field<&Taken::originator_id>("OriginatorConversationID", member),
                                     field<&Taken::conversation_id>("ConversationID", member),
                                     field<&Taken::code>("ResponseCode", member),
                                     field<&Taken::text>("ResponseDescription", member));
    }
};

std::string id_or_empty(const schema::Json& member) {
    auto id = mpesa::scalar_or_empty(member);
    return mpesa::is_checkout_id(id) ? id : "";
}

// A 200 says no more than that it was taken. Of a payout Daraja's own name counts; of a reversal, which has no name of ours, the other.
PayoutEvidence taken(std::string_view body, bool is_reversal) {
    const auto answer = mpesa::read<Taken>(body);
    if (!answer) return of_reply(PayoutFinding::lost, "unreadable");
    const auto code = mpesa::scalar_or_empty(answer->code);
    auto evidence =
        of_reply(PayoutFinding::lost, "unreadable", mpesa::shown_text(mpesa::scalar_or_empty(answer->text)));
    evidence.conversation_id = id_or_empty(is_reversal ? answer->originator_id : answer->conversation_id);
    if (!mpesa::is_result_code(code)) return evidence;
    evidence.finding = code == "0" ? PayoutFinding::accepted : PayoutFinding::refused;
    // Of the acknowledgement: results have the same numbers, and mean other things.
    evidence.code = code == "0" ? code : "response:" + code;
    return evidence;
}

PayoutEvidence not_taken(const Problem& problem) {
    // It has this name already, so that it was taken before.
    if (problem.code == "500.002.1001:duplicate") return of_reply(PayoutFinding::accepted, problem.code, problem.text);
    switch (mpesa::finding_of_prompt(problem)) {
        case Finding::refused: return of_reply(PayoutFinding::refused, problem.code, problem.text);
        case Finding::not_sent: return of_reply(PayoutFinding::not_sent, problem.code, problem.text);
        default: return of_reply(PayoutFinding::lost, problem.code, problem.text);
    }
}

// What became of a question: whether it will be answered.
PayoutEvidence asked(PayoutEvidence evidence) {
    evidence.source = PayoutSource::answer;
    evidence.conversation_id.clear();  // of the question
    const bool is_taken = evidence.finding == PayoutFinding::accepted;
    evidence.finding = is_taken ? PayoutFinding::processing : PayoutFinding::lost;
    return evidence;
}

ResultUrls urls_of(const Account& account, std::string_view kind, base::Uuid id) {
    return {.timeout = fmt::format("{}/timeout/{}", account.callback_url, id.to_string()),
            .result = fmt::format("{}/{}/{}", account.callback_url, kind, id.to_string())};
}

// What is wrong before anything is sent; "": nothing.
std::string fault_of(const std::optional<Credentials>& credentials, const Account& account) {
    if (!credentials) return "credentials_invalid";
    if (!credentials->has_initiator()) return "initiator_missing";
    return mpesa::forbidden_word(account.callback_url).empty() ? "" : "callback_url_refused";
}

// Whoever paid in another way meanwhile would pay twice: the words for prompts would have them try again.
Saying waiting_to_be_sent(std::string_view code, bool is_swahili) {
    struct Cause {
        std::string_view english;
        std::string_view swahili;
    };
    constexpr Cause busy{"M-Pesa is busy.", "M-Pesa ina shughuli nyingi."};
    constexpr Cause unreached{"M-Pesa was not reached.", "M-Pesa haikupatikana."};
    constexpr Cause setup{"M-Pesa refuses the set-up of this account: the owner has to look at it.",
                          "M-Pesa imekataa mipangilio ya akaunti: mwenye duka aiangalie."};
    const auto known = mpesa::rows();
    const auto row = std::ranges::find(known, code, &mpesa::Row::code);
    const bool is_setup = row != known.end() && row->meaning == mpesa::Meaning::token;
    const bool is_unreached = code == "connect" || code == "name" || code == "tls" || code == "no_token";
    const auto& cause = is_setup ? setup : is_unreached ? unreached : busy;
    return {.text = is_swahili
                        ? fmt::format("{} Hakuna pesa iliyotoka bado. Malipo hayo hayo yatatumwa tena yenyewe, kwa "
                                      "siku moja: usilipe kwa njia nyingine.",
                                      cause.swahili)
                        : fmt::format("{} No money moved yet. The same payment is sent again by itself, for a "
                                      "day: do not pay in another way meanwhile.",
                                      cause.english)};
}

// Nobody knows yet, or will by themselves: what one sending was told ends nothing, and whoever sends it anew pays twice.
Saying not_known(PayoutState state, bool is_swahili) {
    if (state == PayoutState::unknown) {
        return {
            .text =
                is_swahili
                    ? "Haijulikani kama pesa imetoka. Angalia kwenye tovuti ya M-Pesa, kisha useme ilivyo. Usilipe "
                      "upya kabla ya hapo."
                    : "It is not known whether the money has gone out. Look into the M-Pesa portal, and say what it "
                      "has. Do not pay anew before."};
    }
    return {.text = is_swahili
                        ? "Bado haijulikani kama pesa imetoka: M-Pesa inaulizwa. Subiri; usilipe kwa njia nyingine."
                        : "It is not known yet whether the money has gone out: M-Pesa is being asked. Wait, and do not "
                          "pay in another way."};
}

// What ended it before M-Pesa took it. The words for prompts are about a customer who is asked to pay.
Saying not_begun(std::string_view code, bool is_swahili) {
    struct Words {
        std::string_view code;
        std::string_view english;
        std::string_view swahili;
        bool may_try_again = false;
    };
    constexpr auto own = std::to_array<Words>({
        {"initiator_missing", "The account has no initiator: the owner has to add one.",
         "Akaunti haina mwanzilishi (initiator): mwenye duka aongeze."},
        {"receipt_invalid", "The receipt of the payment is not known.", "Risiti ya malipo haijulikani."},
        {"amount_invalid", "M-Pesa sends whole shillings, 10 to 250,000.",
         "M-Pesa hutuma shilingi kamili, 10 hadi 250,000."},
        {"phone_invalid", "This is not a mobile number of Kenya. Check it.",
         "Hii si namba ya simu ya Kenya. Ihakikishe."},
        {"not_offered", "M-Pesa does not offer this here. It is done by hand.",
         "M-Pesa haitoi huduma hii hapa. Hufanywa kwa mkono."},
        {"500.001.1001:locked",
         "M-Pesa is working on another payment of this account or phone. No money moved. Wait a minute, then pay out "
         "anew.",
         "M-Pesa inashughulikia malipo mengine ya akaunti au simu hii. Hakuna pesa iliyotoka. Subiri dakika moja, "
         "kisha ulipe "
         "upya.",
         true},
    });
    if (const auto* const found = std::ranges::find(own, code, &Words::code); found != own.end()) {
        return {.text = std::string(is_swahili ? found->swahili : found->english),
                .may_try_again = found->may_try_again};
    }
    const auto meaning = mpesa::meaning_of_code(code);
    const bool is_setup = meaning == mpesa::Meaning::token || code == "credentials_invalid" ||
                          code == "callback_url_refused" || code == "empty_400" || code.starts_with("500.001.1001:") ||
                          code.starts_with("400.008.");
    if (is_setup) {
        return {.text =
                    is_swahili
                        ? "M-Pesa imekataa mipangilio ya akaunti. Hakuna pesa iliyotoka. Mwenye duka aiangalie."
                        : "M-Pesa refuses the set-up of this account. No money moved. The owner has to look at it."};
    }
    if (meaning == mpesa::Meaning::not_taken) {
        return {.text = is_swahili ? "M-Pesa haikuyapokea kwa siku nzima. Hakuna pesa iliyotoka. Lipa upya."
                                   : "M-Pesa did not take it for a day. No money moved. Pay out anew.",
                .may_try_again = true};
    }
    return {.text = is_swahili ? "M-Pesa haikukubali ombi. Hakuna pesa iliyotoka. Mjulishe mwenye duka."
                               : "M-Pesa did not accept the request. No money moved. Tell the owner."};
}

// What has failed, while its last code says something else.
Saying ended(std::string_view code, bool is_swahili) {
    if (mpesa::finding_of_payout(code) == PayoutFinding::busy) {
        return {.text = is_swahili
                            ? "M-Pesa ilikuwa na shughuli nyingi kila ilipotumwa. Hakuna pesa iliyotoka. Lipa upya."
                            : "M-Pesa was busy each time it was sent. No money moved. Pay out anew.",
                .may_try_again = true};
    }
    return {.text = is_swahili ? "Imefungwa kama haikutoka: hakuna pesa iliyotoka. Lipa upya."
                               : "It was settled as not sent: no money moved. Pay out anew.",
            .may_try_again = true};
}

bool is_whole(base::Money amount, base::Money least) {
    return amount >= least && amount <= limits.most && amount.minor % limits.step == 0;
}

}  // namespace

const PayoutLimits& Mpesa::payout_limits() const { return limits; }

bool Mpesa::pays_out(const Account& account) const {
    const auto credentials = mpesa::read_credentials(account.credentials.text);
    return credentials && credentials->has_initiator();
}

async::Task<PayoutEvidence> Mpesa::request(Credentials credentials, bool once, std::string_view path, std::string json,
                                           client::Call call) {
    const auto& host = credentials.environment == mpesa::Environment::sandbox ? sandbox_ : production_;
    auto wire = wire_of(credentials, call);
    const auto body = co_await wire.post(once ? &host.prompting : &host.asking, std::string(path), std::move(json));
    co_return body ? taken(*body, path == mpesa::reversal_path) : not_taken(body.error());
}

async::Task<PayoutEvidence> Mpesa::pay_out(Account account, PayoutRequest request, client::Call call) {
    const auto credentials = mpesa::read_credentials(account.credentials.text);
    if (auto fault = fault_of(credentials, account); !fault.empty()) co_return refused(std::move(fault));
    auto phone = mpesa::normalise_phone(request.phone);
    if (!phone) co_return refused("phone_invalid");
    if (!is_whole(request.amount, limits.least)) co_return refused("amount_invalid");
    request.phone = *std::move(phone);
    const auto body = mpesa::payout_of(*credentials, urls_of(account, "result", request.id), request);
    if (!body) co_return refused("initiator_missing");
    co_return co_await this->request(*credentials, true, mpesa::payout_path, schema::to_json(*body), std::move(call));
}

async::Task<PayoutEvidence> Mpesa::reverse(Account account, ReversalRequest request, client::Call call) {
    const auto credentials = mpesa::read_credentials(account.credentials.text);
    if (auto fault = fault_of(credentials, account); !fault.empty()) co_return refused(std::move(fault));
    if (!mpesa::is_receipt(request.receipt)) co_return refused("receipt_invalid");
    if (!is_whole(request.amount, base::Money{shilling})) co_return refused("amount_invalid");
    const auto body = mpesa::reversal_of(*credentials, urls_of(account, "result", request.id), request);
    if (!body) co_return refused("initiator_missing");
    co_return co_await this->request(*credentials, true, mpesa::reversal_path, schema::to_json(*body), std::move(call));
}

async::Task<PayoutEvidence> Mpesa::ask_payout(Account account, PayoutRef payout, client::Call call) {
    const auto credentials = mpesa::read_credentials(account.credentials.text);
    if (auto fault = fault_of(credentials, account); !fault.empty()) co_return asked(refused(std::move(fault)));
    // Daraja has made up the name of a reversal, and its reply was lost.
    const auto id = payout.is_reversal ? payout.conversation_id : payout.id.to_string();
    if (id.empty()) co_return asked(refused("no_conversation_id"));
    auto body = mpesa::status_of(*credentials, urls_of(account, "status", payout.id), id);
    if (!body) co_return asked(refused("initiator_missing"));
    co_return asked(co_await request(*credentials, false, mpesa::status_path, schema::to_json(*body), std::move(call)));
}

async::Task<PayoutEvidence> Mpesa::ask_balance(Account account, client::Call call) {
    const auto credentials = mpesa::read_credentials(account.credentials.text);
    if (auto fault = fault_of(credentials, account); !fault.empty()) co_return asked(refused(std::move(fault)));
    const auto body = mpesa::balance_of(
        *credentials, {.timeout = account.callback_url + "/timeout", .result = account.callback_url + "/balance"});
    if (!body) co_return asked(refused("initiator_missing"));
    co_return asked(
        co_await request(*credentials, false, mpesa::balance_path, schema::to_json(*body), std::move(call)));
}

PayoutEvidence Mpesa::read_payout_result(std::string_view kind, std::string_view bytes, const PayoutRef& payout) const {
    return mpesa::read_result(kind, bytes, payout);
}

std::optional<std::vector<Purse>> Mpesa::read_balance(std::string_view bytes) const {
    return mpesa::read_balance(bytes);
}

Saying Mpesa::payout_saying(std::string_view code, PayoutState state, std::string_view language) const {
    const bool is_swahili = language.starts_with("sw");
    if (state == PayoutState::created) return code.empty() ? Saying{} : waiting_to_be_sent(code, is_swahili);
    const bool is_final = ::payments::is_final(state);
    // By the state: what a code said last may have been of a sending, and a person may have settled it since.
    if (state == PayoutState::succeeded) return code.empty() ? Saying{} : *mpesa::payout_saying_of("0", language);
    if (state == PayoutState::failed && mpesa::payout_saying_of(code, language) &&
        mpesa::finding_of_payout(code) != PayoutFinding::failed)
        return ended(code, is_swahili);
    auto of_result = mpesa::payout_saying_of(code, language);
    // A code that says no end has words of its own; one that says an end was said of one sending of several.
    if (of_result && (is_final || mpesa::finding_of_payout(code) == PayoutFinding::processing))
        return *std::move(of_result);
    if (!is_final) return state == PayoutState::pending && code.empty() ? Saying{} : not_known(state, is_swahili);
    return code.empty() ? Saying{} : not_begun(code, is_swahili);
}

}  // namespace payments
