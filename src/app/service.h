#pragma once
// What a module makes for handlers, its own and those of other modules: services, told apart by their type. A maker is a function
// whose parameters are what it needs, so that the needs of a service are declared by being used, and give the order.
//
//     std::unique_ptr<Mailer> make_mailer(const MailSettings& settings, const app::LoopParts& parts, redis::Client* redis);
//
//     .settings = app::settings<MailSettings>(), .services = app::services<make_mailer>(),
//
//     async::Task<Receipt> send(http::Service<Mailer> mailer, …);                       // in a handler of any module
//
// A maker may ask for what another one makes, for the settings of any module (const), and for what the app has (app.h, App and
// LoopParts). A pointer is null where nobody makes it (redis::Client without REDIS_URL); a reference that nobody makes, two makers of
// one type, and makers that need each other in a circle stop the start with a sentence.
//
// Services of a loop (Module::services) are made once a loop and touched on its thread. They may have, each by itself:
//
//     async::Task<void> start();                                     // awaited in the order of needs, before the loop listens
//     async::Task<void> stop(async::SteadyTime deadline);            // awaited in reverse, after the last request
//     static constexpr std::string_view health_name = "mail";        // in /ready, with
//     async::Task<app::Health> health(async::SteadyTime deadline);
//     static constexpr bool is_vital = true;                         // not well: 503, and not 200 `degraded`
//
// Services of the process (Module::process_services) are made once, before all loops, and shared by their threads.

#include <concepts>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "async/loop.h"
#include "http/services.h"

namespace app {

// What a service says of itself. `reason` is shown to everybody by /ready, and logged.
struct Health {
    bool is_well = true;
    std::string reason{};
};

// A maker, erased. Made by services() and process_services() alone.
struct ServiceMaker {
    struct Need {
        const std::type_info* type;
        bool may_be_missing;
        bool (*is_there)(const http::Services& services);
    };

    const std::type_info* type;
    std::vector<Need> needs;
    bool (*is_there)(const http::Services& services);
    std::shared_ptr<void> (*make)(const http::Services& from);
    void (*add)(http::Services& to, void* service);
    async::Task<void> (*start)(void* service) = nullptr;
    async::Task<void> (*stop)(void* service, async::SteadyTime deadline) = nullptr;
    async::Task<Health> (*health)(void* service, async::SteadyTime deadline) = nullptr;
    std::string_view health_name{};
    bool is_vital = false;
};

namespace detail {

// What is asked for as const may be there as either.
template <class T>
[[nodiscard]] T* find_part(const http::Services& from) {
    if (auto* exact = from.find<T>()) return exact;
    if constexpr (std::is_const_v<T>) return from.find<std::remove_const_t<T>>();
    return nullptr;
}

template <class Parameter>
struct Needed {
    static_assert(std::is_reference_v<Parameter> || std::is_pointer_v<Parameter>,
                  "a maker takes what it needs by reference, or by pointer where it may be missing");
    using T = std::remove_pointer_t<std::remove_reference_t<Parameter>>;

    static Parameter from(const http::Services& services) {
        if constexpr (std::is_pointer_v<Parameter>) {
            return find_part<T>(services);
        } else {
            return *find_part<T>(services);  // ServiceSet has looked
        }
    }
    static ServiceMaker::Need need() {
        return {&typeid(T), std::is_pointer_v<Parameter>,
                [](const http::Services& services) { return find_part<T>(services) != nullptr; }};
    }
};

// A public member of the name with another signature would never be called. (One that is private or overloaded has no address here.)
template <class T>
concept NamesStart = requires { &T::start; };
template <class T>
concept NamesStop = requires { &T::stop; };
template <class T>
concept NamesHealth = requires { &T::health; } || requires { T::health_name; };
template <class T>
concept Starts = requires(T& service) {
    { service.start() } -> std::same_as<async::Task<void>>;
};
template <class T>
concept Stops = requires(T& service, async::SteadyTime deadline) {
    { service.stop(deadline) } -> std::same_as<async::Task<void>>;
};
template <class T>
concept TellsHealth = requires(T& service, async::SteadyTime deadline) {
    { std::string_view(T::health_name) } -> std::same_as<std::string_view>;
    { service.health(deadline) } -> std::same_as<async::Task<Health>>;
};

template <class T>
void add_life(ServiceMaker& maker) {
    static_assert(Starts<T> || !NamesStart<T>, "a service's start() is async::Task<void> start()");
    static_assert(Stops<T> || !NamesStop<T>,
                  "a service's stop() is async::Task<void> stop(async::SteadyTime deadline)");
    static_assert(TellsHealth<T> || !NamesHealth<T>,
                  "a service's health is static constexpr std::string_view health_name, and async::Task<app::Health> "
                  "health(async::SteadyTime deadline)");
    if constexpr (Starts<T>) maker.start = [](void* service) { return static_cast<T*>(service)->start(); };
    if constexpr (Stops<T>)
        maker.stop = [](void* service, async::SteadyTime deadline) { return static_cast<T*>(service)->stop(deadline); };
    if constexpr (TellsHealth<T>) {
        maker.health = [](void* service, async::SteadyTime deadline) {
            return static_cast<T*>(service)->health(deadline);
        };
        maker.health_name = T::health_name;
        if constexpr (requires { T::is_vital; }) maker.is_vital = T::is_vital;
    }
}

template <class T, class... Parameters>
ServiceMaker maker_of(std::unique_ptr<T> (* /*deduced*/)(Parameters...)) {
    return {.type = &typeid(T),
            .needs = {Needed<Parameters>::need()...},
            .is_there = [](const http::Services& services) { return services.has<T>(); },
            .make = nullptr,
            .add = [](http::Services& to, void* service) { to.add(*static_cast<T*>(service)); }};
}

template <class T, class... Parameters>
std::shared_ptr<void> made_by(std::unique_ptr<T> (*make)(Parameters...), const http::Services& from) {
    std::shared_ptr<T> service = make(Needed<Parameters>::from(from)...);
    if (service == nullptr) throw std::logic_error("a maker of a service gave none");
    return service;
}

template <class T, class... Parameters>
std::type_identity<T> made_type(std::unique_ptr<T> (*)(Parameters...));

template <auto Make>
using Made = decltype(made_type(Make))::type;

template <auto Make>
ServiceMaker maker() {
    auto maker = maker_of(Make);
    maker.make = [](const http::Services& from) { return made_by(Make, from); };
    return maker;
}

}  // namespace detail

// Of each loop: Module::services.
template <auto... Make>
[[nodiscard]] std::vector<ServiceMaker> services() {
    std::vector<ServiceMaker> makers{detail::maker<Make>()...};
    std::size_t at = 0;
    (detail::add_life<detail::Made<Make>>(makers[at++]), ...);
    return makers;
}

// Of the process: Module::process_services. They live as long as it does; what starts and stops belongs to a loop.
template <auto... Make>
[[nodiscard]] std::vector<ServiceMaker> process_services() {
    static_assert(((!detail::NamesStart<detail::Made<Make>> && !detail::NamesStop<detail::Made<Make>> &&
                    !detail::NamesHealth<detail::Made<Make>>) &&
                   ...),
                  "what starts, stops or tells its health is a service of a loop: app::services");
    return {detail::maker<Make>()...};
}

}  // namespace app
