#include "webhooks/attempt.h"

#include "base/strings.h"
#include "client/redact.h"
#include "log/redaction.h"
#include "webhooks/plan.h"

namespace webhooks {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// Keys, ours and those of others, also where nothing says that they are: a receiver that answers with its settings.
constexpr std::string_view key_prefixes[] = {"whsec_", "whsk_"};

bool is_of_key(char c) {
    return base::is_ascii_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("+/=-_%").contains(c);
}

std::string without_keys(std::string text) {
    for (const auto prefix : key_prefixes) {
        for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
            const auto from = at + prefix.size();
            auto end = from;
            while (end < text.size() && is_of_key(text[end])) ++end;
            text.replace(from, end - from, logging::Redaction::replacement);
            at = from;
        }
    }
    return text;
}

// How many bytes the code point at the beginning has; 0: it is no UTF-8 (RFC 3629).
std::size_t code_point_bytes(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t size = first < 0x80U ? 1 : first < 0xE0U ? 2 : first < 0xF0U ? 3 : 4;
    return size <= text.size() && base::is_utf8(text.substr(0, size)) ? size : 0;
}

client::Call call_of(const Outgoing& outgoing) {
    const Message message{outgoing.id, outgoing.timestamp, outgoing.body};
    client::Call call;
    call.headers = {{std::string(id_header), outgoing.id},
                    {std::string(timestamp_header), timestamp_text(outgoing.timestamp)},
                    {std::string(signature_header_name), signature_header(outgoing.keys, message)}};
    call.deadline = outgoing.deadline;
    call.stop = outgoing.stop;
    call.span = outgoing.span;
    return call;
}

async::Task<std::string> beginning_of(client::ReplyStream* stream) {
    std::string bytes;
    while (bytes.size() < most_reply_bytes) {
        auto piece = co_await stream->read();
        if (!piece || piece->empty()) break;
        bytes += *piece;
    }
    co_return bytes;
}

}  // namespace

Outcome outcome_of_status(int status) {
    if (status / 100 == 2) return Outcome::succeeded;
    if (status == 410) return Outcome::gone;
    if (status == 429) return Outcome::throttled;
    if (status / 100 == 3) return Outcome::redirected;
    if (status / 100 == 4) return Outcome::refused;
    return Outcome::failed;
}

Outcome outcome_of(const client::Error& error) {
    using client::Cause;
    // What it said counts, also where its words had no end.
    if (error.status != 0) return outcome_of_status(error.status);
    switch (error.cause) {
        case Cause::forbidden:
        case Cause::bad_call: return Outcome::address_refused;
        case Cause::name:
        case Cause::connect:
        case Cause::connection_lost: return Outcome::unreachable;
        case Cause::tls: return Outcome::tls_failed;
        case Cause::timeout: return Outcome::timed_out;
        case Cause::queue_full:
        case Cause::breaker_open:
        case Cause::cancelled: return Outcome::cancelled;
        default: return Outcome::bad_reply;
    }
}

bool counts(Outcome outcome) { return outcome != Outcome::cancelled; }

std::string excerpt_of(std::string_view bytes) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size() && text.size() <= most_reply_bytes;) {
        const auto size = code_point_bytes(bytes.substr(at));
        const auto c = static_cast<unsigned char>(bytes[at]);
        if (size == 0) {
            text += replacement;
        } else if (c < 0x20U || c == 0x7FU) {
            text += c == '\n' || c == '\t' ? static_cast<char>(c) : ' ';
        } else {
            text += bytes.substr(at, size);
        }
        at += std::max<std::size_t>(size, 1);
    }
    text = client::shown_text(without_keys(std::move(text)), {});
    if (text.size() > most_reply_bytes) text.resize(most_reply_bytes);
    // Not in the middle of a code point.
    while (!text.empty() && !base::is_utf8(text)) text.pop_back();
    return text;
}

client::Target make_target(const TargetOptions& options) {
    return {.name = "webhooks",
            .deadlines = {.connect = std::min<std::chrono::milliseconds>(options.timeout, std::chrono::seconds(5)),
                          .first_byte = options.timeout,
                          .whole = options.timeout},
            .concurrency = options.concurrency,
            .queue = options.concurrency,
            .retry = {.attempts = 1},
            // Of all endpoints together: one that fails says nothing of the others.
            .breaker = {.failing = 2},
            .max_reply_bytes = std::size_t{64} * 1024,
            .redirects = 0,
            .hides_path = true,
            .rules = {.https_ports = options.https_ports}};
}

async::Task<Attempt> send(client::Client* http, const client::Target* target, Outgoing outgoing) {
    const auto started = async::Loop::now();
    auto call = call_of(outgoing);
    Attempt attempt;
    auto reply = co_await http->open("POST", *target, outgoing.url,
                                     client::bytes(std::move(outgoing.body), outgoing.content_type), std::move(call));
    std::string beginning;
    if (reply) {
        attempt.status = reply->status();
        attempt.outcome = outcome_of_status(reply->status());
        beginning = co_await beginning_of(&*reply);
    } else {
        const auto& error = reply.error();
        if (error.status != 0) attempt.status = error.status;
        attempt.outcome = outcome_of(error);
        beginning = error.body;
        if (const auto wait = error.headers.get("retry-after"))
            attempt.retry_after = read_retry_after(*wait, outgoing.timestamp);
    }
    if (!beginning.empty() && attempt.outcome != Outcome::address_refused)
        attempt.reply = excerpt_of(std::string_view(beginning).substr(0, most_reply_bytes));
    attempt.duration = std::chrono::duration_cast<std::chrono::milliseconds>(async::Loop::now() - started);
    co_return attempt;
}

}  // namespace webhooks
