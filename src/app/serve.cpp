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

// A worker on its own thread.
class WorkerThread {
public:
    WorkerThread(Shared& shared, std::uint16_t port) : worker_(std::make_unique<Worker>(shared)), port_(port) {}

    // Returns the port once the worker listens. Throws what kept it from that.
    std::uint16_t start() {
        std::latch listening(1);
        std::exception_ptr failure;
        thread_ = std::thread([&, this] {
            worker_->loop().keep_alive();
            worker_->loop().post([&, this] {
                async::start(worker_->start(), [&, this](std::exception_ptr error) {
                    try {
                        if (error) std::rethrow_exception(error);
                        port_ = worker_->listen(port_);
                    } catch (...) {
                        failure = std::current_exception();
                    }
                    listening.count_down();
                });
            });
            worker_->loop().run();
        });
        listening.wait();
        if (failure) std::rethrow_exception(failure);
        return port_;
    }

    // Thread-safe: begins to drain; join() waits for the end.
    void begin_stop(async::SteadyTime deadline) {
        worker_->loop().post([this, deadline] {
            async::start(worker_->stop(deadline), [this](const std::exception_ptr&) { worker_->loop().stop(); });
        });
    }

    void join() {
        if (thread_.joinable()) thread_.join();
    }

    ~WorkerThread() {
        if (thread_.joinable()) {
            worker_->loop().stop();
            thread_.join();
        }
    }

private:
    std::unique_ptr<Worker> worker_;
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
bool start_background(std::unique_ptr<Background>& background, Shared& shared) {
    const auto& settings = shared.settings;
    const bool relay = settings.outbox_relay && has_outbox(shared.definition);
    if (!settings.redis_url || (!relay && settings.job_queues.empty())) return true;
    try {
        background = std::make_unique<Background>(shared, BackgroundOptions{relay, settings.job_queues});
        background->start();
        return true;
    } catch (const std::exception& error) {
        shared.log.logger().fatal("cannot start", {{"err", logging::error(error)}});
        return false;
    }
}

}  // namespace

int work(const Definition& definition, Settings settings) {
    auto signals = std::make_unique<Signals>();
    raise_descriptor_limit();
    if (settings.job_queues.empty()) settings.job_queues = {"all"};
    Shared shared(definition, std::move(settings), std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{}));
    std::unique_ptr<Background> background;
    if (!start_background(background, shared)) return 1;
    shared.log.logger().info("shutting down", {{"signal", signals->wait()}});
    signals.reset();  // from here the default action of a second signal ends the process
    background->begin_stop(async::Loop::now() + std::chrono::milliseconds(shared.settings.shutdown_timeout_ms));
    background->join();
    background.reset();
    shared.log.logger().info("stopped");
    shared.log.flush();
    return 0;
}

int serve(const Definition& definition, Settings settings) {
    const auto started = async::Loop::now();
    auto signals = std::make_unique<Signals>();
    const auto descriptors = raise_descriptor_limit();
    Shared shared(definition, std::move(settings), std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{}));
    const auto loops = thread_count(shared.settings);
    shared.connections_per_loop = connections_within(descriptors, loops, shared.settings);
    auto port = static_cast<std::uint16_t>(shared.settings.port);
    std::vector<std::unique_ptr<WorkerThread>> workers;
    std::unique_ptr<Background> background;
    try {
        for (std::size_t i = 0; i < loops; ++i) {
            workers.push_back(std::make_unique<WorkerThread>(shared, port));
            port = workers.back()->start();
        }
    } catch (const std::exception& error) {
        shared.log.logger().fatal("cannot start", {{"err", logging::error(error)}});
        return 1;
    }
    if (!start_background(background, shared)) return 1;
    const auto took = std::chrono::duration<double, std::milli>(async::Loop::now() - started);
    shared.log.logger().info("listening", {{"port", static_cast<std::int64_t>(port)},
                                           {"threads", static_cast<std::int64_t>(workers.size())},
                                           {"maxConnections", static_cast<std::int64_t>(shared.connections_per_loop)},
                                           {"openFiles", static_cast<std::int64_t>(descriptors)},
                                           {"startupMs", took.count()}});

    shared.log.logger().info("shutting down", {{"signal", signals->wait()}});
    signals.reset();  // from here the default action of a second signal ends the process
    shared.draining = true;
    wait_out_the_load_balancer(shared.settings);
    const auto deadline = async::Loop::now() + std::chrono::milliseconds(shared.settings.shutdown_timeout_ms);
    for (auto& worker : workers) worker->begin_stop(deadline);
    for (auto& worker : workers) worker->join();
    workers.clear();
    // Last, as the last requests may have left something in the outbox.
    if (background) {
        background->begin_stop(async::Loop::now() + std::chrono::milliseconds(shared.settings.shutdown_timeout_ms));
        background->join();
    }
    shared.log.logger().info("stopped");
    shared.log.flush();
    return 0;
}

}  // namespace app
