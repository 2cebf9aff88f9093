#pragma once
// PayoutOrders: money that goes out, from the first request to the provider's last word. A service of the loop; its thread only.
//
//     const StartedPayout started = co_await payouts->pay_out(db, {.client_request_id = …, .phone = …, .amount = …}, call);
//     const StartedPayout back = co_await payouts->reverse(db, intent, {.client_request_id = …, .amount = …}, call);
//
// A payout is a committed row before anything is sent, and whoever moves it to `sent` by compare-and-set sends it. It is sent under one id
// for ever, its own: the provider tells a repetition by it. What became of it comes by callbacks (take_result), or is asked for; whatever
// anybody learns goes through apply(): one locked row, one decision (payments/payout_state.h), one transaction with its effect.

#include <memory>
#include <vector>

#include "client/client.h"
#include "pos/modules/payments/intents.h"
#include "pos/modules/payouts/statements.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode payout_not_offered{
    "payout.not_offered", 422, false, base::Action::contact,
    "The account cannot pay out: the provider does not offer it, or the account has no initiator"};
inline constexpr base::ErrorCode payout_open{
    "payout.open", 409, false, base::Action::contact,
    "A payout of this amount to this phone is under way, or nobody knows yet what became of it"};
inline constexpr base::ErrorCode reversal_open{"payout.reversal_open", 409, false, base::Action::contact,
                                               "A reversal of this payment is under way"};
inline constexpr auto payout_phone = base::invalid("payout.phone", "This is no number that money can be sent to");
inline constexpr auto payout_final = base::conflict("payout.final", "The payout has come to its end");
inline constexpr base::ErrorCode payout_waits{"payout.waits", 409, true, base::Action::retry,
                                              "The provider may still answer: wait"};
inline constexpr auto receipt_unknown =
    base::conflict("payout.receipt_unknown", "The payment's receipt is not known, so that it cannot be reversed");
inline constexpr base::ErrorCode balance_asked{"payout.balance_asked", 429, true, base::Action::retry,
                                               "The balance was asked for within the last minute"};
inline constexpr base::ErrorCode balance_not_taken{"payout.balance_not_taken", 503, true, base::Action::retry,
                                                   "The provider did not take the question"};
}  // namespace errors

struct PayoutOrder {
    base::Uuid client_request_id;  // the payout's id
    std::string provider;
    std::optional<PaymentAccountId> account_id{};  // where the shop has several
    base::Money amount;
    std::string currency;
    std::string phone;  // as typed
    std::optional<std::string> recipient_name{};
    PayoutPurpose purpose = PayoutPurpose::business;
    std::string reason;
    std::optional<UserId> created_by{};
};
struct ReversalOrder {
    base::Uuid client_request_id;
    base::Money amount;
    std::string reason;
    std::optional<UserId> created_by{};
};

struct StartedPayout {
    Payout payout;
    bool is_new = false;
};

class PayoutOrders {
public:
    // What is not decided by then, since it was sent, is for people; what never left, since it was made, is over.
    static constexpr std::chrono::hours patience{1};
    static constexpr std::chrono::hours keeps_trying{24};

    // What it works with outlives it.
    explicit PayoutOrders(PaymentIntents& intents) : intents_(intents) {}

    // Throws errors::payout_* where nothing was sent. What comes back may be in any state.
    [[nodiscard]] async::Task<StartedPayout> pay_out(db::Db db, PayoutOrder order, client::Call call);
    // Of a payment that came: its refund is held meanwhile. Throws what refunds throw, too.
    [[nodiscard]] async::Task<StartedPayout> reverse(db::Db db, PaymentIntent intent, ReversalOrder order,
                                                     client::Call call);
    // What is due of one: sent where nothing has left, asked after where it has; and when its time is over, said so.
    [[nodiscard]] async::Task<Payout> resume(db::Db db, PayoutId id, client::Call call);
    // Asks the provider: the answer comes by a callback.
    [[nodiscard]] async::Task<Payout> ask(db::Db db, PayoutId id, client::Call call);
    // A person has it sent once more, under the same id. Throws payout_final, payout_waits.
    [[nodiscard]] async::Task<Payout> send_again(db::Db db, PayoutId id, client::Call call);

    // Inside the caller's transaction; nullopt: there is no such payout.
    [[nodiscard]] async::Task<std::optional<Payout>> apply(db::Db tx, PayoutId id, ::payments::PayoutEvidence evidence);
    // What the provider called back with about a payout of this account; kept whatever it is.
    struct Told {
        PayoutId id;
        std::string_view kind;
        std::string_view bytes;
        bool trusted = true;
    };
    [[nodiscard]] async::Task<void> take_result(db::Db db, PaymentAccount account, Told told);

    // Throws errors::balance_asked, balance_not_taken, payout_not_offered.
    [[nodiscard]] async::Task<PayoutBalance> ask_balance(db::Db db, PaymentAccount account, client::Call call);
    [[nodiscard]] async::Task<void> take_balance(db::Db db, PaymentAccount account, std::string_view bytes);

    // nullptr: the provider sends nothing out.
    [[nodiscard]] ::payments::Payouts* payouts_of(std::string_view provider) const;
    [[nodiscard]] PaymentIntents& intents() const noexcept { return intents_; }
    [[nodiscard]] Runtime& runtime() const noexcept { return intents_.runtime(); }

private:
    [[nodiscard]] async::Task<PaymentAccount> account_for(db::Db db, std::string provider,
                                                          std::optional<PaymentAccountId> id);
    [[nodiscard]] async::Task<StartedPayout> place(db::Db tx, const Payout* row);
    [[nodiscard]] async::Task<StartedPayout> place_reversal(db::Db tx, const Payout* row);
    [[nodiscard]] async::Task<Payout> send(db::Db db, Payout row, client::Call call);
    [[nodiscard]] async::Task<Payout> call_provider(db::Db db, Payout row, client::Call call);
    [[nodiscard]] async::Task<Payout> apply_now(db::Db db, PayoutId id, ::payments::PayoutEvidence evidence);
    [[nodiscard]] async::Task<bool> settle_refund(db::Db tx, const Payout* before, const Payout* after);
    [[nodiscard]] async::Task<void> take_in(db::Db tx, const PaymentAccount* account, const Told* told);

    PaymentIntents& intents_;
};

[[nodiscard]] std::unique_ptr<PayoutOrders> make_payout_orders(PaymentIntents& intents);
[[nodiscard]] std::vector<db::StatementView> payout_statements();

}  // namespace pos
