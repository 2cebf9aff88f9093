#pragma once
// SubjectEffects: what money means for what it was paid for. One constant a purpose, in the module of the subject, listed in
// pos/payment_subjects.cpp; payments know their subjects by this interface alone. Stateless; any thread.
//
//     class InvoiceEffects final : public SubjectEffects { … };
//     inline constexpr InvoiceEffects invoice_effects;          // billing/effects.h
//
// What an effect writes goes into `in.batch`, which commits with the intent's move: all of it or nothing. The intent's row is locked
// meanwhile, so effects of one intent take turns; those of two intents of one subject lock the subject.

#include <span>

#include "pos/modules/payments/tables.h"
#include "pos/plumbing/feed.h"
#include "pos/plumbing/runtime.h"

namespace pos {

// Where an effect reads and writes: a small value, valid as long as the transaction.
struct EffectsIn {
    db::Db tx;
    db::Batch* batch;              // commits with the move
    std::vector<Change>* changes;  // further entries of the feed
    Runtime* runtime;              // time, ids, outbox
};

// What the subject makes of an intent's success.
struct Settlement {
    enum class Use : std::uint8_t {
        taken,     // the subject is paid by it
        waits,     // the subject is not there yet, and may come
        unwanted,  // the subject takes no payment, or no longer: it is owed back
    };
    Use use = Use::waits;
    std::optional<IntentConcern> concern{};  // of what is unwanted, or taken with a question
    base::Money surplus{};                   // of what is taken: so much of it is unwanted, and owed back
};

// What money that came by itself was matched to.
struct Matched {
    C2bMatch kind{};
    base::Uuid id;
};

class SubjectEffects {
public:
    virtual constexpr ~SubjectEffects() = default;

    [[nodiscard]] virtual PaymentPurpose purpose() const = 0;
    // Whose account the money goes to. Of AccountOwner::platform, only the subject's own module starts intents.
    [[nodiscard]] virtual AccountOwner owner() const = 0;

    // Whatever a subject is called by; the first is the one that all attempts for it are stored under.
    [[nodiscard]] virtual async::Task<std::vector<base::Uuid>> subject_names(db::Db db, base::Uuid subject) const = 0;
    // Before the prompt: throws where this subject takes no such payment. Of a subject that may come later: nothing to say.
    [[nodiscard]] virtual async::Task<void> require_payable(db::Db db, base::Uuid subject,
                                                            base::Money amount) const = 0;
    // The intent succeeded. `was_over`: after it had been failed, cancelled or expired. Where it is said that it `waits`, it is asked again
    // when the subject may have come.
    [[nodiscard]] virtual async::Task<Settlement> succeeded(EffectsIn in, PaymentIntent intent,
                                                            bool was_over) const = 0;
    // Whether something is paid by it: the sale that names it was recorded when it was paid already.
    [[nodiscard]] virtual async::Task<bool> is_used(EffectsIn in, PaymentIntent intent) const = 0;
    // Its receipt became known later.
    [[nodiscard]] virtual async::Task<void> receipt_learnt(EffectsIn in, PaymentIntent intent) const = 0;
    // So much of it went back; of one that is `refunded` all has.
    [[nodiscard]] virtual async::Task<void> went_back(EffectsIn in, PaymentIntent intent, base::Money amount) const = 0;
    // It pays again, or a part of it: a refund that was done (of `amount`) or under way has failed, or a dispute was won. Told as often as that happens,
    // and also where nothing had been paid by it. Gives what the subject makes of it; nullopt: nothing new.
    [[nodiscard]] virtual async::Task<std::optional<Settlement>> came_back(EffectsIn in, PaymentIntent intent,
                                                                           base::Money amount) const = 0;
    // What has not gone back of it is not owed back, a person says: what names it is paid by that. Whether something does.
    [[nodiscard]] virtual async::Task<bool> kept(EffectsIn in, PaymentIntent intent) const = 0;

    // Money that came by itself, with no intent: whose it is by its receipt or its reference, with the effect; nullopt: nobody's for
    // certain, and it stays on the list.
    [[nodiscard]] virtual async::Task<std::optional<Matched>> match(EffectsIn in, C2bPayment payment) const = 0;
    // A person says what it pays. Throws where that does not fit.
    [[nodiscard]] virtual async::Task<Matched> match_to(EffectsIn in, C2bPayment payment, base::Uuid subject) const = 0;
};

// The service's list (pos/payment_subjects.cpp): modules of subjects know payments, and payments none of them.
[[nodiscard]] std::span<const SubjectEffects* const> payment_subjects();
// nullptr: nothing is paid for that here.
[[nodiscard]] const SubjectEffects* subject_effects(PaymentPurpose purpose);

}  // namespace pos
