#pragma once
// Spans: what a request, a statement, a command or a job was, of which trace, and how long it took, in OpenTelemetry's terms. A
// SpanContext goes from hand to hand by pointer (the request's to its Db, the Db's to the outbox, the job's to its Db): a thread
// keeps nothing. Who is told of spans is a Tracer; without one nothing is recorded and nothing allocated, and a Span is one test of
// a pointer.
//
//     observe::Span span(context.span(), observe::SpanKind::client, "geocode");     // the parent; nullptr: no trace
//     span.set("server.address", host);
//     try { co_await ask(host, span.context()); } catch (...) { span.fail(std::current_exception()); throw; }
//
// A span ends with its scope. It stays on its loop's thread; a parent outlives its children.

#include <chrono>
#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/time.h"
#include "observe/traceparent.h"

namespace observe {

// OTLP's numbers.
enum class SpanKind : std::uint8_t { internal = 1, server = 2, client = 3, producer = 4, consumer = 5 };

// `key` is a literal; names are those of OpenTelemetry's semantic conventions.
struct SpanAttribute {
    std::string_view key;
    std::variant<std::string, std::int64_t, bool> value;
};

// As a tracer is told of it; what it views lives as long as the call.
struct FinishedSpan {
    TraceContext ids;
    std::array<std::uint8_t, 8> parent_id{};  // all zeros: the trace begins here
    bool parent_is_remote = false;
    std::string_view state;  // tracestate
    SpanKind kind = SpanKind::internal;
    std::string_view name;
    base::Timestamp start;
    std::chrono::nanoseconds duration{0};
    std::span<const SpanAttribute> attributes;
    std::string_view error;  // error.type; empty: the status is unset
};

// Whoever takes the spans: an exporter, a test. Thread-safe; never throws, as it is called where nothing may.
class Tracer {
public:
    virtual ~Tracer() = default;
    // Whether a trace is recorded: one that begins here, or one that a caller wants recorded (ids.sampled()), which any stranger
    // may. One that its caller does not record is not asked about.
    [[nodiscard]] virtual bool samples(const TraceContext& ids) noexcept = 0;
    virtual void end(const FinishedSpan& span) noexcept = 0;
};

// Where children hang, and who is told of them.
struct SpanContext {
    TraceContext ids;
    std::string state;         // tracestate, to be handed on as it came
    Tracer* tracer = nullptr;  // outlives all spans

    [[nodiscard]] bool records() const noexcept { return tracer != nullptr && ids.sampled(); }
};

class Span {
public:
    Span() = default;
    Span(const SpanContext* parent, SpanKind kind, std::string_view name) : context_(parent) {
        if (parent != nullptr && parent->records()) begin(*parent, kind, name);
    }
    Span(Span&& other) noexcept
        : context_(std::exchange(other.context_, nullptr)), recording_(std::exchange(other.recording_, nullptr)) {}
    Span& operator=(Span&& other) noexcept {
        std::swap(context_, other.context_);
        std::swap(recording_, other.recording_);
        return *this;
    }
    ~Span() {
        if (recording_ != nullptr) discard();
    }

    // Whether anybody will read what set() and fail() are given.
    [[nodiscard]] bool records() const noexcept { return recording_ != nullptr; }
    // What its children are given: its own, or its parent's when it is not recorded. As long-lived as the span, end() or not.
    [[nodiscard]] const SpanContext* context() const noexcept { return context_; }

    void set(std::string_view key, std::string_view value);
    void set(std::string_view key, std::int64_t value);
    void rename(std::string name);
    // `type`: error.type, one of a few.
    void fail(std::string_view type);
    // By the code of a base::Failure; anything else is "exception".
    void fail(const std::exception_ptr& error);
    // Before its scope ends; what is set afterwards is lost.
    void end() noexcept;

private:
    friend class EntrySpan;
    struct Recording;
    void begin(const SpanContext& parent, SpanKind kind, std::string_view name);
    void discard() noexcept;

    const SpanContext* context_ = nullptr;
    Recording* recording_ = nullptr;
};

// The first span of a trace in this process, of a request or a job: continues what came from outside, or begins a trace when
// that is missing or malformed and there is a tracer. A trace that is not recorded is handed on as it came.
//
//     observe::EntrySpan entry({traceparent, tracestate}, tracer, observe::SpanKind::server, "GET");
//     handle(entry.context());                                     // nullptr: there is no trace
class EntrySpan {
public:
    struct Incoming {
        std::string_view traceparent;
        std::string_view tracestate = {};
    };
    EntrySpan(Incoming incoming, Tracer* tracer, SpanKind kind, std::string_view name);
    EntrySpan(const EntrySpan&) = delete;
    EntrySpan& operator=(const EntrySpan&) = delete;

    [[nodiscard]] const SpanContext* context() const noexcept { return span_.context(); }
    [[nodiscard]] Span& span() noexcept { return span_; }

private:
    SpanContext came_;
    Span span_;
};

// Of a tracestate, what is handed on: at most 512 characters, whole members, the first ones; nothing when it holds what no header
// may.
[[nodiscard]] std::string_view kept_tracestate(std::string_view header);

}  // namespace observe
