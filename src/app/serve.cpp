// The running service: one thread a loop, one for signals, and the main thread, which waits for them.

#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>
#include <utility>

#include "app/addresses.h"
#include "app/app.h"
#include "app/background.h"
#include "app/certificate_watch.h"
#include "app/descriptors.h"
#include "app/health.h"
#include "app/listener_owner.h"
#include "app/reload.h"
#include "app/signals.h"
#include "app/supervisor_sockets.h"
#include "app/what_waits.h"

namespace app {

namespace {

constexpr auto last_words_time = std::chrono::seconds(10);  // of services that hang, and of the log

using OnStarted = std::move_only_function<void(std::exception_ptr)>;

// A loop on a thread of its own.
class LoopThread {
public:
    // `from`: whose listener `as` has, if anybody's; it outlives this.
    LoopThread(App& app, std::uint16_t port, ListenAs as, const HandOver* from)
        : app_(app), host_(std::make_unique<LoopHost>(app)), port_(port), as_(as), from_(from) {}

    // `on_started` gets what kept it from listening, on the loop's thread. A stop may come before that, and ends the start.
    void begin_start(OnStarted on_started) {
        on_started_ = std::move(on_started);
        auto& loop = host_->loop();
        loop.keep_alive();
        // From this thread, as a stop is: the two come in their order.
        loop.post(
            [this] { async::start(host_->start(), [this](std::exception_ptr error) { listen(std::move(error)); }); });
        thread_ = std::thread([&loop] { loop.run(); });
    }

    // Once it has started.
    [[nodiscard]] std::uint16_t port() const { return port_; }

    // Each reply ends its connection from now on.
    void announce_stop() {
        host_->loop().post([this] { host_->announce_stop(); });
    }

    [[nodiscard]] LoopHost& host() { return *host_; }

    // Whether another process serves the listeners: begin_stop() leaves them to that one.
    void share_listener(bool is_shared) {
        host_->loop().post([this, is_shared] { host_->share_listener(is_shared); });
    }

    // Begins to drain; join() waits for the end. The first call counts.
    void begin_stop(async::SteadyTime deadline) {
        if (std::exchange(stopping_, true)) return;
        host_->loop().post([this, deadline] {
            async::start(host_->stop(deadline), [this](const std::exception_ptr&) { host_->loop().stop(); });
        });
    }

    void join() {
        if (thread_.joinable()) thread_.join();
        joined_ = true;
    }
    [[nodiscard]] bool is_over() const { return joined_; }

    ~LoopThread() {
        if (thread_.joinable()) {
            host_->loop().stop();
            thread_.join();
        }
    }

private:
    void listen(std::exception_ptr failure) {
        try {
            if (failure) std::rethrow_exception(failure);
            if (host_->is_stopping()) return on_started_(nullptr);
            // Whoever gave it serves, which is more than we could, unless it has been told to end meanwhile.
            const bool other_serves = as_.listener >= 0 && from_ != nullptr && !from_->is_alone();
            if (other_serves && !app_.database_check.passed())
                throw std::runtime_error("the other process goes on: " + app_.database_check.stand().reason);
            port_ = host_->listen(port_, as_);  // first: who has it can be named
            if (as_.serves_management) host_->listen_management(as_.management_listener);
        } catch (...) {
            failure = std::current_exception();
        }
        on_started_(failure);
    }

    App& app_;
    std::unique_ptr<LoopHost> host_;
    std::uint16_t port_;
    ListenAs as_;
    const HandOver* from_;
    OnStarted on_started_;
    std::thread thread_;
    bool stopping_ = false;
    std::atomic<bool> joined_ = false;
};

// PostgreSQL usually shares the machine: ▲ with two cores one loop beats two.
std::size_t thread_count(const Settings& settings) {
    if (settings.threads > 0) return static_cast<std::size_t>(settings.threads);
    return std::max(1U, std::thread::hardware_concurrency() / 2);
}

void wait_out_the_load_balancer(const Settings& settings) {
    if (settings.shutdown_delay_ms > 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(settings.shutdown_delay_ms));
}

std::chrono::milliseconds stop_time(const App& app) {
    return std::chrono::milliseconds(app.settings.shutdown_timeout_ms);
}

// None when there is nothing to do.
std::unique_ptr<Background> make_background(App& app, bool management) {
    const auto& settings = app.settings;
    const bool relay = settings.outbox_relay && has_outbox(app.definition);
    if (!settings.redis_url || (!relay && settings.job_queues.empty())) return nullptr;
    return std::make_unique<Background>(app, BackgroundOptions{relay, settings.job_queues, management});
}

void stop_background(Background& background, const App& app) {
    background.begin_stop(async::Loop::now() + stop_time(app));
    background.join();
}

// The loops of a server, and what no request waits for.
struct Threads {
    App& app;
    std::uint16_t port;
    std::vector<base::Descriptor> taken{};  // listeners of another process: each is served by a loop
    base::Descriptor taken_management{};
    const HandOver* giver = nullptr;
    std::vector<std::unique_ptr<LoopThread>> loops{};
    std::unique_ptr<Background> background{};
    std::atomic<bool> drained = false;

