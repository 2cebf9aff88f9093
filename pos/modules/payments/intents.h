#pragma once
// PaymentIntents: attempts to be paid, from the first request to the last evidence. A service of the loop; its thread only.
//
//     const StartedIntent started = co_await intents->start(db, {.client_request_id = …, .provider = "mpesa", …}, call);
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

#include "auth/credential_keys.h"
#include "client/client.h"
#include "pos/modules/payments/effects.h"
#include "pos/modules/payments/providers.h"
#include "pos/modules/payments/settings.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode account_missing{"payment.account_missing", 422, false, base::Action::contact,
                                                 "The shop has no account of this provider to be paid with"};
inline constexpr auto amount_not_whole =
    base::invalid("payment.amount_not_whole", "The provider takes whole units of the currency only");
inline constexpr auto amount_refused =
    base::invalid("payment.amount_refused", "The amount is below or above what the provider takes");
inline constexpr auto currency_refused =
    base::invalid("payment.currency_refused", "The provider does not take the shop's currency");
inline constexpr auto phone_needed = base::invalid("payment.phone_needed", "The provider prompts a phone: which one?");
inline constexpr auto purpose_refused =
    base::invalid("payment.purpose_refused", "Payments of this purpose are started elsewhere");
inline constexpr base::ErrorCode prompt_open{"payment.prompt_open", 409, true, base::Action::retry,
                                             "The payer has another payment open: let it end, or cancel it"};
inline constexpr auto already_paid = base::conflict("payment.already_paid", "It is paid already");
inline constexpr auto intent_final = base::conflict("payment.intent_final", "The payment has come to its end");
}  // namespace errors

// Another prompt for the same phone waits as long, unless the first one ends.
inline constexpr std::chrono::minutes prompt_keeps_phone{5};

struct IntentRequest {
    base::Uuid client_request_id;  // the key of the attempt, by whoever makes it: the same one, the same intent
    std::string provider;
    PaymentPurpose purpose = PaymentPurpose::sale;
    base::Uuid subject_id;
    std::optional<LocationId> location_id{};
    base::Money amount;
    std::string currency;
    std::optional<std::string> phone{};  // as typed; E.164 afterwards
    std::string reference;               // what the payer reads
    std::string description{};
    std::string return_url{};
    std::optional<UserId> created_by{};
    std::optional<PaymentAccountId> account_id{};  // where the shop has several
};

struct StartedIntent {
    PaymentIntent intent;
    bool is_new = false;           // false: it was there, by its key, or as the live one for the same subject and amount
    std::string client_secret{};   // of a provider whose library runs in the browser
};

struct Applied {
    PaymentIntent intent;
    ::payments::Decision decision;
};

class PaymentIntents {
public:
    PaymentIntents(const PaymentSettings& settings, const Providers& providers, const auth::CredentialKeys& keys,
                   Runtime& runtime, async::Loop& loop);

    // Throws payment.* where nothing was sent (the errors above), and errors::prompt_open. What comes back may be in any state: a
    // provider that refuses or is not reached leaves an intent that says so.
    [[nodiscard]] async::Task<StartedIntent> start(db::Db db, IntentRequest request, client::Call call);
    // What a crash left in `created` or `sent`: sends again where nothing left, or the provider tells a repetition; else asks.
    [[nodiscard]] async::Task<PaymentIntent> resume(db::Db db, IntentId id, client::Call call);
    // Asks the provider, and applies what it says. Of a final intent, too: a success may have been missed.
    [[nodiscard]] async::Task<PaymentIntent> query(db::Db db, IntentId id, client::Call call);
    // Called off: here when nothing was sent, at the provider where it can; otherwise the intent stays as it is, and what the payer
    // still pays is kept. Throws errors::intent_final.
    [[nodiscard]] async::Task<PaymentIntent> cancel(db::Db db, IntentId id, client::Call call);

    // Inside the caller's transaction; nullopt: there is no such intent. Waiters are woken by its commit.
    [[nodiscard]] async::Task<std::optional<Applied>> apply(db::Db tx, IntentId id, ::payments::Evidence evidence);
    [[nodiscard]] async::Task<std::optional<Applied>> apply_now(db::Db db, IntentId id, ::payments::Evidence evidence);

    // When it is no longer of this version, or at `until`. In another process: within a second.
    [[nodiscard]] async::Task<PaymentIntent> wait(db::Db db, PaymentIntent seen, async::SteadyTime until,
                                                  std::stop_token gone);

    // ---- For callbacks, the reconciler and accounts ----
    [[nodiscard]] ::payments::Provider& provider_of(std::string_view name) const { return providers_.get(name); }
    // With its credentials opened, for one call. Throws errors::account_missing where they cannot be.
    [[nodiscard]] ::payments::Account open(const PaymentAccount& row) const;
    [[nodiscard]] static ::payments::AttemptRef attempt_of(const PaymentIntent& intent);
    [[nodiscard]] const PaymentSettings& settings() const noexcept { return settings_; }
    [[nodiscard]] const auth::CredentialKeys& keys() const noexcept { return keys_; }
    [[nodiscard]] Runtime& runtime() const noexcept { return runtime_; }
    [[nodiscard]] const Providers& providers() const noexcept { return providers_; }

private:
    struct Waiter;

    const PaymentSettings& settings_;
    const Providers& providers_;
    const auth::CredentialKeys& keys_;
    Runtime& runtime_;
    async::Loop& loop_;
    std::multimap<base::Uuid, Waiter*> waiters_;
};

// An account's row by whoever owns it, made where it is the platform's and the settings have one; nullopt: there is none.
// `wanted`: that one, or none.
[[nodiscard]] std::vector<db::StatementView> intent_statements();

namespace intents {
// One row; the intent that a provider calls so; an account.
inline constexpr auto by_id = db::find<tables::payment_intents>("intents.by_id");
inline constexpr auto lock = db::find_for_update<tables::payment_intents>("intents.lock");
inline constexpr db::Query<IntentId(PaymentAccountId, std::string)> by_provider_id{
    {"intents.by_provider_id",
     "select id from payment_intents where tenant_id = $1 and account_id = $2 and provider_id = $3 "
     "order by created_at desc limit 1"}};
inline constexpr db::Query<IntentId(std::string, std::string)> by_receipt{
    {"intents.by_receipt",
     "select id from payment_intents where tenant_id = $1 and provider = $2 and receipt_code = $3"}};
inline constexpr auto account_by_id = db::find<tables::payment_accounts>("intents.account_by_id");
}  // namespace intents

}  // namespace pos
