#pragma once
// What each purpose of a payment means, by the module of its subject. Constants; any thread.
//
//     const SubjectEffects* effects = subject_effects(PaymentPurpose::sale);      // nullptr: nothing is paid for that here

#include "pos/modules/payments/effects.h"

namespace pos {

[[nodiscard]] std::span<const SubjectEffects* const> payment_subjects();
[[nodiscard]] const SubjectEffects* subject_effects(PaymentPurpose purpose);

}  // namespace pos