    // Those that run.
    [[nodiscard]] std::vector<NamedHost> hosts() const {
        std::vector<NamedHost> named;
        if (drained) return named;
        std::size_t number = 0;
        for (const auto& loop : loops) {
            ++number;
            if (!loop->is_over()) named.push_back({fmt::format("loop {}", number), &loop->host()});
        }
        if (background) named.push_back({"background", &background->host()});
        return named;
    }

    // One after the other, as the first finds the port. A signal ends it.
    void start(std::size_t count, Signals& signals) {
        while (loops.size() < count && !signals.came()) {
            ListenAs as{.shares_port = !loops.empty()};
            if (loops.size() < taken.size()) as.listener = taken[loops.size()].release();
            as.serves_management = loops.empty() && app.settings.management_port;
            if (as.serves_management) as.management_listener = taken_management.release();
            signals.start(*loops.emplace_back(std::make_unique<LoopThread>(app, port, as, giver)), stop_time(app));
            port = loops.back()->port();
        }
        if (!signals.came()) background = make_background(app, false);
        if (background) signals.start(*background, stop_time(app));
    }

    // The port is what its sockets listen at, whatever PORT says.
    void take(GivenListeners given, std::size_t count) {
        if (given.port() != 0) port = given.port();
        taken = std::move(given.service);
        share_among(taken, count);
        taken_management = std::move(given.management);
    }

    void take_over(HandOver& from) {
        giver = &from;
        taken = from.take(port);
        if (!app.settings.management_port) return;
        auto management = from.take(static_cast<std::uint16_t>(*app.settings.management_port));
        if (!management.empty()) taken_management = std::move(management.front());
    }

    [[nodiscard]] std::vector<int> listeners() const {
        std::vector<int> all;
        for (const auto& loop : loops) {
            all.push_back(loop->host().server()->listener());
            if (const auto* management = loop->host().management()) all.push_back(management->listener());
        }
        return all;
    }

    void share_listeners(bool is_shared) {
        for (auto& loop : loops) loop->share_listener(is_shared);
    }

    void announce_stop() {
        for (auto& loop : loops) loop->announce_stop();
    }

    // What keeps one of them from starting stops the others, which may have taken requests by then.
    void abandon() {
        const auto deadline = async::Loop::now() + stop_time(app);
        for (auto& loop : loops) loop->begin_stop(deadline);
        for (auto& loop : loops) loop->join();
    }

    void drain() {
        const auto deadline = async::Loop::now() + stop_time(app);
        for (auto& loop : loops) loop->begin_stop(deadline);
        for (auto& loop : loops) loop->join();
        // Last, as the last requests may have left something in the outbox.
        if (background) stop_background(*background, app);
        drained = true;
    }
};

Signals::Answers answers(App& app, std::function<std::vector<NamedHost>()> hosts) {
    return {.hangup = [&app] { reload_log_level(app.log, ".env"); },
            .quit = [&app, hosts = std::move(hosts)] { log_what_waits(app.metrics, app.log.logger(), hosts()); }};
}

// Called within a catch: what is the configuration's fault goes on to whoever reports it.
int refuse_to_start(App& app, const std::exception& error) {
    app.log.logger().fatal("cannot start", {{"err", logging::error(error)}});
    if (dynamic_cast<const config::Faults*>(&error) != nullptr) throw;
    return 1;
}

// Once the loops listen: what `serve --take-over` took is ours alone, and another one may take it from us.
std::unique_ptr<ListenerOwner> own_listeners(Threads& threads, std::optional<HandOver>& hand_over, Signals& signals) {
    auto logger = threads.app.log.logger();
    if (hand_over) {
        const auto other = static_cast<std::int64_t>(hand_over->process());
        if (hand_over->complete()) {
            logger.info("took over; the other process drains", {{"process", other}});
        } else {
            logger.warn("took over; the other process does not answer", {{"process", other}});
        }
        threads.share_listeners(false);
    }
    return std::make_unique<ListenerOwner>(
        Place{threads.app.settings.host, threads.port}, threads.listeners(), [&signals] { signals.end(); }, logger);
}

// Under a supervisor that opens the sockets, HOST and PORT are words that nobody follows: who believes that HOST keeps the network
// out is to hear it.
void warn_of_listeners(const GivenListeners& given, App& app, const ServeOptions& options) {
    const auto is_set = [&](std::string_view name) {
        return std::ranges::find(options.set, name) != options.set.end();
    };
    const auto& settings = app.settings;
    const Place service{is_set("HOST") ? settings.host : std::string(),
                        static_cast<std::uint16_t>(is_set("PORT") ? settings.port : 0)};
    const Place management{
        is_set("MANAGEMENT_HOST") ? settings.management_host : std::string(),
        static_cast<std::uint16_t>(is_set("MANAGEMENT_PORT") ? settings.management_port.value_or(0) : 0)};
    auto logger = app.log.logger();
    for (const auto& one : misplaced(given, service, management))
        logger.warn("a listener of the supervisor is elsewhere than the settings say; the listener counts",
                    {{"listensAt", one.listens}, {"settings", one.settings}});
    if (given.management.get() >= 0 && !settings.management_port)
        logger.warn("a listener of the supervisor is for the management port and is not served: set MANAGEMENT_PORT",
                    {{"port", static_cast<std::int64_t>(listening_port(given.management.get()))}});
}

// A name that is written wrong is the same as none, and everything but the jobs works.
void warn_without_redis(App& app) {
    if (!lacks_redis(app)) return;
    app.log.logger().warn(
        "REDIS_URL is not set: jobs stay in the database, so that no mail, message or webhook leaves and no payment is "
        "asked after; set REDIS_URL=redis://[user][:password@]host:port/0");
}

std::string ready_notice(const Threads& threads) {
    const auto& host = threads.loops.front()->host();
    Served served{.settings = threads.app.settings, .service = listening_place(host.server()->listener())};
    if (const auto* management = host.management()) served.management = listening_place(management->listener());
    return "READY=1\n" + addresses_notice(served);
}

// The delay, the requests' time, and as much again for services and jobs.
std::string stopping_notice(const Settings& settings) {
    const auto most = std::chrono::milliseconds(settings.shutdown_delay_ms) +
                      2 * std::chrono::milliseconds(settings.shutdown_timeout_ms) + last_words_time;
    return fmt::format("STOPPING=1\nEXTEND_TIMEOUT_USEC={}\n", std::chrono::microseconds(most).count());
}

// The last word of the log.
int end_well(App& app) {
    app.log.logger().info("stopped");
    app.log.flush();
    app.throw_late_faults();
    return 0;
}

}  // namespace

int work(const Definition& definition, Configuration configuration) {
    Signals signals;
    raise_descriptor_limit();
    if (configuration.app.job_queues.empty()) configuration.app.job_queues = {"all"};
    App app(definition, std::move(configuration), std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{}));
    std::unique_ptr<Background> background;
    try {
        background = make_background(app, true);
        const auto answering =
            signals.answer(answers(app, [&] { return std::vector<NamedHost>{{"background", &background->host()}}; }));
        signals.start(*background, stop_time(app));
        app.log.logger().info("shutting down", {{"signal", signals.wait()}});
        app.draining = true;
        stop_background(*background, app);
    } catch (const std::exception& error) {
        return refuse_to_start(app, error);
    }
    background.reset();
    return end_well(app);
}

