#pragma once
// Whose port it is. The kernel lets one process listen at an address and port (http/server.h, shares_port); what it does not say is which
// one, and how another one takes its place. Both are told by an abstract Unix socket for each address and port: it is there as long as
// the process, its owner's id is the kernel's word, and nobody outside of the network namespace (a container) sees it.
//
//     auto hand_over = HandOver::begin({address, port});          // `serve --take-over`; nullopt: nobody serves there
//     auto listeners = hand_over->take(port);                     // served from now on, beside the other process
//     hand_over->complete();                                      // … which drains; until then it goes on, whatever becomes of us
//
//     ListenerOwner owner({address, port}, listeners, [&] { signals.end(); }, logger);   // can be taken over itself
//
// Both ends are of one user (SO_PEERCRED).

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/descriptor.h"
#include "log/logger.h"

namespace app {

struct Place {
    std::string address{};  // empty: all of them
    std::uint16_t port = 0;
};

// Of a socket that listens; port 0 for any other descriptor. The address as inet_ntop(3) writes it.
[[nodiscard]] Place listening_place(int listener);
[[nodiscard]] std::uint16_t listening_port(int listener);
// Empty, `::` and 0.0.0.0.
[[nodiscard]] bool is_all_addresses(std::string_view address);

// The process that has such an owner at the place, or at one that holds or is part of it; 0 where it is in another process namespace.
[[nodiscard]] std::optional<pid_t> process_at(const Place& place);

// What kept a server from listening, as a fault of the variables that say where, with the process that is there; any other error is
// thrown as it is.
[[noreturn]] void throw_listen_fault(const std::system_error& error, const Place& place, std::string_view host_variable,
                                     std::string_view port_variable);

// The side that takes over.
class HandOver {
public:
    // Throws std::runtime_error when whoever serves there does not give its listeners away.
    [[nodiscard]] static std::optional<HandOver> begin(const Place& place);

    // The listeners of that port, which are the caller's then.
    [[nodiscard]] std::vector<base::Descriptor> take(std::uint16_t port);
    // To be called once all of them are served. False: the other process has not answered, and may not drain.
    bool complete();
    // Whether the other process ends, or has: nobody serves the listeners but their new owner.
    [[nodiscard]] bool is_alone() const;
    [[nodiscard]] pid_t process() const noexcept { return process_; }

private:
    HandOver(base::Descriptor connection, pid_t process, Place place)
        : connection_(std::move(connection)), process_(process), place_(std::move(place)) {}
    void receive_listeners();

    base::Descriptor connection_;
    pid_t process_;
    Place place_;
    std::vector<base::Descriptor> listeners_;
};

// The side that serves. On a thread of its own, until it goes; the listeners must be open that long.
class ListenerOwner {
public:
    // `on_taken` is called once, on that thread, when another process serves the listeners.
    ListenerOwner(const Place& place, std::vector<int> listeners, std::function<void()> on_taken,
                  logging::Logger logger);
    ~ListenerOwner();
    ListenerOwner(const ListenerOwner&) = delete;
    ListenerOwner& operator=(const ListenerOwner&) = delete;

    // Gives nothing away any more. Whether another process has the listeners: it serves them, or is about to.
    bool end();

private:
    void run();
    // True once the listeners are another's.
    bool talk(const base::Descriptor& peer);
    [[nodiscard]] bool is_woken() const;
    [[nodiscard]] bool wait_for(int descriptor, int milliseconds) const;
    [[nodiscard]] bool send_listeners(int peer) const;

    std::vector<int> listeners_;
    std::function<void()> on_taken_;
    logging::Logger logger_;
    base::Descriptor socket_;
    base::Descriptor wake_;
    bool is_given_ = false;  // read once the thread has ended
    std::thread thread_;
};

}  // namespace app
