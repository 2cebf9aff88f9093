#include "base/failure.h"

#include <functional>
#include <new>
#include <stdexcept>
#include <system_error>
#include <typeinfo>
#include <variant>

#include "base/out_of_range.h"

namespace base {

namespace {

template <class... Kinds>
bool is_any(const std::exception& error) noexcept {
    return (... || (dynamic_cast<const Kinds*>(&error) != nullptr));
}

}  // namespace

std::string_view to_string(Action action) {
    switch (action) {
        case Action::none: return "none";
        case Action::retry: return "retry";
        case Action::refresh_auth: return "refresh_auth";
        case Action::fix: return "fix";
        case Action::pull_first: return "pull_first";
        case Action::upgrade: return "upgrade";
        case Action::pay: return "pay";
        case Action::contact: return "contact";
    }
    return "none";
}

Outlook outlook_of(const std::exception& error) noexcept {
    if (const auto* failure = dynamic_cast<const Failure*>(&error))
        return failure->code().retriable ? Outlook::passes : Outlook::stays;
    // bad_any_cast is a bad_cast; bad_array_new_length is a bad_alloc that no memory would help.
    if (is_any<std::logic_error, std::overflow_error, std::underflow_error, std::range_error, std::bad_optional_access,
               std::bad_variant_access, std::bad_cast, std::bad_typeid, std::bad_function_call,
               std::bad_array_new_length>(error))
        return Outlook::stays;
    if (is_any<std::bad_alloc, std::system_error>(error)) return Outlook::passes;
    return Outlook::unknown;
}

void throw_out_of_range(std::string_view what) { throw Failure(errors::out_of_range, std::string(what)); }

const char* Failure::what() const noexcept {
    // ErrorCode::code is a string literal, hence null-terminated.
    return detail_.empty() ? code_.code.data() : detail_.c_str();
}

}  // namespace base
