#pragma once
// A person decides what became of an attempt of which nobody knows: by its shop's people, of money that is the shop's
// (POST /v1/payment-intents/{id}/resolve), and by whoever runs the service, of what shops pay to it:
//
//     backend-api payments undecided
//     backend-api payments resolve --tenant 0197… --intent 0197… --outcome paid --receipt TAF7RT61SV --note "on the statement"
//
// Who said so, and when, is an audit event of the same transaction.

#include "app/own_command.h"
#include "pos/modules/payments/intents.h"

namespace pos {

enum class Verdict : std::uint8_t { paid, not_paid };
constexpr auto describe(Verdict*) {
    return schema::enumeration<Verdict>("PaymentVerdict", {{Verdict::paid, "paid"}, {Verdict::not_paid, "not_paid"}});
}

struct ResolveIntent {
    Verdict outcome = Verdict::paid;
    std::optional<std::string> receipt_code;
    std::optional<std::string> note;

    friend constexpr auto describe(ResolveIntent*) {
        return schema::object<ResolveIntent>(
            "ResolveIntent", schema::field<&ResolveIntent::outcome>("outcome"),
            schema::field<&ResolveIntent::receipt_code>(
                "receiptCode", {.min_length = 4,
                                .max_length = 40,
                                .pattern = "[A-Za-z0-9_-]+",
                                .text = schema::Text::raw,
                                .doc = "What the payer or the provider's statement shows. Required with `paid`."}),
            schema::field<&ResolveIntent::note>(
                "note", {.max_length = 500, .text = schema::Text::free, .doc = "How it is known."}));
    }
};

// What is kept of a decision, besides who and when.
struct Decided {
    std::string receipt_code;
    std::string note;

    friend constexpr auto describe(Decided*) {
        return schema::object<Decided>("PaymentDecision", schema::field<&Decided::receipt_code>("receiptCode"),
                                       schema::field<&Decided::note>("note"));
    }
};

struct Resolving {
    IntentId id;
    ResolveIntent said;
    std::optional<UserId> by{};  // none: the operator
    std::string address{};
    AccountOwner owner{};  // whose money the caller may decide about
    PaymentIntents* intents = nullptr;
};

// Throws errors::row_not_found, purpose_refused (the money is somebody else's), intent_final, prompt_rings, receipt_used, c2b_unfit.
[[nodiscard]] async::Task<PaymentIntent> resolve_in(db::Db tx, const Resolving* resolving);

[[nodiscard]] app::OwnCommand undecided_payments_command();
[[nodiscard]] app::OwnCommand resolve_payment_command();
[[nodiscard]] std::vector<db::StatementView> resolve_statements();

}  // namespace pos
