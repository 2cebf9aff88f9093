// The running service: one thread a loop, and the main thread, which waits for signals.

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <latch>
#include <thread>

#include "app/app.h"
#include "app/background.h"
#include "app/descriptors.h"
#include "async/loop_asio.h"

namespace app {

namespace {

// A loop on a thread of its own.
class LoopThread {
public:
    LoopThread(App& app, std::uint16_t port) : host_(std::make_unique<LoopHost>(app)), port_(port) {}

    // Returns the port once the loop listens. Throws what kept it from that.
    std::uint16_t start() {
        std::latch listening(1);
        std::exception_ptr failure;
        thread_ = std::thread([&, this] {
            host_->loop().keep_alive();
            host_->loop().post([&, this] {
                async::start(host_->start(), [&, this](std::exception_ptr error) {
                    try {
                        if (error) std::rethrow_exception(error);
                        port_ = host_->listen(port_);
                    } catch (...) {
                        failure = std::current_exception();
                    }
                    listening.count_down();
                });
            });
            host_->loop().run();
        });
        listening.wait();
        if (failure) std::rethrow_exception(failure);
        return port_;
    }

    // Thread-safe: begins to drain; join() waits for the end.
    void begin_stop(async::SteadyTime deadline) {
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
    std::unique_ptr<LoopHost> host_;
    std::uint16_t port_;
    std::thread thread_;
};

// PostgreSQL usually shares the machine: ▲ with two cores one loop beats two.
std::size_t thread_count(const Settings& settings) {
    if (settings.threads > 0) return static_cast<std::size_t>(settings.threads);
    return std::max(1U, std::thread::hardware_concurrency() / 2);
}

// SIGTERM and SIGINT from its making on: one that comes during the start is not lost, and ends the server once it is up.
class Signals {
public:
    Signals() : set_(async::native(loop_), SIGTERM, SIGINT) {}

    // Blocks until one comes.
    std::string_view wait() {
        int received = 0;
        set_.async_wait([&](const boost::system::error_code&, int signal) { received = signal; });
        loop_.run();
        return received == SIGINT ? "SIGINT" : "SIGTERM";
    }

private:
    async::Loop loop_;
    boost::asio::signal_set set_;
};

void wait_out_the_load_balancer(const Settings& settings) {
    if (settings.shutdown_delay_ms > 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(settings.shutdown_delay_ms));
}

bool has_outbox(const Definition& definition) {
    return std::ranges::any_of(tables_of(definition),
                               [](const db::TableView& table) { return table.name == jobs::tables::outbox_jobs.name; });
}

// False after saying why not.
bool start_background(std::unique_ptr<Background>& background, App& app) {
    const auto& settings = app.settings;
    const bool relay = settings.outbox_relay && has_outbox(app.definition);
    if (!settings.redis_url || (!relay && settings.job_queues.empty())) return true;
    try {
        background = std::make_unique<Background>(app, BackgroundOptions{relay, settings.job_queues});
        background->start();
        return true;
    } catch (const std::exception& error) {
        app.log.logger().fatal("cannot start", {{"err", logging::error(error)}});
        return false;
    }
}

}  // namespace

int work(const Definition& definition, Configuration configuration) {
    auto signals = std::make_unique<Signals>();
    raise_descriptor_limit();
    if (configuration.app.job_queues.empty()) configuration.app.job_queues = {"all"};
    App app(definition, std::move(configuration), std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{}));
    std::unique_ptr<Background> background;
    if (!start_background(background, app)) return 1;
    app.log.logger().info("shutting down", {{"signal", signals->wait()}});
    signals.reset();  // from here the default action of a second signal ends the app
    background->begin_stop(async::Loop::now() + std::chrono::milliseconds(app.settings.shutdown_timeout_ms));
    background->join();
    background.reset();
    app.log.logger().info("stopped");
    app.log.flush();
    return 0;
}

int serve(const Definition& definition, Configuration configuration) {
    const auto started = async::Loop::now();
    auto signals = std::make_unique<Signals>();
    const auto descriptors = raise_descriptor_limit();
    App app(definition, std::move(configuration), std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{}));
    const auto loops = thread_count(app.settings);
    app.connections_per_loop = connections_within(descriptors, loops, app.settings);
    auto port = static_cast<std::uint16_t>(app.settings.port);
    std::vector<std::unique_ptr<LoopThread>> threads;
    std::unique_ptr<Background> background;
    try {
        for (std::size_t i = 0; i < loops; ++i) {
            threads.push_back(std::make_unique<LoopThread>(app, port));
            port = threads.back()->start();
        }
    } catch (const std::exception& error) {
        app.log.logger().fatal("cannot start", {{"err", logging::error(error)}});
        return 1;
    }
    if (!start_background(background, app)) return 1;
    const auto took = std::chrono::duration<double, std::milli>(async::Loop::now() - started);
    app.log.logger().info("listening", {{"port", static_cast<std::int64_t>(port)},
                                        {"threads", static_cast<std::int64_t>(threads.size())},
                                        {"maxConnections", static_cast<std::int64_t>(app.connections_per_loop)},
                                        {"openFiles", static_cast<std::int64_t>(descriptors)},
                                        {"startupMs", took.count()}});

    app.log.logger().info("shutting down", {{"signal", signals->wait()}});
    signals.reset();  // from here the default action of a second signal ends the app
    app.draining = true;
    wait_out_the_load_balancer(app.settings);
    const auto deadline = async::Loop::now() + std::chrono::milliseconds(app.settings.shutdown_timeout_ms);
    for (auto& thread : threads) thread->begin_stop(deadline);
    for (auto& thread : threads) thread->join();
    threads.clear();
    // Last, as the last requests may have left something in the outbox.
    if (background) {
        background->begin_stop(async::Loop::now() + std::chrono::milliseconds(app.settings.shutdown_timeout_ms));
        background->join();
    }
    app.log.logger().info("stopped");
    app.log.flush();
    return 0;
}

}  // namespace app
