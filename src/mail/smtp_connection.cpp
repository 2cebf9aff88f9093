#include "mail/smtp_connection.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "base/strings.h"
#include "log/exception_text.h"
#include "mail/dot_stuffing.h"

namespace mail {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t write_bytes = std::size_t{64} << 10U;
constexpr auto reset_time = 5s;
// For what a server may have said before it closed.
constexpr auto last_words_time = 1s;

SendResult not_now(SmtpStep step, std::string_view why, Reason whose = Reason::sender) {
    return {.outcome = Outcome::refused_for_now, .whose = whose, .reply = fmt::format("{}: {}", to_string(step), why)};
}

SendResult never(SmtpStep step, std::string_view why, Reason whose = Reason::sender) {
    return {.outcome = Outcome::refused, .whose = whose, .reply = fmt::format("{}: {}", to_string(step), why)};
}

constexpr std::string_view unasked = "the server answers what it was not asked";

// As nodemailer has it: a name with a dot, or none.
std::string machine_name() {
    std::array<char, 256> name{};
    if (::gethostname(name.data(), name.size() - 1) != 0) return "[127.0.0.1]";
    const std::string text(name.data());
    const bool is_name =
        text.find('.') != std::string::npos &&
        text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == std::string::npos;
    return is_name ? text : "[127.0.0.1]";
}

// The text of the exception; "" when the whole message has been written. Throws nothing of the content's.
struct Piece {
    std::string_view bytes;
    std::string fault;
};

async::Task<Piece> next_piece(RenderedMessage* rendered) {
    std::exception_ptr thrown;
    try {
        co_return Piece{.bytes = co_await rendered->next(), .fault = {}};
    } catch (...) {
        thrown = std::current_exception();
    }
    co_return Piece{.bytes = {}, .fault = logging::message_of(thrown)};
}

}  // namespace

SmtpConnection::SmtpConnection(async::Loop& loop, const SmtpOptions& options, std::shared_ptr<TlsTrust> trust,
                               async::Resolver& resolver)
    : options_(options), trust_(std::move(trust)), resolver_(resolver), stream_(loop) {}

void SmtpConnection::quit() {
    is_ready_ = false;
    stream_.quit("QUIT\r\n");
}

async::SteadyTime SmtpConnection::sooner(async::SteadyTime deadline) const {
    return std::min(deadline, async::Loop::now() + options_.reply_timeout);
}

void SmtpConnection::give_up() noexcept {
    is_lost_ = true;
    is_ready_ = false;
    stream_.close();
}

SendResult SmtpConnection::lost(SmtpStep step, std::string_view why) {
    give_up();
    return not_now(step, why);
}

// ---- Commands and replies ---------------------------------------------------------------------------------------

async::Task<std::optional<SmtpReply>> SmtpConnection::read_reply(async::SteadyTime deadline) {
    for (;;) {
        if (auto found = reader_.next()) co_return found;
        if (reader_.is_malformed()) {
            fault_ = "what answers is no SMTP server";
            co_return std::nullopt;
        }
        const auto bytes = co_await stream_.read(deadline);
        if (!bytes) {
            fault_ = bytes.error();
            co_return std::nullopt;
        }
        reader_.feed(*bytes);
    }
}

async::Task<SmtpConnection::Refusal> SmtpConnection::reply(SmtpStep step, int wanted, async::SteadyTime deadline) {
    auto found = co_await read_reply(sooner(deadline));
    if (!found) co_return lost(step, fault_);
    last_ = *std::move(found);
    if (last_.code / 100 == wanted) co_return std::nullopt;
    auto refusal = judge(step, last_);
    // 421 announces its end; 2xx or 3xx where it says nothing: who has lost count is not asked again.
    if (last_.code == 421 || last_.code < 400) give_up();
    co_return refusal;
}

// Replies that are there before their command: server and client have lost count, and every later reply would be taken for another's. In a
// session that TLS has just begun the socket may hold bytes of TLS itself.
bool SmtpConnection::says_what_nobody_asked(SmtpStep step) const {
    const bool is_within_mail =
        step == SmtpStep::sender || step == SmtpStep::recipient || step == SmtpStep::data || step == SmtpStep::content;
    return reader_.has_rest() || (is_within_mail && !stream_.is_quiet());
}

