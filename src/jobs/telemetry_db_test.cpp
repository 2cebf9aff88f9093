// A trace's way with a job, on a real Redis: from a queue to a worker, ours and as Node's bullmq-otel writes it.
#include "jobs/telemetry.h"

#include "jobs/test_queue.h"
#include "observe/memory_tracer_for_test.h"

namespace jobs {
namespace {

using namespace std::chrono_literals;
using observe::MemoryTracer;
using observe::SpanKind;
using schema::Json;

constexpr std::string_view trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr std::string_view sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr std::string_view unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
constexpr JobType<Json> any{"mail", "any"};
constexpr JobType<Json> next{"mail", "next"};

class TelemetryTest : public JobsTest {
public:
    TelemetryTest()
        : locks_(redis(), log_.logger(), metrics_),
          events_(loop_, redis(), log_.logger(), metrics_, "mail", {.prefix = prefix_}) {
        run(events_.start("0"));
    }
    ~TelemetryTest() override { run(events_.close()); }

protected:
    Queue queue_of(const observe::SpanContext* span) { return {client_, "mail", {.prefix = prefix_, .span = span}}; }

    // Runs it in a worker that tells `tracer`, which may be null; returns what its handler was given.
    std::string run_job(Queue queue, JobOptions options, observe::Tracer* tracer) {
        auto services = this->services(locks_);
        services.tracer = tracer;
        Worker worker(services, "mail", this->options());
        std::string seen;
        worker.on(any, [&seen](Job<Json>& job) -> async::Task<void> { return tell(&job, &seen); });
        worker.start();
        const auto id = run(queue.add(any, Json{"{}"}, std::move(options)));
        run(events_.wait_until_finished(queue_, id, async::Loop::now() + 20s));
        run(worker.close(async::Loop::now() + 5s));
        return seen;
    }

    LockKeeper locks_;
    QueueEvents events_;

private:
    static async::Task<void> tell(Job<Json>* job, std::string* seen) {
        job->logger().info("inside");
        *seen = job->span() == nullptr ? "none" : observe::write_traceparent(job->span()->ids);
        co_return;
    }
};

TEST_F(TelemetryTest, AJobIsAChildOfWhatAddedIt) {
    MemoryTracer tracer;
    std::string seen;
    {
        const observe::EntrySpan request({sampled, "till=7"}, &tracer, SpanKind::server, "POST /v1/sales");
        seen = run_job(queue_of(request.context()), {}, &tracer);
    }
    const auto request = tracer.only("POST /v1/sales");
    const auto created = tracer.only("create mail");
    const auto run = tracer.only("process mail");
    EXPECT_EQ(created.parent, request.id);
    EXPECT_EQ(created.kind, SpanKind::producer);
    EXPECT_EQ(run.parent, created.id);
    EXPECT_EQ(run.kind, SpanKind::consumer);
    EXPECT_EQ(run.state, "till=7");
    EXPECT_EQ(run.attributes.at("bullmq.job.name"), "any");
    EXPECT_EQ(run.attributes.at("bullmq.job.attempt"), "1");
    EXPECT_EQ(seen, "00-" + run.trace + "-" + run.id + "-01");
    EXPECT_TRUE(sink_->contains("\"trace_id\":\"" + run.trace + "\",\"span_id\":\"" + run.id + "\""));
    // The command that added it.
    int commands = 0;
    for (const auto& span : tracer.spans()) {
        if (span.kind != SpanKind::client) continue;
        ++commands;
        EXPECT_EQ(span.parent, request.id);
        EXPECT_EQ(span.attributes.at("db.system.name"), "redis");
    }
    EXPECT_GE(commands, 1);
}

// As bullmq-otel's getMetadata() writes it.
TEST_F(TelemetryTest, ContinuesWhatNodeBegan) {
    MemoryTracer tracer;
    const std::string metadata = R"({"tracestate":"a=1","traceparent":")" + std::string(sampled) + "\"}";
    run_job(queue_of(nullptr), {.telemetry_metadata = metadata}, &tracer);
    const auto run = tracer.only("process mail");
    EXPECT_EQ(run.trace, trace_id);
    EXPECT_EQ(run.parent, "00f067aa0ba902b7");
    EXPECT_EQ(run.state, "a=1");
}

TEST_F(TelemetryTest, WhatCannotBeReadBeginsANewTrace) {
    for (const std::string metadata : {"", "what", "[]", R"({"traceparent":7})", R"({"traceparent":"00-0"})"}) {
        MemoryTracer tracer;
        run_job(queue_of(nullptr), {.telemetry_metadata = metadata}, &tracer);
        const auto run = tracer.only("process mail");
        EXPECT_NE(run.trace, trace_id) << metadata;
        EXPECT_EQ(run.parent, "") << metadata;
        EXPECT_EQ(run_job(queue_of(nullptr), {.telemetry_metadata = metadata}, nullptr), "none") << metadata;
    }
}

TEST_F(TelemetryTest, WhatIsNotRecordedIsHandedOn) {
    MemoryTracer tracer;
    const observe::EntrySpan request({unsampled}, &tracer, SpanKind::server, "POST");
    EXPECT_EQ(run_job(queue_of(request.context()), {}, &tracer), unsampled);
    EXPECT_TRUE(tracer.spans().empty());
    // Nor by processes without a tracer.
    const observe::EntrySpan off({sampled}, nullptr, SpanKind::server, "POST");
    EXPECT_EQ(run_job(queue_of(off.context()), {}, nullptr), sampled);
}

TEST_F(TelemetryTest, OmitContextKeepsTheTracesApart) {
    MemoryTracer tracer;
    const observe::EntrySpan request({sampled}, &tracer, SpanKind::server, "POST");
    run_job(queue_of(request.context()), {.omit_context = true}, &tracer);
    EXPECT_NE(tracer.only("process mail").trace, trace_id);
    EXPECT_TRUE(tracer.named("create mail").empty());
}

TEST_F(TelemetryTest, AFailedRunIsAFailedSpan) {
    MemoryTracer tracer;
    auto services = this->services(locks_);
    services.tracer = &tracer;
    Worker worker(services, "mail", options());
    worker.on(next, [](Job<Json>& /*unused*/) -> async::Task<void> { throw Unrecoverable("never"); });
    worker.start();
    const auto id = run(queue_.add(next, Json{"{}"}));
    run(events_.wait_until_finished(queue_, id, async::Loop::now() + 20s));
    run(worker.close(async::Loop::now() + 5s));
    EXPECT_NE(tracer.only("process mail").error, "");
}

TEST_F(TelemetryTest, TheTreesOfAFlowAreOfTheTrace) {
    MemoryTracer tracer;
    const observe::EntrySpan request({sampled}, &tracer, SpanKind::server, "POST");
    FlowProducer flows(client_, {.prefix = prefix_, .span = request.context()});
    const auto ids = run(flows.add({.queue = "mail",
                                    .job = make_job(any, Json{"{}"}),
                                    .children = {{.queue = "mail", .job = make_job(next, Json{"{}"})}}}));
    const auto child = run(queue_.job(ids.children.at(0).id));
    ASSERT_TRUE(child);
    EXPECT_NE(child->options.telemetry_metadata.find(trace_id), std::string::npos);
    EXPECT_EQ(tracer.named("create mail").size(), 2U);
    EXPECT_EQ(tracer.only("MULTI").attributes.at("db.operation.name"), "MULTI");
}

}  // namespace
}  // namespace jobs
