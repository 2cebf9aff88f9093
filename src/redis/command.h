#pragma once
// A command, encoded as it is built: an array of bulk strings. Binary-safe: nothing in an argument needs escaping.
//
//     redis::Command("SET").add(key).add(value).add("PX").add(30'000)

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "observe/span.h"

namespace redis {

class Command {
public:
    explicit Command(std::string_view name);

    Command&& add(std::string_view argument) &&;
    Command&& add(std::integral auto number) && {
        return std::move(*this).add_number(static_cast<std::int64_t>(number));
    }
    Command&& add_all(std::span<const std::string> arguments) &&;
    Command& add(std::string_view argument) &;
    Command& add(std::integral auto number) & { return add_number(static_cast<std::int64_t>(number)); }

    // Running it twice does what running it once does: it is sent again when the connection is lost before its answer. Without
    // this such a loss is redis.outcome_unknown.
    Command&& repeatable(bool yes = true) &&;
    // How long Redis may block on it (BZPOPMIN, XREAD BLOCK); added to the command timeout. Only on a Client of its own.
    Command&& blocks_for(std::chrono::milliseconds time) &&;
    // What metrics call it instead of its name. One of a few: it is a label.
    Command&& labelled(std::string_view label) &&;
    // Whose trace it belongs to; outlives the reply. Of a pipeline or a transaction, that of its first command.
    Command&& within(const observe::SpanContext* span) && {
        span_ = span;
        return std::move(*this);
    }

    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const std::string& label() const noexcept { return label_.empty() ? name_ : label_; }
    [[nodiscard]] bool is_repeatable() const noexcept { return repeatable_; }
    [[nodiscard]] const observe::SpanContext* span() const noexcept { return span_; }
    [[nodiscard]] std::chrono::milliseconds block_time() const noexcept { return block_time_; }
    // Appends the whole command as Redis reads it.
    void encode(std::string& out) const;
    // Bytes that encode() appends, at most.
    [[nodiscard]] std::size_t size() const noexcept;

private:
    Command& add_number(std::int64_t number) &;
    Command&& add_number(std::int64_t number) &&;

    std::string name_;
    std::string label_;
    std::string arguments_;  // encoded
    std::size_t count_ = 1;
    const observe::SpanContext* span_ = nullptr;
    bool repeatable_ = false;
    std::chrono::milliseconds block_time_{0};
};

// A Lua script. `sha1` is of the text, in hex; scripts made at build time carry theirs, others take it from script_of().
// Sent by EVALSHA, and whole when Redis answers NOSCRIPT.
struct Script {
    std::string_view name;  // label of metrics
    std::string_view text;
    std::string sha1;
    std::size_t keys = 0;                        // 0: any number
    const observe::SpanContext* span = nullptr;  // of the call: Command::within
};
[[nodiscard]] Script script_of(std::string_view name, std::string_view text, std::size_t keys);

}  // namespace redis
