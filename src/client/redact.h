#pragma once
// What a log line may show of a call. Pure functions: any thread.

#include <span>
#include <string>
#include <string_view>

namespace client {

// `path` with digits of what may be a phone or an account number masked (of seven and more, all but the last two), and the names of
// `query`'s members without their values.
[[nodiscard]] std::string shown_path(std::string_view path, std::string_view query);
// A foreign text, for the log: 1 KiB of it, without what logging::Redaction finds, long numbers, and `secrets` (which are what they are, in
// Base64, and percent-encoded).
[[nodiscard]] std::string shown_text(std::string_view text, std::span<const std::string> secrets);
// Digits of numbers of seven and more become `*`, but for the last two.
[[nodiscard]] std::string without_numbers(std::string_view text);

}  // namespace client
