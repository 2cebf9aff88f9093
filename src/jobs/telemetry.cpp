#include "jobs/telemetry.h"

#include "jobs/json.h"
#include "schema/schema.h"

namespace jobs::detail {

namespace {

std::string write_metadata(const observe::SpanContext& context) {
    std::string json = R"({"traceparent":")" + observe::write_traceparent(context.ids) + '"';
    if (!context.state.empty()) {
        json += R"(,"tracestate":)";
        schema::write_json_string(context.state, json);
    }
    return json + "}";
}

std::string_view text_member(const simdjson::dom::object& object, std::string_view name) {
    std::string_view text;
    return object[name].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

void describe(observe::Span& span, std::string_view operation, std::string_view queue) {
    span.rename(std::string(operation) + " " + std::string(queue));
    span.set("messaging.system", "bullmq");
    span.set("messaging.operation.name", operation);
    span.set("messaging.operation.type", operation);
    span.set("messaging.destination.name", queue);
}

}  // namespace

void carry_trace(JobOptions& options, std::string_view queue, const observe::SpanContext* parent) {
    if (parent == nullptr || options.omit_context || !options.telemetry_metadata.empty()) return;
    observe::Span span(parent, observe::SpanKind::producer, "create");
    if (span.records()) describe(span, "create", queue);
    options.telemetry_metadata = write_metadata(*span.context());
}

std::unique_ptr<observe::EntrySpan> trace_of(const JobRecord& job, std::string_view queue, observe::Tracer* tracer) {
    const auto& metadata = job.options.telemetry_metadata;
    if (tracer == nullptr && metadata.empty()) return nullptr;
    const Json json(metadata);
    observe::EntrySpan::Incoming incoming;
    if (const auto object = json.object())
        incoming = {text_member(*object, "traceparent"), text_member(*object, "tracestate")};
    auto trace = std::make_unique<observe::EntrySpan>(incoming, tracer, observe::SpanKind::consumer, "process");
    auto& span = trace->span();
    if (span.records()) {
        describe(span, "process", queue);
        span.set("messaging.message.id", job.id);
        span.set("bullmq.job.name", job.name);
        span.set("bullmq.job.attempt", job.attempts_made + 1);
    }
    return trace;
}

}  // namespace jobs::detail
