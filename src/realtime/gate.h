#pragma once
// SocketGate: how many sockets an address and a tenant may have, over all loops of the process, and who comes back too often.
// Thread-safe.
//
//     auto pass = gate.enter_address(request.client_address(), now);        // nullopt: it has as many as it may
//     if (!pass->enter_tenant(tenant, now)) …                               // given back when the pass goes
//
// Many people stand behind one address of a mobile network: who reads too slowly shuts out their own tenant there, and nobody else.

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "async/loop.h"
#include "base/uuid.h"

namespace realtime {

class SocketGate {
public:
    struct Options {
        std::size_t most_sockets = 50'000;
        std::size_t most_of_address = 1'000;  // offices stand behind one address, as do schools
        std::size_t most_of_tenant = 2'000;
        // Who was closed as a slow consumer so often within `slow_window` is not let in for `held_off`.
        unsigned most_slow = 3;
        std::chrono::milliseconds slow_window{60'000};
        std::chrono::milliseconds held_off{30'000};
        std::size_t most_remembered = 10'000;
    };

    class Pass {
    public:
        Pass() = default;
        Pass(Pass&& other) noexcept;
        Pass& operator=(Pass&& other) noexcept;
        ~Pass();
        // Once; false when the tenant has as many as it may, or is held off at this address.
        [[nodiscard]] bool enter_tenant(const base::Uuid& tenant, async::SteadyTime now);
        // It was closed because it took less than came.
        void was_slow(async::SteadyTime now);

    private:
        friend class SocketGate;
        Pass(SocketGate& gate, std::string address) : gate_(&gate), address_(std::move(address)) {}
        SocketGate* gate_ = nullptr;
        std::string address_;
        std::optional<base::Uuid> tenant_;
    };

    explicit SocketGate(Options options) : options_(options) {}
    [[nodiscard]] std::optional<Pass> enter_address(std::string_view address, async::SteadyTime now);
    [[nodiscard]] std::size_t sockets() const;

private:
    struct Slow {
        unsigned times = 0;
        async::SteadyTime first;
        async::SteadyTime last;
    };
    [[nodiscard]] bool is_held_off(const std::string& key, async::SteadyTime now);
    void leave(const std::string& address, const std::optional<base::Uuid>& tenant);

    Options options_;
    mutable std::mutex mutex_;
    std::size_t sockets_ = 0;
    std::unordered_map<std::string, std::size_t> of_address_;
    std::unordered_map<base::Uuid, std::size_t> of_tenant_;
    std::unordered_map<std::string, Slow> slow_;  // by address and tenant, if there is one
};

}  // namespace realtime
