#pragma once
// Wire: requests of one merchant to Pesapal, each with an access token. Errors come with HTTP 200 as well, so that every answer is looked
// into. A token that is not known any more is replaced once, and the request sent once more: it was not carried out. Lives as long as the
// call; what it is given outlives it. Loop's thread.
//
//     pesapal::Wire wire({.http = &http, .tokens = &tokens, .target = &target, .credentials = credentials, .call = call});
//     const auto answer = co_await wire.get("/api/Transactions/GetTransactionStatus", {{"orderTrackingId", id}});
//     if (answer.kind == Answer::Kind::done) payments::read<Status>(answer.body);

#include <cstdint>
#include <string>
#include <unordered_map>

#include "async/loop.h"
#include "async/task.h"
#include "client/client.h"
#include "payments/pesapal/credentials.h"

namespace payments::pesapal {

struct Answer {
    enum class Kind : std::uint8_t {
        done,       // 2xx with JSON that is no error
        refused,    // Pesapal says no: it was not carried out
        token,      // the access token is not known any more
        not_taken,  // it was not sent, or there was no time for it: it was not carried out
        lost,       // nobody knows whether it was carried out
    };
    Kind kind = Kind::lost;
    std::string body{};
    std::string code{};  // Pesapal's own, "http_503", or a client::Cause
    std::string text{};
};
// Of a body that came with this status.
[[nodiscard]] Answer answer_of(int status, std::string body);

// The access tokens of a loop. A token lives for five minutes (Pesapal); it is kept for four, by a clock that does not jump.
class Tokens {
public:
    struct Token {
        std::string value;
        async::SteadyTime until{};
    };
    [[nodiscard]] const std::string* find(const std::string& owner) const;
    void keep(const std::string& owner, std::string value);
    void drop(const std::string& owner, const std::string& value);

private:
    std::unordered_map<std::string, Token> tokens_;
};

class Wire {
public:
    struct Parts {
        client::Client* http;
        Tokens* tokens;
        const client::Target* target;
        Credentials credentials;
        client::Call call;  // the caller's: its time, stop and span
    };
    explicit Wire(Parts parts);

    [[nodiscard]] async::Task<Answer> get(std::string path, client::FormFields query = {});
    // `repeatable`: twice is the same as once.
    [[nodiscard]] async::Task<Answer> post(std::string path, std::string json, bool repeatable = false);

private:
    struct Request {
        std::string method;
        std::string path;
        client::FormFields query{};
        std::string json{};
        bool repeatable = false;
    };
    [[nodiscard]] async::Task<Answer> send(Request request);
    [[nodiscard]] async::Task<Answer> token();
    [[nodiscard]] async::Task<Answer> exchange(const Request* request, const std::string* token);

    Parts parts_;
    std::string owner_;  // of the token: shows no key
};

}  // namespace payments::pesapal
