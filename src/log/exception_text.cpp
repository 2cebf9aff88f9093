#include "log/exception_text.h"

#include "base/failure.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <typeinfo>

namespace logging {
namespace {

constexpr int most_causes = 8;

// std::throw_with_nested throws an unnamed-to-us wrapper; the reader wants what is inside it.
std::string type_name(const std::exception& exception) {
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> demangled(
        abi::__cxa_demangle(typeid(exception).name(), nullptr, nullptr, &status), &std::free);
    std::string name = demangled ? demangled.get() : typeid(exception).name();
    constexpr std::string_view wrapper = "std::_Nested_exception<";
    if (name.starts_with(wrapper) && name.ends_with('>'))
        name = name.substr(wrapper.size(), name.size() - wrapper.size() - 1);
    return name;
}

void append_causes(std::string& stack, const std::exception& exception, int depth) {
    if (const auto* failure = dynamic_cast<const base::Failure*>(&exception);
        failure != nullptr && !failure->cause().empty()) {
        stack += "\n    caused by " + failure->cause();
    }
    const auto* nested = dynamic_cast<const std::nested_exception*>(&exception);
    if (nested == nullptr || nested->nested_ptr() == nullptr || depth == most_causes) return;
    try {
        nested->rethrow_nested();
    } catch (const std::exception& cause) {
        stack += "\n    caused by " + type_name(cause) + ": " + cause.what();
        append_causes(stack, cause, depth + 1);
    } catch (...) {
        stack += "\n    caused by unknown";
    }
}

}  // namespace

ExceptionText describe(const std::exception& exception) {
    ExceptionText text{.type = type_name(exception), .message = exception.what(), .stack = {}, .code = {}};
    if (const auto* failure = dynamic_cast<const base::Failure*>(&exception)) text.code = failure->code().code;
    text.stack = text.type + ": " + text.message;
    append_causes(text.stack, exception, 1);
    return text;
}

std::string message_of(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
        return error.what();
    } catch (...) {
        return "an unknown exception";
    }
}

}  // namespace logging
