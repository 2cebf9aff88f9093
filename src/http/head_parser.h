#pragma once
// The head of a request: where it ends, and what it says, strictly as RFC 9112 has it. Boost.Beast's basic_parser reads the
// grammar; on top of it stands what a front proxy could read differently. Pure: no socket, so the fuzzer drives it.
//
//     http::HeadParser parser(limits);
//     switch (const auto head = parser.parse(bytes, request); head.state) { ... }   // again with more bytes, or next()

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/failure.h"
#include "http/request.h"

namespace http {

struct HeadLimits {
    std::size_t max_head_bytes = 16 * 1024;
    std::size_t max_target_bytes = 8 * 1024;
    std::size_t max_header_count = 100;
};

struct Head {
    enum class State : std::uint8_t { need_more, complete, failed };

    State state = State::need_more;
    std::size_t size = 0;  // bytes from the start of the input to the first of the body
    bool keep_alive = true;
    bool chunked = false;
    bool expects_continue = false;
    std::optional<std::uint64_t> content_length;
    const base::ErrorCode* error = nullptr;  // of a failed one
    const char* detail = "";
};

class HeadParser {
public:
    explicit HeadParser(const HeadLimits& limits) : limits_(limits) {}

    // `input` starts where the last head's body ended and holds what has arrived since; each call sees all of it again,
    // and looks only at what is new. Complete: `request` views `input`. Failed: for good, as is every later call.
    [[nodiscard]] Head parse(std::string_view input, Request& request);
    // Makes ready for another head.
    void next() {
        start_ = 0;
        line_ = 0;
        scanned_ = 0;
    }

private:
    [[nodiscard]] Head read(std::string_view input, Request& request);
    [[nodiscard]] Head find_end(std::string_view input);
    [[nodiscard]] Head interpret(std::string_view head, Request& request) const;
    [[nodiscard]] Head too_large(std::string_view input) const;

    HeadLimits limits_;
    std::size_t start_ = 0;    // of the request line: 2 after a leading empty line
    std::size_t line_ = 0;     // start of the line under way
    std::size_t scanned_ = 0;  // bytes looked at
    std::optional<Head> failure_;
};

// Of a head that is refused, whole or not: its method, its path, and every line that is a field. For the reply itself alone (who
// asks, for what, from which origin, under which id): nothing here may be acted upon. `request` views `input`.
void read_refused_head(std::string_view input, const HeadLimits& limits, Request& request);

}  // namespace http
