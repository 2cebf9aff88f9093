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

#include "async/sync.h"

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
    if (const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); error != 0) {
        const bool may_pass = error == EAI_AGAIN || error == EAI_MEMORY || error == EAI_SYSTEM;
        return {{}, "cannot resolve \"" + host + "\": " + ::gai_strerror(error), may_pass};
    }
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
        return {{}, "cannot resolve \"" + host + "\": " + error.what(), true};
    }
}

// What a look-up and its deadline share: whichever comes first, the other finds nobody.
struct Heard {
    Event* event;
    Resolution found;
};

// The task may end, or be given up, before the look-up does.
class Listening {
public:
    explicit Listening(Event& event) : heard_(std::make_shared<Heard>()) {
        heard_->event = &event;
        heard_->found = {{}, "no answer from the name servers in time", true};
    }
    ~Listening() { heard_->event = nullptr; }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

    [[nodiscard]] const std::shared_ptr<Heard>& heard() const { return heard_; }

private:
    std::shared_ptr<Heard> heard_;
};

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

Resolver::Resolver(Loop& loop, Lookup lookup, Limits limits)
    : loop_(loop),
      lookup_(lookup ? std::move(lookup) : Lookup(system_lookup)),
      limits_(limits),
      mailbox_(std::make_shared<Mailbox>()) {
    mailbox_->owner = this;
}

Resolver::~Resolver() {
    const std::lock_guard lock(mailbox_->mutex);
    mailbox_->owner = nullptr;
}

void Resolver::resolve(const std::string& host, Done done) {
    forget_old();
    auto& name = names_[host];
    const bool running = !name.waiting.empty();
    name.waiting.push_back(std::move(done));
    if (running) return;
    const bool known = Loop::now() < name.good_until;
    if (!known && running_ < limits_.at_once) return start(host);
    if (!known && queue_.size() < limits_.waiting) return queue_.push_back(host);
    const auto answer = known ? name.last : Resolution{{}, "too many names are being looked up", true};
    loop_.post([mailbox = mailbox_, host, answer] {
        if (mailbox->owner != nullptr) mailbox->owner->finish(host, answer);
    });
}

Task<Resolution> Resolver::resolve_by(std::string host, SteadyTime deadline) {
    Event event(loop_);
    const Listening listening(event);
    const auto heard = listening.heard();
    resolve(host, [heard](const Resolution& found) {
        if (heard->event == nullptr) return;
        heard->found = found;
        heard->event->set();
    });
    Timer timer(loop_, [heard] { heard->event->set(); });
    timer.expires_at(deadline);
    co_await event;
    co_return heard->found;
}

void Resolver::start(const std::string& host) {
    ++running_;
    const auto work = [mailbox = mailbox_, lookup = lookup_, host] {
        auto found = look_up_safely(lookup, host);
        const std::lock_guard lock(mailbox->mutex);
        if (mailbox->owner == nullptr) return;
        mailbox->owner->loop_.post([mailbox, host, found = std::move(found)] {
            if (mailbox->owner != nullptr) mailbox->owner->end(host, found);
        });
    };
    try {
        std::thread(work).detach();
    } catch (const std::system_error& error) {
        loop_.post([mailbox = mailbox_, host, failure = std::string(error.what())] {
            if (mailbox->owner != nullptr) mailbox->owner->end(host, {{}, failure, true});
        });
    }
}

void Resolver::end(const std::string& host, Resolution found) {
    --running_;
    if (!queue_.empty()) {
        start(queue_.front());
        queue_.pop_front();
    }
    if (!found.addresses.empty()) names_[host].good_until = Loop::now() + good_for;
    finish(host, std::move(found));
}

void Resolver::finish(const std::string& host, Resolution found) {
    const auto name = names_.find(host);
    auto waiting = std::move(name->second.waiting);
    if (found.addresses.empty() || names_.size() > limits_.kept) {
        names_.erase(name);
    } else {
        name->second.waiting.clear();
        name->second.last = found;
    }
    // A callback may ask again, or end this resolver.
    for (auto& done : waiting) done(found);
}

void Resolver::forget_old() {
    if (names_.size() < limits_.kept) return;
    const auto now = Loop::now();
    std::erase_if(names_,
                  [now](const auto& name) { return name.second.waiting.empty() && name.second.good_until <= now; });
}

}  // namespace async
