#pragma once
// Wire: requests of one account to Daraja, each with an access token. A token that Daraja does not know any more is replaced once, and the
// request sent once more: such an answer says that nothing was carried out. Lives as long as the call; what it is given outlives it.
//
//     mpesa::Wire wire({.http = &http, .tokens = &tokens, .owner = owner, .logger = logger, .call = call});
//     const auto body = co_await wire.post(&target, "/mpesa/stkpush/v1/processrequest", client::json(prompt).bytes);
//     if (!body) finding_of_prompt(body.error());

#include <expected>
#include <string>

#include "async/task.h"
#include "client/client.h"
#include "log/logger.h"
#include "payments/mpesa/answers.h"
#include "payments/mpesa/credentials.h"
#include "payments/mpesa/tokens.h"

namespace payments::mpesa {

class Wire {
public:
    struct Parts {
        client::Client* http;
        Tokens* tokens;
        Tokens::Owner owner;
        logging::Logger logger;
        client::Call call;  // the caller's: its time, stop and span
    };
    explicit Wire(Parts parts) : parts_(std::move(parts)) {}

    // The body of a 2xx, whatever it is.
    [[nodiscard]] async::Task<std::expected<std::string, Problem>> post(const client::Target* target, std::string path,
                                                                        std::string json);

private:
    [[nodiscard]] client::Call call_with(const Tokens::Token& token) const;
    void tell(const Problem& problem, std::string_view path) const;

    Parts parts_;
};

}  // namespace payments::mpesa
