#pragma once
// What Pino's `err` says about an exception. Allocates: errors are rare.
//
//     auto [type, message, stack, code] = logging::describe(exception);

#include <exception>
#include <string>

namespace logging {

struct ExceptionText {
    std::string type;     // demangled
    std::string message;  // what()
    std::string stack;    // "type: message", then a line for each cause
    std::string code;     // of a base::Failure
};

[[nodiscard]] ExceptionText describe(const std::exception& exception);

// what() alone, of whatever was thrown.
[[nodiscard]] std::string message_of(const std::exception_ptr& thrown);

}  // namespace logging
