#include "observe/traceparent.h"

#include <sys/random.h>

#include <algorithm>
#include <span>

namespace observe {
namespace {

constexpr std::size_t header_size = 55;  // 2 + 1 + 32 + 1 + 16 + 1 + 2
constexpr std::string_view hex_digits = "0123456789abcdef";

// Upper case is invalid (§3.2.2), so no to-lower here.
int hex_value(char digit) {
    const std::size_t at = hex_digits.find(digit);
    return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

bool read_hex(std::string_view text, std::span<std::uint8_t> out) {
    for (std::size_t index = 0; index < out.size(); ++index) {
        const int high = hex_value(text[2 * index]);
        const int low = hex_value(text[2 * index + 1]);
        if (high < 0 || low < 0) return false;
        out[index] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
}

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
    for (const std::uint8_t byte : bytes) {
        out += hex_digits[byte >> 4U];
        out += hex_digits[byte & 15U];
    }
}

bool all_zero(std::span<const std::uint8_t> bytes) {
    return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

// All zeros is the invalid id.
void fill(std::span<std::uint8_t> bytes, const RandomWord& random) {
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
        std::uint64_t word = random();
        for (std::size_t index = at; index < std::min(at + 8, bytes.size()); ++index, word >>= 8U)
            bytes[index] = static_cast<std::uint8_t>(word);
    }
    if (all_zero(bytes)) bytes.back() = 1;
}

// Sebastiano Vigna's splitmix64: every word once in 2^64, from any seed.
std::uint64_t next_splitmix(std::uint64_t& state) {
    std::uint64_t word = (state += 0x9E3779B97F4A7C15U);
    word = (word ^ (word >> 30U)) * 0xBF58476D1CE4E5B9U;
    word = (word ^ (word >> 27U)) * 0x94D049BB133111EBU;
    return word ^ (word >> 31U);
}

std::uint64_t kernel_seed() {
    std::uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != sizeof seed) seed = reinterpret_cast<std::uintptr_t>(&seed);
    return seed;
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view header) {
    if (header.size() < header_size || header[2] != '-' || header[35] != '-' || header[52] != '-') return std::nullopt;
    std::array<std::uint8_t, 1> version{};
    std::array<std::uint8_t, 1> flags{};
    TraceContext context;
    const bool hex = read_hex(header, version) && read_hex(header.substr(3), context.trace_id) &&
                     read_hex(header.substr(36), context.span_id) && read_hex(header.substr(53), flags);
    if (!hex || version[0] == 0xFF || all_zero(context.trace_id) || all_zero(context.span_id)) return std::nullopt;
    // Version 00 ends here; a later one may add members after a hyphen and is read as far as we know it (§4.3).
    if (header.size() > header_size && (version[0] == 0 || header[header_size] != '-')) return std::nullopt;
    context.flags = flags[0];
    return context;
}

std::string write_traceparent(const TraceContext& context) {
    std::string text;
    text.reserve(header_size);
    text += "00-";
    append_hex(text, context.trace_id);
    text += '-';
    append_hex(text, context.span_id);
    text += '-';
    // Flags other than "sampled" are unknown to version 00 and must be sent as zero (§3.2.2.5.2).
    append_hex(text, std::array<std::uint8_t, 1>{static_cast<std::uint8_t>(context.flags & 1U)});
    return text;
}

TraceContext child_span(const TraceContext& parent, const RandomWord& random) {
    TraceContext child = parent;
    fill(child.span_id, random);
    return child;
}

TraceContext start_trace(const RandomWord& random, bool sampled) {
    TraceContext context;
    fill(context.trace_id, random);
    fill(context.span_id, random);
    context.flags = sampled ? 1 : 0;
    return context;
}

std::string trace_id_text(const TraceContext& context) {
    std::string text;
    append_hex(text, context.trace_id);
    return text;
}

std::string span_id_text(const TraceContext& context) {
    std::string text;
    append_hex(text, context.span_id);
    return text;
}

std::uint64_t random_word() {
    thread_local std::uint64_t state = kernel_seed();
    return next_splitmix(state);
}

}  // namespace observe
