#include "auth/password.h"

#include <argon2.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/random.h"
#include "base/strings.h"

namespace auth {

namespace {

constexpr std::size_t salt_bytes = 16;
constexpr std::size_t tag_bytes = 32;
constexpr std::size_t min_context_word = 4;

// In byte order, a line feed behind each: see embed_common_passwords.cmake.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Woverlength-strings"
constexpr std::string_view common_passwords =
#include "common_passwords.inc"
    ;
#pragma clang diagnostic pop

struct ParsedHash {
    PasswordParameters parameters;
    std::string salt;
    std::string tag;
};

bool are_sane(const PasswordParameters& parameters) {
    return parameters.memory_kib <= 256 * 1024 && parameters.iterations >= 1 && parameters.iterations <= 16 &&
           parameters.parallelism >= 1 && parameters.parallelism <= 8 &&
           parameters.memory_kib >= 8 * parameters.parallelism;  // RFC 9106 §3.1
}

// Takes "<name>=<decimal>" off the front. PHC decimals have no sign and no leading zero.
std::optional<std::uint32_t> take_parameter(std::string_view& text, std::string_view name) {
    if (!text.starts_with(name)) return std::nullopt;
    text.remove_prefix(name.size());
    const std::size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
    if (size == 0 || size > 9 || (size > 1 && text.front() == '0')) return std::nullopt;
    const auto value = base::parse_integer<std::uint32_t>(text.substr(0, size));
    text.remove_prefix(size);
    return value;
}

// Standard alphabet without padding (PHC string format).
std::optional<std::string> decode_field(std::string_view text, std::size_t min_bytes, std::size_t max_bytes) {
    if (text.size() > 128 || text.contains('=')) return std::nullopt;
    std::string padded(text);
    padded.append((4 - text.size() % 4) % 4, '=');
    auto bytes = base::base64_decode(padded);
    if (!bytes || bytes->size() < min_bytes || bytes->size() > max_bytes) return std::nullopt;
    return bytes;
}

std::string encode_field(std::string_view bytes) {
    std::string text = base::base64_encode(bytes);
    text.erase(text.find_last_not_of('=') + 1);
    return text;
}

// The database is not trusted: without these bounds one row could ask for 4 TiB.
std::optional<ParsedHash> parse_hash(std::string_view stored) {
    constexpr std::string_view prefix = "$argon2id$v=19$";
    if (!stored.starts_with(prefix)) return std::nullopt;
    stored.remove_prefix(prefix.size());
    ParsedHash parsed;
    for (const auto& [name, value] :
         {std::pair{"m=", &parsed.parameters.memory_kib}, std::pair{",t=", &parsed.parameters.iterations},
          std::pair{",p=", &parsed.parameters.parallelism}}) {
        const auto number = take_parameter(stored, name);
        if (!number) return std::nullopt;
        *value = *number;
    }
    if (!stored.starts_with('$') || !are_sane(parsed.parameters)) return std::nullopt;
    stored.remove_prefix(1);
    const std::size_t separator = stored.find('$');
    if (separator == std::string_view::npos) return std::nullopt;
    auto salt = decode_field(stored.substr(0, separator), 8, 64);
    auto tag = decode_field(stored.substr(separator + 1), 16, 64);
    if (!salt || !tag) return std::nullopt;
    parsed.salt = *std::move(salt);
    parsed.tag = *std::move(tag);
    return parsed;
}

std::string compute_tag(std::string_view password, std::string_view salt, const PasswordParameters& parameters,
                        std::size_t size) {
    std::string tag(size, '\0');
    const int result =
        argon2id_hash_raw(parameters.iterations, parameters.memory_kib, parameters.parallelism, password.data(),
                          password.size(), salt.data(), salt.size(), tag.data(), tag.size());
    if (result == ARGON2_MEMORY_ALLOCATION_ERROR) throw std::bad_alloc();
    if (result != ARGON2_OK) throw std::runtime_error(argon2_error_message(result));
    return tag;
}

bool contains_word(std::string_view lowered_password, std::string_view word) {
    const auto length = base::utf8_length(word);
    return length && *length >= min_context_word && lowered_password.contains(base::ascii_lower(word));
}

bool contains_any_word(std::string_view lowered_password, std::string_view words) {
    return std::ranges::any_of(base::split(words, ' '), [lowered_password](std::string_view word) {
        return contains_word(lowered_password, word);
    });
}

}  // namespace

std::string hash_password(std::string_view password, const PasswordParameters& parameters, base::RandomSource& random) {
    if (password.size() > max_password_bytes) throw std::invalid_argument("the password is too long");
    if (!are_sane(parameters)) throw std::invalid_argument("argon2id parameters outside the supported range");
    std::array<std::uint8_t, salt_bytes> salt{};
    random.fill(salt);
    const std::string tag = compute_tag(password, base::as_chars(salt), parameters, tag_bytes);
    return fmt::format("$argon2id$v=19$m={},t={},p={}${}${}", parameters.memory_kib, parameters.iterations,
                       parameters.parallelism, encode_field(base::as_chars(salt)), encode_field(tag));
}

PasswordVerdict verify_password(std::string_view stored, std::string_view password) {
    const auto parsed = parse_hash(stored);
    if (!parsed) return PasswordVerdict::unusable_hash;
    // No stored hash can stem from one so long, and the sender knows its length: nothing leaks by answering at once.
    if (password.size() > max_password_bytes) return PasswordVerdict::mismatch;
    const std::string tag = compute_tag(password, parsed->salt, parsed->parameters, parsed->tag.size());
    return base::constant_time_equal(tag, parsed->tag) ? PasswordVerdict::match : PasswordVerdict::mismatch;
}

bool needs_rehash(std::string_view stored, const PasswordParameters& parameters) {
    const auto parsed = parse_hash(stored);
    return !parsed || parsed->parameters.memory_kib < parameters.memory_kib ||
           parsed->parameters.iterations < parameters.iterations ||
           parsed->parameters.parallelism < parameters.parallelism || parsed->salt.size() < salt_bytes ||
           parsed->tag.size() < tag_bytes;
}

void dummy_verify(std::string_view password, const PasswordParameters& parameters) {
    if (password.size() > max_password_bytes) return;
    const std::string tag = compute_tag(password, "no such user, yet", parameters, tag_bytes);
    // Looked at, so that no compiler may drop the work.
    [[maybe_unused]] volatile bool ignored = base::constant_time_equal(tag, std::string(tag_bytes, '\0'));
}

std::string_view code_text(PasswordFault fault) {
    switch (fault) {
        case PasswordFault::not_utf8: return "auth.password_not_utf8";
        case PasswordFault::too_short: return "auth.password_too_short";
        case PasswordFault::too_long: return "auth.password_too_long";
        case PasswordFault::common: return "auth.password_common";
        case PasswordFault::contains_email: return "auth.password_contains_email";
        case PasswordFault::contains_user_name: return "auth.password_contains_user_name";
        case PasswordFault::contains_service_name: return "auth.password_contains_service_name";
    }
    std::unreachable();
}

std::string_view explain(PasswordFault fault) {
    switch (fault) {
        case PasswordFault::not_utf8: return "The password is not valid UTF-8.";
        case PasswordFault::too_short: return "The password needs at least 8 characters; 15 or more are better.";
        case PasswordFault::too_long: return "The password may have at most 1024 bytes.";
        case PasswordFault::common: return "The password is among the first that attackers try.";
        case PasswordFault::contains_email: return "The password contains the name part of your e-mail address.";
        case PasswordFault::contains_user_name: return "The password contains your name.";
        case PasswordFault::contains_service_name: return "The password contains the name of this service.";
    }
    std::unreachable();
}

std::vector<PasswordFault> check_password(std::string_view password, const PasswordContext& context) {
    if (password.size() > max_password_bytes) return {PasswordFault::too_long};
    const auto length = base::utf8_length(password);
    if (!length) return {PasswordFault::not_utf8};
    std::vector<PasswordFault> faults;
    if (*length < min_password_code_points) faults.push_back(PasswordFault::too_short);
    if (is_common_password(password)) faults.push_back(PasswordFault::common);
    const std::string lowered = base::ascii_lower(password);
    const std::string_view local_part = context.email.substr(0, context.email.rfind('@'));
    if (contains_word(lowered, local_part)) faults.push_back(PasswordFault::contains_email);
    if (contains_any_word(lowered, context.user_name)) faults.push_back(PasswordFault::contains_user_name);
    if (contains_any_word(lowered, context.service_name)) faults.push_back(PasswordFault::contains_service_name);
    return faults;
}

bool is_common_password(std::string_view password) {
    if (password.empty()) return false;
    if (password.find_first_not_of(password.front()) == std::string_view::npos) return true;
    const std::string wanted = base::ascii_lower(password);
    if (wanted.contains('\n')) return false;
    // Binary search over lines: [low, high) always begins and ends at a line's start.
    std::size_t low = 0;
    std::size_t high = common_passwords.size();
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        const std::size_t before = middle == 0 ? std::string_view::npos : common_passwords.rfind('\n', middle - 1);
        const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
        const std::size_t end = common_passwords.find('\n', begin);
        const int order = common_passwords.substr(begin, end - begin).compare(wanted);
        if (order == 0) return true;
        if (order < 0) {
            low = end + 1;
        } else {
            high = begin;
        }
    }
    return false;
}

std::size_t common_password_count() { return static_cast<std::size_t>(std::ranges::count(common_passwords, '\n')); }

}  // namespace auth
