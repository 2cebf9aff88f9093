#include "mail/smtp_reply.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace mail {

namespace {

// "5.1.1": how much of the text it is; 0: it does not begin with one.
std::size_t enhanced_size(std::string_view text, SmtpReply::Enhanced& into) {
    const auto end = std::min(text.find(' '), text.size());
    const auto parts = base::split(text.substr(0, end), '.');
    if (parts.size() != 3 || parts[0].size() != 1) return 0;
    const auto subject = base::parse_integer<int>(parts[1]);
    const auto detail = base::parse_integer<int>(parts[2]);
    if (!subject || !detail || *subject < 0 || *detail < 0) return 0;
    into = {.subject = *subject, .detail = *detail};
    return end;
}

// A word that says that it is about who sends, where codes do not tell.
bool speaks_of_sender(std::string_view text) {
    static constexpr std::string_view words[] = {"relay",     "authenticat", "not verified", "quota",      "blocked",
                                                 "blacklist", "block list",  "blocklist",    "rate limit", "sender"};
    const auto lower = base::ascii_lower(text);
    return std::ranges::any_of(words, [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

Reason reason_of_recipient_step(const SmtpReply& reply, bool is_for_now) {
    const auto enhanced = reply.enhanced();
    if (!enhanced) {
        // 530: authentication is wanted; 454: it does not work now; 554: no transaction at all.
        if (reply.code == 530 || reply.code == 554 || reply.code == 454) return Reason::sender;
        return !is_for_now && speaks_of_sender(reply.text()) ? Reason::sender : Reason::recipient;
    }
    // Greylisting says 4.7.1.
    if (is_for_now) return enhanced->subject == 3 ? Reason::sender : Reason::recipient;
    switch (enhanced->subject) {
        case 1: return enhanced->detail == 7 || enhanced->detail == 8 ? Reason::sender : Reason::recipient;
        case 3: return enhanced->detail == 4 ? Reason::message : Reason::sender;
        case 5:
        case 7: return Reason::sender;
        default: return Reason::recipient;
    }
}

Reason reason_of_content_step(const SmtpReply& reply, bool is_for_now) {
    const auto enhanced = reply.enhanced();
    if (!enhanced) {
        if (is_for_now) return Reason::sender;
        return speaks_of_sender(reply.text()) ? Reason::sender : Reason::message;
    }
    switch (enhanced->subject) {
        case 1: return enhanced->detail == 7 || enhanced->detail == 8 ? Reason::sender : Reason::recipient;
        // 5.2.3: longer than this mailbox takes.
        case 2: return enhanced->detail == 3 ? Reason::message : Reason::recipient;
        case 3: return enhanced->detail == 4 ? Reason::message : Reason::sender;
        case 6: return Reason::message;
        case 7: return is_for_now || speaks_of_sender(reply.text()) ? Reason::sender : Reason::message;
        default: return Reason::sender;
    }
}

bool is_too_large(const SmtpReply& reply) {
    const auto enhanced = reply.enhanced();
    if (!enhanced) return reply.code == 552;
    return (enhanced->subject == 3 && enhanced->detail == 4) || (enhanced->subject == 2 && enhanced->detail == 3);
}

Reason reason_of(SmtpStep step, const SmtpReply& reply, bool is_for_now) {
    // 421: the server goes away, whatever it was asked.
    if (reply.code == 421) return Reason::sender;
    if (step == SmtpStep::recipient) return reason_of_recipient_step(reply, is_for_now);
    if (step == SmtpStep::content) return reason_of_content_step(reply, is_for_now);
    if (step == SmtpStep::sender && !is_for_now && is_too_large(reply)) return Reason::message;
    return Reason::sender;
}

}  // namespace

std::string SmtpReply::text() const {
    std::string all;
    Enhanced ignored;
    for (const auto& line : lines) {
        std::string_view rest = line;
        if (!all.empty()) {
            if (const auto size = enhanced_size(rest, ignored); size > 0)
                rest.remove_prefix(std::min(size + 1, rest.size()));
            all += ' ';
        }
        all += rest;
    }
    return all;
}

std::optional<SmtpReply::Enhanced> SmtpReply::enhanced() const {
    Enhanced found;
    if (lines.empty() || enhanced_size(lines.front(), found) == 0) return std::nullopt;
    if (lines.front().front() != static_cast<char>('0' + code / 100)) return std::nullopt;
    return found;
}

void SmtpReplyReader::take_line(std::string_view line) {
    const auto code = line.size() < 3 ? std::nullopt : base::parse_integer<int>(line.substr(0, 3));
    const char separator = line.size() > 3 ? line[3] : ' ';
    const bool is_same = reply_.lines.empty() || (code && *code == reply_.code);
    if (!code || *code < 200 || *code > 599 || !is_same || (separator != ' ' && separator != '-') ||
        reply_.lines.size() >= most_lines) {
        is_malformed_ = true;
        return;
    }
    reply_.code = *code;
    reply_.lines.emplace_back(line.size() > 4 ? base::trim(line.substr(4)) : std::string_view());
    is_last_ = separator == ' ';
}

std::optional<SmtpReply> SmtpReplyReader::next() {
    while (!is_malformed_ && !is_last_) {
        const auto end = unread_.find('\n');
        if (std::min(end, unread_.size()) > longest_line) is_malformed_ = true;
        if (end == std::string::npos || is_malformed_) return std::nullopt;
        auto line = std::string_view(unread_).substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        take_line(line);
        unread_.erase(0, end + 1);
    }
    if (is_malformed_) return std::nullopt;
    is_last_ = false;
    return std::exchange(reply_, {});
}

std::string_view to_string(SmtpStep step) {
    switch (step) {
        case SmtpStep::connect: return "connect";
        case SmtpStep::greeting: return "greeting";
        case SmtpStep::hello: return "EHLO";
        case SmtpStep::starttls: return "STARTTLS";
        case SmtpStep::auth: return "AUTH";
        case SmtpStep::sender: return "MAIL FROM";
        case SmtpStep::recipient: return "RCPT TO";
        case SmtpStep::data: return "DATA";
        case SmtpStep::content: return "the message";
    }
    return "";
}

SendResult judge(SmtpStep step, const SmtpReply& reply) {
    auto said = fmt::format("{}: {} {}", to_string(step), reply.code, reply.text());
    const bool is_for_ever = reply.code >= 500;
    const bool is_for_now = reply.code >= 400 && !is_for_ever;
    // 2xx and 3xx where they say nothing: a server that is no SMTP server, or lost its place.
    if (!is_for_ever && !is_for_now) {
        if (step == SmtpStep::content) return {.outcome = Outcome::unknown, .reply = std::move(said)};
        return {.outcome = Outcome::refused_for_now, .whose = Reason::sender, .reply = std::move(said)};
    }
    return {.outcome = is_for_now ? Outcome::refused_for_now : Outcome::refused,
            .whose = reason_of(step, reply, is_for_now),
            .reply = std::move(said)};
}

}  // namespace mail