async::Task<SmtpConnection::Refusal> SmtpConnection::command(SmtpStep step, std::string line, int wanted,
                                                             async::SteadyTime deadline) {
    if (says_what_nobody_asked(step)) co_return co_await refused_midway(step, std::string(unasked));
    const auto written = co_await stream_.write(std::move(line), sooner(deadline));
    if (!written) {
        // A server that goes says why: "421 4.4.2 idle for too long".
        const auto said = co_await read_reply(async::Loop::now() + last_words_time);
        give_up();
        if (said && said->code >= 400) co_return judge(step, *said);
        co_return not_now(step, written.error());
    }
    co_return co_await reply(step, wanted, deadline);
}

// ---- Opening ----------------------------------------------------------------------------------------------------

async::Task<SmtpConnection::Refusal> SmtpConnection::open(async::SteadyTime deadline) {
    const auto connect_by = std::min(deadline, async::Loop::now() + options_.connect_timeout);
    const auto found = co_await resolver_.resolve_by(options_.host, connect_by);
    if (found.addresses.empty()) co_return not_now(SmtpStep::connect, found.failure);
    const auto connected = co_await stream_.connect(found.addresses, options_.port, connect_by);
    if (!connected) co_return lost(SmtpStep::connect, connected.error());
    if (options_.tls == SmtpOptions::Tls::implicit) {
        const auto encrypted = co_await stream_.start_tls(options_.host, trust_, sooner(deadline));
        if (!encrypted) co_return lost(SmtpStep::connect, encrypted.error());
    }
    auto refusal = co_await greet(deadline);
    if (refusal) stream_.close();
    is_ready_ = !refusal;
    idle_since_ = async::Loop::now();
    co_return refusal;
}

async::Task<SmtpConnection::Refusal> SmtpConnection::greet(async::SteadyTime deadline) {
    if (auto refusal = co_await reply(SmtpStep::greeting, 2, deadline)) co_return refusal;
    if (auto refusal = co_await say_hello(deadline)) co_return refusal;
    if (auto refusal = co_await encrypt(deadline)) co_return refusal;
    if (options_.user.empty()) co_return std::nullopt;
    co_return co_await authenticate(deadline);
}

async::Task<SmtpConnection::Refusal> SmtpConnection::say_hello(async::SteadyTime deadline) {
    const auto name = options_.client_name.empty() ? machine_name() : options_.client_name;
    if (auto refusal = co_await command(SmtpStep::hello, fmt::format("EHLO {}\r\n", name), 2, deadline))
        co_return refusal;
    extensions_ = {};
    for (std::size_t i = 1; i < last_.lines.size(); ++i) {
        const auto line = base::ascii_lower(last_.lines[i]);
        // "AUTH=PLAIN", as old servers write it.
        const auto end = std::min(line.find_first_of(" ="), line.size());
        const auto word = std::string_view(line).substr(0, end);
        const auto rest = std::string_view(line).substr(std::min(end + 1, line.size()));
        if (word == "starttls") extensions_.starttls = true;
        if (word == "smtputf8") extensions_.smtputf8 = true;
        if (word == "size") extensions_.size = base::parse_integer<std::uint64_t>(base::trim(rest));
        if (word != "auth") continue;
        for (const auto mechanism : base::split(rest, ' ')) {
            if (mechanism == "plain") extensions_.auth_plain = true;
            if (mechanism == "login") extensions_.auth_login = true;
        }
    }
    // 0: no limit that it would tell.
    if (extensions_.size == 0U) extensions_.size.reset();
    co_return std::nullopt;
}

async::Task<SmtpConnection::Refusal> SmtpConnection::encrypt(async::SteadyTime deadline) {
    if (stream_.is_encrypted()) co_return std::nullopt;
    if (extensions_.starttls) co_return co_await start_tls(deadline);
    if (options_.tls == SmtpOptions::Tls::opportunistic) co_return std::nullopt;
    co_return lost(SmtpStep::starttls,
                   "the server does not offer encryption, or somebody on the way has taken the offer out");
}

