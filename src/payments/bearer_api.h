#pragma once
// BearerApi: requests in JSON to a provider's API that knows us by a secret key and keeps no keys of idempotency. Each ends as a value
// that says whether the provider may have carried it out. A GET is tried again by the client; a POST is sent once. Lives as long as the
// call; what it is given outlives it. Loop's thread.
//
//     BearerApi api({.http = &http, .target = &target, .secret_key = key, .call = call, .envelope = &flutterwave::envelope_of});
//     const auto answer = co_await api.post("/v3/payments", schema::to_json(order));
//     if (answer.kind == ApiAnswer::Kind::done) payments::read<Hosted>(answer.data.text);

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "async/task.h"
#include "client/client.h"
#include "payments/provider.h"
#include "payments/state.h"
#include "schema/schema.h"

namespace payments {

// What the provider's own envelope says.
struct ApiEnvelope {
    bool is_success = false;
    std::string code{};  // of an error
    std::string text{};  // as words() gives it
    schema::Json data{};
    schema::Json meta{};
};

struct ApiAnswer {
    enum class Kind : std::uint8_t {
        done,       // the provider's own words of success; of what is asked, not of the payment
        refused,    // it was not carried out
        forbidden,  // the secret key is wrong, or may not: it was not carried out
        not_taken,  // not sent, or the provider had no time for it: nothing was carried out
        lost,       // it may have been carried out
    };
    Kind kind = Kind::lost;
    int status = 0;
    std::string code{};
    std::string text{};
    schema::Json data{};
    schema::Json meta{};
};

class BearerApi {
public:
    struct Parts {
        client::Client* http;
        const client::Target* target;
        std::string secret_key;
        client::Call call;  // the caller's: its deadline, stop and span
        // nullopt: the body is not the provider's. Somebody on the way answered, who may have passed the request on.
        std::optional<ApiEnvelope> (*envelope)(std::string_view body);
    };
    explicit BearerApi(Parts parts) : parts_(std::move(parts)) {}

    [[nodiscard]] async::Task<ApiAnswer> get(std::string path, client::FormFields query = {});
    [[nodiscard]] async::Task<ApiAnswer> post(std::string path, std::string json, client::FormFields query = {});

private:
    [[nodiscard]] async::Task<ApiAnswer> send(std::string method, std::string path, client::Body body,
                                              client::FormFields query);

    Parts parts_;
};

// The evidence of a question that had no answer: it changes nothing.
[[nodiscard]] Evidence no_answer(const ApiAnswer& answer);
[[nodiscard]] Evidence no_answer(std::string code);
// Of a start that the provider did not simply take.
[[nodiscard]] Evidence not_started(const ApiAnswer& answer);
// Of a refund that the provider did not simply take. What was not carried out is refused: without a key nobody sends it again.
[[nodiscard]] Refunded not_refunded(const ApiAnswer& answer);

}  // namespace payments
