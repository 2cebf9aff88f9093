#include "payments/mpesa/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "payments/mpesa/phone.h"
#include "payments/mpesa/values.h"

namespace payments::mpesa {

namespace {

using schema::field;
using schema::Json;

constexpr auto member = schema::PlainRules{.defaulted = true};
constexpr std::size_t longest_name = 100;
constexpr std::size_t longest_status = 40;
constexpr std::size_t most_purses = 20;

struct Outer {
    Json result;
    friend constexpr auto describe(Outer*) {
        return schema::object<Outer>("MpesaResultOuter", field<&Outer::result>("Result", member));
    }
};
struct Result {
    Json code;
    Json text;
    Json originator_id;
    Json conversation_id;
    Json transaction_id;
    Json parameters;
    friend constexpr auto describe(Result*) {
        return schema::object<Result>("MpesaResult", field<&Result::code>("ResultCode", member),
                                      field<&Result::text>("ResultDesc", member),
                                      field<&Result::originator_id>("OriginatorConversationID", member),
                                      field<&Result::conversation_id>("ConversationID", member),
                                      field<&Result::transaction_id>("TransactionID", member),
                                      field<&Result::parameters>("ResultParameters", member));
    }
};
struct Parameters {
    Json list;
    friend constexpr auto describe(Parameters*) {
        return schema::object<Parameters>("MpesaResultParameters", field<&Parameters::list>("ResultParameter", member));
    }
};
struct Parameter {
    Json key;
    Json value;
    friend constexpr auto describe(Parameter*) {
        return schema::object<Parameter>("MpesaResultParameter", field<&Parameter::key>("Key", member),
                                         field<&Parameter::value>("Value", member));
    }
};

template <class T>
std::optional<T> inside(const Json& json) {
    if (!json.text.starts_with('{')) return std::nullopt;
    return read<T>(json.text);
}

// A list, or its one element by itself.
std::vector<Json> elements(const Json& json) {
    if (json.text.starts_with('{')) return {json};
    if (!json.text.starts_with('[')) return {};
    auto list = schema::parse<std::vector<Json>>(json.text, {.max_bytes = json.text.size(), .lenient = true});
    return list ? *std::move(list) : std::vector<Json>();
}

// Of a result; "" where it has none of that name.
class Values {
public:
    explicit Values(const Json& json) {
        const auto parameters = inside<Parameters>(json);
        if (!parameters) return;
        for (const auto& element : elements(parameters->list)) {
            if (const auto one = inside<Parameter>(element))
                all_.emplace_back(scalar_or_empty(one->key), scalar_or_empty(one->value));
        }
    }
    [[nodiscard]] std::string get(std::string_view name) const {
        const auto found = std::ranges::find(all_, name, &std::pair<std::string, std::string>::first);
        return found == all_.end() ? std::string() : found->second;
    }

private:
    std::vector<std::pair<std::string, std::string>> all_;
};

// "19.12.2019 11:45:50", in Nairobi; or as elsewhere.
std::optional<base::Timestamp> moment(const std::string& text) {
    if (text.size() != 19 || text[2] != '.' || text[5] != '.') return time_of(text);
    return time_of(
        fmt::format("{}-{}-{} {}", text.substr(6, 4), text.substr(3, 2), text.substr(0, 2), text.substr(11)));
}

std::string cut(std::string text, std::size_t most) {
    if (text.size() > most) text.resize(most);
    while (!text.empty() && !base::is_utf8(text)) text.pop_back();
    return text;
}
std::string name_of(const std::string& text) { return cut(mask_phones(text), longest_name); }

bool is_other(const std::string& named, std::string_view ours) {
    return !named.empty() && !ours.empty() && !base::iequals(named, ours);
}

PayoutEvidence said(PayoutSource source, PayoutFinding finding, std::string code = {}, std::string text = {}) {
    return {.source = source, .finding = finding, .code = std::move(code), .text = std::move(text)};
}

// Of the request itself. Of a reversal Daraja has made up the name, which only its reply has told us.
PayoutEvidence of_request(const Result& result, const PayoutRef& payout) {
    const auto code = scalar_or_empty(result.code);
    const auto originator = scalar_or_empty(result.originator_id);
    const auto ours = payout.is_reversal ? payout.conversation_id : payout.id.to_string();
    const bool is_ours =
        !payout.conversation_id.empty() && scalar_or_empty(result.conversation_id) == payout.conversation_id;
    if (!is_result_code(code) || (!is_ours && is_other(originator, ours)))
        return said(PayoutSource::result, PayoutFinding::processing, "unreadable");
    auto evidence = said(PayoutSource::result, finding_of_payout(code), code, shown_text(scalar_or_empty(result.text)));
    // By the name that the reply to a sending gave: each sending has its own.
    const auto name = payout.is_reversal ? originator : scalar_or_empty(result.conversation_id);
    if (is_checkout_id(name)) evidence.conversation_id = name;
    if (evidence.finding != PayoutFinding::paid) return evidence;
    const Values values(result.parameters);
    const auto receipt = values.get("TransactionReceipt");
    evidence.receipt = receipt.empty() ? scalar_or_empty(result.transaction_id) : receipt;
    if (!is_receipt(evidence.receipt)) evidence.receipt.clear();
    evidence.amount = money_of(values.get(payout.is_reversal ? "Amount" : "TransactionAmount"));
    evidence.recipient = name_of(values.get(payout.is_reversal ? "CreditPartyPublicName" : "ReceiverPartyPublicName"));
    evidence.at = moment(values.get(payout.is_reversal ? "TransCompletedTime" : "TransactionCompletedDateTime"));
    return evidence;
}

PayoutFinding finding_of_status(std::string_view status) {
    if (base::iequals(status, "Completed")) return PayoutFinding::paid;
    for (const auto* const end : {"Failed", "Cancelled", "Declined", "Expired"})
        if (base::iequals(status, end)) return PayoutFinding::failed;
    return PayoutFinding::processing;
}

// Of our question. That it could not be answered says nothing of the money.
PayoutEvidence of_question(const Result& result, const PayoutRef& payout) {
    const auto code = scalar_or_empty(result.code);
    if (code != "0")
        return said(PayoutSource::answer, PayoutFinding::lost, is_result_code(code) ? "status:" + code : "unreadable",
                    shown_text(scalar_or_empty(result.text)));
    const Values values(result.parameters);
    const auto ours = payout.is_reversal ? payout.conversation_id : payout.id.to_string();
    if (is_other(values.get("OriginatorConversationID"), ours))
        return said(PayoutSource::answer, PayoutFinding::processing, "unreadable");
    const auto status = values.get("TransactionStatus");
    auto evidence = said(PayoutSource::answer, finding_of_status(status), cut(shown_text(status), longest_status));
    evidence.receipt = values.get("ReceiptNo");
    if (!is_receipt(evidence.receipt)) evidence.receipt.clear();
    evidence.amount = money_of(values.get("Amount"));
    evidence.recipient = name_of(values.get("CreditPartyName"));
    evidence.at = moment(values.get("FinalisedTime"));
    return evidence;
}

struct Row {
    std::string_view code;
    PayoutFinding finding;
    std::string_view english;
    std::string_view swahili;
};

constexpr std::string_view initiator_en =
    "M-Pesa refuses the initiator of this account: name, password, or what it may do. The owner has to look at it.";
constexpr std::string_view initiator_sw =
    "M-Pesa imekataa mwanzilishi (initiator) wa akaunti hii: jina, nywila, au ruhusa zake. Mwenye duka aangalie.";
constexpr std::string_view busy_en = "M-Pesa is busy. The same payment is sent again by itself.";
constexpr std::string_view busy_sw = "M-Pesa ina shughuli nyingi. Malipo hayo hayo yatatumwa tena yenyewe.";

constexpr auto rows = std::to_array<Row>({
    {"0", PayoutFinding::paid, "Sent.", "Imetumwa."},
    {"1", PayoutFinding::failed,
     "The account's utility balance is too low. Move money into it in the M-Pesa portal, then pay out anew.",
     "Salio la akaunti (utility) halitoshi. Ongeza pesa kupitia tovuti ya M-Pesa, kisha ulipe upya."},
    {"2", PayoutFinding::failed, "The amount is below what M-Pesa sends.",
     "Kiasi ni kidogo kuliko kinachotumwa na M-Pesa."},
    {"3", PayoutFinding::failed, "The amount is above what M-Pesa sends at once.",
     "Kiasi ni kikubwa kuliko kinachotumwa na M-Pesa kwa mara moja."},
    {"4", PayoutFinding::failed, "The daily limit of M-Pesa is reached. Pay out tomorrow.",
     "Kikomo cha siku cha M-Pesa kimefikiwa. Lipa kesho."},
    {"8", PayoutFinding::failed, "The recipient's M-Pesa would hold more than it may.",
     "M-Pesa ya mpokeaji itazidi kikomo chake."},
    {"11", PayoutFinding::failed, "The account that pays is not active. Tell the owner.",
     "Akaunti inayolipa haitumiki. Mjulishe mwenye duka."},
    {"15", PayoutFinding::processing, "M-Pesa has this payment already. What became of it is being asked.",
     "M-Pesa tayari ina malipo haya. Hali yake inaulizwa."},
    {"17", PayoutFinding::busy, busy_en, busy_sw},
    {"26", PayoutFinding::busy, busy_en, busy_sw},
    {"18", PayoutFinding::failed, initiator_en, initiator_sw},
    {"20", PayoutFinding::failed, initiator_en, initiator_sw},
    {"21", PayoutFinding::failed, initiator_en, initiator_sw},
    {"2001", PayoutFinding::failed, initiator_en, initiator_sw},
    {"8006", PayoutFinding::failed, initiator_en, initiator_sw},
    {"2006", PayoutFinding::failed, "The recipient's M-Pesa cannot take money at present.",
     "M-Pesa ya mpokeaji haiwezi kupokea pesa kwa sasa."},
    {"2028", PayoutFinding::failed, "The account may not pay out in this way. Tell the owner.",
     "Akaunti hairuhusiwi kulipa kwa njia hii. Mjulishe mwenye duka."},
    {"2040", PayoutFinding::failed, "The recipient is not registered with M-Pesa.", "Mpokeaji hajasajiliwa na M-Pesa."},
    {"SFC_IC0003", PayoutFinding::failed, "The number is not one of M-Pesa's.", "Namba hii si ya M-Pesa."},
    // What went back is not ours to say: by an earlier try, or by hand.
    {"R000001", PayoutFinding::processing, "The payment has gone back already. Look in the M-Pesa portal.",
     "Malipo haya yameshakwisha kurudishwa. Angalia kwenye tovuti ya M-Pesa."},
    {"R000002", PayoutFinding::failed, "M-Pesa does not know this receipt.", "M-Pesa haitambui risiti hii."},
});

}  // namespace

PayoutFinding finding_of_payout(std::string_view code) {
    const auto* const found = std::ranges::find(rows, code, &Row::code);
    // Of a code that nobody knows, nobody knows what became of the money.
    return found == rows.end() ? PayoutFinding::processing : found->finding;
}

std::optional<Saying> payout_saying_of(std::string_view code, std::string_view language) {
    const auto* const found = std::ranges::find(rows, code, &Row::code);
    if (found == rows.end()) return std::nullopt;
    return Saying{.text = std::string(language.starts_with("sw") ? found->swahili : found->english),
                  .may_try_again = found->finding == PayoutFinding::failed};
}

PayoutEvidence read_result(std::string_view kind, std::string_view bytes, const PayoutRef& payout) {
    const auto source = kind == "status" ? PayoutSource::answer : PayoutSource::result;
    // That it waited for too long is no end of it.
    if (kind == "timeout") return said(source, PayoutFinding::processing, "queue_timeout");
    const auto outer = read<Outer>(bytes);
    const auto result = outer ? inside<Result>(outer->result) : std::nullopt;
    if (!result) return said(source, PayoutFinding::processing, "unreadable");
    return kind == "status" ? of_question(*result, payout) : of_request(*result, payout);
}

std::optional<std::vector<Purse>> read_balance(std::string_view bytes) {
    const auto outer = read<Outer>(bytes);
    const auto result = outer ? inside<Result>(outer->result) : std::nullopt;
    if (!result || scalar_or_empty(result->code) != "0") return std::nullopt;
    std::vector<Purse> purses;
    const auto text = Values(result->parameters).get("AccountBalance");
    for (const auto purse : base::split(text, '&')) {
        const auto parts = base::split(purse, '|');
        const bool is_whole = parts.size() >= 3 && purses.size() < most_purses && base::find_currency(parts[1]);
        const bool is_below = is_whole && parts[2].starts_with('-');
        const auto amount = is_whole ? money_of(parts[2].substr(is_below ? 1 : 0)) : std::nullopt;
        if (!amount) continue;
        purses.push_back({name_of(std::string(parts[0])), std::string(parts[1]), is_below ? -*amount : *amount});
    }
    return purses.empty() ? std::nullopt : std::optional(std::move(purses));
}

}  // namespace payments::mpesa
