#pragma once
// Pesapal (API 3.0): cards and mobile money on a page of Pesapal's, in Kenya, Uganda, Tanzania, Rwanda, Malawi and Zambia. Loop's thread
// only.
//
//     payments::Pesapal pesapal(http, {.base_url = settings.pesapal_base_url});
//     const payments::Started started = co_await pesapal.start(account, {.id = intent.id, .phone = …, .return_url = …}, within);
//     started.action.redirect_url;                      // where the payer goes
//
// Credentials: pesapal/credentials.h.
//
// - Our id of the attempt is the order's merchant reference. Pesapal gives it back in each notification and each status, and what does
//   not is of another order.
// - A notification only says that something happened: the order's status is asked for.
// - An order is submitted once: a second one of the same reference would have a page of its own, and both could be paid. Whoever lost the
//   reply has no page to show, so that nobody can have paid: after an hour such an attempt has failed ("never_shown").
// - Notifications go to an address that was registered before. It is looked up in Pesapal's list and registered where it is missing, by
//   the first start or by register_callbacks().
// - Money goes back in Pesapal's dashboard, and is learnt of as REVERSED.

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "client/client.h"
#include "payments/pesapal/wire.h"
#include "payments/provider.h"

namespace payments {

struct PesapalOptions {
    // Instead of Pesapal's two hosts: a simulator.
    std::optional<std::string> base_url{};
    // Whatever an account says, its requests go to the sandbox.
    bool sandbox_only = false;
    // Of what may be repeated, and of whatever was not sent; an order is submitted once.
    client::RetryRule retry{
        .attempts = 3, .base = std::chrono::milliseconds(500), .cap = std::chrono::milliseconds(5'000)};
    const base::Clock* clock = &base::system_clock();
};

class Pesapal : public Provider {
public:
    explicit Pesapal(client::Client& http, PesapalOptions options = {});

    [[nodiscard]] const Traits& traits() const override;
    [[nodiscard]] std::expected<schema::Json, schema::ReadError> read_credentials(std::string_view json) const override;
    // The ends of the consumer key.
    [[nodiscard]] std::string shown(const schema::Json& credentials) const override;
    [[nodiscard]] bool is_live(const schema::Json& credentials) const override;

    [[nodiscard]] async::Task<Started> start(Account account, StartRequest request, client::Call call) override;
    // `lost`: it could not be asked.
    [[nodiscard]] async::Task<Evidence> query(Account account, AttemptRef attempt, client::Call call) override;
    // Not offered.
    [[nodiscard]] async::Task<Refunded> refund(Account account, RefundRequest request, client::Call call) override;
    [[nodiscard]] async::Task<Evidence> cancel(Account account, AttemptRef attempt, client::Call call) override;
    // `…/ipn`
    [[nodiscard]] async::Task<Evidence> register_callbacks(Account account, client::Call call) override;
    // Not offered.
    [[nodiscard]] async::Task<Pulled> pull(Account account, base::Timestamp since, client::Call call) override;
    // `kind`: "ipn".
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
    [[nodiscard]] std::optional<pesapal::Wire> wire_of(const Account& account, client::Call call);
    // The registered id of the account's address in Answer::body.
    [[nodiscard]] async::Task<pesapal::Answer> ipn_id(pesapal::Wire* wire, const Account* account);
    [[nodiscard]] async::Task<Evidence> ask(pesapal::Wire* wire, const AttemptRef* attempt) const;

    client::Client& http_;
    PesapalOptions options_;
    client::Target live_;
    client::Target sandbox_;
    pesapal::Tokens tokens_;
    std::unordered_map<std::string, std::string> ipn_ids_;  // by address
};

}  // namespace payments
