#pragma once
// SmtpTransport: mails to one SMTP server over a pool of connections, which are kept, looked at before they are used, and say QUIT when
// they have been idle or have carried enough. Loop's thread; outlives its sends.
//
//     mail::SmtpTransport transport(loop, {.host = "mail.example", .user = "mailer", .password = settings.password});
//     const auto result = co_await transport.send(std::move(outgoing), async::Loop::now() + 60s);
//
// A kept connection that has died before the message was given to it is replaced by a new one, once. Nothing else is tried again:
// that is up to the queue.

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "async/resolver.h"
#include "async/sync.h"
#include "mail/dkim.h"
#include "mail/smtp_options.h"
#include "mail/transport.h"

namespace mail {

struct Envelope;
class RenderedMessage;
class SmtpConnection;
class TlsTrust;

class SmtpTransport : public Transport {
public:
    struct Usage {
        std::size_t in_use = 0;
        std::size_t idle = 0;
        std::size_t waiting = 0;
    };

    // Throws std::runtime_error when ca_file cannot be read.
    SmtpTransport(async::Loop& loop, SmtpOptions options, std::vector<DkimKey> keys = {}, async::Lookup lookup = {});
    // Connections that are idle close.
    ~SmtpTransport() override;
    SmtpTransport(const SmtpTransport&) = delete;
    SmtpTransport& operator=(const SmtpTransport&) = delete;

    [[nodiscard]] std::string_view name() const override { return "smtp"; }
    [[nodiscard]] async::Task<SendResult> send(OutgoingMail mail, async::SteadyTime deadline) override;

    [[nodiscard]] Usage usage() const noexcept;

private:
    using Connection = std::unique_ptr<SmtpConnection>;
    [[nodiscard]] async::Task<SendResult> send_rendered(const OutgoingMail* mail, const Envelope* envelope,
                                                        RenderedMessage* rendered, async::SteadyTime deadline);
    [[nodiscard]] async::Task<bool> wait_for_rate(async::SteadyTime deadline);
    [[nodiscard]] Connection take_idle();
    void keep(Connection connection);
    void close_idle();

    async::Loop& loop_;
    SmtpOptions options_;
    std::vector<DkimKey> keys_;
    std::shared_ptr<TlsTrust> trust_;
    async::Resolver resolver_;
    async::Semaphore places_;
    std::deque<Connection> idle_;  // the one that was used last is at the end
    async::Timer sweep_;
    async::SteadyTime next_message_{};
};

}  // namespace mail