async::Task<SmtpConnection::Refusal> SmtpConnection::start_tls(async::SteadyTime deadline) {
    if (auto refusal = co_await command(SmtpStep::starttls, "STARTTLS\r\n", 2, deadline)) co_return refusal;
    // What came unencrypted must not be read as if it had come encrypted.
    if (reader_.has_rest())
        co_return lost(SmtpStep::starttls, "bytes that nobody asked for came before the encryption");
    const auto encrypted = co_await stream_.start_tls(options_.host, trust_, sooner(deadline));
    if (!encrypted) co_return lost(SmtpStep::starttls, encrypted.error());
    co_return co_await say_hello(deadline);
}

async::Task<SmtpConnection::Refusal> SmtpConnection::authenticate(async::SteadyTime deadline) {
    using Auth = SmtpOptions::Auth;
    if (!stream_.is_encrypted()) co_return lost(SmtpStep::auth, "a password is not sent unencrypted");
    if (extensions_.auth_plain && options_.auth != Auth::login) {
        const auto secret = base::base64_encode(std::string{'\0'} + options_.user + '\0' + options_.password);
        co_return co_await command(SmtpStep::auth, fmt::format("AUTH PLAIN {}\r\n", secret), 2, deadline);
    }
    if (!extensions_.auth_login || options_.auth == Auth::plain) {
        give_up();
        co_return never(SmtpStep::auth, "the server offers no way to log in that is known here (PLAIN, LOGIN)");
    }
    if (auto refusal = co_await command(SmtpStep::auth, "AUTH LOGIN\r\n", 3, deadline)) co_return refusal;
    auto user = base::base64_encode(options_.user) + "\r\n";
    if (auto refusal = co_await command(SmtpStep::auth, std::move(user), 3, deadline)) co_return refusal;
    co_return co_await command(SmtpStep::auth, base::base64_encode(options_.password) + "\r\n", 2, deadline);
}

// ---- A message --------------------------------------------------------------------------------------------------

async::Task<SmtpConnection::Sent> SmtpConnection::send(const OutgoingMail* mail, const Envelope* envelope,
                                                       RenderedMessage* rendered, async::SteadyTime deadline) {
    const auto size = rendered->size();
    if (auto refusal = hindrance(*mail, *envelope, size)) co_return Sent{.result = *std::move(refusal)};
    const bool was_used = messages_ > 0;
    ++messages_;
    is_ready_ = false;
    if (auto refusal = co_await address(envelope, size, deadline)) {
        const bool was_lost = is_lost_;
        co_await reset(deadline);
        co_return Sent{.result = *std::move(refusal), .is_stale = was_used && was_lost};
    }
    if (!co_await may_go(mail)) {
        co_await reset(deadline);
        co_return Sent{.result = {.outcome = Outcome::withdrawn}};
    }
    if (auto refusal = co_await command(SmtpStep::data, "DATA\r\n", 3, deadline)) {
        co_await reset(deadline);
        co_return Sent{.result = *std::move(refusal)};
    }
    auto refusal = co_await content(rendered, deadline);
    is_ready_ = !is_lost_;
    idle_since_ = async::Loop::now();
    if (refusal) co_return Sent{.result = *std::move(refusal)};
    co_return Sent{.result = {.outcome = Outcome::accepted, .reply = fmt::format("{} {}", last_.code, last_.text())}};
}

SmtpConnection::Refusal SmtpConnection::hindrance(const OutgoingMail& mail, const Envelope& envelope,
                                                  std::uint64_t size) const {
    if (mail.is_security && !stream_.is_encrypted())
        return not_now(SmtpStep::starttls, "the server offers no encryption, and this mail is not sent without");
    if (extensions_.size && size > *extensions_.size)
        return never(SmtpStep::sender,
                     fmt::format("the message has {} bytes, and the server takes {}", size, *extensions_.size),
                     Reason::message);
    if (envelope.needs_smtputf8 && !extensions_.smtputf8)
        return never(SmtpStep::sender, "an address has letters that this server does not know (SMTPUTF8)");
    return std::nullopt;
}

