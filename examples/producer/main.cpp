// A producer for a BullMQ queue, driven by lines of JSON: {"op":"add","name":"echo","data":1} gives {"id":"1"}. See README.md.
#include <future>
#include <iostream>
#include <string>
#include <thread>

#include <fmt/format.h>
#include <simdjson.h>

#include "config/config.h"
#include "jobs/flow.h"
#include "jobs/scheduler.h"
#include "log/log.h"

namespace {

using schema::field;
namespace dom = simdjson::dom;

struct Settings {
    std::string redis_url = "redis://127.0.0.1:6379/0";
    std::string queue = "conformance";

    friend constexpr auto describe(Settings*) {
        return schema::object<Settings>("Settings", field<&Settings::redis_url>("REDIS_URL", {.defaulted = true}),
                                        field<&Settings::queue>("QUEUE", {.min_length = 1, .defaulted = true}));
    }
};

struct BadRequest : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// ---- Reading a request -----------------------------------------------------------------------------------------------

// nullopt when the member is missing or null.
std::optional<dom::element> member(dom::element object, std::string_view name) {
    dom::element value;
    if (object[name].get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
    return value;
}

std::string text(dom::element object, std::string_view name) {
    const auto value = member(object, name);
    std::string_view content;
    if (!value || value->get(content) != simdjson::SUCCESS) throw BadRequest(std::string(name) + " must be a text");
    return std::string(content);
}

dom::array array(dom::element object, std::string_view name) {
    const auto value = member(object, name);
    dom::array items;
    if (!value || value->get(items) != simdjson::SUCCESS) throw BadRequest(std::string(name) + " must be an array");
    return items;
}

// `data` may be null, which is not the same as none.
jobs::NewJob read_job(dom::element request, std::string name) {
    jobs::NewJob job{.name = std::move(name)};
    dom::element data;
    if (request["data"].get(data) == simdjson::SUCCESS) job.data = simdjson::minify(data);
    if (const auto options = member(request, "opts")) job.options = jobs::parse_options(simdjson::minify(*options));
    return job;
}

jobs::FlowJob read_flow(dom::element node, const std::string& queue) {
    jobs::FlowJob flow{.queue = queue, .job = read_job(node, text(node, "name"))};
    if (!member(node, "children")) return flow;
    for (const auto child : array(node, "children")) flow.children.push_back(read_flow(child, queue));
    return flow;
}

// ---- Writing a reply -------------------------------------------------------------------------------------------------

std::string reply(std::string_view name, std::string_view value) {
    std::string json = "{\"" + std::string(name) + "\":";
    schema::write_json_string(value, json);
    return json + "}";
}

std::string reply(const std::vector<std::string>& ids) {
    std::string json = "{\"ids\":[";
    for (const auto& id : ids) {
        if (json.back() != '[') json.push_back(',');
        schema::write_json_string(id, json);
    }
    return json + "]}";
}

std::string reply(const jobs::JobCounts& counts) {
    return fmt::format(
        R"({{"counts":{{"waiting":{},"active":{},"delayed":{},"prioritized":{},"completed":{},"failed":{}}}}})",
        counts.waiting, counts.active, counts.delayed, counts.prioritized, counts.completed, counts.failed);
}

// ---- Operations ------------------------------------------------------------------------------------------------------

class Producer {
public:
    Producer(async::Loop& loop, redis::Options redis, const logging::Logger& logger, observe::Metrics& metrics,
             const std::string& queue)
        : client_(loop, std::move(redis), logger, metrics),
          queue_(client_, queue),
          flows_(client_),
          schedulers_(queue_) {}

    // One line for a line; never throws.
    async::Task<std::string> answer(std::string line) {
        try {
            dom::parser parser;
            dom::element request;
            if (parser.parse(line).get(request) != simdjson::SUCCESS || !request.is_object()) {
                throw BadRequest("a request is a JSON object");
            }
            co_return co_await perform(request);
        } catch (const std::exception& error) {
            co_return reply("error", error.what());
        }
    }

    async::Task<void> close() { co_await client_.close(async::Loop::now() + std::chrono::seconds(5)); }

private:
    // The elements belong to answer(), which waits for this.
    async::Task<std::string> perform(dom::element request) {
        const auto operation = text(request, "op");
        if (operation == "add")
            co_return reply("id", co_await queue_.add_job(read_job(request, text(request, "name"))));
        if (operation == "bulk") co_return co_await add_bulk(request);
        if (operation == "flow") co_return co_await add_flow(request);
        if (operation == "scheduler") co_return co_await schedule(request);
        if (operation == "removeScheduler") {
            const bool removed = co_await schedulers_.remove(text(request, "id"));
            co_return removed ? R"({"removed":true})" : R"({"removed":false})";
        }
        if (operation == "counts") co_return reply(co_await queue_.counts());
        if (operation == "state") {
            co_return reply("state", jobs::to_string(co_await queue_.state(text(request, "id"))));
        }
        co_await administer(operation, request);
        co_return "{}";
    }

    async::Task<std::string> add_bulk(dom::element request) {
        std::vector<jobs::NewJob> jobs;
        for (const auto job : array(request, "jobs")) jobs.push_back(read_job(job, text(job, "name")));
        co_return reply(co_await queue_.add_bulk(std::move(jobs)));
    }

    async::Task<std::string> add_flow(dom::element request) {
        const auto flow = member(request, "flow");
        if (!flow) throw BadRequest("flow is missing");
        const auto ids = co_await flows_.add(read_flow(*flow, queue_.name()));
        co_return reply("id", ids.id);
    }

    async::Task<std::string> schedule(dom::element request) {
        auto id = text(request, "id");
        const auto repeat = member(request, "repeat");
        if (!repeat) throw BadRequest("repeat is missing");
        jobs::NewJob job{.name = id};
        if (const auto job_template = member(request, "template")) {
            job = read_job(*job_template, member(*job_template, "name") ? text(*job_template, "name") : id);
        }
        co_return reply("id", co_await schedulers_.upsert(std::move(id), jobs::parse_repeat(simdjson::minify(*repeat)),
                                                          std::move(job)));
    }

    async::Task<void> administer(std::string operation, dom::element request) {
        if (operation == "pause") {
            co_await queue_.pause();
        } else if (operation == "resume") {
            co_await queue_.resume();
        } else if (operation == "retry") {
            co_await queue_.retry(text(request, "id"));
        } else if (operation == "promote") {
            co_await queue_.promote(text(request, "id"));
        } else if (operation == "remove") {
            const bool removed = co_await queue_.remove(text(request, "id"));
            if (!removed) throw BadRequest("there is no such job");
        } else {
            throw BadRequest("unknown operation " + operation);
        }
    }

    redis::Client client_;
    jobs::Queue queue_;
    jobs::FlowProducer flows_;
    jobs::JobSchedulers schedulers_;
};

// Reads lines on a thread of its own, since that blocks; the loop answers one after the other.
class LineReader {
public:
    LineReader(async::Loop& loop, Producer& producer)
        : thread_([&loop, &producer] {
              for (std::string line; std::getline(std::cin, line);) {
                  std::promise<std::string> answered;
                  loop.post([&] {
                      async::start(producer.answer(line),
                                   [&](const std::exception_ptr&, const std::optional<std::string>& answer) {
                                       answered.set_value(answer.value_or(R"({"error":"out of memory"})"));
                                   });
                  });
                  std::cout << answered.get_future().get() << std::endl;
              }
              loop.post([&] { async::start(producer.close(), [&](const std::exception_ptr&) { loop.stop(); }); });
          }) {}

private:
    std::jthread thread_;
};

int run(const Settings& settings) {
    auto endpoint = redis::parse_url(settings.redis_url);
    if (!endpoint) {
        std::cerr << "REDIS_URL: " << endpoint.error() << '\n';
        return config::exit_code;
    }
    logging::Log log({.level = logging::Level::warn},
                     std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{.descriptor = 2}));
    observe::Metrics metrics;
    async::Loop loop;
    Producer producer(loop, {.endpoints = redis::fixed_endpoint(std::move(*endpoint))}, log.logger(), metrics,
                      settings.queue);
    loop.keep_alive();
    const LineReader lines(loop, producer);
    loop.run();
    return 0;
}

}  // namespace

int main(int, char**, char** environment) {
    const auto settings = config::load<Settings>(config::environment_of(environment));
    if (!settings) {
        std::cerr << config::report(settings.error());
        return config::exit_code;
    }
    return run(*settings);
}
