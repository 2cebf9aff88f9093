#include "http/method.h"

#include <array>

namespace http {

namespace {

constexpr std::array<std::string_view, method_count> names{"GET",   "HEAD",   "POST",    "PUT",
                                                           "PATCH", "DELETE", "OPTIONS", ""};

}  // namespace

std::string_view to_string(Method method) { return names[static_cast<std::size_t>(method)]; }

Method method_from(std::string_view name) {
    for (std::size_t i = 0; i + 1 < names.size(); ++i) {
        if (names[i] == name) return static_cast<Method>(i);
    }
    return Method::other;
}

std::string MethodSet::to_string() const {
    std::string text;
    for (std::size_t i = 0; i + 1 < names.size(); ++i) {
        if (!contains(static_cast<Method>(i))) continue;
        if (!text.empty()) text += ", ";
        text += names[i];
    }
    return text;
}

}  // namespace http