async::Task<SmtpConnection::Refusal> SmtpConnection::address(const Envelope* envelope, std::uint64_t size,
                                                             async::SteadyTime deadline) {
    auto line = fmt::format("MAIL FROM:<{}>", envelope->from.mailbox());
    if (extensions_.size) line += fmt::format(" SIZE={}", size);
    if (envelope->needs_smtputf8) line += " SMTPUTF8";
    if (auto refusal = co_await command(SmtpStep::sender, line + "\r\n", 2, deadline)) co_return refusal;
    for (const auto& recipient : envelope->recipients) {
        auto to = fmt::format("RCPT TO:<{}>\r\n", recipient.mailbox());
        if (auto refusal = co_await command(SmtpStep::recipient, std::move(to), 2, deadline)) co_return refusal;
    }
    co_return std::nullopt;
}

async::Task<SmtpConnection::Refusal> SmtpConnection::content(RenderedMessage* rendered, async::SteadyTime deadline) {
    DotStuffing stuffing;
    std::string buffer;
    for (;;) {
        auto piece = co_await next_piece(rendered);
        if (!piece.fault.empty()) {
            // Without the final dot nothing has been sent.
            give_up();
            co_return not_now(SmtpStep::content, piece.fault, Reason::message);
        }
        if (piece.bytes.empty()) break;
        stuffing.append(buffer, piece.bytes);
        if (buffer.size() < write_bytes) continue;
        auto written = co_await stream_.write(std::exchange(buffer, {}), sooner(deadline));
        if (!written) co_return co_await refused_midway(SmtpStep::content, std::move(written.error()));
    }
    if (says_what_nobody_asked(SmtpStep::content))
        co_return co_await refused_midway(SmtpStep::content, std::string(unasked));
    stuffing.finish(buffer);
    auto written = co_await stream_.write(std::move(buffer), deadline);
    auto result = co_await outcome(written.has_value(), written ? std::string() : std::move(written.error()), deadline);
    if (result.outcome == Outcome::accepted) co_return std::nullopt;
    co_return result;
}

// A server that has seen enough ("552 too much mail data", "421 idle for too long") answers and closes before the end.
async::Task<SendResult> SmtpConnection::refused_midway(SmtpStep step, std::string fault) {
    const auto said = co_await read_reply(async::Loop::now() + last_words_time);
    give_up();
    const bool ends_it = said && (said->code == 421 || (step == SmtpStep::content && said->code >= 400));
    if (ends_it) co_return judge(step, *said);
    co_return not_now(step, fault);
}

// After the final dot, or what may have held it.
async::Task<SendResult> SmtpConnection::outcome(bool is_written, std::string fault, async::SteadyTime deadline) {
    auto said = co_await read_reply(is_written ? deadline : async::Loop::now() + last_words_time);
    if (!said) {
        give_up();
        co_return SendResult{.outcome = Outcome::unknown,
                             .reply = fmt::format("{}: {}, after its end had been sent", to_string(SmtpStep::content),
                                                  is_written ? fault_ : fault)};
    }
    last_ = *std::move(said);
    if (!is_written || last_.code == 421 || (last_.code < 400 && !last_.is_positive())) give_up();
    if (last_.is_positive()) co_return SendResult{.outcome = Outcome::accepted};
    co_return judge(SmtpStep::content, last_);
}

// After a refused envelope: the next message begins anew.
async::Task<void> SmtpConnection::reset(async::SteadyTime deadline) {
    if (is_lost_) co_return;
    const auto by = std::min(deadline, async::Loop::now() + reset_time);
    const auto refusal = co_await command(SmtpStep::sender, "RSET\r\n", 2, by);
    if (refusal) give_up();
    is_ready_ = !is_lost_;
    idle_since_ = async::Loop::now();
}

}  // namespace mail
