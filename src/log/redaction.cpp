#include "log/redaction.h"

#include <algorithm>
#include <array>

namespace logging {
namespace {

// Secret wherever they stand, also with a number behind them.
constexpr auto defaults = std::to_array<std::string_view>({
    // headers
    "authorization",
    "proxyAuthorization",
    "cookie",
    "setCookie",
    "xApiKey",
    "xAuthToken",
    "xCsrfToken",
    "xXsrfToken",
    "xAmzSecurityToken",
    "xAmzSignature",
    "xAmzCredential",
    "xGoogSignature",
    "xGoogCredential",
    // our own cookies
    "__Host-sid",
    "__Host-csrf",
    "csrf",
    // what people type
    "password",
    "currentPassword",
    "newPassword",
    "oldPassword",
    "confirmPassword",
    "passwordConfirmation",
    "dbPassword",
    "passwordHash",
    "passphrase",
    "passkey",
    "passcode",
    "passwd",
    "pwd",
    "pass",
    "pw",
    "pin",
    "currentPin",
    "newPin",
    "otp",
    "totp",
    "cardNumber",
    "cvv",
    "cvc",
    // what programs send
    "token",
    "accessToken",
    "refreshToken",
    "idToken",
    "resetToken",
    "inviteToken",
    "authToken",
    "apiToken",
    "bearerToken",
    "sessionToken",
    "securityToken",
    "csrfToken",
    "xsrfToken",
    "oauthToken",
    "jwt",
    "clientAssertion",
    "codeVerifier",
    "secret",
    "clientSecret",
    "webhookSecret",
    "consumerSecret",
    "appSecret",
    "idempotencySecret",
    "secretKey",
    "secretAccessKey",
    "accessKey",
    "accessKeyId",
    "awsAccessKeyId",
    "consumerKey",
    "oauthVerifier",
    "apiKey",
    "privateKey",
    "signingKey",
    "encryptionKey",
    "signature",
    "sig",
    "hmac",
    "credentials",
});

// Secret in a query, also with a number behind them.
constexpr auto query_names = std::to_array<std::string_view>(
    {"code", "key", "auth", "ticket", "assertion", "samlResponse", "sid", "session", "sessionId", "refresh",
     "deviceCode", "userCode", "authorizationCode", "recoveryCode"});

// Secret is whatever ends like this, with or without a number behind it: initiatorPassword, login_token, password1. In a query
// also ..._code.
constexpr auto suffixes = std::to_array<std::string_view>(
    {"password", "passwords", "passwd", "passphrase", "passkey", "passcode", "token", "tokens", "secret", "secrets",
     "credential", "credentials", "signature", "apikey", "privatekey", "secretkey"});

constexpr int most_decodings = 3;
constexpr int most_urls = 64;  // of one text, whose passwords are looked for; what comes after them goes as a whole

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter; }

bool skipped(char letter) { return letter == '-' || letter == '_'; }

std::size_t ends_of(char first, char last) {
    return ((static_cast<unsigned char>(lower(first)) & 31U) << 5U) | (static_cast<unsigned char>(lower(last)) & 31U);
}

struct Normalised {
    std::array<char, Redaction::longest_name> letters;
    std::size_t size = 0;
};

// Lower case, without hyphens and underscores; empty when longer than any name we hold.
Normalised normalise(std::string_view name) {
    Normalised result;
    for (const char letter : name) {
        if (skipped(letter)) continue;
        if (result.size == result.letters.size()) return {};
        result.letters[result.size++] = lower(letter);
    }
    return result;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether a name, without hyphens and underscores, ends with lower-case letters.
bool ends_like(std::string_view name, std::string_view suffix) {
    for (auto left = suffix.size(); left > 0; name.remove_suffix(1)) {
        if (name.empty()) return false;
        if (skipped(name.back())) continue;
        if (lower(name.back()) != suffix[--left]) return false;
    }
    return true;
}

// pwd1, otp_2: secret as the name itself is.
std::string_view without_number(std::string_view name) {
    while (!name.empty() && (is_digit(name.back()) || skipped(name.back()))) name.remove_suffix(1);
    return name;
}

bool has_secret_suffix(std::string_view name) {
    return std::ranges::any_of(suffixes, [&](std::string_view suffix) { return ends_like(name, suffix); });
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// One decoding of %XX and '+'; what is no escape stays.
std::string decoded(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
        const int low = high >= 0 ? digit_of(text[i + 2]) : -1;
        if (low >= 0) {
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

bool may_be_encoded(std::string_view text) { return text.find_first_of("%+") != std::string_view::npos; }

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool is_of_name(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("_-.%+[]~").find(c) != std::string_view::npos;
}

bool starts_query_pair(std::string_view text, std::size_t at) {
    return at > 0 && std::string_view("?&;#").find(text[at - 1]) != std::string_view::npos;
}

// Where a value that begins at `at` ends: a quoted one behind its quote, another at a space, a quote, a bracket or '&'.
std::size_t end_of_value(std::string_view text, std::size_t at) {
    if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
        for (std::size_t i = at + 1; i < text.size(); ++i) {
            if (text[i] == '\\') {
                ++i;
            } else if (text[i] == text[at]) {
                return i + 1;
            }
        }
        return text.size();
    }
    while (at < text.size() && !is_space(text[at]) &&
           std::string_view("&\"'<>").find(text[at]) == std::string_view::npos)
        ++at;
    return at;
}

// user:password@ of every URL in the text. Outside of http a password may hold a '/' as it is.
template <class Found>
void find_passwords(std::string_view text, const Found& found) {
    int left = most_urls;
    for (auto at = text.find("://"); at != std::string_view::npos; at = text.find("://", at + 3)) {
        const auto begin = at + 3;
        if (left-- == 0) return found(begin, text.size());
        const auto end = std::min(text.size(), text.find_first_of(" \t\r\n\"'<>", begin));
        const auto scheme = text.substr(0, at);
        const bool is_web = scheme.ends_with("http") || scheme.ends_with("https");
        const auto stop = std::min(end, text.find_first_of("/?#", begin));
        auto authority = text.substr(begin, stop - begin);
        if (authority.find('@') == std::string_view::npos && !is_web) authority = text.substr(begin, end - begin);
        const auto sign = authority.rfind('@');
        const auto colon = authority.find(':');
        if (sign != std::string_view::npos && colon < sign) found(begin + colon + 1, begin + sign);
    }
}

bool ends_with_scheme(std::string_view text) {
    return std::ranges::any_of(std::array<std::string_view, 2>{"bearer", "basic"}, [&](std::string_view scheme) {
        return text.size() >= scheme.size() &&
               std::ranges::equal(text.substr(text.size() - scheme.size()), scheme, {}, lower);
    });
}

// "Bearer " and "Basic ", whatever their case (RFC 9110 section 11.1), in front of something long.
template <class Found>
void find_schemes(std::string_view text, const Found& found) {
    constexpr std::size_t shortest = 8;
    for (auto at = text.find(' '); at != std::string_view::npos; at = text.find(' ', at + 1)) {
        if (!ends_with_scheme(text.substr(0, at))) continue;
        while (at + 1 < text.size() && text[at + 1] == ' ') ++at;
        const auto end = end_of_value(text, at + 1);
        if (end - at > shortest) found(at + 1, end);
    }
}

// "name": value, also where the quotes are escaped, as in JSON within JSON.
template <class Found>
void members_of(const Redaction& redaction, std::string_view text, bool in_query, const Found& found) {
    for (auto colon = text.find(':'); colon != std::string_view::npos; colon = text.find(':', colon + 1)) {
        auto quote = colon;
        while (quote > 0 && is_space(text[quote - 1])) --quote;
        if (quote == 0 || (text[quote - 1] != '"' && text[quote - 1] != '\'')) continue;
        const char mark = text[--quote];
        auto end = quote;
        while (end > 0 && text[end - 1] == '\\') --end;
        const auto escapes = quote - end;
        const auto begin = end == 0 ? std::string_view::npos : text.rfind(mark, end - 1);
        if (begin == std::string_view::npos ||
            !redaction.matches_encoded(text.substr(begin + 1, end - begin - 1), in_query))
            continue;
        auto from = colon + 1;
        while (from < text.size() && is_space(text[from])) ++from;
        auto to = std::min(text.size(), text.find_first_of(",}] \t\r\n", from));
        if (text.substr(from, escapes + 1) == text.substr(end, escapes + 1)) {
            const auto close = text.substr(end, escapes + 1);
            auto at = text.find(close, from + close.size());
            while (escapes == 0 && at != std::string_view::npos && text[at - 1] == '\\') at = text.find(close, at + 1);
            to = at == std::string_view::npos ? text.size() : at + close.size();
        }
        found(from, to);
    }
}

std::string joined(std::span<const std::string_view> path) {
    std::string text;
    for (const std::string_view part : path) {
        if (!text.empty()) text += '.';
        for (const char letter : part) text += lower(letter);
    }
    return text;
}

}  // namespace

std::span<const std::string_view> Redaction::default_names() { return defaults; }

Redaction::Redaction() : Redaction(default_names()) {}

Redaction::Redaction(std::span<const std::string_view> names) {
    for (const std::string_view name : names) add(name);
}

Redaction& Redaction::add(std::string_view name) {
    if (name.find('.') != std::string_view::npos) {
        paths_.push_back(joined(std::array{name}));
        return *this;
    }
    const Normalised normalised = normalise(name);
    if (normalised.size == 0) return *this;
    ends_.set(ends_of(normalised.letters[0], normalised.letters[normalised.size - 1]));
    names_.emplace(normalised.letters.data(), normalised.size);
    return *this;
}

bool Redaction::matches(std::string_view key) const noexcept {
    while (!key.empty() && skipped(key.front())) key.remove_prefix(1);
    while (!key.empty() && skipped(key.back())) key.remove_suffix(1);
    if (key.empty()) return false;
    const auto is_listed = [this](std::string_view name) {
        if (name.empty() || !ends_.test(ends_of(name.front(), name.back()))) return false;
        const Normalised normalised = normalise(name);
        return names_.contains(std::string_view(normalised.letters.data(), normalised.size));
    };
    const auto unnumbered = without_number(key);
    return has_secret_suffix(unnumbered) || is_listed(key) || (unnumbered.size() < key.size() && is_listed(unnumbered));
}

bool Redaction::matches_encoded(std::string_view name, bool in_query) const {
    std::string text(name);
    for (int i = 0; i < most_decodings && may_be_encoded(text); ++i) text = decoded(text);
    std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7F'; });
    // The segments of user[password], user.password, and of pairs whose separators were encoded.
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = std::min(text.size(), text.find_first_of("[].&;?#=:,{}\"'", at));
        const auto segment = std::string_view(text).substr(at, end - at);
        if (matches(segment)) return true;
        const auto unnumbered = without_number(segment);
        if (in_query && (unnumbered.ends_with("_code") || unnumbered.ends_with("-code"))) return true;
        const Normalised normalised = normalise(unnumbered);
        if (in_query && std::ranges::any_of(query_names, [&](std::string_view known) {
                const Normalised wanted = normalise(known);
                return std::string_view(wanted.letters.data(), wanted.size) ==
                       std::string_view(normalised.letters.data(), normalised.size);
            }))
            return true;
        at = end + 1;
    }
    return false;
}

std::optional<std::string> Redaction::scrub(std::string_view text) const {
    if (text.find_first_of("=:% ") == std::string_view::npos) return std::nullopt;
    return replaced(text, secrets_of(text, 0));
}

std::optional<std::string> Redaction::scrub_url(std::string_view url) const {
    auto found = keys_in(url.substr(0, url.find_first_of("?#")));
    if (url.find_first_of("=:%@") != std::string_view::npos) {
        for (const auto& span : secrets_of_url(url, 0)) found.push_back(span);
    }
    return replaced(url, std::move(found));
}

std::optional<std::string> Redaction::scrub_path(std::string_view path) { return replaced(path, keys_in(path)); }

Redaction::Spans Redaction::keys_in(std::string_view path) {
    constexpr std::size_t shortest_key = 32;
    constexpr std::string_view hex_digits = "0123456789abcdefABCDEF";
    Spans found;
    for (std::size_t at = 0; at + shortest_key <= path.size();) {
        const auto end = std::min(path.size(), path.find('/', at));
        const auto segment = path.substr(at, end - at);
        if (segment.size() >= shortest_key && segment.find_first_not_of(hex_digits) == std::string_view::npos)
            found.push_back({at, end});
        at = end + 1;
    }
    return found;
}

// Whether something that may be encoded decodes to a text or a URL with a secret.
bool Redaction::hides_secret(std::string_view encoded, int depth) const {
    if (depth >= most_decodings || !may_be_encoded(encoded)) return false;
    const auto text = decoded(encoded);
    return text != encoded && !secrets_of_url(text, depth + 1).empty();
}

Redaction::Spans Redaction::secrets_of(std::string_view text, int depth) const {
    Spans found;
    const auto add = [&](std::size_t from, std::size_t to) { found.push_back({from, to}); };
    find_passwords(text, add);
    find_schemes(text, add);
    find_pairs(text, depth, found);
    if (depth == 0) find_members(text, found);
    find_encoded(text, depth, found);
    return found;
}

Redaction::Spans Redaction::secrets_of_url(std::string_view url, int depth) const {
    Spans found = secrets_of(url, depth);
    members_of(*this, url, true, [&](std::size_t from, std::size_t to) { found.push_back({from, to}); });
    const auto question = url.find_first_of("?#;&");
    for (std::size_t at = question; at < url.size();) {
        const auto begin = at + 1;
        at = std::min(url.size(), url.find_first_of("?#;&", begin));
        const auto pair = url.substr(begin, at - begin);
        const auto equals = std::min(pair.find('='), pair.find(':'));
        if (equals == 0 || decoded(pair.substr(0, equals)).contains('\0')) {
            // A value whose name was lost on its way, or a name that is none.
            found.push_back({equals == 0 ? begin + 1 : begin, at});
        } else if (equals == std::string_view::npos) {
            if (hides_secret(pair, depth)) found.push_back({begin, at});
        } else if (matches_encoded(pair.substr(0, equals), true) || hides_secret(pair.substr(equals + 1), depth)) {
            found.push_back({begin + equals + 1, at});
        }
    }
    if (hides_secret(url.substr(0, question), depth)) found.push_back({0, std::min(url.size(), question)});
    return found;
}

void Redaction::find_pairs(std::string_view text, int depth, Spans& found) const {
    for (auto equals = text.find_first_of("=:"); equals != std::string_view::npos;
         equals = text.find_first_of("=:", equals + 1)) {
        auto name = equals;
        while (name > 0 && is_of_name(text[name - 1])) --name;
        if (name == equals) continue;
        const bool in_query = starts_query_pair(text, name) || (depth > 0 && name == 0);
        if (text[equals] == ':' && !in_query) continue;
        const bool is_secret = matches_encoded(text.substr(name, equals - name), in_query);
        // Up to the next pair, so that nothing is decoded twice.
        const auto next = std::min(text.size(), text.find_first_of("=&;?#", equals + 1));
        if (!is_secret && !hides_secret(text.substr(equals + 1, next - equals - 1), depth)) continue;
        const auto end = end_of_value(text, equals + 1);
        found.push_back({equals + 1, end});
        equals = std::max(equals, end - 1);
    }
}

// Pairs whose '=' is encoded too.
void Redaction::find_encoded(std::string_view text, int depth, Spans& found) const {
    constexpr std::string_view delimiters = "?#;&= \t\r\n\"'<>";
    for (auto percent = text.find('%'); percent != std::string_view::npos;) {
        const auto before = text.find_last_of(delimiters, percent);
        const auto begin = before == std::string_view::npos ? 0 : before + 1;
        const auto end = std::min(text.size(), text.find_first_of(delimiters, percent));
        if (hides_secret(text.substr(begin, end - begin), depth)) found.push_back({begin, end});
        percent = text.find('%', end);
    }
}

void Redaction::find_members(std::string_view text, Spans& found) const {
    members_of(*this, text, false, [&](std::size_t from, std::size_t to) { found.push_back({from, to}); });
}

std::optional<std::string> Redaction::replaced(std::string_view text, Spans found) {
    std::erase_if(found, [](const Span& span) { return span.from >= span.to; });
    if (found.empty()) return std::nullopt;
    std::ranges::sort(found, {}, &Span::from);
    std::string out;
    std::size_t copied = 0;
    for (const auto& [from, to] : found) {
        if (from >= copied) {
            out.append(text, copied, from - copied);
            out += replacement;
        }
        copied = std::max(copied, to);
    }
    out.append(text, std::min(copied, text.size()));
    return out;
}

bool Redaction::matches_path(std::span<const std::string_view> path) const {
    const std::string wanted = joined(path);
    for (const std::string& candidate : paths_) {
        if (candidate == wanted) return true;
    }
    return false;
}

}  // namespace logging
