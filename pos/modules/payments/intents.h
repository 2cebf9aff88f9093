#pragma once
// PaymentIntents: attempts to be paid, from the first request to the last evidence. A service of the loop; its thread only.
//
//     const StartedIntent started = co_await intents->start_intent(db, {.client_request_id = …, .provider = "mpesa", …}, call);
//     if (!started.is_new) …                                  // the same request, or a live one for the same thing, is that one
//
// Whatever anybody learns of an attempt goes through apply(): one locked row, one decision (payments/state.h), one transaction with
// its effect: money is credited once.
//
//     co_await intents->apply_now(db, intent, evidence);                           // a transaction of its own
//     co_await db.transaction([&](db::Db tx) { … co_await intents->apply(tx, id, evidence); … });  // in the caller's
//
// Nothing is called outside while a transaction is open. A crash between two steps leaves a row that resume() goes on with.

#include <map>
#include <memory>
#include <vector>

#include "client/client.h"
#include "pos/modules/payments/effects.h"
#include "pos/modules/payments/keys.h"
#include "pos/modules/payments/providers.h"
#include "pos/modules/payments/statements.h"

namespace pos {

// Announced when an intent has moved (db::AnnouncedRows::kind; `row`: the intent).
inline constexpr std::string_view payment_intents_changed = "payment_intents";

namespace errors {
inline constexpr base::ErrorCode account_missing{"payment.account_missing", 422, false, base::Action::contact,
                                                 "The shop has no account of this provider to be paid with"};
inline constexpr auto amount_not_whole =
    base::invalid("payment.amount_not_whole", "The provider takes whole units of the currency only");
inline constexpr auto amount_refused =
    base::invalid("payment.amount_refused", "The amount is below or above what the provider takes");
inline constexpr auto currency_refused =
    base::invalid("payment.currency_refused", "The provider does not take the shop's currency");
inline constexpr auto phone_needed =
    base::invalid("payment.phone_needed", "The provider needs the payer's phone number");
inline constexpr auto phone_unfit =
    base::invalid("payment.phone_unfit", "This is no phone number that the provider can take");
inline constexpr auto purpose_refused =
    base::invalid("payment.purpose_refused", "Payments of this purpose are started elsewhere");
inline constexpr base::ErrorCode prompt_open{"payment.prompt_open", 409, true, base::Action::retry,
                                             "The payer has another payment open: let it end, or cancel it"};
inline constexpr auto already_paid = base::conflict("payment.already_paid", "It is paid already");
inline constexpr auto intent_final = base::conflict("payment.intent_final", "The payment has come to its end");
inline constexpr base::ErrorCode prompt_rings{
    "payment.prompt_rings", 409, true, base::Action::retry,
    "The payer can still answer, and this provider takes no prompt back: it ends by itself"};
inline constexpr auto not_refundable = base::conflict("payment.not_refundable", "No money came by this payment");
inline constexpr auto refund_by_hand = base::invalid(
    "payment.refund_by_hand",
    "This provider takes no refunds: reverse the payment (M-Pesa: POST /v1/payment-intents/{id}/reverse), or "
    "send the money back by hand and say byHand");
inline constexpr base::ErrorCode disputed{"payment.disputed", 409, false, base::Action::contact,
                                          "The payer disputes the payment: the provider decides"};
}  // namespace errors

struct IntentRequest {
    base::Uuid client_request_id;  // the key of the attempt, by whoever makes it: the same one, the same intent
    std::string provider;
    PaymentPurpose purpose = PaymentPurpose::sale;
    base::Uuid subject_id;
    std::vector<base::Uuid> subject_names{};  // SubjectEffects::subject_names()
    std::optional<LocationId> location_id{};
    base::Money amount;
    std::string currency;
    std::optional<std::string> phone{};  // as typed; E.164 afterwards
    std::string reference;               // what the payer reads
    std::string description{};
    std::string return_url{};
    std::optional<UserId> created_by{};
    std::optional<PaymentAccountId> account_id{};  // where the shop has several
    std::vector<base::Uuid> other_intents{};       // paid for the subject too, and known to whoever asks
};

struct StartedIntent {
    PaymentIntent intent;
    bool is_new = false;          // false: it was there, by its key, or as the live one for the same subject and amount
    std::string client_secret{};  // of a provider whose library runs in the browser
};

struct Applied {
    PaymentIntent intent;
    ::payments::Decision decision;
};

// Money that is to go back.
struct RefundOrder {
    base::Uuid client_request_id;
    base::Money amount;
    std::string reason;
    bool by_hand = false;  // a person has sent it already, outside of here
    std::optional<UserId> created_by{};
    bool sent_by_caller = false;  // of hold_refund()
};

class PaymentIntents {
public:
    // What it works with outlives it.
    struct Parts {
        const PaymentSettings& settings;
        std::string callback_base;
        const Providers& providers;
        const PaymentKeys& keys;
        Runtime& runtime;
        async::Loop& loop;
        bool uses_sandboxes = false;  // PROVIDER_MODE: accounts with live keys are not used
    };
    explicit PaymentIntents(Parts parts);

