#include "payments/mpesa/callbacks.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/strings.h"
#include "payments/mpesa/answers.h"
#include "payments/mpesa/phone.h"
#include "payments/mpesa/values.h"

namespace payments::mpesa {

namespace {

using schema::field;
using schema::Json;

constexpr auto member = schema::PlainRules{.defaulted = true};
constexpr std::size_t longest_reference = 100;
constexpr std::size_t longest_name = 100;

// One member of an object that may be anything else.
template <class T>
std::optional<T> inside(const Json& json) {
    if (!json.text.starts_with('{')) return std::nullopt;
    return read<T>(json.text);
}

struct Outer {
    Json body;
    friend constexpr auto describe(Outer*) {
        return schema::object<Outer>("MpesaStkOuter", field<&Outer::body>("Body", member));
    }
};
struct Body {
    Json callback;
    friend constexpr auto describe(Body*) {
        return schema::object<Body>("MpesaStkBody", field<&Body::callback>("stkCallback", member));
    }
};
struct StkCallback {
    Json merchant_id;
    Json checkout_id;
    Json code;
    Json text;
    Json metadata;
    friend constexpr auto describe(StkCallback*) {
        return schema::object<StkCallback>(
            "MpesaStkCallback", field<&StkCallback::merchant_id>("MerchantRequestID", member),
            field<&StkCallback::checkout_id>("CheckoutRequestID", member),
            field<&StkCallback::code>("ResultCode", member), field<&StkCallback::text>("ResultDesc", member),
            field<&StkCallback::metadata>("CallbackMetadata", member));
    }
};
struct Metadata {
    Json items;
    friend constexpr auto describe(Metadata*) {
        return schema::object<Metadata>("MpesaStkMetadata", field<&Metadata::items>("Item", member));
    }
};
struct Item {
    Json name;
    Json value;
    friend constexpr auto describe(Item*) {
        return schema::object<Item>("MpesaStkItem", field<&Item::name>("Name", member),
                                    field<&Item::value>("Value", member));
    }
};

// A list, or its one element by itself.
std::vector<Json> elements(const Json& json) {
    if (json.text.starts_with('{')) return {json};
    if (!json.text.starts_with('[')) return {};
    auto list = schema::parse<std::vector<Json>>(json.text, {.max_bytes = json.text.size(), .lenient = true});
    return list ? *std::move(list) : std::vector<Json>();
}

void put_metadata(Evidence& evidence, const Json& json) {
    const auto metadata = inside<Metadata>(json);
    if (!metadata) return;
    for (const auto& element : elements(metadata->items)) {
        const auto item = inside<Item>(element);
        if (!item) continue;
        const auto name = scalar_or_empty(item->name);
        const auto value = scalar_or_empty(item->value);
        if (name == "Amount") evidence.amount = money_of(value);
        if (name == "MpesaReceiptNumber" && is_receipt(value)) evidence.receipt = value;
        if (name == "TransactionDate") evidence.at = time_of(value);
    }
    if (evidence.amount && evidence.amount->minor <= 0) evidence.amount.reset();
}

// The same thing said again is the same event; a success after a failure is another one.
std::string stk_key(const Evidence& evidence) {
    return fmt::format("stk:{}:{}:{}:{}", evidence.provider_id, evidence.code.empty() ? "-" : evidence.code,
                       evidence.receipt.empty() ? "-" : evidence.receipt,
                       evidence.amount ? evidence.amount->minor : -1);
}

std::optional<Claim> stk_claim(std::string_view bytes) {
    const auto outer = read<Outer>(bytes);
    const auto body = outer ? inside<Body>(outer->body) : std::nullopt;
    const auto callback = body ? inside<StkCallback>(body->callback) : std::nullopt;
    if (!callback) return std::nullopt;
    Evidence evidence{.source = Source::callback,
                      .provider_id = scalar_or_empty(callback->checkout_id),
                      .text = shown_text(scalar_or_empty(callback->text))};
    if (!is_checkout_id(evidence.provider_id)) return std::nullopt;
    if (auto id = scalar_or_empty(callback->merchant_id); is_checkout_id(id)) evidence.second_id = std::move(id);
    const auto code = scalar_or_empty(callback->code);
    if (is_result_code(code)) evidence.code = code;
    evidence.finding = finding_of_callback(code);
    if (evidence.finding == Finding::paid) {
        evidence.currency = "KES";
        put_metadata(evidence, callback->metadata);
    }
    auto key = stk_key(evidence);
    return Claim{.dedupe_key = std::move(key), .evidence = std::move(evidence)};
}

struct Confirmation {
    Json receipt;
    Json time;
    Json amount;
    Json short_code;
    Json reference;
    Json payer;
    Json first_name;
    Json middle_name;
    Json last_name;
    friend constexpr auto describe(Confirmation*) {
        return schema::object<Confirmation>(
            "MpesaConfirmation", field<&Confirmation::receipt>("TransID", member),
            field<&Confirmation::time>("TransTime", member), field<&Confirmation::amount>("TransAmount", member),
            field<&Confirmation::short_code>("BusinessShortCode", member),
            field<&Confirmation::reference>("BillRefNumber", member), field<&Confirmation::payer>("MSISDN", member),
            field<&Confirmation::first_name>("FirstName", member),
            field<&Confirmation::middle_name>("MiddleName", member),
            field<&Confirmation::last_name>("LastName", member));
    }
};

std::string cut(std::string text, std::size_t most) {
    if (text.size() > most) text.resize(most);
    while (!text.empty() && !base::is_utf8(text)) text.pop_back();
    return text;
}

// The number in hex of SHA-256, which version 1 of Daraja sends itself; version 2 sends a number with stars in it.
std::string hash_of_payer(std::string_view payer) {
    const auto is_hex = [](char c) { return base::is_ascii_digit(c) || (c >= 'a' && c <= 'f'); };
    auto small = base::ascii_lower(payer);
    if (small.size() == 64 && std::ranges::all_of(small, is_hex)) return small;
    if (small.empty()) return {};
    return base::hex_encode(
        base::as_chars(base::sha256(normalise_phone(payer).value_or(std::string(base::trim(payer))))));
}

std::string whole_name(const Confirmation& confirmation) {
    std::string name;
    for (const auto* part : {&confirmation.first_name, &confirmation.middle_name, &confirmation.last_name}) {
        const auto text = scalar_or_empty(*part);
        if (const auto word = base::trim(text); !word.empty()) name.append(name.empty() ? "" : " ").append(word);
    }
    return cut(mask_phones(name), longest_name);
}

// nullopt: without a receipt or an amount it says nothing of money.
std::optional<Claim> claim_of(Source source, Claim::Received received) {
    if (!is_receipt(received.receipt) || received.amount.minor <= 0) return std::nullopt;
    Evidence evidence{.source = source,
                      .finding = Finding::paid,
                      .amount = received.amount,
                      .currency = "KES",
                      .receipt = received.receipt,
                      .code = "0",
                      .at = received.at};
    // Told twice is one event, also by two ways.
    auto key = "c2b:" + received.receipt;
    return Claim{.dedupe_key = std::move(key), .evidence = std::move(evidence), .received = std::move(received)};
}

std::optional<Claim> confirmation_claim(std::string_view bytes) {
    const auto confirmation = read<Confirmation>(bytes);
    if (!confirmation) return std::nullopt;
    return claim_of(Source::confirmation,
                    {.receipt = scalar_or_empty(confirmation->receipt),
                     .amount = money_of(scalar_or_empty(confirmation->amount)).value_or(base::Money{}),
                     .reference = cut(scalar_or_empty(confirmation->reference), longest_reference),
                     .payer_hash = hash_of_payer(scalar_or_empty(confirmation->payer)),
                     .payer_name = whole_name(*confirmation),
                     .at = time_of(scalar_or_empty(confirmation->time)),
                     .account_code = cut(scalar_or_empty(confirmation->short_code), 20)});
}

// What a validation asks about: no money has moved yet.
std::optional<Claim> question(std::string_view bytes) {
    auto claim = confirmation_claim(bytes);
    if (claim) claim->evidence.finding = Finding::processing;
    return claim;
}

struct Transaction {
    Json receipt;
    Json time;
    Json payer;
    Json reference;
    Json amount;
    Json type;
    friend constexpr auto describe(Transaction*) {
        return schema::object<Transaction>(
            "MpesaPulled", field<&Transaction::receipt>("transactionId", member),
            field<&Transaction::time>("trxDate", member), field<&Transaction::payer>("msisdn", member),
            field<&Transaction::reference>("billreference", member), field<&Transaction::amount>("amount", member),
            field<&Transaction::type>("transactiontype", member));
    }
};

void add_pulled(PulledPage& page, const Json& element, std::string_view short_code) {
    const auto transaction = inside<Transaction>(element);
    ++page.count;
    if (!transaction) return;
    auto claim =
        claim_of(Source::pull, {.receipt = scalar_or_empty(transaction->receipt),
                                .amount = money_of(scalar_or_empty(transaction->amount)).value_or(base::Money{}),
                                .reference = cut(scalar_or_empty(transaction->reference), longest_reference),
                                .payer_hash = hash_of_payer(scalar_or_empty(transaction->payer)),
                                .at = time_of(scalar_or_empty(transaction->time)),
                                .account_code = std::string(short_code)});
    if (claim) page.claims.push_back(*std::move(claim));
}

VerifiedCallback of_claim(std::optional<Claim> claim, std::string reply) {
    VerifiedCallback callback{.claims = {}, .reply = std::move(reply)};
    if (claim) callback.claims.push_back(*std::move(claim));
    return callback;
}

}  // namespace

std::optional<VerifiedCallback> read_callback(std::string_view kind, std::string_view bytes) {
    constexpr auto accepted = R"({"ResultCode":0,"ResultDesc":"Accepted"})";
    if (kind == "stk") return of_claim(stk_claim(bytes), accepted);
    if (kind == "confirm") return of_claim(confirmation_claim(bytes), R"({"ResultCode":0,"ResultDesc":"Success"})");
    if (kind == "validate") return of_claim(question(bytes), R"({"ResultCode":"0","ResultDesc":"Accepted"})");
    if (kind == "timeout") return of_claim(std::nullopt, accepted);
    return std::nullopt;
}

PulledPage read_pulled(const Json& response, std::string_view short_code) {
    PulledPage page;
    for (const auto& element : elements(response)) {
        if (!element.text.starts_with('[')) {
            add_pulled(page, element, short_code);
            continue;
        }
        for (const auto& one : elements(element)) add_pulled(page, one, short_code);
    }
    return page;
}

}  // namespace payments::mpesa
