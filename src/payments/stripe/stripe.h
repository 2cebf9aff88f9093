#pragma once
// Stripe: cards and wallets, on a page of Stripe's (Checkout, when there is a return_url) or in a page of the app's own (a PaymentIntent,
// whose client_secret Stripe's library in the browser takes). Loop's thread only.
//
//     payments::Stripe stripe(http, loop);
//     const payments::Started started = co_await stripe.start(account, {.id = intent.id, .amount = …, .return_url = …}, within);
//     started.action.redirect_url;                      // where the payer goes
//
// Credentials: {"secretKey": "sk_live_…" or "rk_live_…", "webhookSecrets": ["whsec_…", …], "publishableKey": "pk_live_…"}. Several
// webhook secrets: while one is rolled. Without any, no event is believed. Test or live is what the key says; an event of the other
// kind is refused.
//
// Every POST has an Idempotency-Key: of a start the id of the attempt, of a refund that of the refund. A start that was lost may be sent
// again for 23 hours (Stripe forgets keys after 24). After that it is looked up by our metadata, and never sent again; so is a refund.

#include <chrono>
#include <string>
#include <string_view>

#include "async/loop.h"
#include "base/time.h"
#include "client/client.h"
#include "payments/provider.h"
#include "payments/stripe/wire.h"

namespace payments {

struct StripeOptions {
    std::string base_url = "https://api.stripe.com";
    // Of one request, by Stripe's rules: its Stripe-Should-Retry decides; without it, no answer, 409, 429 and 5xx are tried again.
    client::RetryRule retry{
        .attempts = 3, .base = std::chrono::milliseconds(1'000), .cap = std::chrono::milliseconds(5'000)};
    const base::Clock* clock = &base::system_clock();
};

class Stripe : public Provider {
public:
    Stripe(client::Client& http, async::Loop& loop, StripeOptions options = {});

    [[nodiscard]] const Traits& traits() const override;
    [[nodiscard]] std::expected<schema::Json, schema::ReadError> read_credentials(std::string_view json) const override;
    [[nodiscard]] std::string shown(const schema::Json& credentials) const override;
    [[nodiscard]] bool is_live(const schema::Json& credentials) const override;

    // With a return_url a Checkout session, without one a PaymentIntent.
    [[nodiscard]] async::Task<Started> start(Account account, StartRequest request, client::Call call) override;
    // `lost`: it could not be asked, or it is not found yet.
    [[nodiscard]] async::Task<Evidence> query(Account account, AttemptRef attempt, client::Call call) override;
    [[nodiscard]] async::Task<Refunded> refund(Account account, RefundRequest request, client::Call call) override;
    [[nodiscard]] async::Task<Refunded> ask_refund(Account account, RefundRef refund, client::Call call) override;
    [[nodiscard]] async::Task<Evidence> cancel(Account account, AttemptRef attempt, client::Call call) override;
    // Neither is offered: the endpoint is made by hand in Stripe's dashboard.
    [[nodiscard]] async::Task<Evidence> register_callbacks(Account account, client::Call call) override;
    [[nodiscard]] async::Task<Pulled> pull(Account account, base::Timestamp since, client::Call call) override;
    // `kind`: "events".
    [[nodiscard]] std::expected<VerifiedCallback, CallbackRefusal> verify_callback(const Account& account,
                                                                                   std::string_view kind,
                                                                                   std::string_view bytes,
                                                                                   const http::Headers& headers,
                                                                                   base::Timestamp now) const override;
    [[nodiscard]] std::optional<VerifiedCallback> read_callback(std::string_view kind,
                                                                std::string_view bytes) const override;
    [[nodiscard]] Saying saying(std::string_view code, std::string_view language) const override;

private:
    // For one call; nullopt: the credentials are none.
    [[nodiscard]] std::optional<stripe::Wire> wire_of(const Account& account, client::Call call);

    client::Client& http_;
    async::Loop& loop_;
    StripeOptions options_;
    client::Target target_;
};

}  // namespace payments
