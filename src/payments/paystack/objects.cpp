#include "payments/paystack/objects.h"

#include <array>

#include "base/strings.h"
#include "base/time.h"
#include "payments/paystack/amount.h"
#include "payments/reading.h"

namespace payments::paystack {

namespace {

constexpr std::size_t longest_status = 40;

struct Envelope {
    std::optional<bool> status;
    schema::Json message;
    schema::Json code;
    schema::Json data;
    schema::Json meta;

    friend constexpr auto describe(Envelope*) {
        using schema::field;
        return schema::object<Envelope>("PaystackEnvelope", field<&Envelope::status>("status"),
                                        field<&Envelope::message>("message", {.defaulted = true}),
                                        field<&Envelope::code>("code", {.defaulted = true}),
                                        field<&Envelope::data>("data", {.defaulted = true}),
                                        field<&Envelope::meta>("meta", {.defaulted = true}));
    }
};

// Its own codes, in the words of this kind of provider.
struct Known {
    std::string_view theirs;
    std::string_view ours;
};
constexpr std::array<Known, 6> known_codes{{{"duplicate_reference", "duplicate_reference"},
                                            {"transaction_not_found", "not_found"},
                                            {"insufficient_balance", "not_enough_balance"},
                                            {"unsupported_currency", "currency_not_taken"},
                                            {"invalid_amount", "amount_not_taken"},
                                            {"amount_too_small", "amount_not_taken"}}};

// Older answers have no code: what their sentence says.
std::string code_of_message(std::string_view message) {
    const auto lower = base::ascii_lower(message);
    const auto has = [&](std::string_view word) { return lower.contains(word); };
    if (has("duplicate")) return "duplicate_reference";
    if (has("not found")) return "not_found";
    if (has("balance")) return "not_enough_balance";
    if (has("phone") || has("mobile money")) return "phone_not_taken";
    if (has("email")) return "email_not_taken";
    if (has("currency")) return "currency_not_taken";
    if (has("amount")) return "amount_not_taken";
    return "refused";
}

std::string code_of(const schema::Json& code, std::string_view message) {
    const auto said = payments::code(scalar(code));
    for (const auto& known : known_codes)
        if (known.theirs == said) return std::string(known.ours);
    auto by_message = code_of_message(message);
    return by_message == "refused" && !said.empty() ? said : by_message;
}

std::string words_of(const Transaction& transaction) {
    const auto response = scalar(transaction.gateway_response);
    return response.empty() ? scalar(transaction.message) : response;
}

Evidence succeeded(const Transaction& transaction, Source source) {
    const auto id = scalar(transaction.id);
    const auto amount = from_subunits(transaction.amount, transaction.currency);
    if (!is_number(id) || !amount) {
        if (source != Source::callback) return no_answer("unreadable");
        return {.source = source, .finding = Finding::processing, .code = "unreadable"};
    }
    return {.source = source,
            .finding = Finding::paid,
            .amount = amount,
            .currency = transaction.currency,
            .receipt = id,
            .code = "success",
            .at = base::parse_timestamp(transaction.paid_at)};
}

}  // namespace

std::optional<ApiEnvelope> envelope_of(std::string_view body) {
    auto read = payments::read<Envelope>(body);
    if (!read || !read->status) return std::nullopt;
    const auto message = scalar(read->message);
    ApiEnvelope envelope{.is_success = *read->status,
                         .text = words(message),
                         .data = std::move(read->data),
                         .meta = std::move(read->meta)};
    if (!envelope.is_success) envelope.code = code_of(read->code, message);
    return envelope;
}

Evidence evidence_of(const Transaction& transaction, Source source) {
    const auto status = code(cut(transaction.status, longest_status));
    if (status == "success") return succeeded(transaction, source);
    Evidence evidence{.source = source, .finding = Finding::processing, .code = status};
    if (status.empty()) {
        evidence.finding = source == Source::callback ? Finding::processing : Finding::lost;
        evidence.code = "unreadable";
    } else if (status == "failed") {
        const auto said = words_of(transaction);
        const auto reason = reason_of(said);
        evidence.finding = Finding::declined;
        if (reason == "cancelled_by_payer") evidence.finding = Finding::cancelled;
        if (reason == "payer_timeout") evidence.finding = Finding::timed_out;
        evidence.code = reason.empty() ? "failed" : std::string(reason);
        evidence.text = words(said);
    }
    return evidence;
}

Refunded refunded_of(const Refund& refund) {
    auto id = scalar(refund.id);
    const auto status = code(cut(refund.status, longest_status));
    Refunded result{.outcome = Refunded::Outcome::unknown,
                    .provider_id = is_number(id) ? std::move(id) : "",
                    .code = status.empty() ? "unreadable" : status};
    if (status == "processed") result.outcome = Refunded::Outcome::done;
    if (status == "pending" || status == "processing" || status == "needs-attention")
        result.outcome = Refunded::Outcome::pending;
    if (status == "failed" || status == "reversed") result.outcome = Refunded::Outcome::refused;
    return result;
}

}  // namespace payments::paystack
