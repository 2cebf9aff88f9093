#include "observe/span.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/failure.h"

namespace observe {

namespace {

constexpr std::size_t max_tracestate = 512;

std::int64_t steady_now() {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

struct Span::Recording {
    SpanContext context;
    std::array<std::uint8_t, 8> parent_id;
    SpanKind kind;
    std::string name;
    bool parent_is_remote = false;
    bool ended = false;
    base::Timestamp start = base::system_clock().now();
    std::int64_t began = steady_now();
    std::vector<SpanAttribute> attributes = {};
    std::string error = {};
};

void Span::begin(const SpanContext& parent, SpanKind kind, std::string_view name) {
    recording_ = new Recording{
        .context = {child_span(parent.ids, random_word), parent.state, parent.tracer},
        .parent_id = parent.ids.span_id,
        .kind = kind,
        .name = std::string(name),
    };
    context_ = &recording_->context;
}

void Span::set(std::string_view key, std::string_view value) {
    if (recording_ != nullptr) recording_->attributes.push_back({key, std::string(value)});
}

void Span::set(std::string_view key, std::int64_t value) {
    if (recording_ != nullptr) recording_->attributes.push_back({key, value});
}

void Span::rename(std::string name) {
    if (recording_ != nullptr) recording_->name = std::move(name);
}

void Span::fail(std::string_view type) {
    if (recording_ != nullptr) recording_->error.assign(type);
}

void Span::fail(const std::exception_ptr& error) {
    if (recording_ == nullptr) return;
    try {
        std::rethrow_exception(error);
    } catch (const base::Failure& failure) {
        fail(failure.code().code);
    } catch (...) {
        fail("exception");
    }
}

void Span::end() noexcept {
    if (recording_ == nullptr || std::exchange(recording_->ended, true)) return;
    recording_->context.tracer->end({.ids = recording_->context.ids,
                                     .parent_id = recording_->parent_id,
                                     .parent_is_remote = recording_->parent_is_remote,
                                     .state = recording_->context.state,
                                     .kind = recording_->kind,
                                     .name = recording_->name,
                                     .start = recording_->start,
                                     .duration = std::chrono::nanoseconds(steady_now() - recording_->began),
                                     .attributes = recording_->attributes,
                                     .error = recording_->error});
}

void Span::discard() noexcept {
    end();
    delete recording_;
}

EntrySpan::EntrySpan(Incoming incoming, Tracer* tracer, SpanKind kind, std::string_view name) {
    const auto caller = parse_traceparent(incoming.traceparent);
    if (!caller && tracer == nullptr) return;
    came_.tracer = tracer;
    came_.ids = caller ? *caller : start_trace(random_word);
    if (caller) came_.state = kept_tracestate(incoming.tracestate);
    const bool decided = caller && !caller->sampled();
    if (tracer != nullptr && !decided) came_.ids.flags = tracer->samples(came_.ids) ? 1 : 0;
    span_ = Span(&came_, kind, name);
    if (!span_.records()) return;
    auto& recording = *span_.recording_;
    recording.parent_is_remote = caller.has_value();
    if (caller) return;
    // The ids that were made up are the first span's own.
    recording.context.ids = came_.ids;
    recording.parent_id = {};
}

std::string_view kept_tracestate(std::string_view header) {
    const auto is_printable = [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; };
    if (!std::ranges::all_of(header, is_printable)) return {};
    if (header.size() <= max_tracestate) return header;
    const auto comma = header.rfind(',', max_tracestate);
    return comma == std::string_view::npos ? std::string_view() : header.substr(0, comma);
}

}  // namespace observe
