#pragma once
// Client: calls other services over HTTP/1.1, from one loop. Each call ends as a value: a reply, or an Error that says whether the
// request may have been carried out (outcome.h). It never throws for what the network does.
//
//     async::Task<Place> look_up(http::Service<client::Client> http, http::Service<Maps> maps, Address address) {
//         const auto reply = co_await http->get<Place>(maps->target, "/places", {.query = {{"q", address.text}}});
//         if (!reply) throw client::failure(reply.error());
//         co_return reply->body;
//     }
//
// The target, and what a body refers to, outlive the call. Bodies that are described structs go as JSON; body.h has the others.

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "async/loop.h"
#include "async/resolver.h"
#include "async/task.h"
#include "base/random.h"
#include "base/time.h"
#include "client/body.h"
#include "client/outcome.h"
#include "client/settings.h"
#include "client/target.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "observe/span.h"

namespace client {

class CurlLoop;
struct ClientImpl;

// What one call has besides its target, path and body.
struct Call {
    HeaderList headers{};  // instead of the target's of the same name
    FormFields query{};
    std::string idempotency_key{};  // sent as Idempotency-Key, the same one each time; makes the call repeatable
    bool repeatable = false;        // twice is the same as once; GET and HEAD are
    std::optional<std::chrono::milliseconds> within{};      // instead of the target's Deadlines::whole
    async::SteadyTime deadline = async::SteadyTime::max();  // of the caller: Context::deadline()
    std::stop_token stop{};                                 // Context::gone(), Context::draining()
    const observe::SpanContext* span = nullptr;             // Context::span(): traceparent goes out
    std::string accept{};                                   // instead of what the type of the reply says
    std::size_t max_reply_bytes = 0;                        // instead of the target's; of streams: without, no limit
};

// A reply whose body is read piece by piece: memory stays flat, however long it is. Destroyed before its end it closes the connection.
class ReplyStream {
public:
    struct Impl;
    explicit ReplyStream(std::unique_ptr<Impl> impl);
    ReplyStream(ReplyStream&&) noexcept;
    ReplyStream& operator=(ReplyStream&&) noexcept;
    ~ReplyStream();

    [[nodiscard]] int status() const noexcept;
    [[nodiscard]] const http::Headers& headers() const noexcept;
    // Bytes as they are on the wire; "" at the end. An error is the last thing that it gives: what came before is not the whole.
    [[nodiscard]] async::Task<std::expected<std::string, Error>> read();

private:
    std::unique_ptr<Impl> impl_;
};

class Client {
public:
    struct Parts {
        async::Loop& loop;
        logging::Logger logger;
        observe::Metrics& metrics;
        Settings settings{};
        std::string user_agent = "backend";
        async::Lookup lookup{};  // of tests; none: the system's
        const base::Clock* clock = &base::system_clock();
        base::RandomSource* random = nullptr;  // of tests
    };

    explicit Client(Parts parts);
    // stop() first.
    ~Client();
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    template <class T>
    [[nodiscard]] async::Task<Result<T>> get(const Target& target, std::string path, Call call = {}) {
        return send<T>("GET", target, std::move(path), {}, std::move(call));
    }
    template <class T>
    [[nodiscard]] async::Task<Result<T>> post(const Target& target, std::string path, Body body, Call call = {}) {
        return send<T>("POST", target, std::move(path), std::move(body), std::move(call));
    }
    template <class T, Described B>
    [[nodiscard]] async::Task<Result<T>> post(const Target& target, std::string path, const B& body, Call call = {}) {
        return send<T>("POST", target, std::move(path), json(body), std::move(call));
    }
    // Any method, in capital letters.
    template <class T>
    [[nodiscard]] async::Task<Result<T>> send(std::string method, const Target& target, std::string path, Body body,
                                              Call call = {}) {
        return typed<T>(&target, send_raw(&target, std::move(method), std::move(path), std::move(body), std::move(call),
                                          Described<T> && !std::same_as<T, Nothing>));
    }
    // The head of the reply is there when it ends; a status other than 2xx is an Error.
    [[nodiscard]] async::Task<std::expected<ReplyStream, Error>> open(std::string method, const Target& target,
                                                                      std::string path, Body body = {}, Call call = {});

    // For other protocols through libcurl.
    [[nodiscard]] CurlLoop& curl() noexcept;

    // New calls are refused; those that run have until then, and are ended.
    [[nodiscard]] async::Task<void> stop(async::SteadyTime deadline);

private:
    [[nodiscard]] async::Task<Result<std::string>> send_raw(const Target* target, std::string method, std::string path,
                                                            Body body, Call call, bool wants_json);
    // A reply that is not what its type says, as an error that has been logged and counted.
    [[nodiscard]] Error unreadable(const Target& target, const Reply<std::string>& reply, const schema::ReadError& why);

    template <class T>
    [[nodiscard]] async::Task<Result<T>> typed(const Target* target, async::Task<Result<std::string>> sent) {
        auto raw = co_await sent;
        if (!raw) co_return std::unexpected(std::move(raw.error()));
        Reply<T> reply{.status = raw->status, .headers = std::move(raw->headers)};
        if constexpr (std::same_as<T, std::string>) {
            reply.body = std::move(raw->body);
        } else if constexpr (!std::same_as<T, Nothing>) {
            auto read = schema::parse<T>(raw->body, {.max_bytes = raw->body.size(), .lenient = true});
            if (!read) co_return std::unexpected(unreadable(*target, *raw, read.error()));
            reply.body = *std::move(read);
        }
        co_return reply;
    }

    std::unique_ptr<ClientImpl> impl_;
};

}  // namespace client
