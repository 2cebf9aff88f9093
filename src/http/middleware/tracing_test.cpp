#include "http/middleware/tracing.h"

#include <gtest/gtest.h>

#include "http/middleware/access_log.h"
#include "http/middleware/chain_for_test.h"
#include "http/middleware/request_id.h"
#include "http/router.h"
#include "observe/memory_tracer_for_test.h"

namespace http {
namespace {

constexpr std::string_view trace_id = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr std::string_view caller_id = "00f067aa0ba902b7";
const std::string sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const std::string unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

// Replies with the trace that its children would be given, and logs a line.
struct TellsTheTrace {
    std::uint16_t status = 200;

    async::Task<void> operator()(Context& context) const {
        context.set_route(nullptr, "/v1/products/{id}");
        context.logger().info("inside");
        const auto* trace = context.span();
        context.response().status(status).body(
            trace == nullptr ? "none" : observe::write_traceparent(trace->ids) + " " + trace->state);
        co_return;
    }
};

InjectedRequest with(std::vector<std::pair<std::string, std::string>> headers) {
    return {.target = "/v1/products/7?token=secret", .headers = std::move(headers)};
}

TEST(Tracing, ARequestIsASpanOfItsCallersTrace) {
    observe::MemoryTracer tracer;
    ChainForTest chain;
    const auto reply = chain.run({request_id(), tracing(&tracer), access_log()}, TellsTheTrace{},
                                 with({{"traceparent", sampled}, {"tracestate", "a=1"}, {"Tracestate", "b=2"}}));
    const auto span = tracer.only("GET /v1/products/{id}");
    EXPECT_EQ(span.trace, trace_id);
    EXPECT_EQ(span.parent, caller_id);
    EXPECT_TRUE(span.parent_is_remote);
    EXPECT_EQ(span.kind, observe::SpanKind::server);
    EXPECT_EQ(span.error, "");
    EXPECT_EQ(span.attributes.at("http.request.method"), "GET");
    EXPECT_EQ(span.attributes.at("http.route"), "/v1/products/{id}");
    EXPECT_EQ(span.attributes.at("url.path"), "/v1/products/7");
    EXPECT_EQ(span.attributes.at("http.response.status_code"), "200");
    for (const auto& [key, value] : span.attributes) EXPECT_FALSE(value.contains("secret")) << key;
    // What the handler hands on, and what the log says, is this span.
    EXPECT_EQ(reply.body, "00-" + span.trace + "-" + span.id + "-01 a=1, b=2");
    int lines = 0;
    for (const auto& line : chain.sink->lines())
        lines += line.contains("\"trace_id\":\"" + span.trace + "\",\"span_id\":\"" + span.id + "\"") ? 1 : 0;
    EXPECT_EQ(lines, 2) << "the handler's line and the request's";
}

TEST(Tracing, WhatARouteNamesAsSecretInItsPathStandsInNoSpan) {
    observe::MemoryTracer tracer;
    Router router;
    router.add(Method::get, "/v1/callbacks/{token}", {.handler = reply_ok});
    ChainForTest chain;
    chain.run({tracing(&tracer, &router)}, router.handler(), {.target = "/v1/callbacks/dcU-c2Wi-Atee6WyM6YzruxY"});
    const auto span = tracer.only("GET /v1/callbacks/{token}");
    EXPECT_EQ(span.attributes.at("url.path"), "/v1/callbacks/[Redacted]");
}

TEST(Tracing, WhatIsMalformedBeginsANewTrace) {
    const std::vector<std::vector<std::pair<std::string, std::string>>> cases{
        {},
        {{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"}, {"tracestate", "a=1"}},
        {{"traceparent", "what"}},
        {{"traceparent", sampled}, {"traceparent", sampled}},
    };
    for (const auto& headers : cases) {
        observe::MemoryTracer tracer;
        ChainForTest chain;
        const auto reply = chain.run({tracing(&tracer)}, TellsTheTrace{}, with(headers));
        const auto span = tracer.only("GET /v1/products/{id}");
        EXPECT_NE(span.trace, trace_id);
        EXPECT_EQ(span.parent, "");
        EXPECT_FALSE(span.parent_is_remote);
        EXPECT_EQ(span.state, "");
        EXPECT_EQ(reply.body, "00-" + span.trace + "-" + span.id + "-01 ");
    }
}

TEST(Tracing, WhatItsCallerDoesNotRecordIsHandedOnAsItCame) {
    observe::MemoryTracer tracer;
    ChainForTest chain;
    const auto reply = chain.run({tracing(&tracer)}, TellsTheTrace{}, with({{"traceparent", unsampled}}));
    EXPECT_EQ(reply.body, unsampled + " ");
    EXPECT_TRUE(tracer.spans().empty());
}

TEST(Tracing, ATracerMayRefuseWhatACallerWantsRecorded) {
    observe::MemoryTracer tracer(false);
    ChainForTest chain;
    EXPECT_EQ(chain.run({tracing(&tracer)}, TellsTheTrace{}, with({{"traceparent", sampled}})).body, unsampled + " ");
    EXPECT_TRUE(chain.run({tracing(&tracer)}, TellsTheTrace{}).body.ends_with("-00 "));
    EXPECT_TRUE(tracer.spans().empty());
}

TEST(Tracing, WithoutATracerATraceIsHandedOnAndLogged) {
    ChainForTest chain;
    EXPECT_EQ(chain.run({tracing(nullptr)}, TellsTheTrace{}, with({{"traceparent", sampled}})).body, sampled + " ");
    EXPECT_TRUE(chain.log_contains(R"("trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7")"));
    ChainForTest none;
    EXPECT_EQ(none.run({tracing(nullptr)}, TellsTheTrace{}).body, "none");
    EXPECT_EQ(none.run({tracing(nullptr)}, TellsTheTrace{}, with({{"traceparent", "what"}})).body, "none");
    EXPECT_FALSE(none.log_contains("trace_id"));
}

// A good status, and a body without its end.
struct CutsItsReply {
    async::Task<void> operator()(Context& context) const {
        context.set_route(nullptr, "/v1/products/{id}");
        context.response().stream([](BodyWriter& out) -> async::Task<void> {
            static_cast<void>(co_await out.write("half"));
            throw std::runtime_error("no more");
        });
        co_return;
    }
};

TEST(Tracing, AReplyThatIsCutFailsTheSpan) {
    observe::MemoryTracer tracer;
    ChainForTest chain;
    chain.run({tracing(&tracer)}, CutsItsReply{});
    EXPECT_EQ(tracer.only("GET /v1/products/{id}").error, "incomplete");
}

TEST(Tracing, OnlyOurOwnErrorsFailTheSpan) {
    for (const auto& [status, error] : {std::pair<int, std::string>(404, ""), {503, "503"}}) {
        observe::MemoryTracer tracer;
        ChainForTest chain;
        chain.run({tracing(&tracer)}, TellsTheTrace{static_cast<std::uint16_t>(status)});
        EXPECT_EQ(tracer.only("GET /v1/products/{id}").error, error) << status;
    }
}

}  // namespace
}  // namespace http
