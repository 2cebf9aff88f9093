#include "mail/mail_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace mail {

namespace {

using Fault = std::unexpected<std::string>;
using Query = std::vector<std::pair<std::string, std::string>>;

// "scheme://user:password@host:port/path?query", taken apart and decoded.
struct Parts {
    std::string user;
    std::string password;
    std::string host;
    std::optional<std::uint16_t> port;
    Query query;
};

std::expected<Query, std::string> query_of(std::string_view text) {
    Query query;
    if (text.empty()) return query;
    for (const auto member : base::split(text, '&')) {
        const auto equals = member.find('=');
        const auto value =
            equals == std::string_view::npos ? std::nullopt : base::percent_decode(member.substr(equals + 1));
        if (!value) return Fault("behind the ? stand names and values: ?maxConnections=5&maxMessages=100");
        query.emplace_back(member.substr(0, equals), *value);
    }
    return query;
}

std::expected<void, std::string> read_credentials(std::string_view text, Parts& into) {
    const auto colon = text.find(':');
    const auto user = base::percent_decode(text.substr(0, colon));
    const auto password = base::percent_decode(colon == std::string_view::npos ? "" : text.substr(colon + 1));
    if (!user || !password) return Fault("user and password are percent-encoded: % itself is %25");
    const auto has_controls = [](std::string_view part) {
        return std::ranges::any_of(part, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
    };
    if (has_controls(*user) || has_controls(*password)) return Fault("a user or a password has no line break");
    into.user = *user;
    into.password = *password;
    return {};
}

std::expected<void, std::string> read_host(std::string_view text, Parts& into) {
    const auto colon = text.rfind(':');
    if (colon != std::string_view::npos && text.find(']', colon) == std::string_view::npos) {
        const auto port = base::parse_integer<std::uint16_t>(text.substr(colon + 1));
        if (!port || *port == 0)
            return Fault("the port is a number from 1 to 65535; a ? in a password is percent-encoded (%3F)");
        into.port = *port;
        text = text.substr(0, colon);
    }
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    into.host = base::ascii_lower(text);
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789-._:";
    if (into.host.empty() || into.host.size() > 253 || into.host.find_first_not_of(allowed) != std::string::npos)
        return Fault(
            "the host is a name or an address; an @, a /, a : or a ? in a password is percent-encoded (%40, %2F, %3A, "
            "%3F)");
    return {};
}

std::expected<Parts, std::string> parts_of(std::string_view rest) {
    if (!rest.starts_with("//")) return Fault("behind the scheme stands //");
    rest.remove_prefix(2);
    Parts parts;
    if (const auto mark = rest.find('?'); mark != std::string_view::npos) {
        auto query = query_of(rest.substr(mark + 1));
        if (!query) return Fault(std::move(query.error()));
        parts.query = *std::move(query);
        rest = rest.substr(0, mark);
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
        if (auto read = read_credentials(rest.substr(0, at), parts); !read) return Fault(std::move(read.error()));
        rest.remove_prefix(at + 1);
    }
    if (auto read = read_host(rest, parts); !read) return Fault(std::move(read.error()));
    return parts;
}

// ---- The members of a query -------------------------------------------------------------------------------------

template <class Number>
std::string read_number(const std::pair<std::string, std::string>& member, std::uint32_t most, Number& into) {
    const auto number = base::parse_integer<std::uint32_t>(member.second);
    if (!number || *number == 0 || *number > most)
        return fmt::format("{} is a number from 1 to {}", member.first, most);
    into = static_cast<Number>(*number);
    return {};
}

std::string read_flag(const std::pair<std::string, std::string>& member, bool& into) {
    if (member.second != "true" && member.second != "false") return member.first + " is true or false";
    into = member.second == "true";
    return {};
}

std::string read_client_name(const std::string& value, std::string& into) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.[]:";
    if (value.empty() || value.size() > 253 || value.find_first_not_of(allowed) != std::string::npos)
        return "name is what this machine calls itself: name=mail.example.com";
    into = value;
    return {};
}

// "" or what is wrong.
std::string read_member(const std::pair<std::string, std::string>& member, SmtpOptions& into, bool& is_opportunistic) {
    const auto& [name, value] = member;
    if (name == "pool") return read_flag(member, into.pool);
    if (name == "maxConnections") return read_number(member, 100, into.max_connections);
    if (name == "maxMessages") return read_number(member, 1'000'000, into.max_messages);
    if (name == "rateLimit") return read_number(member, 100'000, into.rate_limit);
    if (name == "rateDelta") {
        std::uint32_t milliseconds = 0;
        auto fault = read_number(member, 3'600'000, milliseconds);
        into.rate_delta = std::chrono::milliseconds(milliseconds);
        return fault;
    }
    if (name == "name") return read_client_name(value, into.client_name);
    if (name == "opportunisticTLS") return read_flag(member, is_opportunistic);
    if (name == "authMethod") {
        if (value != "PLAIN" && value != "LOGIN") return "authMethod is PLAIN or LOGIN";
        into.auth = value == "PLAIN" ? SmtpOptions::Auth::plain : SmtpOptions::Auth::login;
        return {};
    }
    return "known are pool, maxConnections, maxMessages, rateLimit, rateDelta, name, authMethod, opportunisticTLS";
}

std::expected<MailUrl, std::string> smtp_url(std::string_view rest, bool is_tls) {
    auto parts = parts_of(rest);
    if (!parts) return Fault(std::move(parts.error()));
    SmtpOptions options;
    options.host = std::move(parts->host);
    options.port = parts->port.value_or(is_tls ? 465 : 587);
    options.tls = is_tls ? SmtpOptions::Tls::implicit : SmtpOptions::Tls::required;
    options.user = std::move(parts->user);
    options.password = std::move(parts->password);
    if (options.user.empty() != options.password.empty())
        return Fault("a user comes with a password: smtp://user:password@host");
    bool is_opportunistic = false;
    for (const auto& member : parts->query)
        if (auto fault = read_member(member, options, is_opportunistic); !fault.empty()) return Fault(std::move(fault));
    if (!is_opportunistic) return options;
    if (is_tls) return Fault("smtps:// is encrypted from the first byte: opportunisticTLS is for smtp://");
    if (!options.user.empty())
        return Fault("opportunisticTLS is for servers without a password, which would be sent unencrypted");
    options.tls = SmtpOptions::Tls::opportunistic;
    return options;
}

// Who speaks HTTP: its key, and where.
std::expected<std::pair<Parts, bool>, std::string> provider_url(std::string_view rest) {
    auto parts = parts_of(rest);
    if (!parts) return Fault(std::move(parts.error()));
    if (parts->host != "default" || parts->port) return Fault("the host is the word default: sendgrid://KEY@default");
    bool is_eu = false;
    for (const auto& [name, value] : parts->query) {
        if (name != "region" || (value != "us" && value != "eu")) return Fault("known is region, us or eu");
        is_eu = value == "eu";
    }
    return std::pair(*std::move(parts), is_eu);
}

std::expected<MailUrl, std::string> sendgrid_url(std::string_view rest) {
    auto read = provider_url(rest);
    if (!read) return Fault(std::move(read.error()));
    if (read->first.user.empty() || !read->first.password.empty())
        return Fault("the key alone: sendgrid://KEY@default");
    return SendgridUrl{.key = std::move(read->first.user), .is_eu = read->second};
}

std::expected<MailUrl, std::string> mailgun_url(std::string_view rest) {
    auto read = provider_url(rest);
    if (!read) return Fault(std::move(read.error()));
    auto& parts = read->first;
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789-.";
    parts.password = base::ascii_lower(parts.password);
    if (parts.user.empty() || parts.password.empty() || parts.password.find_first_not_of(allowed) != std::string::npos)
        return Fault("the key and the domain that sends: mailgun://KEY:mg.example.com@default");
    return MailgunUrl{.key = std::move(parts.user), .domain = std::move(parts.password), .is_eu = read->second};
}

std::expected<MailUrl, std::string> file_url(std::string_view rest) {
    const auto path = rest.starts_with("///") ? base::percent_decode(rest.substr(2)) : std::nullopt;
    if (!path || path->size() < 2 || path->find('\0') != std::string::npos)
        return Fault("a directory: file:///var/spool/outgoing");
    return FileUrl{*path};
}

}  // namespace

std::expected<MailUrl, std::string> parse_mail_url(std::string_view text) {
    const auto colon = text.find(':');
    const auto scheme = base::ascii_lower(text.substr(0, colon));
    const auto rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    if (scheme == "smtp" || scheme == "smtps") return smtp_url(rest, scheme == "smtps");
    if (scheme == "sendgrid") return sendgrid_url(rest);
    if (scheme == "mailgun") return mailgun_url(rest);
    if (scheme == "file") return file_url(rest);
    if (scheme == "mailbox" && rest.empty() && colon != std::string_view::npos) return MailboxUrl{};
    return Fault("begin with smtps://, smtp://, sendgrid://, mailgun:// or file:///, or write mailbox:");
}

}  // namespace mail
