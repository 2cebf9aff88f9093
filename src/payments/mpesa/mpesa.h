#pragma once
// M-Pesa (Safaricom's Daraja): a prompt on the payer's phone (STK push), its query, money that comes by itself (C2B), and the list of what
// came in the last 48 hours (pull); and money that goes out (payouts.h): to a phone (B2C), or back to whoever paid (reversal). Loop's thread
// only.
//
//     payments::Mpesa mpesa(http, loop, redis, logger, metrics, {.base_url = settings.mpesa_base_url});
//     const payments::Started started = co_await mpesa.start(account, {.id = intent.id, .amount = …, .phone = …}, within);
//
// Credentials: mpesa/credentials.h. `redis` may be null: then each loop has tokens and limits of its own.
//
// - A new access token ends the one before, whoever had it: all instances share one, in Redis, sealed with the consumer secret.
// - A prompt has no idempotency key: it is sent once, and what became of a lost one is asked or waited for.
// - Daraja takes five queries a minute: beyond them query() says `lost` with the code "query_limit", without asking.
// - `Evidence::code` is Daraja's own. Where one code means several things, ":" and which of them follow ("500.001.1001:locked"); without a
//   readable answer it is "http_503" or a client::Cause ("timeout"). saying() knows them all.
// - Money goes out, and back, for accounts with an initiator; what becomes of it is told by callbacks alone. refund() is not offered:
//   traits().refunds is false, and a reversal is a payout.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "async/loop.h"
#include "base/time.h"
#include "client/client.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "payments/mpesa/tokens.h"
#include "payments/mpesa/wire.h"
#include "payments/payouts.h"
#include "payments/provider.h"
#include "redis/client.h"
#include "redis/rate_limiter.h"

namespace payments {

struct MpesaOptions {
    // Instead of Safaricom's two hosts: a simulator.
    std::optional<std::string> base_url{};
    // Whatever an account says, its requests go to the sandbox.
    bool sandbox_only = false;
    // Of one short code, over all instances. Two at once and one more every 20 s: five in any minute at most.
    redis::RateLimit queries{.count = 2, .window = std::chrono::seconds(40)};
    // Of token requests, and of whatever was not sent; prompts are sent once.
    client::RetryRule retry{
        .attempts = 3, .base = std::chrono::milliseconds(500), .cap = std::chrono::milliseconds(5'000)};
    const base::Clock* clock = &base::system_clock();
};

class Mpesa : public Provider, public Payouts {
public:
    Mpesa(client::Client& http, async::Loop& loop, redis::Client* redis, const logging::Logger& logger,
          observe::Metrics& metrics, MpesaOptions options = {});

    [[nodiscard]] const Traits& traits() const override;
    [[nodiscard]] std::expected<schema::Json, schema::ReadError> read_credentials(std::string_view json) const override;
    // "174379", of Buy Goods "600123 / 512345".
    [[nodiscard]] std::string shown(const schema::Json& credentials) const override;
    [[nodiscard]] bool is_live(const schema::Json& credentials) const override;

    [[nodiscard]] async::Task<Started> start(Account account, StartRequest request, client::Call call) override;
    // `lost`: it could not be asked.
    [[nodiscard]] async::Task<Evidence> query(Account account, AttemptRef attempt, client::Call call) override;
    // Not offered.
    [[nodiscard]] async::Task<Refunded> refund(Account account, RefundRequest request, client::Call call) override;
    [[nodiscard]] async::Task<Evidence> cancel(Account account, AttemptRef attempt, client::Call call) override;
    // `…/confirm` and `…/validate` for money that comes by itself; with a nominated number also the list that pull() reads.
    [[nodiscard]] async::Task<Evidence> register_callbacks(Account account, client::Call call) override;
    [[nodiscard]] async::Task<Pulled> pull(Account account, base::Timestamp since, client::Call call) override;
    // `kind`: "stk", "confirm", "validate", "timeout".
    [[nodiscard]] std::expected<VerifiedCallback, CallbackRefusal> verify_callback(const Account& account,
                                                                                   std::string_view kind,
                                                                                   std::string_view bytes,
                                                                                   const http::Headers& headers,
                                                                                   base::Timestamp now) const override;
    [[nodiscard]] std::optional<VerifiedCallback> read_callback(std::string_view kind,
                                                                std::string_view bytes) const override;
    // AccountReference: 12 characters of those that M-Pesa takes; "Payment" where none is left.
    [[nodiscard]] std::string shown_reference(std::string_view reference) const override;
    [[nodiscard]] Saying saying(std::string_view code, std::string_view language) const override;

    // ---- Money that goes out: mpesa/payouts.cpp ----
    [[nodiscard]] Payouts* payouts() noexcept override { return this; }
    [[nodiscard]] const PayoutLimits& payout_limits() const override;
    // Accounts with an initiator.
    [[nodiscard]] bool pays_out(const Account& account) const override;
    [[nodiscard]] async::Task<PayoutEvidence> pay_out(Account account, PayoutRequest request,
                                                      client::Call call) override;
    [[nodiscard]] async::Task<PayoutEvidence> reverse(Account account, ReversalRequest request,
                                                      client::Call call) override;
    [[nodiscard]] async::Task<PayoutEvidence> ask_payout(Account account, PayoutRef payout, client::Call call) override;
    [[nodiscard]] async::Task<PayoutEvidence> ask_balance(Account account, client::Call call) override;
    [[nodiscard]] PayoutEvidence read_payout_result(std::string_view kind, std::string_view bytes,
                                                    const PayoutRef& payout) const override;
    [[nodiscard]] std::optional<std::vector<Purse>> read_balance(std::string_view bytes) const override;
    [[nodiscard]] Saying payout_saying(std::string_view code, PayoutState state,
                                       std::string_view language) const override;

private:
    struct Host {
        std::string name;          // of the tokens: "production", "sandbox"
        client::Target asking;     // whatever may be repeated
        client::Target prompting;  // once
    };
    [[nodiscard]] static Host host_of(std::string_view environment, std::string_view url, const MpesaOptions& options);
    [[nodiscard]] mpesa::Wire wire_of(const mpesa::Credentials& credentials, const client::Call& call);
    [[nodiscard]] async::Task<PayoutEvidence> request(mpesa::Credentials credentials, bool once, std::string_view path,
                                                      std::string json, client::Call call);

    client::Client& http_;
    logging::Logger logger_;
    MpesaOptions options_;
    Host production_;
    Host sandbox_;
    mpesa::Tokens tokens_;
    redis::RateLimiter limiter_;
    observe::Counter limited_;
};

}  // namespace payments