    // Throws payment.* where nothing was sent (the errors above), and errors::prompt_open. What comes back may be in any state: a
    // provider that refuses or is not reached leaves an intent that says so.
    [[nodiscard]] async::Task<StartedIntent> start_intent(db::Db db, IntentRequest request, client::Call call);
    // What is due of an intent: what a crash left in `created` or `sent` is sent again where nothing left, or where the provider tells a
    // repetition; all else is asked after; and what stays without an answer when its time is over is called off where the provider can,
    // and becomes `expired` or `unknown`.
    [[nodiscard]] async::Task<PaymentIntent> resume(db::Db db, IntentId id, client::Call call);
    // Asks the provider, and applies what it says. Of a final intent, too: a success may have been missed.
    [[nodiscard]] async::Task<PaymentIntent> query(db::Db db, IntentId id, client::Call call);
    // Called off: here when nothing was sent or nobody knows, at the provider where it can. Throws errors::prompt_rings while the payer
    // may still answer, and errors::intent_final.
    [[nodiscard]] async::Task<PaymentIntent> cancel(db::Db db, IntentId id, client::Call call);

    // Inside the caller's transaction; nullopt: there is no such intent. Waiters are woken by its commit.
    [[nodiscard]] async::Task<std::optional<Applied>> apply(db::Db tx, IntentId id, ::payments::Evidence evidence);
    [[nodiscard]] async::Task<std::optional<Applied>> apply_now(db::Db db, IntentId id, ::payments::Evidence evidence);
    // Of what is paid and `waits`: whether its subject has come, or was paid otherwise. After a day without one it is for people.
    [[nodiscard]] async::Task<void> settle_waiting(db::Db tx, IntentId id);
    // The payer wants it back from the bank, or the bank has decided. Inside the caller's transaction. False: it is older than what is known.
    [[nodiscard]] async::Task<bool> note_dispute(db::Db tx, IntentId id, ::payments::Claim::DisputeNews news);
    // A person says that it is not owed back.
    [[nodiscard]] async::Task<void> keep(db::Db tx, IntentId id);

    // Sends money back; the answer may be in any state. Throws refund_exceeds, not_refundable, refund_by_hand, disputed.
    [[nodiscard]] async::Task<PaymentRefund> refund(db::Db db, IntentId id, RefundOrder order, client::Call call);
    // Asks what became of one that is undecided, by the provider's name of it. Where the provider has not said that, and it was sent from
    // here, it is sent again or looked up, by the provider's own rules. What was made elsewhere, or its caller sends, is never sent.
    [[nodiscard]] async::Task<PaymentRefund> ask_refund(db::Db db, RefundId id, client::Call call);
    // Money that the caller sends back by itself: held here, until apply_refund() says what became of it. Inside the caller's
    // transaction; the same request again is the same refund.
    [[nodiscard]] async::Task<PaymentRefund> hold_refund(db::Db tx, IntentId id, RefundOrder order);
    // What became of one, or that one was made elsewhere: inside the caller's transaction. What has no name is no fact: the provider is
    // asked by a job. False: the attempt is not known to be paid, which comes first.
    [[nodiscard]] async::Task<bool> apply_refund(db::Db tx, IntentId id, ::payments::Claim::RefundNews news);

    // Asks after one that is said to have failed, and to be done. False: it was not answered.
    [[nodiscard]] async::Task<bool> ask_failed_refund(db::Db db, RefundId id, client::Call call);

    // Asks what has gone back of an attempt, and what became of its open refunds, each by its own name. False: not all was answered.
    [[nodiscard]] async::Task<bool> ask_refunds(db::Db db, IntentId id, client::Call call);

    // When it is no longer of this version, or is final, or at `until`. In another process: within a second.
    [[nodiscard]] async::Task<PaymentIntent> wait(db::Db db, PaymentIntent seen, async::SteadyTime until,
                                                  std::stop_token gone, std::stop_token draining);

