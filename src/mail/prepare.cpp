#include "mail/prepare.h"

#include <exception>
#include <stdexcept>

#include "log/exception_text.h"

namespace mail {

async::Task<Prepared> prepare(Message message, std::vector<DkimKey> keys) {
    std::exception_ptr thrown;
    bool is_for_ever = false;
    try {
        co_return Prepared{.rendered = co_await render(std::move(message), std::move(keys))};
    } catch (const std::invalid_argument&) {
        // It is malformed, and will be the next time.
        is_for_ever = true;
        thrown = std::current_exception();
    } catch (...) {
        // A content that cannot be read now.
        thrown = std::current_exception();
    }
    co_return Prepared{.refusal = {.outcome = is_for_ever ? Outcome::refused : Outcome::refused_for_now,
                                   .whose = Reason::message,
                                   .reply = logging::message_of(thrown)}};
}

}  // namespace mail
