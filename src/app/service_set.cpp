#include "app/service_set.h"

#include <algorithm>
#include <array>
#include <optional>
#include <ranges>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/core/demangle.hpp>

#include "async/sync.h"
#include "log/exception_text.h"

namespace app {

// Held by whatever of it is still under way, so that a stop that hangs refers to something that is there.
struct ServiceSet::Service {
    OwnedMaker owned;
    std::shared_ptr<void> value;
    bool started = false;
    bool is_asked = false;  // a health check is under way

    [[nodiscard]] const ServiceMaker& maker() const { return owned.maker; }
};

namespace {

constexpr auto own_checks = std::to_array<std::string_view>({"postgres", "postgresSystem", "migrations", "redis"});

std::string name_of(const std::type_info& type) { return boost::core::demangle(type.name()); }

std::string name_of(const OwnedMaker& owned) {
    return fmt::format("{} (of the module {})", name_of(*owned.maker.type), owned.module);
}

// Makers by their needs.
class Ordering {
public:
    Ordering(const std::vector<OwnedMaker>& makers, const http::Services& there) : makers_(makers), there_(there) {
        refuse_doubles();
        for (std::size_t i = 0; i < makers_.size(); ++i) visit(i);
    }

    [[nodiscard]] const std::vector<std::size_t>& order() const { return order_; }

private:
    [[nodiscard]] std::optional<std::size_t> maker_of(const std::type_info& type) const {
        const auto found =
            std::ranges::find_if(makers_, [&](const OwnedMaker& owned) { return *owned.maker.type == type; });
        if (found == makers_.end()) return std::nullopt;
        return static_cast<std::size_t>(found - makers_.begin());
    }

    void refuse_doubles() const {
        for (std::size_t i = 0; i < makers_.size(); ++i) {
            const auto& maker = makers_[i].maker;
            if (const auto first = maker_of(*maker.type); first != i) {
                throw std::runtime_error(fmt::format("services: {} is made twice, by the modules {} and {}",
                                                     name_of(*maker.type), makers_[*first].module, makers_[i].module));
            }
            if (maker.is_there(there_)) {
                throw std::runtime_error(
                    fmt::format("services: {} is there already: the app has it, or the process", name_of(makers_[i])));
            }
            if (maker.health != nullptr) refuse_double_check(i);
        }
    }

    void refuse_double_check(std::size_t i) const {
        const auto name = makers_[i].maker.health_name;
        const bool is_own = std::ranges::find(own_checks, name) != own_checks.end();
        const auto earlier = std::span(makers_).first(i);
        if (is_own || std::ranges::any_of(earlier, [&](const OwnedMaker& owned) {
                return owned.maker.health != nullptr && owned.maker.health_name == name;
            })) {
            throw std::runtime_error(fmt::format("services: the health check \"{}\" of {} has the name of another one",
                                                 name, name_of(makers_[i])));
        }
    }

    void visit(std::size_t i) {
        if (std::ranges::find(order_, i) != order_.end()) return;
        if (const auto first = std::ranges::find(way_, i); first != way_.end()) refuse_circle(first - way_.begin());
        way_.push_back(i);
        for (const auto& need : makers_[i].maker.needs) {
            if (const auto other = maker_of(*need.type)) {
                visit(*other);
            } else if (!need.is_there(there_) && !need.may_be_missing) {
                throw std::runtime_error(fmt::format(
                    "services: {} needs {}, which no module makes here: list its maker, or ask for a pointer",
                    name_of(makers_[i]), name_of(*need.type)));
            }
        }
        way_.pop_back();
        order_.push_back(i);
    }

    [[noreturn]] void refuse_circle(std::ptrdiff_t first) const {
        std::vector<std::string> names;
        for (const auto i : way_ | std::views::drop(first)) names.push_back(name_of(makers_[i]));
        names.push_back(names.front());
        throw std::runtime_error(
            fmt::format("services: they need each other in a circle: {}", fmt::join(names, " → ")));
    }

