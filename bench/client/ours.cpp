// src/client under measurement; the counterpart of node.mjs. A line in, a JSON line out when it is done:
//
//     get SECONDS IN_FLIGHT     reads a place, so many calls awaited at once
//     post SECONDS IN_FLIGHT    makes a payment
//
// {"calls":81234,"microseconds":2000113}. URL comes from the environment.
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "async/loop.h"
#include "async/sync.h"
#include "client/client.h"
#include "log/log.h"
#include "log/sink.h"

namespace {

using namespace std::chrono_literals;
using schema::field;

struct Place {
    std::string id;
    std::string name;
    double latitude = 0;
    double longitude = 0;

    friend constexpr auto describe(Place*) {
        return schema::object<Place>("Place", field<&Place::id>("id"), field<&Place::name>("name"),
                                     field<&Place::latitude>("latitude"), field<&Place::longitude>("longitude"));
    }
};

struct Payment {
    std::int64_t amount = 0;
    std::string currency;
    std::string phone;
    std::string reference;

    friend constexpr auto describe(Payment*) {
        return schema::object<Payment>("Payment", field<&Payment::amount>("amount"),
                                       field<&Payment::currency>("currency"), field<&Payment::phone>("phone"),
                                       field<&Payment::reference>("reference"));
    }
};

struct Taken {
    std::string id;
    std::string status;

    friend constexpr auto describe(Taken*) {
        return schema::object<Taken>("Taken", field<&Taken::id>("id"), field<&Taken::status>("status"));
    }
};

class Program {
public:
    Program(async::Loop& loop, logging::Logger logger, const std::string& url, std::size_t in_flight)
        : client_({.loop = loop, .logger = std::move(logger), .metrics = metrics_}),
          target_{.name = "bench",
                  .base_url = url,
                  .auth = client::Bearer{"bench-token"},
                  .concurrency = in_flight,
                  .queue = in_flight} {}

    async::Task<std::string> answer(std::string operation, int seconds, std::size_t in_flight) {
        const auto began = async::Loop::now();
        std::vector<async::Task<long>> lanes;
        for (std::size_t lane = 0; lane < in_flight; ++lane)
            lanes.push_back(operation == "get" ? gets(began + std::chrono::seconds(seconds))
                                               : posts(began + std::chrono::seconds(seconds)));
        long calls = 0;
        for (const auto lane : co_await async::when_all(std::move(lanes))) calls += lane;
        const auto time = std::chrono::duration_cast<std::chrono::microseconds>(async::Loop::now() - began);
        co_return fmt::format(R"({{"calls":{},"microseconds":{}}})", calls, time.count());
    }

    async::Task<void> close() { co_await client_.stop(async::Loop::now()); }

private:
    async::Task<long> gets(async::SteadyTime end) {
        long calls = 0;
        for (; async::Loop::now() < end; ++calls) {
            const auto reply = co_await client_.get<Place>(target_, "/places/10027");
            if (!reply) throw std::runtime_error(reply.error().detail);
            if (reply->body.name.empty()) throw std::runtime_error("a place without a name");
        }
        co_return calls;
    }

    async::Task<long> posts(async::SteadyTime end) {
        const Payment payment{120'000, "KES", "+254712345678", "T001-01-10027"};
        long calls = 0;
        for (; async::Loop::now() < end; ++calls) {
            const auto reply = co_await client_.post<Taken>(target_, "/payments", payment);
            if (!reply) throw std::runtime_error(reply.error().detail);
            if (reply->body.status != "taken") throw std::runtime_error("a payment that is not taken");
        }
        co_return calls;
    }

    observe::Metrics metrics_;
    client::Client client_;
    client::Target target_;
};

std::string setting(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

int main() {
    logging::Log log({.level = logging::Level::info},
                     std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{.descriptor = 2}));
    async::Loop loop;
    std::optional<Program> program;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string operation;
        int seconds = 0;
        std::size_t in_flight = 0;
        words >> operation >> seconds >> in_flight;
        if (!program) program.emplace(loop, log.logger(), setting("URL"), in_flight);
        std::cout << async::run_until_done(loop, program->answer(operation, seconds, in_flight)) << std::endl;
    }
    if (program) async::run_until_done(loop, program->close());
    return 0;
}
