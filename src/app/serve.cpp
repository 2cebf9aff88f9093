// The running service: one thread a loop, and the main thread, which waits for signals.

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <thread>
#include <utility>

#include "app/app.h"
#include "app/background.h"
#include "app/descriptors.h"
#include "async/loop_asio.h"

namespace app {

namespace {

using OnStarted = std::move_only_function<void(std::exception_ptr)>;

// A loop on a thread of its own.
class LoopThread {
public:
    LoopThread(App& app, std::uint16_t port) : host_(std::make_unique<LoopHost>(app)), port_(port) {}

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

    // Begins to drain; join() waits for the end. The first call counts.
    void begin_stop(async::SteadyTime deadline) {
        if (std::exchange(stopping_, true)) return;
        host_->loop().post([this, deadline] {
            async::start(host_->stop(deadline), [this](const std::exception_ptr&) { host_->loop().stop(); });
        });
    }

    void join() {
        if (thread_.joinable()) thread_.join();
    }

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
            if (!host_->is_stopping()) port_ = host_->listen(port_);
        } catch (...) {
            failure = std::current_exception();
        }
        on_started_(failure);
    }

    std::unique_ptr<LoopHost> host_;
    std::uint16_t port_;
    OnStarted on_started_;
    std::thread thread_;
    bool stopping_ = false;
};

// PostgreSQL usually shares the machine: ▲ with two cores one loop beats two.
std::size_t thread_count(const Settings& settings) {
    if (settings.threads > 0) return static_cast<std::size_t>(settings.threads);
    return std::max(1U, std::thread::hardware_concurrency() / 2);
}

// SIGTERM and SIGINT from its making on: one that comes during the start ends it.
class Signals {
public:
    Signals() : set_(async::native(loop_), SIGTERM, SIGINT) {
        loop_.keep_alive();
        set_.async_wait([this](const boost::system::error_code& error, int signal) {
            if (error) return;
            received_ = signal;
            loop_.stop();
        });
    }

    [[nodiscard]] bool came() const { return received_ != 0; }

    // Blocks until one comes.
    std::string_view wait() {
        while (!came()) loop_.run();
        return received_ == SIGINT ? "SIGINT" : "SIGTERM";
    }

    // Blocks until `part` has started, or has been kept from it by a signal: then it is stopping. Throws what else kept it.
    template <class Part>
    void start(Part& part, std::chrono::milliseconds stop_time) {
        bool ended = false;
        std::exception_ptr failure;
        part.begin_start([&](std::exception_ptr error) {
            loop_.post([&, error = std::move(error)] {
                failure = error;
                ended = true;
                loop_.stop();
            });
        });
        while (!ended && !came()) loop_.run();
        if (came()) part.begin_stop(async::Loop::now() + stop_time);
        while (!ended) loop_.run();  // NOLINT(bugprone-infinite-loop): what the loop runs ends it
        if (failure) std::rethrow_exception(failure);
    }

private:
    async::Loop loop_;
    boost::asio::signal_set set_;
    int received_ = 0;
};

void wait_out_the_load_balancer(const Settings& settings) {
    if (settings.shutdown_delay_ms > 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(settings.shutdown_delay_ms));
}

bool has_outbox(const Definition& definition) {
    return std::ranges::any_of(tables_of(definition),
                               [](const db::TableView& table) { return table.name == jobs::tables::outbox_jobs.name; });
}

std::chrono::milliseconds stop_time(const App& app) {
    return std::chrono::milliseconds(app.settings.shutdown_timeout_ms);
}

void start_background(std::unique_ptr<Background>& background, App& app, Signals& signals) {
    const auto& settings = app.settings;
    const bool relay = settings.outbox_relay && has_outbox(app.definition);
    if (!settings.redis_url || (!relay && settings.job_queues.empty())) return;
    background = std::make_unique<Background>(app, BackgroundOptions{relay, settings.job_queues});
    signals.start(*background, stop_time(app));
}

void stop_background(Background& background, const App& app) {
    background.begin_stop(async::Loop::now() + stop_time(app));
    background.join();
}

// The loops of a server, and what no request waits for.
struct Threads {
    App& app;
    std::uint16_t port;
    std::vector<std::unique_ptr<LoopThread>> loops{};
    std::unique_ptr<Background> background{};

    // One after the other, as the first finds the port. A signal ends it.
    void start(std::size_t count, Signals& signals) {
        while (loops.size() < count && !signals.came()) {
            signals.start(*loops.emplace_back(std::make_unique<LoopThread>(app, port)), stop_time(app));
            port = loops.back()->port();
        }
        if (!signals.came()) start_background(background, app, signals);
    }

    void stop() {
        const auto deadline = async::Loop::now() + stop_time(app);
        for (auto& loop : loops) loop->begin_stop(deadline);
        for (auto& loop : loops) loop->join();
        loops.clear();
        // Last, as the last requests may have left something in the outbox.
        if (background) stop_background(*background, app);
    }
};

int refuse_to_start(App& app, const std::exception& error) {
    app.log.logger().fatal("cannot start", {{"err", logging::error(error)}});
    return 1;
}

// The last word of the log.
int end_well(App& app) {
    app.log.logger().info("stopped");
    app.log.flush();
    return 0;
}

}  // namespace

int work(const Definition& definition, Configuration configuration) {
    auto signals = std::make_unique<Signals>();
    raise_descriptor_limit();
    if (configuration.app.job_queues.empty()) configuration.app.job_queues = {"all"};
    App app(definition, std::move(configuration), std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{}));
    std::unique_ptr<Background> background;
    try {
        start_background(background, app, *signals);
    } catch (const std::exception& error) {
        return refuse_to_start(app, error);
    }
    app.log.logger().info("shutting down", {{"signal", signals->wait()}});
    signals.reset();  // from here the default action of a second signal ends the process
    stop_background(*background, app);
    background.reset();
    return end_well(app);
}

int serve(const Definition& definition, Configuration configuration) {
    const auto began = async::Loop::now();
    auto signals = std::make_unique<Signals>();
    const auto descriptors = raise_descriptor_limit();
    App app(definition, std::move(configuration), std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{}));
    const auto loops = thread_count(app.settings);
    app.connections_per_loop = connections_within(descriptors, loops, app.settings);
    Threads threads{app, static_cast<std::uint16_t>(app.settings.port)};
    try {
        threads.start(loops, *signals);
    } catch (const std::exception& error) {
        return refuse_to_start(app, error);
    }
    const bool listened = !signals->came();
    const auto took = std::chrono::duration<double, std::milli>(async::Loop::now() - began);
    if (listened) {
        app.log.logger().info("listening", {{"port", static_cast<std::int64_t>(threads.port)},
                                            {"threads", static_cast<std::int64_t>(loops)},
                                            {"maxConnections", static_cast<std::int64_t>(app.connections_per_loop)},
                                            {"openFiles", static_cast<std::int64_t>(descriptors)},
                                            {"startupMs", took.count()}});
    }
    app.log.logger().info("shutting down", {{"signal", signals->wait()}});
    signals.reset();  // from here the default action of a second signal ends the process
    app.draining = true;
    if (listened) wait_out_the_load_balancer(app.settings);
    threads.stop();
    return end_well(app);
}

}  // namespace app