int serve(const Definition& definition, Configuration configuration, ServeOptions options) {
    const auto began = async::Loop::now();
    Signals signals;
    const auto descriptors = raise_descriptor_limit();
    const auto supervisor = std::move(options.supervisor);
    auto given = take_given_listeners(supervisor, ::getpid(), configuration.app.management_port);
    if (options.take_over && given.port() != 0)
        throw config::Faults("LISTEN_FDS", "The supervisor has given the listeners: leave --take-over out.");
    App app(definition, std::move(configuration), std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{}));
    std::unique_ptr<CertificateWatch> certificate;
    auto loops = thread_count(app.settings);
    std::optional<HandOver> hand_over;  // the loops ask it
    Threads threads{app, static_cast<std::uint16_t>(app.settings.port)};
    try {
        certificate = CertificateWatch::begin(app.settings, *definition.clock, app.log.logger(), app.metrics);
        app.tls = certificate ? &certificate->tls() : nullptr;
        warn_of_listeners(given, app, options);
        warn_without_redis(app);
        threads.take(std::move(given), loops);
        if (options.take_over) hand_over = HandOver::begin({app.settings.host, threads.port});
        if (hand_over) threads.take_over(*hand_over);
        loops = std::max(loops, threads.taken.size());
        app.connections_per_loop = connections_within(descriptors, loops, app.settings);
        threads.start(loops, signals);
    } catch (const std::exception& error) {
        threads.abandon();
        return refuse_to_start(app, error);
    }
    const bool listened = !signals.came();
    const auto took = std::chrono::duration<double, std::milli>(async::Loop::now() - began);
    std::unique_ptr<ListenerOwner> owner;
    const auto answering = signals.answer(answers(app, [&] { return threads.hosts(); }));
    if (listened) {
        owner = own_listeners(threads, hand_over, signals);
        app.log.logger().info("listening", {{"port", static_cast<std::int64_t>(threads.port)},
                                            {"threads", static_cast<std::int64_t>(loops)},
                                            {"maxConnections", static_cast<std::int64_t>(app.connections_per_loop)},
                                            {"openFiles", static_cast<std::int64_t>(descriptors)},
                                            {"startupMs", took.count()}});
        tell_supervisor(supervisor, ready_notice(threads));
    }
    app.log.logger().info("shutting down", {{"signal", signals.wait()}});
    tell_supervisor(supervisor, stopping_notice(app.settings));
    // The load balancer has another process behind the port then.
    const bool is_taken = owner && owner->end();
    if (is_taken) threads.share_listeners(true);
    app.draining = true;
    threads.announce_stop();
    if (listened && !is_taken) wait_out_the_load_balancer(app.settings);
    threads.drain();
    return end_well(app);
}

}  // namespace app
