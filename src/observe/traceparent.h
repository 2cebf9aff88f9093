#pragma once
// W3C Trace Context, level 1: reads and writes the `traceparent` header and makes ids for the spans of ours. Plain values,
// any thread. Randomness is an argument; random_word() is the usual one.
//
//     auto incoming = observe::parse_traceparent(header);
//     observe::TraceContext span = incoming ? observe::child_span(*incoming, observe::random_word)
//                                           : observe::start_trace(observe::random_word);
//     logger.child({{"traceId", observe::trace_id_text(span)}});
//     outgoing.set("traceparent", observe::write_traceparent(span));

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace observe {

struct TraceContext {
    std::array<std::uint8_t, 16> trace_id{};
    std::array<std::uint8_t, 8> span_id{};  // "parent-id" on the wire
    std::uint8_t flags = 0;                 // bit 0: sampled

    [[nodiscard]] bool sampled() const { return (flags & 1U) != 0; }
    friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

using RandomWord = std::function<std::uint64_t()>;

// Empty for anything that §3.2 of the recommendation calls invalid: the caller then starts a trace of its own.
[[nodiscard]] std::optional<TraceContext> parse_traceparent(std::string_view header);
[[nodiscard]] std::string write_traceparent(const TraceContext& context);
[[nodiscard]] TraceContext child_span(const TraceContext& parent, const RandomWord& random);
[[nodiscard]] TraceContext start_trace(const RandomWord& random, bool sampled = false);
[[nodiscard]] std::string trace_id_text(const TraceContext& context);
[[nodiscard]] std::string span_id_text(const TraceContext& context);

// From a generator per thread, seeded by the kernel. For ids, not for secrets.
[[nodiscard]] std::uint64_t random_word();

}  // namespace observe
