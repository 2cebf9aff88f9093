#pragma once
// ScriptedServer: a real HTTP/1.1 server, plain or TLS, that answers each request as a test's script says: bytes, pauses, drips, a cut,
// a flood. It counts what it has received, which is the proof of what a client has sent. Any thread; stops when destroyed.
//
//     testing::ScriptedServer server([](const testing::ScriptedServer::Request& request) {
//         return testing::Answer().send(testing::http_reply(200, "{}")).wait(5ms).send("HTTP/1.1 200 OK\r\n...");
//     });
//     client.get(server.url("/x"));
//     EXPECT_EQ(server.requests().size(), 1U);

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace testing {

// Steps, in their order. An answer that does not end the connection leaves it open for the next request.
class Answer {
public:
    struct Step {
        enum class Kind : std::uint8_t { send, wait, drip, flood, hold, close, reset };
        Kind kind;
        std::string bytes{};
        std::chrono::milliseconds pause{};
        std::uint64_t count = 0;
    };

    Answer& send(std::string bytes) { return add({.kind = Step::Kind::send, .bytes = std::move(bytes)}); }
    Answer& wait(std::chrono::milliseconds pause) { return add({.kind = Step::Kind::wait, .pause = pause}); }
    // Byte by byte.
    Answer& drip(std::string bytes, std::chrono::milliseconds every) {
        return add({.kind = Step::Kind::drip, .bytes = std::move(bytes), .pause = every});
    }
    // So many zeros, as fast as they are taken.
    Answer& flood(std::uint64_t count) { return add({.kind = Step::Kind::flood, .count = count}); }
    // Nothing more, until the client closes.
    Answer& hold() { return add({.kind = Step::Kind::hold}); }
    Answer& close() { return add({.kind = Step::Kind::close}); }
    // RST.
    Answer& reset() { return add({.kind = Step::Kind::reset}); }

    [[nodiscard]] const std::vector<Step>& steps() const noexcept { return steps_; }

private:
    Answer& add(Step step) {
        steps_.push_back(std::move(step));
        return *this;
    }
    std::vector<Step> steps_;
};

// A whole reply with its length.
[[nodiscard]] std::string http_reply(int status, std::string_view body, std::string_view headers = {},
                                     std::string_view content_type = "application/json");

class ScriptedServer {
public:
    struct Request {
        std::string head;  // with the request line
        std::string method;
        std::string target;
        std::string body;
        std::size_t connection = 0;
        std::size_t on_connection = 0;  // 0: its first

        // "" when there is none.
        [[nodiscard]] std::string header(std::string_view name) const;
    };
    using Script = std::function<Answer(const Request&)>;
    struct Options {
        std::string address = "127.0.0.1";
        int port = 0;  // any free one
        bool tls = false;
        bool offers_http2 = false;  // by TLS, and prefers it; it does not speak it
        std::string certificate_names = "DNS:localhost,IP:127.0.0.1";
        bool keep_bodies = true;                            // else bodies are counted alone
        std::optional<std::size_t> accepts = std::nullopt;  // so many connections; further ones are closed at once
    };

    explicit ScriptedServer(Script script);
    ScriptedServer(Script script, Options options);
    ~ScriptedServer();
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    [[nodiscard]] int port() const noexcept;
    [[nodiscard]] std::string url(std::string_view path = {}) const;
    // Of TLS: the PEM file of the authority, which is the certificate itself.
    [[nodiscard]] const std::string& certificate_file() const noexcept;

    [[nodiscard]] std::vector<Request> requests() const;
    [[nodiscard]] std::size_t request_count() const;
    [[nodiscard]] std::size_t connection_count() const;
    [[nodiscard]] std::uint64_t bytes_sent() const;
    [[nodiscard]] std::uint64_t body_bytes_received() const;
    // Connections that are open at present.
    [[nodiscard]] std::size_t open_connections() const;
    // False when it is not so within ten seconds.
    [[nodiscard]] bool wait_until(const std::function<bool(const ScriptedServer&)>& holds) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace testing
