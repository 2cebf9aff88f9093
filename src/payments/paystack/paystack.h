#pragma once
// Paystack: M-Pesa and other mobile money by a prompt on a phone, or a page of Paystack's (cards, mobile money, banks) when there is a
// return_url. Loop's thread only.
//
//     payments::Paystack paystack(http);
//     const payments::Started started = co_await paystack.start(account, {.id = intent.id, .amount = …, .phone = …}, within);
//
// Credentials: {"secretKey": "sk_live_…", "email": "pay@shop.example"}. Events are signed with the secret key.
//
// Our attempt's id is Paystack's reference, which it takes once. There are no keys of idempotency: a start is sent once, and what was lost
// is asked after by that reference; a refund is sent once, and looked up by its id in the merchant's note.

#include <string>
#include <string_view>

#include "base/time.h"
#include "client/client.h"
#include "payments/bearer_api.h"
#include "payments/provider.h"

namespace payments {

struct PaystackOptions {
    std::string base_url = "https://api.paystack.co";
    client::RetryRule retry{
        .attempts = 3, .base = std::chrono::milliseconds(500), .cap = std::chrono::milliseconds(5'000)};
    const base::Clock* clock = &base::system_clock();
};

class Paystack : public Provider {
public:
    explicit Paystack(client::Client& http, PaystackOptions options = {});

    [[nodiscard]] const Traits& traits() const override;
    [[nodiscard]] std::expected<schema::Json, schema::ReadError> read_credentials(std::string_view json) const override;
    [[nodiscard]] std::string shown(const schema::Json& credentials) const override;
    [[nodiscard]] bool is_live(const schema::Json& credentials) const override;

    // With a return_url a page, without one a prompt.
    [[nodiscard]] async::Task<Started> start(Account account, StartRequest request, client::Call call) override;
    [[nodiscard]] async::Task<Evidence> query(Account account, AttemptRef attempt, client::Call call) override;
    [[nodiscard]] async::Task<Refunded> refund(Account account, RefundRequest request, client::Call call) override;
    [[nodiscard]] async::Task<Refunded> ask_refund(Account account, RefundRef refund, client::Call call) override;
    [[nodiscard]] async::Task<RefundList> list_refunds(Account account, AttemptRef attempt, client::Call call) override;
    // None of these is offered: a prompt and a page end by themselves, and the webhook is set in the dashboard.
    [[nodiscard]] async::Task<Evidence> cancel(Account account, AttemptRef attempt, client::Call call) override;
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
    [[nodiscard]] BearerApi api_for(std::string secret_key, client::Call call);

    client::Client& http_;
    PaystackOptions options_;
    client::Target target_;
};

}  // namespace payments
