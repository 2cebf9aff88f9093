#pragma once
// What providers send us: `POST /v1/callbacks/m/{token}/{stk/{attempt},confirm,validate,timeout}` (M-Pesa),
// `/v1/callbacks/s/{token}/events` (Stripe), `/v1/callbacks/{flutterwave,paystack}/{token}/events`, `/v1/callbacks/pesapal/{token}/ipn`. The
// token says whose it is; what a signature proves is proved; then the bytes are stored, and the sender is answered. What they say is read by
// a job (provider_events.h), which the same transaction has left in the outbox: received is not done.
//
// M-Pesa signs nothing: whatever comes with the token is kept, garbage too, and answered 200. What comes from an address outside
// MPESA_CALLBACK_SOURCES is kept as not trusted: it makes us ask M-Pesa, and credits nothing by itself.

#include <vector>

#include "auth/callback.h"
#include "db/query.h"
#include "http/handler.h"
#include "pos/modules/payments/intents.h"

namespace pos {

// Deliveries that nobody understands: the newest of an account are kept.
inline constexpr std::int64_t most_not_understood = 100;

// What was sent, with what the sender is known by.
struct Delivery {
    std::string_view provider;
    std::string_view kind;
    std::string_view bytes;
    http::Headers headers;              // those of a signature
    std::optional<IntentId> attempt{};  // of its path: what it is about, unless it says something else itself
    bool trusted = true;
};

// Stores it and leaves the job, once for each event; gives what the sender is answered. Throws auth.callback_refused for a signature
// that is wrong, where the provider signs; then nothing is stored.
[[nodiscard]] async::Task<std::string> take_delivery(db::Db db, PaymentIntents* intents, PaymentAccount account,
                                                     Delivery delivery);

// ---- For callbacks of other modules: whose one is, by its token ----
[[nodiscard]] async::Task<base::Uuid> tenant_of_callback(auth::UnverifiedCallback sent);
using ProviderCallback = auth::Callback<tenant_of_callback>;
// Refuses the token of another provider's account.
[[nodiscard]] async::Task<PaymentAccount> account_of_callback(const ProviderCallback* sent, std::string_view provider);
// Whether it came from where the provider sends from, as far as that was said (MPESA_CALLBACK_SOURCES).
[[nodiscard]] bool is_from_provider(const ProviderCallback& sent, const PaymentSettings& settings);

void callback_routes(http::Routes routes);
[[nodiscard]] std::vector<db::StatementView> callback_statements();

}  // namespace pos
