#include "redis/errors.h"

#include <algorithm>
#include <array>

namespace redis {

namespace {

using namespace std::string_view_literals;

constexpr std::array troubles{"OOM"sv,         "READONLY"sv,   "MISCONF"sv,  "LOADING"sv,   "MASTERDOWN"sv,
                              "CLUSTERDOWN"sv, "TRYAGAIN"sv,   "NOAUTH"sv,   "WRONGPASS"sv, "NOPERM"sv,
                              "BUSY"sv,        "NOREPLICAS"sv, "UNBLOCKED"sv};

std::string_view first_word(std::string_view text) { return text.substr(0, text.find(' ')); }

base::Failure failure_of(std::string_view command, std::string_view text) {
    auto cause = std::string(command) + ": " + std::string(text);
    if (is_server_trouble(text))
        return base::Failure(base::Failure(errors::unavailable).retry_after(1'000).cause(cause));
    return base::Failure(base::Failure(errors::refused).cause(std::move(cause)));
}

}  // namespace

std::string_view error_word(std::string_view text) {
    const auto word = first_word(text);
    // "EXECABORT Transaction discarded because of previous errors. (OOM ...)", the brackets by us.
    if (word == "EXECABORT" && text.contains('(')) return first_word(text.substr(text.find('(') + 1));
    // "ERR Error running script (call to f_...): @user_script:1: @user_script: 1: -OOM ..."
    if (text.starts_with("ERR Error running script") && text.contains(": -"))
        return first_word(text.substr(text.rfind(": -") + 3));
    return word;
}

bool is_error_reply(std::string_view text) {
    const auto word = first_word(text);
    return word.size() > 1 && std::ranges::all_of(word, [](char c) { return c >= 'A' && c <= 'Z'; });
}

bool is_server_trouble(std::string_view text) {
    return std::ranges::find(troubles, error_word(text)) != troubles.end();
}

Refused::Refused(std::string_view command, std::string_view text)
    : base::Failure(failure_of(command, text)), text_(text) {}

}  // namespace redis
