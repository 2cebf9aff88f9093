#include "async/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace async {

namespace {

using namespace std::chrono_literals;

constexpr auto good_for = 5s;
// More than any name of a database has; an answer is not trusted to be short.
constexpr std::size_t max_addresses = 16;

Resolution look_up(const std::string& host, int flags) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0)
        return {{}, "cannot resolve \"" + host + "\": " + ::gai_strerror(error)};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
    Resolution resolution;
    for (const auto* one = found; one != nullptr && resolution.addresses.size() < max_addresses; one = one->ai_next) {
        std::array<char, NI_MAXHOST> text{};
        if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) == 0 &&
            std::ranges::find(resolution.addresses, text.data()) == resolution.addresses.end())
            resolution.addresses.emplace_back(text.data());
    }
    if (resolution.addresses.empty()) resolution.failure = "\"" + host + "\" has no address";
    return resolution;
}

Resolution look_up_safely(const Lookup& lookup, const std::string& host) {
    try {
        return lookup(host);
    } catch (const std::exception& error) {
        return {{}, "cannot resolve \"" + host + "\": " + error.what()};
    }
}

}  // namespace

Resolution system_lookup(const std::string& host) { return look_up(host, 0); }

std::optional<std::string> numeric_address(const std::string& host) {
    auto found = look_up(host, AI_NUMERICHOST);
    if (found.addresses.empty()) return std::nullopt;
    return std::move(found.addresses.front());
}

// What outlives the resolver, for a thread that comes late. `owner` is written on the loop's thread alone, under the mutex: as
// long as it stands, the loop does.
struct Resolver::Mailbox {
    std::mutex mutex;
    Resolver* owner;
};

Resolver::Resolver(Loop& loop, Lookup lookup)
    : loop_(loop), lookup_(lookup ? std::move(lookup) : Lookup(system_lookup)), mailbox_(std::make_shared<Mailbox>()) {
    mailbox_->owner = this;
}

Resolver::~Resolver() {
    const std::lock_guard lock(mailbox_->mutex);
    mailbox_->owner = nullptr;
}

void Resolver::resolve(const std::string& host, Done done) {
    auto& name = names_[host];
    const bool running = !name.waiting.empty();
    name.waiting.push_back(std::move(done));
    if (running) return;
    if (Loop::now() >= name.good_until) return start(host);
    loop_.post([mailbox = mailbox_, host, last = name.last] {
        if (mailbox->owner != nullptr) mailbox->owner->finish(host, last);
    });
}

void Resolver::start(const std::string& host) {
    const auto work = [mailbox = mailbox_, lookup = lookup_, host] {
        auto found = look_up_safely(lookup, host);
        const std::lock_guard lock(mailbox->mutex);
        if (mailbox->owner == nullptr) return;
        mailbox->owner->loop_.post([mailbox, host, found = std::move(found)] {
            if (mailbox->owner == nullptr) return;
            if (!found.addresses.empty()) mailbox->owner->names_[host].good_until = Loop::now() + good_for;
            mailbox->owner->finish(host, found);
        });
    };
    try {
        std::thread(work).detach();
    } catch (const std::system_error& error) {
        loop_.post([mailbox = mailbox_, host, failure = std::string(error.what())] {
            if (mailbox->owner != nullptr) mailbox->owner->finish(host, {{}, failure});
        });
    }
}

void Resolver::finish(const std::string& host, Resolution found) {
    auto& name = names_[host];
    name.last = std::move(found);
    // A callback may ask again, or end this resolver.
    const auto answer = name.last;
    for (auto& done : std::exchange(name.waiting, {})) done(answer);
}

}  // namespace async
