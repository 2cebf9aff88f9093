#include "payments/flutterwave/objects.h"

#include "base/strings.h"
#include "base/time.h"
#include "payments/reading.h"

namespace payments::flutterwave {

namespace {

constexpr std::size_t longest_reference = 100;
constexpr std::size_t longest_status = 40;

struct Envelope {
    std::string status;
    schema::Json message;
    schema::Json data;
    schema::Json meta;

    friend constexpr auto describe(Envelope*) {
        using schema::field;
        return schema::object<Envelope>("FlutterwaveEnvelope", field<&Envelope::status>("status"),
                                        field<&Envelope::message>("message", {.defaulted = true}),
                                        field<&Envelope::data>("data", {.defaulted = true}),
                                        field<&Envelope::meta>("meta", {.defaulted = true}));
    }
};

// Flutterwave has no codes: what its sentence says.
std::string code_of_message(std::string_view message) {
    const auto lower = base::ascii_lower(message);
    const auto has = [&](std::string_view word) { return lower.contains(word); };
    if (has("duplicate")) return "duplicate_reference";
    if (has("no transaction was found") || has("transaction not found") || has("not found")) return "not_found";
    if (has("balance")) return "not_enough_balance";
    if (has("phone") || has("mobile number")) return "phone_not_taken";
    if (has("email")) return "email_not_taken";
    if (has("currency")) return "currency_not_taken";
    if (has("amount")) return "amount_not_taken";
    return "refused";
}

// Why it failed, in the words of this kind.
Finding finding_of_reason(std::string_view reason) {
    if (reason == "cancelled_by_payer") return Finding::cancelled;
    if (reason == "payer_timeout") return Finding::timed_out;
    return Finding::declined;
}

}  // namespace

std::optional<ApiEnvelope> envelope_of(std::string_view body) {
    auto read = payments::read<Envelope>(body);
    if (!read || (read->status != "success" && read->status != "error")) return std::nullopt;
    const auto message = scalar(read->message);
    ApiEnvelope envelope{.is_success = read->status == "success",
                         .text = words(message),
                         .data = std::move(read->data),
                         .meta = std::move(read->meta)};
    if (!envelope.is_success) envelope.code = code_of_message(message);
    return envelope;
}

std::string id_of(const Transaction& transaction) {
    auto id = scalar(transaction.id);
    return is_number(id) ? id : "";
}

std::string reference_of(const Transaction& transaction) {
    auto reference = cut(scalar(transaction.flw_ref), longest_reference);
    return reference == "N/A" ? "" : reference;
}

Evidence evidence_of(const Transaction& transaction) {
    const auto status = code(cut(transaction.status, longest_status));
    Evidence evidence{.source = Source::query, .finding = Finding::processing, .code = status};
    if (status == "successful") {
        const auto id = id_of(transaction);
        const auto amount = from_major(transaction.amount, transaction.currency);
        if (id.empty() || !amount || !base::find_currency(transaction.currency)) return no_answer("unreadable");
        evidence.finding = Finding::paid;
        evidence.provider_id = id;
        evidence.second_id = reference_of(transaction);
        evidence.receipt = id;
        evidence.amount = amount;
        evidence.currency = transaction.currency;
        evidence.at = base::parse_timestamp(transaction.created_at);
    } else if (status == "failed") {
        const auto reason = reason_of(transaction.processor_response);
        evidence.finding = finding_of_reason(reason);
        evidence.code = reason.empty() ? "failed" : std::string(reason);
        evidence.text = words(transaction.processor_response);
    } else if (status.empty()) {
        return no_answer("unreadable");
    }
    return evidence;
}

Refunded refunded_of(const Refund& refund) {
    auto id = scalar(refund.id);
    const auto status = code(cut(refund.status, longest_status));
    Refunded result{.outcome = Refunded::Outcome::unknown,
                    .provider_id = is_number(id) ? std::move(id) : "",
                    .code = status.empty() ? "unreadable" : status};
    if (status.starts_with("completed")) result.outcome = Refunded::Outcome::done;
    if (status.starts_with("pending") || status == "new") result.outcome = Refunded::Outcome::pending;
    if (status == "failed") result.outcome = Refunded::Outcome::refused;
    return result;
}

}  // namespace payments::flutterwave
