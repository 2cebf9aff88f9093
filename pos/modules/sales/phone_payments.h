#pragma once
// A sale that is paid through a provider: its payment names the intent, or bears the receipt's code, and is accepted once the money is
// there. Whichever comes first, sale or money, finds the other. A sale is never refused for it: the goods have left.

#include "jobs/job_type.h"
#include "pos/modules/payments/effects.h"
#include "pos/modules/sales/tables.h"

namespace pos {

class PaymentIntents;

class SalePaymentEffects final : public SubjectEffects {
public:
    [[nodiscard]] PaymentPurpose purpose() const override { return PaymentPurpose::sale; }
    [[nodiscard]] AccountOwner owner() const override { return AccountOwner::tenant; }

    // Its clientRequestId, which is known before the sale is, and its id.
    [[nodiscard]] async::Task<std::vector<base::Uuid>> subject_names(db::Db db, base::Uuid subject) const override;
    // A sale that is not there yet may come.
    [[nodiscard]] async::Task<void> require_payable(db::Db db, base::Uuid subject, base::Money amount) const override;
    [[nodiscard]] async::Task<Settlement> succeeded(EffectsIn in, PaymentIntent intent, bool was_over) const override;
    [[nodiscard]] async::Task<bool> is_used(EffectsIn in, PaymentIntent intent) const override;
    [[nodiscard]] async::Task<void> receipt_learnt(EffectsIn in, PaymentIntent intent) const override;
    [[nodiscard]] async::Task<void> went_back(EffectsIn in, PaymentIntent intent, base::Money amount) const override;
    [[nodiscard]] async::Task<std::optional<Settlement>> came_back(EffectsIn in, PaymentIntent intent,
                                                                   base::Money amount) const override;
    [[nodiscard]] async::Task<bool> kept(EffectsIn in, PaymentIntent intent) const override;
    // By the code that was typed at the till; else by the sale's receipt number, where a sale waits without a code.
    [[nodiscard]] async::Task<std::optional<Matched>> match(EffectsIn in, C2bPayment payment) const override;
    // `subject`: a payment of a sale; or a sale, of which the payment that waits for so much.
    [[nodiscard]] async::Task<Matched> match_to(EffectsIn in, C2bPayment payment, base::Uuid subject) const override;
};

inline constexpr SalePaymentEffects sale_payment_effects;

// What a sale's payment may be paid by: the intents that the sale names, as they are now.
struct KnownIntent {
    base::Uuid id;
    PaymentPurpose purpose{};
    base::Money amount;
    std::string currency;
    std::optional<std::string> receipt_code;
    std::optional<LocationId> location_id;  // that it was asked for at
    bool has_paid = false;                  // PaymentIntent::pays()
    bool is_refunded = false;               // the whole of it
    bool is_used = false;                   // by a payment of another sale

    friend constexpr auto describe(KnownIntent*) {
        return schema::object<KnownIntent>(
            "KnownIntent", schema::field<&KnownIntent::id>("id"), schema::field<&KnownIntent::purpose>("purpose"),
            schema::field<&KnownIntent::amount>("amount"), schema::field<&KnownIntent::currency>("currency"),
            schema::field<&KnownIntent::receipt_code>("receiptCode"),
            schema::field<&KnownIntent::location_id>("locationId"), schema::field<&KnownIntent::has_paid>("hasPaid"),
            schema::field<&KnownIntent::is_refunded>("isRefunded"), schema::field<&KnownIntent::is_used>("isUsed"));
    }
};

// A sale came with codes that were typed at the till: the money may be here already. Added with the sale, so that whichever comes
// second finds the other.
struct SettleTypedCodes {
    SaleId sale_id;

    friend constexpr auto describe(SettleTypedCodes*) {
        return schema::object<SettleTypedCodes>("SettleTypedCodes",
                                                schema::field<&SettleTypedCodes::sale_id>("saleId"));
    }
};
inline constexpr jobs::JobType<SettleTypedCodes> settle_typed_codes_job{
    "payments",
    "sales.typed_codes",
    {.attempts = 8,
     .backoff = {"exponential", std::chrono::seconds(2), 0.5},
     .remove_on_complete = jobs::KeepJobs{.count = 1'000, .age_seconds = 3'600},
     .timeout = std::chrono::minutes(1)}};
[[nodiscard]] async::Task<void> settle_typed_codes(db::Db db, PaymentIntents* intents, SaleId sale);

[[nodiscard]] std::vector<db::StatementView> phone_payment_statements();

}  // namespace pos
