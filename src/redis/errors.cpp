#include "redis/errors.h"

namespace redis {

Refused::Refused(std::string_view command, std::string_view text)
    : base::Failure(base::Failure(errors::refused).cause(std::string(command) + ": " + std::string(text))),
      text_(text) {}

std::string_view Refused::prefix() const noexcept {
    const std::string_view text = text_;
    return text.substr(0, text.find(' '));
}

}  // namespace redis
