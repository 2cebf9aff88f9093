#include "mail/address.h"

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/strings.h"
#include "base/text.h"
#include "mail/one_line.h"

namespace mail {

namespace {

constexpr std::size_t max_addresses = 1'000;
constexpr std::size_t max_mailbox_bytes = 254;  // RFC 5321 §4.5.3.1.3, less the angle brackets
constexpr std::size_t max_domain_bytes = 253;
constexpr std::size_t max_unicode_domain_bytes = 1'024;
constexpr std::size_t max_label_bytes = 63;
constexpr std::string_view specials = "()<>[]:;@\\,\"";

bool is_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_letter_or_digit(char c) {
    return base::is_ascii_digit(c) || (base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z');
}

// Dots stand where they like, as in HTML's rule: mailboxes such as "a..b" exist, and their servers take them.
bool is_local_part(std::string_view local) {
    static constexpr std::string_view others = ".!#$%&'*+/=?^_`{|}~-";
    for (const char c : local) {
        const bool is_foreign = static_cast<unsigned char>(c) >= 0x80;
        if (!is_foreign && !is_letter_or_digit(c) && !others.contains(c)) return false;
    }
    if (is_ascii(local)) return true;
    // Neither invisible characters nor spaces of other scripts.
    std::string visible(local);
    base::normalise_identifier(visible);
    return base::is_utf8(local) && visible == base::to_nfc(local);
}

bool is_ascii_domain(std::string_view domain) {
    if (domain.size() > max_domain_bytes) return false;
    return std::ranges::all_of(base::split(domain, '.'), [](std::string_view label) {
        return !label.empty() && label.size() <= max_label_bytes && label.front() != '-' && label.back() != '-' &&
               std::ranges::all_of(label, [](char c) { return is_letter_or_digit(c) || c == '-'; });
    });
}

// In punycode where it is not ASCII (IDNA 2008 by the rules of UTS 46); empty when it is no domain.
std::string to_ascii_domain(std::string_view domain) {
    std::string ascii = base::ascii_lower(domain);
    if (!is_ascii(domain) || ascii.contains("xn--")) {
        char* converted = nullptr;
        const std::string terminated(domain);
        if (terminated.contains('\0') ||
            idn2_to_ascii_8z(terminated.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) {
            return {};
        }
        const std::unique_ptr<char, void (*)(void*)> owner(converted, idn2_free);
        ascii = base::ascii_lower(converted);
    }
    return is_ascii_domain(ascii) ? ascii : std::string();
}

}  // namespace

bool Address::needs_smtputf8() const { return !is_ascii(local_); }

Address Address::named(std::string_view name) const {
    Address other = *this;
    other.name_ = one_line(name);
    return other;
}

std::optional<Address> Address::of_parts(std::string_view local, std::string_view domain) {
    if (local.empty() || local.size() > max_mailbox_bytes || domain.size() > max_unicode_domain_bytes)
        return std::nullopt;
    if (!is_local_part(local)) return std::nullopt;
    Address address(base::to_nfc(local), to_ascii_domain(domain));
    if (address.domain_.empty() || address.local_.size() + 1 + address.domain_.size() > max_mailbox_bytes)
        return std::nullopt;
    return address;
}

// RFC 5322 §3.4, without what is obsolete (routes, dots and spaces around the parts) but for empty members of a list.
class AddressReader {
public:
    explicit AddressReader(std::string_view text) : rest_(text) {}

    std::optional<std::vector<Address>> read_all() {
        std::vector<Address> all;
        bool in_group = false;
        while (skip_blanks()) {
            if (rest_.empty()) return in_group ? std::nullopt : std::optional(std::move(all));
            if (take(',')) continue;
            if (in_group && take(';')) {
                in_group = false;
                if (!is_at_end_of_member(false)) return std::nullopt;
                continue;
            }
            auto words = read_phrase();
            if (!words) return std::nullopt;
            if (!in_group && !words->text.empty() && take(':')) {
                in_group = true;
                continue;
            }
            auto address = read_mailbox(*words);
            if (!address || !is_at_end_of_member(in_group) || all.size() == max_addresses) return std::nullopt;
            all.push_back(*std::move(address));
        }
        return std::nullopt;
    }

    std::optional<Address> read_one() {
        const auto words = read_phrase();
        auto address = words ? read_mailbox(*words) : std::nullopt;
        return skip_blanks() && rest_.empty() ? std::move(address) : std::nullopt;
    }

private:
    struct Phrase {
        std::string text;
        int words = 0;
        bool is_quoted = false;
        const char* end = nullptr;  // of the last word: what comes behind blanks is no part of a mailbox
    };

    bool take(char c) {
        if (!rest_.starts_with(c)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    // Spaces and comments; false when a comment has no end.
    bool skip_blanks() {
        int depth = 0;
        while (!rest_.empty()) {
            const char c = rest_.front();
            if (c == '(') {
                ++depth;
            } else if (c == ')' && depth > 0) {
                --depth;
            } else if (depth > 0 && c == '\\' && rest_.size() > 1) {
                rest_.remove_prefix(1);
            } else if (depth == 0 && c != ' ' && c != '\t') {
                return true;
            }
            rest_.remove_prefix(1);
        }
        return depth == 0;
    }

    bool is_at_end_of_member(bool in_group) {
        return skip_blanks() && (rest_.empty() || rest_.front() == ',' || (in_group && rest_.front() == ';'));
    }

    std::optional<std::string> read_quoted() {
        std::string text;
        while (!rest_.empty()) {
            char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '"') return text;
            if (c == '\\') {
                if (rest_.empty()) return std::nullopt;
                c = rest_.front();
                rest_.remove_prefix(1);
            }
            text += c;
        }
        return std::nullopt;
    }

    std::string_view take_atom() {
        std::size_t size = 0;
        while (size < rest_.size() && !specials.contains(rest_[size]) && rest_[size] != ' ' && rest_[size] != '\t')
            ++size;
        const std::string_view atom = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return atom;
    }

    // The words up to what ends a name; none at all before a bare <mailbox>.
    std::optional<Phrase> read_phrase() {
        Phrase phrase;
        while (skip_blanks()) {
            std::optional<std::string> word;
            if (take('"')) {
                word = read_quoted();
                if (!word) return std::nullopt;
                phrase.is_quoted = true;
            } else if (const std::string_view atom = take_atom(); !atom.empty()) {
                word = std::string(atom);
            } else {
                return phrase;
            }
            if (phrase.words++ > 0) phrase.text += ' ';
            phrase.text += *word;
            phrase.end = rest_.data();
        }
        return std::nullopt;
    }

    std::optional<Address> read_mailbox(const Phrase& words) {
        if (take('<')) {
            const std::size_t end = rest_.find('>');
            if (end == std::string_view::npos) return std::nullopt;
            const std::string_view mailbox = rest_.substr(0, end);
            rest_.remove_prefix(end + 1);
            const std::size_t at = mailbox.find('@');
            if (at == std::string_view::npos) return std::nullopt;
            const auto address = Address::of_parts(mailbox.substr(0, at), mailbox.substr(at + 1));
            return address && words.words > 0 ? address->named(words.text) : address;
        }
        if (words.words != 1 || words.is_quoted || words.end != rest_.data() || !take('@')) return std::nullopt;
        return Address::of_parts(words.text, take_atom());
    }

    std::string_view rest_;
};

namespace {

// The lines of a header are not taken for a part of it: names are cleaned, but whoever hands in two lines means no address.
bool is_one_line(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

std::optional<Address> Address::parse(std::string_view text) {
    return is_one_line(text) ? AddressReader(text).read_one() : std::nullopt;
}

std::optional<std::vector<Address>> parse_addresses(std::string_view text) {
    return is_one_line(text) ? AddressReader(text).read_all() : std::nullopt;
}

}  // namespace mail
