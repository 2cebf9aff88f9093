#include "payments/stripe/objects.h"

#include <algorithm>

#include "base/strings.h"
#include "payments/stripe/amount.h"

namespace payments::stripe {

namespace {

constexpr std::size_t longest_id = 255;
constexpr std::size_t longest_code = 80;

struct Identified {
    std::string id;

    friend constexpr auto describe(Identified*) {
        return schema::object<Identified>("StripeObject", schema::field<&Identified::id>("id"));
    }
};

bool is_object(const schema::Json& member) { return member.text.starts_with('{'); }

void put_error(Evidence& evidence, const ErrorDetail& error) {
    evidence.code = code_of(error);
    evidence.text = cut(error.message, longest_text);
}

// Given up by Stripe: its payer took too long.
bool gave_up(std::string_view reason) {
    return reason == "automatic" || reason == "expired" || reason == "abandoned" || reason == "void_invoice";
}

void put_success(Evidence& evidence, const PaymentIntent& intent) {
    evidence.finding = Finding::paid;
    evidence.receipt = id_of(intent.latest_charge);
    if (intent.amount_received >= 0) evidence.amount = from_units(intent.amount_received, evidence.currency);
    if (!is_object(intent.latest_charge)) return;
    const auto charge = read<Charge>(intent.latest_charge.text);
    if (charge) evidence.at = time_of(charge->created);
}

}  // namespace

std::optional<base::Timestamp> time_of(std::int64_t seconds) {
    constexpr std::int64_t year_9999 = 253'370'764'800;
    if (seconds <= 0 || seconds > year_9999) return std::nullopt;
    return base::Timestamp(std::chrono::seconds(seconds));
}

bool is_id(std::string_view text, std::string_view prefix) {
    const auto is_usual = [](char c) {
        return base::is_ascii_digit(c) || (base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z') || c == '_';
    };
    return text.size() > prefix.size() && text.size() <= longest_id && text.starts_with(prefix) &&
           std::ranges::all_of(text, is_usual);
}

std::string id_of(const schema::Json& member) {
    if (is_object(member)) {
        const auto object = read<Identified>(member.text);
        return object && is_id(object->id, "") ? object->id : "";
    }
    const std::string_view text = member.text;
    if (text.size() < 3 || text.front() != '"' || text.back() != '"') return {};
    const auto id = text.substr(1, text.size() - 2);
    return is_id(id, "") ? std::string(id) : "";
}

std::optional<base::Uuid> ours_of(const Metadata& metadata, std::string_view key) {
    const auto found = metadata.find(std::string(key));
    return found == metadata.end() ? std::nullopt : base::Uuid::from_string(found->second);
}

std::optional<base::Uuid> attempt_of(const Session& session) {
    if (const auto ours = ours_of(session.metadata, attempt_key)) return ours;
    return base::Uuid::from_string(session.client_reference_id);
}

std::string cut(std::string_view text, std::size_t most) {
    if (text.size() <= most) return std::string(text);
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U) --most;
    return std::string(text.substr(0, most));
}

std::string currency_of(std::string_view lower_case) {
    std::string code = cut(lower_case, 8);
    for (char& c : code)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
    return code;
}

std::string code_of(const ErrorDetail& error) {
    if (!error.decline_code.empty()) return cut(error.decline_code, longest_code);
    return cut(error.code.empty() ? error.type : error.code, longest_code);
}

Evidence evidence_of(const PaymentIntent& intent, Source source) {
    Evidence evidence{.source = source,
                      .finding = Finding::processing,
                      .provider_id = is_id(intent.id, "pi_") ? intent.id : "",
                      .currency = currency_of(intent.currency),
                      .code = cut(intent.status, longest_code)};
    if (!intent.last_payment_error.type.empty()) put_error(evidence, intent.last_payment_error);
    if (intent.status == "succeeded") {
        put_success(evidence, intent);
        evidence.code = intent.status;
        evidence.text.clear();
    } else if (intent.status == "canceled") {
        evidence.finding = gave_up(intent.cancellation_reason) ? Finding::timed_out : Finding::cancelled;
        evidence.code =
            intent.cancellation_reason.empty() ? intent.status : cut(intent.cancellation_reason, longest_code);
    }
    return evidence;
}

Evidence evidence_of(const Session& session, Source source) {
    const auto intent =
        is_object(session.payment_intent) ? read<PaymentIntent>(session.payment_intent.text) : std::nullopt;
    Evidence evidence = intent ? evidence_of(*intent, source)
                               : Evidence{.source = source,
                                          .finding = Finding::processing,
                                          .provider_id = id_of(session.payment_intent),
                                          .currency = currency_of(session.currency),
                                          .code = cut(session.status, longest_code)};
    evidence.second_id = is_id(session.id, "cs_") ? session.id : "";
    if (evidence.finding == Finding::paid) return evidence;
    if (session.status == "expired") {
        evidence.finding = Finding::timed_out;
        evidence.code = "session_expired";
    } else if (session.status == "complete" && session.payment_status == "paid" && source == Source::callback) {
        evidence.finding = Finding::paid;  // without a receipt: whoever believes it asks first
        if (session.amount_total >= 0) evidence.amount = from_units(session.amount_total, evidence.currency);
    } else if (session.status == "complete" && intent && intent->status == "requires_payment_method") {
        // Its page is done with, so that no other card can follow.
        evidence.finding = Finding::declined;
    } else if (session.status == "open") {
        // Whatever became of one card: another one may follow.
        evidence.finding = Finding::processing;
    }
    return evidence;
}

Evidence evidence_of(const Charge& charge, Source source) {
    Evidence evidence{.source = source,
                      .finding = Finding::processing,
                      .provider_id = id_of(charge.payment_intent),
                      .currency = currency_of(charge.currency),
                      .code = cut(charge.failure_code.empty() ? charge.status : charge.failure_code, longest_code),
                      .text = cut(charge.failure_message, longest_text)};
    if (charge.status != "succeeded" || !charge.paid || !charge.captured) return evidence;
    evidence.finding = Finding::paid;
    evidence.receipt = is_id(charge.id, "") ? charge.id : "";
    if (charge.amount_captured >= 0) evidence.amount = from_units(charge.amount_captured, evidence.currency);
    evidence.at = time_of(charge.created);
    return evidence;
}

Refunded refunded_of(const Refund& refund) {
    Refunded result{.outcome = Refunded::Outcome::unknown, .provider_id = is_id(refund.id, "") ? refund.id : ""};
    result.code = cut(refund.failure_reason.empty() ? refund.status : refund.failure_reason, longest_code);
    if (refund.status == "succeeded") result.outcome = Refunded::Outcome::done;
    if (refund.status == "pending" || refund.status == "requires_action") result.outcome = Refunded::Outcome::pending;
    if (refund.status == "failed" || refund.status == "canceled") result.outcome = Refunded::Outcome::refused;
    return result;
}

}  // namespace payments::stripe
