#pragma once
// Wire: requests to Stripe's API for one account, tried again by Stripe's rules, each ended as a value that says whether Stripe may have
// carried it out. Lives as long as the call; what it is given outlives it. Loop's thread.
//
//     Wire wire({.http = &http, .loop = &loop, .target = &target, .retry = options.retry, .secret_key = key, .call = call});
//     const auto answer = co_await wire.post("/v1/refunds", {{"payment_intent", id}}, refund_id);
//     if (answer.kind == Answer::Kind::done) stripe::read<Refund>(answer.body);
//
// Bodies hold client secrets: they are in no log and no text.

#include <cstdint>
#include <string>

#include "async/loop.h"
#include "async/task.h"
#include "client/client.h"
#include "payments/state.h"

namespace payments::stripe {

struct Answer {
    enum class Kind : std::uint8_t {
        done,       // 2xx with JSON
        declined,   // a card was refused: `text` is for its holder
        refused,    // the request is wrong: it was not carried out
        forbidden,  // the secret key is wrong, or may not: it was not carried out
        reused,     // the idempotency key belongs to a request with other parameters
        not_taken,  // it was not sent, or Stripe had no time for it: nothing was carried out
        lost,       // it may have been carried out
    };
    Kind kind = Kind::lost;
    std::string body{};
    std::string code{};
    std::string text{};
};

class Wire {
public:
    struct Parts {
        client::Client* http;
        async::Loop* loop;
        const client::Target* target;
        client::RetryRule retry;
        std::string secret_key;
        client::Call call;  // the caller's: its deadline, stop and span
    };
    explicit Wire(Parts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] async::Task<Answer> get(std::string path, client::FormFields query = {});
    // `key`: the same one for the same thing, also when it is asked for again later.
    [[nodiscard]] async::Task<Answer> post(std::string path, client::FormFields fields, std::string key);

private:
    struct Request {
        std::string method;
        std::string path;
        client::FormFields fields;
        std::string key;
    };
    [[nodiscard]] async::Task<Answer> send(Request request);
    [[nodiscard]] client::Call call_for(const Request& request) const;

    Parts parts_;
};

// The evidence of a question that had no answer: it changes nothing.
[[nodiscard]] Evidence no_news(const Answer& answer);
[[nodiscard]] Evidence no_news(std::string code);

}  // namespace payments::stripe
