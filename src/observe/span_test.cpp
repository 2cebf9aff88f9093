#include "observe/span.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "base/failure.h"
#include "observe/memory_tracer_for_test.h"

namespace {

thread_local std::size_t allocations = 0;

}  // namespace

// Of the whole test program: what a test allocates can be counted.
void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*unused*/) noexcept { std::free(memory); }

namespace observe {
namespace {

constexpr std::string_view sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr std::string_view unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

// A child and its child, as a statement inside a transaction inside a request.
void work_under(const SpanContext* parent) {
    Span outer(parent, SpanKind::client, "transaction");
    outer.set("db.system.name", "postgresql");
    Span inner(outer.context(), SpanKind::client, "products.by_id");
    inner.set("db.operation.batch.size", 3);
    inner.fail("23505");
}

TEST(Span, NothingIsAllocatedWhenOff) {
    const EntrySpan without({""}, nullptr, SpanKind::server, "GET");
    const EntrySpan handed_on({sampled}, nullptr, SpanKind::server, "GET");
    const auto before = allocations;
    {
        const EntrySpan entry({""}, nullptr, SpanKind::server, "GET");
        work_under(entry.context());
        work_under(nullptr);
        work_under(handed_on.context());
    }
    EXPECT_EQ(allocations, before);
    EXPECT_EQ(without.context(), nullptr);
    ASSERT_NE(handed_on.context(), nullptr);
    EXPECT_EQ(write_traceparent(handed_on.context()->ids), sampled);
}

TEST(Span, ChildrenNameTheirParents) {
    MemoryTracer tracer;
    {
        EntrySpan entry({sampled, "a=1"}, &tracer, SpanKind::server, "GET");
        work_under(entry.context());
    }
    const auto spans = tracer.spans();
    ASSERT_EQ(spans.size(), 3U);
    EXPECT_EQ(spans[0].name, "products.by_id");
    EXPECT_EQ(spans[0].parent, spans[1].id);
    EXPECT_EQ(spans[1].parent, spans[2].id);
    EXPECT_EQ(spans[2].parent, "00f067aa0ba902b7");
    EXPECT_TRUE(spans[2].parent_is_remote);
    EXPECT_FALSE(spans[1].parent_is_remote);
    for (const auto& span : spans) {
        EXPECT_EQ(span.trace, "4bf92f3577b34da6a3ce929d0e0e4736");
        EXPECT_EQ(span.state, "a=1");
    }
    EXPECT_EQ(spans[0].error, "23505");
    EXPECT_EQ(spans[0].attributes.at("db.operation.batch.size"), "3");
    EXPECT_EQ(spans[1].error, "");
}

TEST(Span, IsToldOnceAndItsContextStays) {
    MemoryTracer tracer;
    Span moved;
    {
        const EntrySpan entry({sampled}, &tracer, SpanKind::consumer, "process");
        Span span(entry.context(), SpanKind::client, "GET");
        const auto* context = span.context();
        span.end();
        span.end();
        span.set("too", "late");
        EXPECT_EQ(tracer.named("GET").size(), 1U);
        EXPECT_EQ(span.context(), context);
        moved = std::move(span);
        EXPECT_EQ(moved.context(), context);
        moved = Span();
    }
    EXPECT_EQ(tracer.named("GET").size(), 1U);
    EXPECT_TRUE(tracer.only("GET").attributes.empty());
}

TEST(Span, FailsByTheCodeOfAFailure) {
    MemoryTracer tracer;
    const EntrySpan entry({sampled}, &tracer, SpanKind::server, "GET");
    Span(entry.context(), SpanKind::client, "known")
        .fail(std::make_exception_ptr(base::Failure(base::errors::out_of_range)));
    Span(entry.context(), SpanKind::client, "unknown").fail(std::make_exception_ptr(3));
    EXPECT_EQ(tracer.only("known").error, "request.out_of_range");
    EXPECT_EQ(tracer.only("unknown").error, "exception");
}

TEST(Span, WhatIsNotRecordedIsHandedOnAsItCame) {
    MemoryTracer tracer;
    const EntrySpan entry({unsampled}, &tracer, SpanKind::server, "GET");
    const Span child(entry.context(), SpanKind::client, "query");
    EXPECT_EQ(child.context(), entry.context());
    EXPECT_EQ(write_traceparent(child.context()->ids), unsampled);
    EXPECT_TRUE(tracer.spans().empty());
}

TEST(Span, ATracestateIsCutAtAMember) {
    EXPECT_EQ(kept_tracestate("a=1, b=2"), "a=1, b=2");
    EXPECT_EQ(kept_tracestate("a=1\r\nX: y"), "");
    const std::string first = "a=" + std::string(300, 'x');
    EXPECT_EQ(kept_tracestate(first + ",b=" + std::string(300, 'y')), first);
    EXPECT_EQ(kept_tracestate("a=" + std::string(600, 'x')), "");
    EXPECT_EQ(kept_tracestate("a=" + std::string(510, 'x')).size(), 512U);
}

}  // namespace
}  // namespace observe
