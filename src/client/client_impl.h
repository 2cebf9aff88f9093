#pragma once
// ClientImpl: what the calls of one loop share, and what has to be counted for each target. Inside the library.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "async/loop.h"
#include "async/resolver.h"
#include "async/task.h"
#include "base/random.h"
#include "client/breaker.h"
#include "client/client.h"
#include "client/curl_loop.h"
#include "client/gate.h"
#include "client/retry.h"
#include "client/waiter.h"
#include "log/news.h"

namespace client {

struct TargetState {
    TargetState(const Target& target, ClientImpl& client);

    std::string name;
    Gate gate;
    Breaker breaker;
    bool has_breaker;  // one service is behind it: whole URLs may mean any
    RetryBudget budget;
    std::vector<std::string> secrets;  // that no log shows
    observe::Counter retries;
    observe::Histogram duration;
    observe::Gauge in_flight;
    observe::Gauge waiting;
    observe::Gauge breaker_open;
    bool said_open = false;
};

struct ProxySettings {
    std::string host;
    std::uint16_t port = 0;
    std::string credentials;  // user:password
};

struct ClientImpl {
    explicit ClientImpl(Client::Parts given);

    TargetState& state_of(const Target& target);
    // The pending look-up may come later than the deadline.
    [[nodiscard]] async::Task<async::Resolution> resolve(std::string host, async::SteadyTime deadline,
                                                         std::stop_token stop);
    void count_status(const TargetState& state, int status) const;
    // Metrics and log of a call that failed. `shown`: what of its path may be.
    void tell_failure(TargetState& state, std::string_view method, std::string_view shown, const Error& error);
    [[nodiscard]] base::RandomSource& random() { return parts.random != nullptr ? *parts.random : own_random; }

    Client::Parts parts;
    CurlLoop curl;
    async::Resolver resolver;       // of targets
    async::Resolver foreign_names;  // of whole URLs
    base::SecureRandom own_random;
    std::optional<ProxySettings> proxy;
    std::map<std::string, std::unique_ptr<TargetState>, std::less<>> states;
    std::unordered_map<std::string, std::string>
        last_addresses;  // by host: the one that worked, so that its connections are used
    observe::CounterFamily requests;
    observe::CounterFamily failures;
    logging::News news;

    // ---- The end
    std::stop_source closing;
    bool refuses_calls = false;
    std::size_t active = 0;
    Waiter* waits_for_end = nullptr;
};

// A call that runs: stop() waits for it.
class ActiveCall {
public:
    explicit ActiveCall(ClientImpl& client) : client_(&client) { ++client.active; }
    ActiveCall(ActiveCall&& other) noexcept : client_(std::exchange(other.client_, nullptr)) {}
    ActiveCall& operator=(ActiveCall&&) = delete;
    ~ActiveCall() {
        if (client_ != nullptr && --client_->active == 0 && client_->waits_for_end != nullptr)
            client_->waits_for_end->wake();
    }

private:
    ClientImpl* client_;
};

}  // namespace client
