#include "mail/smtp_transport.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include "mail/prepare.h"
#include "mail/smtp_connection.h"

namespace mail {

namespace {

// More than these are better off in the queue.
constexpr std::size_t most_waiting = 10'000;

SendResult busy(std::string reply) {
    return {.outcome = Outcome::refused_for_now, .whose = Reason::none, .reply = std::move(reply)};
}

}  // namespace

SmtpTransport::SmtpTransport(async::Loop& loop, SmtpOptions options, std::vector<DkimKey> keys, async::Lookup lookup)
    : loop_(loop),
      options_(std::move(options)),
      keys_(std::move(keys)),
      trust_(std::make_shared<TlsTrust>(options_.ca_file)),
      resolver_(loop, std::move(lookup)),
      places_(loop, {.permits = options_.max_connections, .max_waiting = most_waiting}),
      sweep_(loop, [this] { close_idle(); }) {}

SmtpTransport::~SmtpTransport() = default;

SmtpTransport::Usage SmtpTransport::usage() const noexcept {
    return {
        .in_use = options_.max_connections - places_.available(), .idle = idle_.size(), .waiting = places_.waiting()};
}

async::Task<SendResult> SmtpTransport::send(OutgoingMail mail, async::SteadyTime deadline) {
    const auto envelope = Envelope::of(mail.message);
    auto prepared = co_await prepare(std::move(mail.message), keys_);
    if (!prepared.rendered) co_return std::move(prepared.refusal);
    const auto place = co_await places_.acquire(deadline);
    if (!place) co_return busy("all connections were in use until the deadline");
    const bool may_begin = co_await wait_for_rate(deadline);
    if (!may_begin) co_return busy("the rate limit leaves no room before the deadline");
    co_return co_await send_rendered(&mail, &envelope, &*prepared.rendered, deadline);
}

async::Task<SendResult> SmtpTransport::send_rendered(const OutgoingMail* mail, const Envelope* envelope,
                                                     RenderedMessage* rendered, async::SteadyTime deadline) {
    for (bool is_first = true;; is_first = false) {
        auto connection = is_first ? take_idle() : nullptr;
        if (!connection) {
            connection = std::make_unique<SmtpConnection>(loop_, options_, trust_, resolver_);
            if (auto refusal = co_await connection->open(deadline)) co_return *std::move(refusal);
        }
        auto sent = co_await connection->send(mail, envelope, rendered, deadline);
        keep(std::move(connection));
        if (!sent.is_stale) co_return std::move(sent.result);
    }
}

// Evenly, so that the limit holds for every stretch of time.
async::Task<bool> SmtpTransport::wait_for_rate(async::SteadyTime deadline) {
    if (options_.rate_limit == 0) co_return true;
    const auto now = async::Loop::now();
    const auto at = std::max(now, next_message_);
    if (at > deadline) co_return false;
    next_message_ =
        at + std::chrono::duration_cast<async::SteadyTime::duration>(options_.rate_delta) / options_.rate_limit;
    if (at > now) co_await async::sleep(&loop_, std::chrono::ceil<std::chrono::milliseconds>(at - now));
    co_return true;
}

// ---- The pool ---------------------------------------------------------------------------------------------------

SmtpTransport::Connection SmtpTransport::take_idle() {
    while (!idle_.empty()) {
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        // A server that has said something meanwhile has said goodbye.
        if (connection->is_quiet()) return connection;
    }
    return nullptr;
}

void SmtpTransport::keep(Connection connection) {
    if (!connection->is_reusable()) return;
    if (!options_.pool || connection->messages() >= options_.max_messages) return connection->quit();
    idle_.push_back(std::move(connection));
    if (!sweep_.is_set()) sweep_.expires_at(idle_.front()->idle_since() + options_.idle_timeout);
}

void SmtpTransport::close_idle() {
    const auto now = async::Loop::now();
    while (!idle_.empty() && idle_.front()->idle_since() + options_.idle_timeout <= now) {
        if (idle_.front()->is_quiet()) idle_.front()->quit();
        idle_.pop_front();
    }
    if (!idle_.empty()) sweep_.expires_at(idle_.front()->idle_since() + options_.idle_timeout);
}

}  // namespace mail
