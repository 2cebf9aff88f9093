#include "base/failure.h"

namespace base {

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

const char* Failure::what() const noexcept {
    // ErrorCode::code is a string literal, hence null-terminated.
    return detail_.empty() ? code_.code.data() : detail_.c_str();
}

}  // namespace base
