#pragma once
// SmtpConnection: one session with an SMTP server, from the greeting through TLS and authentication to messages (RFC 5321). Internal;
// loop's thread.
//
//     SmtpConnection connection(loop, options, trust, resolver);
//     if (auto refusal = co_await connection.open(deadline)) co_return *refusal;
//     const auto sent = co_await connection.send(&mail, &envelope, &rendered, deadline);
//     if (connection.is_reusable()) ...                                        // else destroy it: it closes
//
// What decides between "not taken" and "unknown" is the final dot: it goes out after the content has been read to its end.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/resolver.h"
#include "mail/rendered.h"
#include "mail/smtp_options.h"
#include "mail/smtp_reply.h"
#include "mail/smtp_stream.h"
#include "mail/transport.h"

namespace mail {

// What the server is told, apart from the message, whose contents are held once.
struct Envelope {
    Address from;
    std::vector<Address> recipients;
    bool needs_smtputf8 = false;

    [[nodiscard]] static Envelope of(const Message& message) {
        return {message.from, mail::recipients(message), mail::needs_smtputf8(message)};
    }
};

class SmtpConnection {
public:
    struct Sent {
        SendResult result;
        // The connection had died, or was told to go, before anything of the message was given: another one may be tried.
        bool is_stale = false;
    };

    SmtpConnection(async::Loop& loop, const SmtpOptions& options, std::shared_ptr<TlsTrust> trust,
                   async::Resolver& resolver);

    // nullopt: it is open.
    [[nodiscard]] async::Task<std::optional<SendResult>> open(async::SteadyTime deadline);
    // Of `mail` it asks is_security and confirm alone.
    [[nodiscard]] async::Task<Sent> send(const OutgoingMail* mail, const Envelope* envelope, RenderedMessage* rendered,
                                         async::SteadyTime deadline);

    [[nodiscard]] bool is_reusable() const noexcept { return is_ready_; }
    [[nodiscard]] bool is_quiet() const { return !reader_.has_rest() && stream_.is_quiet(); }
    [[nodiscard]] std::size_t messages() const noexcept { return messages_; }
    [[nodiscard]] async::SteadyTime idle_since() const noexcept { return idle_since_; }
    // Says QUIT. Nothing else is asked of it after this.
    void quit();

private:
    struct Extensions {
        bool starttls = false;
        bool smtputf8 = false;
        bool auth_plain = false;
        bool auth_login = false;
        std::optional<std::uint64_t> size{};
    };
    using Refusal = std::optional<SendResult>;

    [[nodiscard]] async::Task<Refusal> greet(async::SteadyTime deadline);
    [[nodiscard]] async::Task<Refusal> say_hello(async::SteadyTime deadline);
    [[nodiscard]] async::Task<Refusal> encrypt(async::SteadyTime deadline);
    [[nodiscard]] async::Task<Refusal> start_tls(async::SteadyTime deadline);
    [[nodiscard]] async::Task<Refusal> authenticate(async::SteadyTime deadline);
    [[nodiscard]] Refusal hindrance(const OutgoingMail& mail, const Envelope& envelope, std::uint64_t size) const;
    [[nodiscard]] async::Task<Refusal> address(const Envelope* envelope, std::uint64_t size,
                                               async::SteadyTime deadline);
    [[nodiscard]] async::Task<Refusal> content(RenderedMessage* rendered, async::SteadyTime deadline);
    [[nodiscard]] async::Task<SendResult> refused_midway(SmtpStep step, std::string fault);
    [[nodiscard]] async::Task<SendResult> outcome(bool is_written, std::string fault, async::SteadyTime deadline);
    [[nodiscard]] async::Task<void> reset(async::SteadyTime deadline);

    // `wanted`: the first digit of the reply; any other is a refusal, judged by `step`.
    [[nodiscard]] bool says_what_nobody_asked(SmtpStep step) const;
    [[nodiscard]] async::Task<Refusal> command(SmtpStep step, std::string line, int wanted, async::SteadyTime deadline);
    [[nodiscard]] async::Task<Refusal> reply(SmtpStep step, int wanted, async::SteadyTime deadline);
    // nullopt: fault_ says why there is none.
    [[nodiscard]] async::Task<std::optional<SmtpReply>> read_reply(async::SteadyTime deadline);
    [[nodiscard]] async::SteadyTime sooner(async::SteadyTime deadline) const;
    void give_up() noexcept;
    [[nodiscard]] SendResult lost(SmtpStep step, std::string_view why);

    const SmtpOptions& options_;
    std::shared_ptr<TlsTrust> trust_;
    async::Resolver& resolver_;
    SmtpStream stream_;
    SmtpReplyReader reader_;
    SmtpReply last_;
    Extensions extensions_;
    std::string fault_;
    std::size_t messages_ = 0;
    async::SteadyTime idle_since_{};
    bool is_lost_ = false;   // no further command can be understood
    bool is_ready_ = false;  // for a message
};

}  // namespace mail
