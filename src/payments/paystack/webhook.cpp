#include "payments/paystack/webhook.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "base/hash.h"
#include "base/strings.h"
#include "payments/paystack/amount.h"
#include "payments/paystack/objects.h"
#include "payments/paystack/signature.h"
#include "payments/reading.h"

namespace payments::paystack {

namespace {

constexpr std::size_t longest_reference = 60;
constexpr std::size_t longest_name = 60;

struct Event {
    std::string event;
    schema::Json data;

    friend constexpr auto describe(Event*) {
        using schema::field;
        return schema::object<Event>("PaystackEvent", field<&Event::event>("event"),
                                     field<&Event::data>("data", {.defaulted = true}));
    }
};

struct Domain {
    std::string domain;

    friend constexpr auto describe(Domain*) {
        return schema::object<Domain>("PaystackDomain", schema::field<&Domain::domain>("domain", {.defaulted = true}));
    }
};

struct Dispute {
    schema::Json id;
    schema::Json refund_amount;
    std::string currency;
    std::string status;
    std::string resolution;
    std::string category;
    Transaction transaction;

    friend constexpr auto describe(Dispute*) {
        using schema::field;
        return schema::object<Dispute>("PaystackDispute", field<&Dispute::id>("id", {.defaulted = true}),
                                       field<&Dispute::refund_amount>("refund_amount", {.defaulted = true}),
                                       field<&Dispute::currency>("currency", {.defaulted = true}),
                                       field<&Dispute::status>("status", {.defaulted = true}),
                                       field<&Dispute::resolution>("resolution", {.defaulted = true}),
                                       field<&Dispute::category>("category", {.defaulted = true}),
                                       field<&Dispute::transaction>("transaction", {.defaulted = true}));
    }
};

Evidence hint(std::string code) {
    return {.source = Source::callback, .finding = Finding::processing, .code = std::move(code)};
}

// "charge.success:4099260516"
std::string name_of(const Event& event, std::string_view of) { return fmt::format("{}:{}", event.event, of); }

std::optional<Claim> claim_of_charge(const Event& event) {
    const auto transaction = read<Transaction>(event.data.text);
    if (!transaction) return std::nullopt;
    const auto attempt = base::Uuid::from_string(transaction->reference);
    if (!attempt) return std::nullopt;
    auto evidence = evidence_of(*transaction, Source::callback);
    // A payer may try again on a page: asking tells whether it is over.
    if (evidence.finding != Finding::paid) evidence = hint("event_" + evidence.code);
    const auto id = scalar(transaction->id);
    const bool is_hint = evidence.finding != Finding::paid;
    return Claim{.dedupe_key = is_number(id) ? name_of(event, id) : "",
                 .attempt = attempt,
                 .evidence = std::move(evidence),
                 .is_hint = is_hint};
}

// It tells of a refund by its amount, and not of which: Paystack's list is asked.
std::optional<Claim> claim_of_refund(const Event& event) {
    const auto refund = read<Refund>(event.data.text);
    if (!refund) return std::nullopt;
    const auto attempt = base::Uuid::from_string(refund->transaction_reference);
    const auto amount = from_subunits(refund->amount, refund->currency);
    if (!attempt || !amount) return std::nullopt;
    const auto reference = code(cut(scalar(refund->refund_reference), longest_reference));
    Claim claim{
        .dedupe_key = reference.empty() ? "" : name_of(event, reference),
        .attempt = attempt,
        .evidence = hint("refund_" + code(refund->status)),
        .refund = Claim::RefundNews{.amount = *amount, .refunded = refunded_of(*refund), .currency = refund->currency},
        .is_hint = true};
    auto& told = claim.refund->refunded;
    told.provider_id.clear();
    told.text = fmt::format("Paystack told of it as {}", reference.empty() ? "one without a number" : reference);
    claim.note = fmt::format("A refund of {} {} at Paystack: {}", refund->currency, to_major(*amount, refund->currency),
                             told.code);
    return claim;
}

std::optional<Claim> claim_of_dispute(const Event& event) {
    const auto dispute = read<Dispute>(event.data.text);
    if (!dispute) return std::nullopt;
    const auto attempt = base::Uuid::from_string(dispute->transaction.reference);
    if (!attempt) return std::nullopt;
    using enum Claim::DisputeNews::State;
    const bool is_over = event.event == "charge.dispute.resolve";
    // What goes back then is told of as a refund.
    const auto end = dispute->resolution == "declined" ? won : lost;
    const auto said = end == won ? "dispute_won" : "dispute_lost";
    const auto amount = from_subunits(dispute->refund_amount, dispute->currency);
    const auto id = scalar(dispute->id);
    return Claim{.attempt = attempt,
                 .evidence = hint(is_over ? said : "dispute_" + code(dispute->status)),
                 .dispute = Claim::DisputeNews{.state = is_over ? end : open,
                                               .provider_id = is_number(id) ? id : "",
                                               .amount = amount.value_or(base::Money{}),
                                               .currency = dispute->currency},
                 .note = fmt::format("The payer's bank disputes {} {}: {}, {}", cut(dispute->currency, 3),
                                     amount ? to_major(*amount, dispute->currency) : "an amount",
                                     code(dispute->category), code(dispute->status))};
}

std::optional<Claim> claim_of(const Event& event) {
    const std::string_view name = event.event;
    if (name.size() > longest_name) return std::nullopt;
    if (name.starts_with("charge.dispute.")) return claim_of_dispute(event);
    if (name.starts_with("charge.")) return claim_of_charge(event);
    if (name.starts_with("refund.")) return claim_of_refund(event);
    return std::nullopt;
}

}  // namespace

std::expected<VerifiedCallback, CallbackRefusal> verify_event(const Credentials& credentials, std::string_view bytes,
                                                              std::string_view signature) {
    if (!is_signed(signature, bytes, credentials.secret_key))
        return std::unexpected(CallbackRefusal{.status = 401, .detail = "not signed with the account's secret key"});
    const auto event = read<Event>(bytes);
    const auto domain = event ? read<Domain>(event->data.text).value_or(Domain{}).domain : std::string();
    if (!domain.empty() && domain != (credentials.is_live() ? "live" : "test"))
        return std::unexpected(CallbackRefusal{.status = 400, .detail = "domain is not that of the account's key"});
    return read_event(bytes);
}

VerifiedCallback read_event(std::string_view bytes) {
    VerifiedCallback verified{.claims = {}, .reply = R"({"received":true})"};
    const auto event = read<Event>(bytes);
    // Signed, and not to be understood: it is kept for people.
    if (!event) return verified;
    auto claim = claim_of(*event);
    if (!claim) return verified;
    if (claim->dedupe_key.empty()) claim->dedupe_key = base::hex_encode(base::as_chars(base::sha256(bytes)));
    verified.claims.push_back(*std::move(claim));
    return verified;
}

}  // namespace payments::paystack
