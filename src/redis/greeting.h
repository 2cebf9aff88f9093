#pragma once
// Greeting: what is said on a new connection before commands may go: HELLO 3 with AUTH and SETNAME, or AUTH and CLIENT SETNAME
// of RESP2 where HELLO is not known; SELECT; PING until Redis has loaded its data. No I/O: bytes out, replies in.
//
//     Greeting greeting(endpoint, {.connection_name = "jobs", .resp3 = true});
//     send(greeting.request());
//     switch (greeting.on_reply(reply)) ...

#include <cstdint>
#include <string>
#include <string_view>

#include "redis/options.h"
#include "redis/value.h"

namespace redis::detail {

class Greeting {
public:
    struct Settings {
        std::string connection_name;
        bool resp3 = true;
    };
    enum class Next : std::uint8_t {
        send,   // request() at once
        wait,   // request() in a while: not ready yet, says cause()
        ready,  // commands may go
        fail,   // cause() says why
    };

    Greeting(const Endpoint& endpoint, const Settings& settings);

    [[nodiscard]] std::string request() const;
    [[nodiscard]] Next on_reply(const Reply& reply);
    [[nodiscard]] const std::string& cause() const noexcept { return cause_; }

private:
    enum class Stage : std::uint8_t { hello, authenticate, name, select, ping };

    [[nodiscard]] bool has_credentials() const noexcept { return !username_.empty() || !password_.empty(); }
    [[nodiscard]] bool applies(Stage stage) const noexcept;
    Next advance();
    Next fail(std::string_view text);

    std::string username_;
    std::string password_;
    std::int32_t database_;
    Settings settings_;
    Stage stage_;
    bool greeted_ = false;  // by HELLO, which has authenticated and named as well
    std::string cause_;
};

}  // namespace redis::detail
