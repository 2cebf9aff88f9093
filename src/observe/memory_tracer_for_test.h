#pragma once
// MemoryTracer: a tracer that keeps what it is told, for tests. Thread-safe.
//
//     observe::MemoryTracer tracer;
//     ...
//     const auto span = tracer.only("GET /v1/products");
//     EXPECT_EQ(span.parent, ...);

#include <algorithm>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "observe/span.h"

namespace observe {

struct KeptSpan {
    std::string trace;
    std::string id;
    std::string parent;  // "" of the first span of a trace
    std::string state;
    SpanKind kind = SpanKind::internal;
    std::string name;
    std::string error;
    bool parent_is_remote = false;
    std::map<std::string, std::string, std::less<>> attributes;  // numbers in decimal
};

class MemoryTracer final : public Tracer {
public:
    // `records`: whether traces that begin here, or that callers want recorded, are.
    explicit MemoryTracer(bool records = true) : records_(records) {}

    [[nodiscard]] bool samples(const TraceContext& /*unused*/) noexcept override { return records_; }

    void end(const FinishedSpan& span) noexcept override {
        KeptSpan kept{.trace = trace_id_text(span.ids),
                      .id = span_id_text(span.ids),
                      .parent = span_id_text({.span_id = span.parent_id}),
                      .state = std::string(span.state),
                      .kind = span.kind,
                      .name = std::string(span.name),
                      .error = std::string(span.error),
                      .parent_is_remote = span.parent_is_remote,
                      .attributes = {}};
        if (kept.parent == std::string(16, '0')) kept.parent.clear();
        for (const auto& [key, value] : span.attributes) kept.attributes.emplace(key, text_of(value));
        const std::lock_guard lock(mutex_);
        spans_.push_back(std::move(kept));
    }

    // In the order of their ends.
    [[nodiscard]] std::vector<KeptSpan> spans() const {
        const std::lock_guard lock(mutex_);
        return spans_;
    }
    [[nodiscard]] std::vector<KeptSpan> named(std::string_view name) const {
        auto found = spans();
        std::erase_if(found, [name](const KeptSpan& span) { return span.name != name; });
        return found;
    }
    // Throws unless there is exactly one.
    [[nodiscard]] KeptSpan only(std::string_view name) const {
        auto found = named(name);
        if (found.size() != 1)
            throw std::runtime_error(std::to_string(found.size()) + " spans are called " + std::string(name));
        return found.front();
    }

private:
    static std::string text_of(const std::variant<std::string, std::int64_t, bool>& value) {
        if (const auto* text = std::get_if<std::string>(&value)) return *text;
        if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
        return std::get<bool>(value) ? "true" : "false";
    }

    bool records_;
    mutable std::mutex mutex_;
    std::vector<KeptSpan> spans_;
};

}  // namespace observe
