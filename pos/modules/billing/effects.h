#pragma once
// InvoiceEffects: what money means for a subscription. Listed in pos/payment_subjects.cpp.

#include "pos/modules/payments/effects.h"

namespace pos {

class InvoiceEffects final : public SubjectEffects {
public:
    [[nodiscard]] PaymentPurpose purpose() const override { return PaymentPurpose::subscription; }
    [[nodiscard]] AccountOwner owner() const override { return AccountOwner::platform; }

    [[nodiscard]] async::Task<std::vector<base::Uuid>> subject_names(db::Db db, base::Uuid subject) const override;
    [[nodiscard]] async::Task<void> require_payable(db::Db db, base::Uuid subject, base::Money amount) const override;
    // Credit, which pays the open invoice. Owed back: what came for an invoice that was called off.
    [[nodiscard]] async::Task<Settlement> succeeded(EffectsIn in, PaymentIntent intent, bool was_over) const override;
    [[nodiscard]] async::Task<bool> is_used(EffectsIn in, PaymentIntent intent) const override;
    [[nodiscard]] async::Task<void> receipt_learnt(EffectsIn in, PaymentIntent intent) const override;
    // Out of the credit, as far as it goes: days that were paid stay paid.
    [[nodiscard]] async::Task<void> went_back(EffectsIn in, PaymentIntent intent, base::Money amount) const override;
    [[nodiscard]] async::Task<std::optional<Settlement>> came_back(EffectsIn in, PaymentIntent intent,
                                                                   base::Money amount) const override;
    [[nodiscard]] async::Task<bool> kept(EffectsIn in, PaymentIntent intent) const override;

    // Money that comes by itself to an account of the shop is the shop's own, and never pays what the shop owes.
    [[nodiscard]] async::Task<std::optional<Matched>> match(EffectsIn in, C2bPayment payment) const override;
    [[nodiscard]] async::Task<Matched> match_to(EffectsIn in, C2bPayment payment, base::Uuid subject) const override;
};

inline constexpr InvoiceEffects invoice_effects;

[[nodiscard]] std::vector<db::StatementView> invoice_effect_statements();

}  // namespace pos
