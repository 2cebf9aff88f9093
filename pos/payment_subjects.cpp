// What each purpose of a payment means (modules/payments/effects.h): one line for each module of a subject.
#include <array>

#include "pos/modules/billing/effects.h"
#include "pos/modules/sales/phone_payments.h"

namespace pos {

std::span<const SubjectEffects* const> payment_subjects() {
    // clang-format off: one a line, so that two modules that add theirs do not meet
    static constexpr std::array<const SubjectEffects*, 2> subjects{
        &sale_payment_effects,
        &invoice_effects,
    };
    // clang-format on
    return subjects;
}

const SubjectEffects* subject_effects(PaymentPurpose purpose) {
    for (const auto* subject : payment_subjects()) {
        if (subject->purpose() == purpose) return subject;
    }
    return nullptr;
}

}  // namespace pos
