#include "payments/stripe/webhook.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>

#include "payments/stripe/amount.h"
#include "payments/stripe/objects.h"
#include "payments/stripe/signature.h"

namespace payments::stripe {

namespace {

struct EventData {
    schema::Json object;

    friend constexpr auto describe(EventData*) {
        return schema::object<EventData>("StripeEventData", schema::field<&EventData::object>("object"));
    }
};

struct Event {
    std::string id;
    std::string type;
    std::optional<bool> livemode;
    std::int64_t created = 0;
    EventData data;

    friend constexpr auto describe(Event*) {
        using schema::field;
        return schema::object<Event>(
            "StripeEvent", field<&Event::id>("id"), field<&Event::type>("type", {.defaulted = true}),
            field<&Event::livemode>("livemode"), field<&Event::created>("created", {.defaulted = true}),
            field<&Event::data>("data", {.defaulted = true}));
    }
};

struct Kind {
    std::string object;

    friend constexpr auto describe(Kind*) {
        return schema::object<Kind>("StripeKind", schema::field<&Kind::object>("object"));
    }
};

// "KES 150.00"
std::string shown(base::Money amount, const std::string& currency) {
    const auto known = base::find_currency(currency);
    const int decimals = known ? known->decimals : 0;
    std::int64_t scale = 1;
    for (int i = 0; i < decimals; ++i) scale *= 10;
    if (decimals == 0 || amount.minor < 0) return fmt::format("{} {}", currency, amount.minor);
    return fmt::format("{} {}.{:0{}}", currency, amount.minor / scale, amount.minor % scale, decimals);
}

std::optional<Claim> claim_of_intent(std::string_view json) {
    const auto intent = read<PaymentIntent>(json);
    if (!intent) return std::nullopt;
    return Claim{.attempt = ours_of(intent->metadata, attempt_key), .evidence = evidence_of(*intent, Source::callback)};
}

std::optional<Claim> claim_of_session(std::string_view json) {
    const auto session = read<Session>(json);
    if (!session) return std::nullopt;
    return Claim{.attempt = attempt_of(*session), .evidence = evidence_of(*session, Source::callback)};
}

std::optional<Claim> claim_of_charge(std::string_view json) {
    const auto charge = read<Charge>(json);
    if (!charge) return std::nullopt;
    return Claim{.attempt = ours_of(charge->metadata, attempt_key), .evidence = evidence_of(*charge, Source::callback)};
}

Evidence said_of(const schema::Json& payment_intent, std::string currency, std::string code) {
    return {.source = Source::callback,
            .finding = Finding::processing,
            .provider_id = id_of(payment_intent),
            .currency = std::move(currency),
            .code = std::move(code)};
}

std::optional<Claim> claim_of_refund(std::string_view json) {
    const auto refund = read<Refund>(json);
    if (!refund) return std::nullopt;
    const auto currency = currency_of(refund->currency);
    const auto amount = from_units(refund->amount, currency);
    const auto ours = ours_of(refund->metadata, refund_key);
    Claim claim{.attempt = ours_of(refund->metadata, attempt_key),
                .evidence = said_of(refund->payment_intent, currency, "refund_" + cut(refund->status, 40)),
                .refund = Claim::RefundNews{
                    .id = ours, .amount = amount, .refunded = refunded_of(*refund), .currency = currency}};
    if (!ours)
        claim.note = fmt::format("A refund of {} was made at Stripe ({}): {}", shown(amount, currency),
                                 claim.refund->refunded.provider_id, claim.refund->refunded.code);
    return claim;
}

Claim::DisputeNews::State state_of_dispute(std::string_view status) {
    using enum Claim::DisputeNews::State;
    if (status == "lost") return lost;
    return status == "won" || status == "warning_closed" || status == "prevented" ? won : open;
}

std::optional<Claim> claim_of_dispute(std::string_view json) {
    const auto dispute = read<Dispute>(json);
    if (!dispute) return std::nullopt;
    const auto currency = currency_of(dispute->currency);
    const auto amount = from_units(dispute->amount, currency);
    const auto state = state_of_dispute(dispute->status);
    const auto id = is_id(dispute->id, "") ? dispute->id : "";
    Claim claim{
        .evidence = said_of(dispute->payment_intent, currency, "dispute_" + cut(dispute->status, 40)),
        .dispute = Claim::DisputeNews{.state = state, .provider_id = id, .amount = amount, .currency = currency},
        .note = fmt::format("The payer's bank disputes {} (Stripe's {}): {}, {}", shown(amount, currency),
                            id.empty() ? "dispute" : id, cut(dispute->reason, 80), cut(dispute->status, 40))};
    // The bank has taken it back; or has given it again, which it had taken.
    if (state != Claim::DisputeNews::State::open) {
        const bool is_lost = state == Claim::DisputeNews::State::lost;
        claim.refund =
            Claim::RefundNews{.amount = amount,
                              .refunded = {.outcome = is_lost ? Refunded::Outcome::done : Refunded::Outcome::refused,
                                           .provider_id = id,
                                           .code = is_lost ? "dispute_lost" : "dispute_won"},
                              .may_be_written_down = false,
                              .currency = currency};
    }
    return claim;
}

std::optional<Claim> claim_of(const Event& event) {
    const std::string_view json = event.data.object.text;
    const auto kind = read<Kind>(json);
    if (!kind) return std::nullopt;
    if (kind->object == "payment_intent") return claim_of_intent(json);
    if (kind->object == "checkout.session") return claim_of_session(json);
    if (kind->object == "charge") return claim_of_charge(json);
    if (kind->object == "refund") return claim_of_refund(json);
    if (kind->object == "dispute") return claim_of_dispute(json);
    return std::nullopt;
}

bool names_an_attempt(const Claim& claim) {
    return claim.attempt || !claim.evidence.provider_id.empty() || !claim.evidence.second_id.empty();
}

}  // namespace

std::expected<VerifiedCallback, CallbackRefusal> verify_event(const Credentials& credentials, std::string_view bytes,
                                                              std::string_view signature, base::Timestamp now) {
    if (const auto why = refusal_of_signature(signature, bytes, credentials.webhook_secrets, now))
        return std::unexpected(CallbackRefusal{.status = 400, .detail = std::string(*why)});
    const auto event = read<Event>(bytes);
    const bool is_event = event && is_id(event->id, "evt_");
    if (is_event && (!event->livemode || *event->livemode != credentials.is_live()))
        return std::unexpected(CallbackRefusal{.status = 400, .detail = "livemode is not that of the account's key"});
    return read_event(bytes);
}

VerifiedCallback read_event(std::string_view bytes) {
    VerifiedCallback verified{.claims = {}, .reply = R"({"received":true})"};
    const auto event = read<Event>(bytes);
    // Signed, and not to be understood: it is kept for people.
    if (!event || !is_id(event->id, "evt_")) return verified;
    auto claim = claim_of(*event);
    if (!claim || !names_an_attempt(*claim)) return verified;
    claim->dedupe_key = event->id;
    const bool is_paid = claim->evidence.finding == Finding::paid;
    if (is_paid && !claim->evidence.at) claim->evidence.at = time_of(event->created);
    verified.claims.push_back(*std::move(claim));
    return verified;
}

}  // namespace payments::stripe
