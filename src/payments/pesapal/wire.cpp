#include "payments/pesapal/wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/hash.h"
#include "base/strings.h"
#include "payments/pesapal/messages.h"
#include "payments/reading.h"

namespace payments::pesapal {

namespace {

using Kind = Answer::Kind;

constexpr std::chrono::minutes token_lives{4};
constexpr std::size_t most_tokens = 10'000;
constexpr std::size_t longest_token = 8'192;

// What Pesapal says in a body: "" where it says no error.
struct Said {
    std::string status;
    std::string code;
    std::string text;
    bool is_error = false;
};

Said said_in(std::string_view body) {
    if (!body.starts_with('{')) return {};
    const auto envelope = read<Envelope>(body);
    if (!envelope) return {};
    Said said{.status = scalar(envelope->status)};
    if (envelope->error.text.starts_with('{')) {
        const auto detail = read<ErrorDetail>(envelope->error.text);
        if (detail) {
            said.code = code(scalar(detail->code));
            said.text = words(scalar(detail->message));
            if (said.code.empty()) said.code = code(scalar(detail->type));
        }
    } else {
        said.text = words(scalar(envelope->error));
    }
    // Of a status of an order ("Completed") nothing is to be read here: those are numbers.
    const bool is_number = !said.status.empty() && std::ranges::all_of(said.status, base::is_ascii_digit);
    said.is_error = !said.code.empty() || !said.text.empty() || (is_number && said.status != "200");
    if (said.is_error && said.text.empty()) said.text = words(scalar(envelope->message));
    if (!is_number) said.status.clear();
    return said;
}

bool is_of_token(const Said& said) {
    constexpr std::array<std::string_view, 4> codes{"invalid_token", "token_expired", "invalid_access_token",
                                                    "unauthorized"};
    return said.status == "401" ||
           std::ranges::any_of(codes, [&](std::string_view code) { return base::iequals(code, said.code); });
}

Kind kind_of_status(int status) {
    if (status == 403 || status == 429) return Kind::not_taken;
    const bool says_no = status >= 400 && status < 500 && status != 408 && status != 409;
    return says_no ? Kind::refused : Kind::lost;
}

Answer answer_of_error(const client::Error& error) {
    if (error.outcome == client::Outcome::refused) return answer_of(error.status, error.body);
    const bool was_sent = error.outcome != client::Outcome::not_sent;
    return {.kind = was_sent ? Kind::lost : Kind::not_taken,
            .code = std::string(client::to_string(error.cause)),
            .text = error.detail};
}

// Of one merchant at one host: it shows neither key. A changed secret is another owner, which has to prove itself.
std::string owner_of(const client::Target& target, const Credentials& credentials) {
    const auto whole = target.base_url + "\n" + credentials.consumer_key + "\n" + credentials.consumer_secret;
    return std::string(base::as_chars(base::sha256(whole)));
}

bool is_token(std::string_view text) {
    return !text.empty() && text.size() <= longest_token &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

Answer answer_of(int status, std::string body) {
    const auto said = said_in(body);
    const bool is_json = body.starts_with('{') || body.starts_with('[');
    Answer answer{.kind = Kind::done, .code = said.code, .text = said.text};
    const bool is_good = status >= 200 && status < 300;
    if (is_good && is_json && !said.is_error) {
        answer.body = std::move(body);
        return answer;
    }
    if (answer.code.empty()) answer.code = is_good && !is_json ? "unreadable" : fmt::format("http_{}", status);
    if (answer.code == "http_200") answer.code = fmt::format("status_{}", said.status);
    // Its own word is that it did not do it; whatever else answers does not know. 429 is said before anything is done.
    if (status == 401 || is_of_token(said)) {
        answer.kind = Kind::token;
    } else if (status == 429 || said.status == "429") {
        answer.kind = Kind::not_taken;
    } else {
        answer.kind = said.is_error ? Kind::refused : kind_of_status(status);
    }
    return answer;
}

const std::string* Tokens::find(const std::string& owner) const {
    const auto found = tokens_.find(owner);
    return found == tokens_.end() || found->second.until <= async::Loop::now() ? nullptr : &found->second.value;
}

void Tokens::keep(const std::string& owner, std::string value) {
    const auto now = async::Loop::now();
    if (tokens_.size() >= most_tokens) std::erase_if(tokens_, [&](const auto& one) { return one.second.until <= now; });
    if (tokens_.size() >= most_tokens) tokens_.clear();
    tokens_[owner] = {.value = std::move(value), .until = now + token_lives};
}

void Tokens::drop(const std::string& owner, const std::string& value) {
    const auto found = tokens_.find(owner);
    if (found != tokens_.end() && found->second.value == value) tokens_.erase(found);
}

Wire::Wire(Parts parts) : parts_(std::move(parts)), owner_(owner_of(*parts_.target, parts_.credentials)) {}

async::Task<Answer> Wire::exchange(const Request* request, const std::string* token) {
    client::Call call{.query = request->query,
                      .repeatable = request->repeatable,
                      .within = parts_.call.within,
                      .deadline = parts_.call.deadline,
                      .stop = parts_.call.stop,
                      .span = parts_.call.span,
                      .accept = "application/json"};
    if (token != nullptr) call.headers.emplace_back("Authorization", "Bearer " + *token);
    auto body = request->method == "POST" ? client::json_text(request->json) : client::Body{};
    // As bytes: what is no JSON is looked at as well.
    const auto reply = co_await parts_.http->send<std::string>(request->method, *parts_.target, request->path,
                                                               std::move(body), std::move(call));
    co_return reply ? answer_of(reply->status, reply->body) : answer_of_error(reply.error());
}

// Its body is the token. Asking for one changes nothing, so that an answer that was lost means nothing was sent.
async::Task<Answer> Wire::token() {
    if (const auto* kept = parts_.tokens->find(owner_)) co_return Answer{.kind = Kind::done, .body = *kept};
    const TokenRequest asked{.key = parts_.credentials.consumer_key, .secret = parts_.credentials.consumer_secret};
    const Request request{
        .method = "POST", .path = "/api/Auth/RequestToken", .json = schema::to_json(asked), .repeatable = true};
    auto answer = co_await exchange(&request, nullptr);
    if (answer.kind != Kind::done) {
        const bool is_no = answer.kind == Kind::refused || answer.kind == Kind::token;
        answer.kind = is_no ? Kind::refused : Kind::not_taken;
        answer.code.insert(0, "no_token:");
        co_return answer;
    }
    const auto reply = read<TokenReply>(answer.body);
    auto value = reply ? scalar(reply->token) : std::string();
    if (!is_token(value)) co_return Answer{.kind = Kind::not_taken, .code = "no_token:unreadable"};
    parts_.tokens->keep(owner_, value);
    co_return Answer{.kind = Kind::done, .body = std::move(value)};
}

async::Task<Answer> Wire::send(Request request) {
    for (bool is_first = true;; is_first = false) {
        const auto granted = co_await token();
        if (granted.kind != Kind::done) co_return granted;
        auto answer = co_await exchange(&request, &granted.body);
        if (answer.kind != Kind::token) co_return answer;
        parts_.tokens->drop(owner_, granted.body);
        if (is_first) continue;
        answer.kind = Kind::refused;
        co_return answer;
    }
}

async::Task<Answer> Wire::get(std::string path, client::FormFields query) {
    co_return co_await send({.method = "GET", .path = std::move(path), .query = std::move(query), .repeatable = true});
}

async::Task<Answer> Wire::post(std::string path, std::string json, bool repeatable) {
    co_return co_await send(
        {.method = "POST", .path = std::move(path), .json = std::move(json), .repeatable = repeatable});
}

}  // namespace payments::pesapal
