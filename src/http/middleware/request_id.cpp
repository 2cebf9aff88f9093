#include "http/middleware/request_id.h"

#include <algorithm>

#include "base/random.h"
#include "base/strings.h"
#include "http/context.h"

namespace http {

namespace {

class RequestIdLink {
public:
    explicit RequestIdLink(RequestIdOptions options) : options_(std::move(options)) {}

    async::Task<void> operator()(Context& context, Next next) const {
        const auto incoming = context.request().headers().get(KnownHeader::x_request_id);
        if (options_.accept_incoming && incoming && is_valid_request_id(*incoming)) {
            context.set_request_id(*incoming);
        } else {
            std::array<char, base::Uuid::text_size> text;
            (options_.generate ? options_.generate() : new_request_id()).write_to(text);
            context.set_request_id({text.data(), text.size()});
        }
        context.response().before_send(&echo);
        return next(context);
    }

private:
    static void echo(Context& context) { context.response().headers().set("X-Request-Id", context.request_id()); }

    RequestIdOptions options_;
};

}  // namespace

base::Uuid new_request_id() {
    // A generator per thread: no lock, and one call of the random source serves some 40 ids.
    thread_local base::SecureRandom random;
    thread_local base::UuidGenerator generator(base::system_clock(), random);
    return generator.next();
}

bool is_valid_request_id(std::string_view text) {
    return text.size() >= 8 && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
               return base::is_ascii_digit(c) || (base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z') ||
                      c == '.' || c == '_' || c == '-';
           });
}

Middleware request_id(RequestIdOptions options) { return RequestIdLink(std::move(options)); }

}  // namespace http