    // ---- For callbacks, the reconciler and accounts ----
    [[nodiscard]] ::payments::Provider& provider_of(std::string_view name) const { return parts_.providers.get(name); }
    // False where this service works with sandboxes, and these say that they move money.
    [[nodiscard]] bool may_use(std::string_view provider, const schema::Json& credentials) const;
    // With its credentials opened, for one call. Throws errors::account_missing where they cannot be, and errors::live_credentials.
    [[nodiscard]] ::payments::Account open(base::Uuid tenant, const PaymentAccount& row) const;
    [[nodiscard]] static ::payments::AttemptRef attempt_of(const PaymentIntent& intent);
    // What a browser needs of it, while the payer may answer; "": nothing.
    [[nodiscard]] std::string client_secret_of(base::Uuid tenant, const PaymentIntent& intent) const;
    [[nodiscard]] const PaymentSettings& settings() const noexcept { return parts_.settings; }
    [[nodiscard]] const PaymentKeys& keys() const noexcept { return parts_.keys; }
    [[nodiscard]] Runtime& runtime() const noexcept { return parts_.runtime; }
    [[nodiscard]] const Providers& providers() const noexcept { return parts_.providers; }

    // What was made for a request's key, or given to it.
    static async::Task<std::optional<PaymentIntent>> of_key(db::Db db, base::Uuid key);

private:
    struct Waiter;
    struct Placed;
    struct PlacedRefund;
    struct Move;
    enum class Sending : std::uint8_t { first, again };

    [[nodiscard]] async::Task<PaymentAccount> account_for(db::Db db, IntentRequest request, AccountOwner owner);
    [[nodiscard]] async::Task<PaymentAccount> platform_account(db::Db db, std::string provider);
    static async::Task<Placed> give(db::Db tx, PaymentIntent other, const PaymentIntent* asked);
    [[nodiscard]] async::Task<Placed> place(db::Db tx, const PaymentIntent* intent, const IntentRequest* request);
    [[nodiscard]] std::optional<::payments::Account> open_if(base::Uuid tenant, const PaymentAccount& row) const;
    [[nodiscard]] async::Task<StartedIntent> send(db::Db db, PaymentIntent intent, ::payments::Account account,
                                                  client::Call call);
    [[nodiscard]] async::Task<StartedIntent> call_start(db::Db db, PaymentIntent intent, ::payments::Account account,
                                                        client::Call call, Sending sending);
    [[nodiscard]] async::Task<PaymentIntent> call_off(db::Db db, PaymentIntent intent, ::payments::Finding end,
                                                      client::Call call);
    [[nodiscard]] async::Task<void> credit(Move* move);
    void take_settlement(Move& move, Settlement settled) const;
    // `part`: not all that has not gone back.
    void owe_back(Move& move, std::optional<base::Money> part = std::nullopt) const;
    [[nodiscard]] async::Task<void> come_back(Move* move);
    [[nodiscard]] async::Task<void> judge_disputes(Move* move);
    [[nodiscard]] async::Task<void> refuse_used_name(Move* move);
    [[nodiscard]] async::Task<bool> is_receipt_spent(Move* move);
    void note_evidence(Move& move) const;
    void add_end(Move& move) const;
    [[nodiscard]] async::Task<void> commit(Move* move);
    [[nodiscard]] async::Task<PlacedRefund> place_refund(db::Db tx, IntentId id, const RefundOrder* order);
    [[nodiscard]] async::Task<PaymentRefund> send_refund(db::Db db, PlacedRefund placed, client::Call call);
    [[nodiscard]] async::Task<PaymentRefund> take_asked(db::Db tx, const PaymentRefund* row, ::payments::Refunded told);
    [[nodiscard]] async::Task<PaymentRefund> settle_refund(db::Db tx, RefundId id, ::payments::Refunded refunded);
    [[nodiscard]] async::Task<std::optional<PaymentRefund>> refund_of(db::Db tx, IntentId id,
                                                                      const ::payments::Claim::RefundNews* news);
    [[nodiscard]] async::Task<void> learn_of_refund(db::Db tx, PaymentRefund known,
                                                    const ::payments::Claim::RefundNews* news);
    [[nodiscard]] async::Task<bool> apply_unasked_refund(db::Db tx, PaymentIntent row,
                                                         const ::payments::Claim::RefundNews* news);
    [[nodiscard]] async::Task<void> add_refund_made_elsewhere(db::Db tx, PaymentIntent row,
                                                              const ::payments::Claim::RefundNews* news);
    [[nodiscard]] async::Task<void> doubt_refunds(db::Db tx, IntentId id,
                                                  IntentConcern concern = IntentConcern::amount_differs);
    [[nodiscard]] async::Task<bool> note_sent_back(db::Db tx, PaymentIntent row, PaymentRefund refund);
    [[nodiscard]] async::Task<void> write_refunds(Move* move);
    void wake(IntentId id);

    Parts parts_;
    std::multimap<base::Uuid, Waiter*> waiters_;
};

[[nodiscard]] std::unique_ptr<PaymentIntents> make_payment_intents(const PaymentSettings& settings,
                                                                   const Providers& providers, const PaymentKeys& keys,
                                                                   Runtime& runtime, const app::LoopParts& parts);

[[nodiscard]] std::vector<db::StatementView> intent_statements();

}  // namespace pos
