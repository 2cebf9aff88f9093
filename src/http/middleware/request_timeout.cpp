#include "http/middleware/request_timeout.h"

#include "base/strings.h"
#include "http/context.h"
#include "http/errors.h"

namespace http {

namespace {

constexpr std::int64_t longest = 3'600'000;

async::Task<void> shorten(Context& context, Next next) {
    if (const auto said = context.request().header(request_timeout_header)) {
        const auto time = parse_request_timeout(*said);
        const bool is_once = context.request().headers().count(request_timeout_header) == 1;
        if (!time || !is_once)
            throw base::Failure(errors::malformed, "Request-Timeout: seconds from 0.001 to 3600, such as 2.5");
        context.set_client_deadline(context.started() + *time);
    }
    return next(context);
}

}  // namespace

std::optional<async::Milliseconds> parse_request_timeout(std::string_view text) {
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    auto fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
    const auto all_digits = [](std::string_view digits) {
        return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
    };
    if (!all_digits(whole) || whole.size() > 4) return std::nullopt;
    if (point != std::string_view::npos && (!all_digits(fraction) || fraction.size() > 3)) return std::nullopt;
    auto milliseconds = *base::parse_integer<std::int64_t>(whole) * 1'000;
    for (std::int64_t unit = 100; !fraction.empty(); unit /= 10, fraction.remove_prefix(1))
        milliseconds += (fraction.front() - '0') * unit;
    if (milliseconds < 1 || milliseconds > longest) return std::nullopt;
    return async::Milliseconds(milliseconds);
}

Middleware request_timeout() { return shorten; }

}  // namespace http