    const std::vector<OwnedMaker>& makers_;
    const http::Services& there_;
    std::vector<std::size_t> order_;
    std::vector<std::size_t> way_;
};

// What two may end: the task, or the time.
struct Wait {
    explicit Wait(async::Loop& loop) : over(loop) {}
    async::Event over;
    bool has_ended = false;
    std::exception_ptr failure;
};

// Whether the task ended by the deadline; if not, it goes on by itself, with what it holds. Throws what it throws. `timer_of`: what moves
// the deadline meanwhile; null again at the end.
template <class Held>
async::Task<bool> ends_by(async::Loop* loop, async::SteadyTime deadline, async::Task<void> task, Held held,
                          async::Timer** timer_of = nullptr) {
    const auto wait = std::make_shared<Wait>(*loop);
    async::Timer timer(*loop, [wait] { wait->over.set(); });
    timer.expires_at(deadline);
    if (timer_of != nullptr) *timer_of = &timer;
    async::start(std::move(task), [wait, held](std::exception_ptr failure) {
        wait->has_ended = true;
        wait->failure = std::move(failure);
        wait->over.set();
    });
    co_await wait->over;
    if (timer_of != nullptr) *timer_of = nullptr;
    if (wait->failure) std::rethrow_exception(wait->failure);
    co_return wait->has_ended;
}

}  // namespace

ServiceSet::ServiceSet(std::vector<OwnedMaker> makers, http::Services& services) {
    const Ordering ordering(makers, services);
    try {
        for (const auto i : ordering.order()) {
            auto value = makers[i].maker.make(services);
            makers[i].maker.add(services, value.get());
            services_.push_back(std::make_shared<Service>(Service{makers[i], std::move(value)}));
        }
    } catch (...) {
        while (!services_.empty()) services_.pop_back();
        throw;
    }
}

ServiceSet::~ServiceSet() {
    while (!services_.empty()) services_.pop_back();
}

async::Task<void> ServiceSet::start(async::Loop* loop, async::SteadyTime deadline, logging::Logger logger) {
    std::string failure;
    start_deadline_ = deadline;
    for (const auto& service : services_) {
        if (start_ends_) co_return;
        if (service->maker().start != nullptr) {
            std::exception_ptr thrown;
            bool has_ended = false;
            try {
                has_ended = co_await ends_by(loop, deadline, service->maker().start(service->value.get()), service,
                                             &start_timer_);
            } catch (...) {
                thrown = std::current_exception();
            }
            if (thrown || !has_ended) {
                failure = fmt::format("{} has not started: {}", name_of(service->owned),
                                      thrown ? logging::message_of(thrown) : "it took too long");
                break;
            }
        }
        service->started = true;
    }
    if (failure.empty()) co_return;
    if (start_ends_) {
        logger.warn("a service has not started before the stop", {{"reason", failure}});
        co_return;
    }
    co_await stop(loop, async::Loop::now() + least_stop_time, std::move(logger));
    throw std::runtime_error(failure);
}

void ServiceSet::end_start() {
    start_ends_ = true;
    if (start_timer_ != nullptr)
        start_timer_->expires_at(std::min(start_deadline_, async::Loop::now() + least_stop_time));
}

async::Task<void> ServiceSet::stop_one(std::shared_ptr<Service> service, async::Loop* loop, async::SteadyTime deadline,
                                       logging::Logger logger) {
    std::exception_ptr thrown;
    bool has_ended = false;
    try {
        has_ended = co_await ends_by(loop, deadline, service->maker().stop(service->value.get(), deadline), service);
    } catch (...) {
        thrown = std::current_exception();
    }
    if (has_ended) co_return;
    const auto name = name_of(service->owned);
    if (thrown) {
        logger.error("a service failed to stop", {{"service", name}, {"err", logging::error(thrown)}});
    } else {
        logger.error("a service did not stop in time", {{"service", name}});
    }
}

async::Task<void> ServiceSet::stop(async::Loop* loop, async::SteadyTime deadline, logging::Logger logger) {
    auto left = std::ranges::count_if(
        services_, [](const auto& service) { return service->started && service->maker().stop != nullptr; });
    for (const auto& service : services_ | std::views::reverse) {
        if (!std::exchange(service->started, false) || service->maker().stop == nullptr) continue;
        const auto now = async::Loop::now();
        const auto share = std::max<async::SteadyTime::duration>((deadline - now) / left--, least_stop_time);
        co_await stop_one(service, loop, now + share, logger);
    }
}

async::Task<ServiceSet::Check> ServiceSet::check_one(std::shared_ptr<Service> service, async::Loop* loop,
                                                     async::SteadyTime deadline) {
    struct Asking {
        std::shared_ptr<Service> service;
        Health found{};
    };
    const auto begun = async::Loop::now();
    Check check{.name = service->maker().health_name, .is_vital = service->maker().is_vital};
    const auto asking = std::make_shared<Asking>(Asking{service});
    bool has_ended = false;
    if (!service->is_asked) {
        service->is_asked = true;
        const auto ask = [](std::shared_ptr<Asking> of, async::SteadyTime until) -> async::Task<void> {
            std::exception_ptr failure;
            try {
                of->found = co_await of->service->maker().health(of->service->value.get(), until);
            } catch (...) {
                failure = std::current_exception();
            }
            of->service->is_asked = false;
            if (failure) of->found = {.is_well = false, .reason = "the check failed"};
        };
        has_ended = co_await ends_by(loop, deadline, ask(asking, deadline), asking);
    }
    check.found = has_ended ? asking->found : Health{.is_well = false, .reason = "no answer"};
    check.milliseconds = std::chrono::duration<double, std::milli>(async::Loop::now() - begun).count();
    co_return check;
}

async::Task<std::vector<ServiceSet::Check>> ServiceSet::check(async::Loop* loop, async::SteadyTime deadline) {
    std::vector<async::Task<Check>> checks;
    for (const auto& service : services_) {
        if (service->maker().health != nullptr) checks.push_back(check_one(service, loop, deadline));
    }
    co_return co_await async::when_all(std::move(checks));
}

}  // namespace app
