#include "log/redaction.h"

#include <array>

namespace logging {
namespace {

constexpr std::array<std::string_view, 34> defaults{"authorization", "proxyAuthorization",
                                                    "cookie",        "setCookie",
                                                    "xApiKey",       "xCsrfToken",
                                                    "csrfToken",     "idempotencySecret",
                                                    "password",      "currentPassword",
                                                    "newPassword",   "passwordHash",
                                                    "passphrase",    "passkey",
                                                    "pin",           "currentPin",
                                                    "newPin",        "otp",
                                                    "token",         "accessToken",
                                                    "refreshToken",  "idToken",
                                                    "resetToken",    "inviteToken",
                                                    "jwt",           "secret",
                                                    "clientSecret",  "webhookSecret",
                                                    "apiKey",        "privateKey",
                                                    "signingKey",    "signature",
                                                    "credentials",   "cardNumber"};

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
    if (key.empty() || !ends_.test(ends_of(key.front(), key.back()))) return false;
    const Normalised normalised = normalise(key);
    const std::string_view wanted(normalised.letters.data(), normalised.size);
    return names_.find(wanted) != names_.end();
}

bool Redaction::matches_path(std::span<const std::string_view> path) const {
    const std::string wanted = joined(path);
    for (const std::string& candidate : paths_) {
        if (candidate == wanted) return true;
    }
    return false;
}

}  // namespace logging
