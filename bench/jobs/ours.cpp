// src/jobs under measurement; the counterpart of node.mjs. A line in, a JSON line out when it is done:
//
//     add SECONDS IN_FLIGHT     adds single jobs, so many calls awaited at once
//     bulk SECONDS SIZE         adds bulks of SIZE jobs, one after another
//     process JOBS CONCURRENCY  runs a worker until it has handled so many
//
// {"jobs":81234,"microseconds":2000113}. REDIS_URL and QUEUE come from the environment.
#include <cstdlib>
#include <future>
#include <iostream>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "async/sync.h"
#include "jobs/worker.h"
#include "log/log.h"

namespace {

using namespace std::chrono_literals;
using schema::field;

struct Invite {
    std::string email;
    std::string shop;
    std::string role;
    std::string language;
    std::int64_t expires_at = 0;

    friend constexpr auto describe(Invite*) {
        return schema::object<Invite>("Invite", field<&Invite::email>("email", {}), field<&Invite::shop>("shop", {}),
                                      field<&Invite::role>("role", {}), field<&Invite::language>("language", {}),
                                      field<&Invite::expires_at>("expiresAt", {}));
    }
};

Invite invite() {
    return {"amina.odhiambo@duka.example", "Duka la Amina, Kenyatta Avenue", "cashier", "sw-KE", 1'795'346'722'180};
}

struct Figures {
    std::int64_t jobs = 0;
    std::chrono::microseconds time{0};
};

// Counts the jobs and tells when it has seen the last.
struct Handler {
    std::int64_t* left;
    async::Event* done;

    async::Task<void> operator()(jobs::Job<Invite>& job) const {
        if (job.data().email.empty()) throw std::runtime_error("an invitation for nobody");
        if (--*left == 0) done->set();
        co_return;
    }
};

class Program {
public:
    Program(async::Loop& loop, redis::Options redis, logging::Logger logger, std::string queue)
        : loop_(loop),
          redis_(std::move(redis)),
          logger_(std::move(logger)),
          type_{jobs::QueueName::given(queue_name_ = std::move(queue)),
                "invite",
                {.remove_on_complete = jobs::KeepJobs::none()}},
          client_(loop, redis_, logger_, metrics_),
          queue_(client_, queue_name_),
          locks_(redis_, logger_, metrics_) {}

    async::Task<std::string> answer(std::string line) {
        std::istringstream words(line);
        std::string operation;
        std::int64_t amount = 0;
        std::size_t width = 0;
        words >> operation >> amount >> width;
        const auto began = async::Loop::now();
        Figures figures{};
        if (operation == "process") {
            figures = co_await process(amount, width);
        } else {
            const auto end = began + std::chrono::seconds(amount);
            figures.jobs = operation == "add" ? co_await add(end, width) : co_await add_bulks(end, width);
            figures.time = since(began);
        }
        co_return fmt::format(R"({{"jobs":{},"microseconds":{}}})", figures.jobs, figures.time.count());
    }

    async::Task<void> close() { co_await client_.close(async::Loop::now() + 5s); }

private:
    static std::chrono::microseconds since(async::SteadyTime began) {
        return std::chrono::duration_cast<std::chrono::microseconds>(async::Loop::now() - began);
    }

    async::Task<std::int64_t> add_in_turn(async::SteadyTime end) {
        std::int64_t jobs = 0;
        for (; async::Loop::now() < end; ++jobs) static_cast<void>(co_await queue_.add(type_, invite()));
        co_return jobs;
    }

    async::Task<std::int64_t> add(async::SteadyTime end, std::size_t in_flight) {
        std::vector<async::Task<std::int64_t>> lanes;
        for (std::size_t lane = 0; lane < in_flight; ++lane) lanes.push_back(add_in_turn(end));
        std::int64_t jobs = 0;
        for (const auto lane : co_await async::when_all(std::move(lanes))) jobs += lane;
        co_return jobs;
    }

    async::Task<std::int64_t> add_bulks(async::SteadyTime end, std::size_t size) {
        std::int64_t jobs = 0;
        while (async::Loop::now() < end) {
            std::vector<jobs::NewJob> bulk;
            for (std::size_t i = 0; i < size; ++i) bulk.push_back(jobs::make_job(type_, invite()));
            jobs += static_cast<std::int64_t>((co_await queue_.add_bulk(std::move(bulk))).size());
        }
        co_return jobs;
    }

    async::Task<Figures> process(std::int64_t jobs, std::size_t concurrency) {
        std::int64_t left = jobs;
        async::Event done(loop_);
        const auto began = async::Loop::now();
        jobs::Worker worker({loop_, redis_, locks_, logger_, metrics_}, queue_name_, {.concurrency = concurrency});
        worker.on(type_, Handler{&left, &done});
        worker.start();
        co_await done;
        const auto time = since(began);
        co_await worker.close(async::Loop::now() + 10s);
        co_return Figures{jobs, time};
    }

    async::Loop& loop_;
    redis::Options redis_;
    logging::Logger logger_;
    observe::Metrics metrics_;
    std::string queue_name_;
    jobs::JobType<Invite> type_;
    redis::Client client_;
    jobs::Queue queue_;
    jobs::LockKeeper locks_;
};

std::string setting(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// Lines are read on a thread of their own, since that blocks.
void serve(async::Loop& loop, Program& program) {
    for (std::string line; std::getline(std::cin, line);) {
        std::promise<std::string> answered;
        loop.post([&] {
            async::start(program.answer(line), [&](std::exception_ptr error, std::optional<std::string> answer) {
                if (error)
                    answered.set_exception(error);
                else
                    answered.set_value(std::move(*answer));
            });
        });
        std::cout << answered.get_future().get() << std::endl;
    }
    loop.post([&] { async::start(program.close(), [&](const std::exception_ptr&) { loop.stop(); }); });
}

}  // namespace

int main() {
    auto endpoint = redis::parse_url(setting("REDIS_URL"));
    if (!endpoint) {
        std::cerr << "REDIS_URL: " << endpoint.error() << '\n';
        return 1;
    }
    logging::Log log({.level = logging::Level::warn},
                     std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{.descriptor = 2}));
    async::Loop loop;
    Program program(loop, {.endpoints = redis::fixed_endpoint(std::move(*endpoint))}, log.logger(), setting("QUEUE"));
    loop.keep_alive();
    const std::jthread reader([&] { serve(loop, program); });
    loop.run();
    return 0;
}
