#pragma once
// Payouts: who sends money out of an account: to a phone, or back to whoever paid. A provider that can is one of these, too
// (Provider::payouts). What becomes of a request, and of a question, comes later by a callback; `read_payout_result` says what it says.
// Loop's thread only; no state of a payout.
//
//     if (auto* payouts = provider.payouts(); payouts != nullptr && payouts->pays_out(account))
//         const PayoutEvidence taken = co_await payouts->pay_out(account, {.id = payout.id, .amount = …, .phone = …}, call);
//
// Callbacks come to `{callback_url}/result/{id}`, `/status/{id}` (of questions), `/timeout/{id}` and `/balance`.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "client/client.h"
#include "payments/payout_state.h"
#include "payments/provider.h"

namespace payments {

enum class PayoutPurpose : std::uint8_t { business, salary, promotion };
constexpr auto describe(PayoutPurpose*) {
    return schema::enumeration<PayoutPurpose>("PayoutPurpose", {{PayoutPurpose::business, "business"},
                                                                {PayoutPurpose::salary, "salary"},
                                                                {PayoutPurpose::promotion, "promotion"}});
}

struct PayoutLimits {
    std::string_view currency;
    base::Money least;
    base::Money most;
    std::int64_t step = 1;  // an amount is a multiple of it
};

struct PayoutRequest {
    base::Uuid id;  // of the payout: the provider's key of idempotency
    base::Money amount;
    std::string phone;  // E.164 without "+"
    PayoutPurpose purpose = PayoutPurpose::business;
    std::string reason;
};
struct ReversalRequest {
    base::Uuid id;        // the provider has no key for it: it is sent once
    std::string receipt;  // of the payment that goes back
    base::Money amount;
    std::string reason;
};
struct PayoutRef {
    base::Uuid id;
    bool is_reversal = false;
    std::string conversation_id{};  // "": not known
    base::Money amount;
};

// One of an account's purses.
struct Purse {
    std::string name;
    std::string currency;
    base::Money amount;

    friend constexpr auto describe(Purse*) {
        using schema::field;
        return schema::object<Purse>("Purse", field<&Purse::name>("name"), field<&Purse::currency>("currency"),
                                     field<&Purse::amount>("amount"));
    }
};

class Payouts {
public:
    virtual ~Payouts() = default;
    [[nodiscard]] virtual const PayoutLimits& payout_limits() const = 0;
    // Whether the account has what it takes, which is more than being paid takes.
    [[nodiscard]] virtual bool pays_out(const Account& account) const = 0;

    // May be sent again under the same id, and is one payout.
    [[nodiscard]] virtual async::Task<PayoutEvidence> pay_out(Account account, PayoutRequest request,
                                                              client::Call call) = 0;
    [[nodiscard]] virtual async::Task<PayoutEvidence> reverse(Account account, ReversalRequest request,
                                                              client::Call call) = 0;
    // Both only say whether the question was taken (`processing`) or not (`lost`).
    [[nodiscard]] virtual async::Task<PayoutEvidence> ask_payout(Account account, PayoutRef payout,
                                                                 client::Call call) = 0;
    [[nodiscard]] virtual async::Task<PayoutEvidence> ask_balance(Account account, client::Call call) = 0;

    // `kind`: "result", "status" or "timeout". What is not understood is `processing`. Pure.
    [[nodiscard]] virtual PayoutEvidence read_payout_result(std::string_view kind, std::string_view bytes,
                                                            const PayoutRef& payout) const = 0;
    // nullopt: no balance is in it. Pure.
    [[nodiscard]] virtual std::optional<std::vector<Purse>> read_balance(std::string_view bytes) const = 0;
    // What whoever sent it is told about a code.
    [[nodiscard]] virtual Saying payout_saying(std::string_view code, PayoutState state,
                                               std::string_view language) const = 0;
};

}  // namespace payments
