#include "realtime/hosted/publisher.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/strings.h"
#include "schema/schema.h"

namespace realtime::hosted {

namespace {

constexpr std::string_view too_large = R"({"tooLarge":true})";

std::string json_string(std::string_view text) {
    std::string out;
    schema::write_json_string(text, out);
    return out;
}

std::string_view data_within(const Message& message, std::size_t longest) {
    return message.data.size() <= longest ? std::string_view(message.data) : too_large;
}

client::Target target_of(std::string name, std::string base_url) {
    return {.name = std::move(name),
            .base_url = std::move(base_url),
            .deadlines = {.first_byte = std::chrono::seconds(5), .whole = std::chrono::seconds(10)},
            // The job repeats, with its own pauses.
            .retry = {.attempts = 1},
            .hides_path = true};
}

struct AblyProblem {
    struct Details {
        std::int32_t code = 0;
        friend constexpr auto describe(Details*) {
            return schema::object<Details>("AblyErrorDetails", schema::field<&Details::code>("code"));
        }
    };
    Details error;
    friend constexpr auto describe(AblyProblem*) {
        return schema::object<AblyProblem>("AblyProblem", schema::field<&AblyProblem::error>("error"));
    }
};

// Blocks at their edge have the code in a header alone.
int ably_code(const client::Error& error) {
    const auto read = schema::parse<AblyProblem>(error.body, {.max_bytes = error.body.size(), .lenient = true});
    if (read) return read->error.code;
    const auto header = error.headers.get("x-ably-errorcode");
    return header ? base::parse_integer<int>(*header).value_or(0) : 0;
}

Outcome outcome_of(const client::Error& error, int code) {
    if (error.status == 0) {
        const bool is_ours = error.cause == client::Cause::bad_call || error.cause == client::Cause::forbidden;
        return {is_ours ? Verdict::misconfigured : Verdict::retry, error.detail};
    }
    return {verdict_of(error.status, code), fmt::format("status {}, code {}", error.status, code), error.retry_after};
}

class PusherPublisher final : public Publisher {
public:
    PusherPublisher(client::Client& http, PusherAccount account, const base::Clock& clock)
        : http_(http), account_(std::move(account)), clock_(clock), target_(target_of("pusher", base_of(account_))) {}

    [[nodiscard]] std::size_t most_at_once() const override { return 10; }

    async::Task<Outcome> publish(std::vector<Message> messages, std::string /*id: it has none*/,
                                 async::SteadyTime deadline) override {
        const auto body = batch_of(messages);
        const auto path = fmt::format("/apps/{}/batch_events", account_.app.id);
        const pusher::Parameters none;
        const auto query = pusher::signed_parameters(account_.app, {"POST", path, none, body}, clock_.now());
        client::Call call{.query = {query.begin(), query.end()}};
        call.deadline = deadline;
        const auto reply = co_await http_.post<std::string>(target_, path, client::json_text(body), std::move(call));
        if (reply) co_return Outcome{};
        co_return outcome_of(reply.error(), 0);
    }

private:
    static std::string base_of(const PusherAccount& account) {
        return account.base_url.empty() ? fmt::format("https://api-{}.pusher.com", account.cluster) : account.base_url;
    }
    [[nodiscard]] std::string batch_of(const std::vector<Message>& messages) const {
        std::string batch;
        for (const auto& message : messages) {
            batch += fmt::format(R"({}{{"name":{},"channel":{},"data":{})", batch.empty() ? "" : ",",
                                 json_string(message.event), json_string(message.channel),
                                 json_string(data_within(message, account_.longest_data)));
            if (!message.except.empty()) batch += fmt::format(R"(,"socket_id":{})", json_string(message.except));
            batch += '}';
        }
        return fmt::format(R"({{"batch":[{}]}})", batch);
    }

    client::Client& http_;
    PusherAccount account_;
    const base::Clock& clock_;
    client::Target target_;
};

std::pair<std::string_view, std::string_view> halves_of(std::string_view key) {
    const auto colon = key.find(':');
    if (colon == std::string_view::npos) return {key, {}};
    return {key.substr(0, colon), key.substr(colon + 1)};
}

class AblyPublisher final : public Publisher {
public:
    AblyPublisher(client::Client& http, AblyAccount account)
        : http_(http), account_(std::move(account)), target_(target_of("ably", account_.base_url)) {
        const auto [name, secret] = halves_of(account_.key);
        target_.auth = client::Basic{std::string(name), std::string(secret)};
        target_.headers = {{"X-Ably-Version", "2"}};
    }

    [[nodiscard]] std::size_t most_at_once() const override { return 1; }

    // One channel a call: a batch may succeed in part, and its reply has two forms.
    async::Task<Outcome> publish(std::vector<Message> messages, std::string id, async::SteadyTime deadline) override {
        Outcome outcome;
        for (std::size_t index = 0; index < messages.size() && outcome.verdict == Verdict::published; ++index) {
            const auto& message = messages[index];
            const auto body = fmt::format(R"({{"id":{},"name":{},"data":{},"encoding":"json"}})",
                                          json_string(fmt::format("{}:{}", id, index)), json_string(message.event),
                                          json_string(data_within(message, account_.longest_data)));
            client::Call call;
            call.deadline = deadline;
            const auto path = fmt::format("/channels/{}/messages", base::percent_encode(message.channel));
            const auto reply =
                co_await http_.post<std::string>(target_, path, client::json_text(body), std::move(call));
            if (!reply) outcome = outcome_of(reply.error(), ably_code(reply.error()));
        }
        co_return outcome;
    }

private:
    client::Client& http_;
    AblyAccount account_;
    client::Target target_;
};

}  // namespace

Verdict verdict_of(int status, int code) {
    if (status / 100 == 2) return Verdict::published;
    if (status == 429 || status == 408 || status >= 500) return Verdict::retry;
    if (code >= 42'910 && code <= 42'926) return Verdict::retry;
    if (status == 401 || status == 403 || code == 40'160) return Verdict::misconfigured;
    return Verdict::refused;
}

std::unique_ptr<Publisher> make_pusher_publisher(client::Client& http, PusherAccount account,
                                                 const base::Clock& clock) {
    return std::make_unique<PusherPublisher>(http, std::move(account), clock);
}

std::unique_ptr<Publisher> make_ably_publisher(client::Client& http, AblyAccount account) {
    return std::make_unique<AblyPublisher>(http, std::move(account));
}

std::string ably_token(std::string_view key, const AblyGrant& grant) {
    const auto [name, secret] = halves_of(key);
    std::string capability;
    for (const auto& channel : grant.channels)
        capability += fmt::format(R"({}{}:["subscribe"])", capability.empty() ? "" : ",", json_string(channel));
    const auto issued = std::chrono::floor<std::chrono::seconds>(grant.now).time_since_epoch().count();
    const auto header = fmt::format(R"({{"typ":"JWT","alg":"HS256","kid":{}}})", json_string(name));
    const auto claims =
        fmt::format(R"({{"iat":{},"exp":{},"x-ably-capability":{},"x-ably-clientId":{}}})", issued,
                    issued + grant.life.count(), json_string('{' + capability + '}'), json_string(grant.client_id));
    const auto text = base::base64url_encode(header) + '.' + base::base64url_encode(claims);
    return text + '.' + base::base64url_encode(base::as_chars(base::hmac_sha256(secret, text)));
}

}  // namespace realtime::hosted
