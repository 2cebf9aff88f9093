#include "mail/dkim.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "mail/header_writer.h"
#include "mail/sha256_stream.h"

namespace mail {

namespace {

constexpr int min_rsa_bits = 2048;
constexpr int max_rsa_bits = 4096;  // a record of DNS has to carry it, and receivers need not take more
constexpr std::size_t ed25519_bytes = 32;
constexpr std::size_t max_pem_bytes = std::size_t{16} * 1024;
constexpr std::size_t signature_columns = 70;

// What is signed if it is there: all that a reader sees or a mail program acts upon.
constexpr auto signed_headers =
    std::to_array<std::string_view>({"from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id",
                                     "in-reply-to", "references", "list-unsubscribe", "list-unsubscribe-post",
                                     "auto-submitted", "mime-version", "content-type", "content-transfer-encoding"});

using BioHandle = std::unique_ptr<BIO, int (*)(BIO*)>;
using KeyHandle = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using ContextHandle = std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)>;

// OpenSSL's default would ask on the terminal.
int refuse_passphrase(char*, int, int, void*) { return -1; }

KeyHandle read_key(std::string_view pem) {
    KeyHandle key(nullptr, EVP_PKEY_free);
    if (pem.size() > max_pem_bytes) return key;
    const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_passphrase, nullptr));
    ERR_clear_error();
    return key;
}

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= 253 &&
           std::ranges::all_of(base::split(name, '.'), [](std::string_view label) {
               return !label.empty() && label.size() <= 63 && std::ranges::all_of(label, [](char c) {
                   return base::is_ascii_digit(c) || (base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z') ||
                          c == '-' || c == '_';
               });
           });
}

std::string public_part(EVP_PKEY* key) {
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) {
        std::string raw(ed25519_bytes, '\0');
        std::size_t size = raw.size();
        if (EVP_PKEY_get_raw_public_key(key, reinterpret_cast<unsigned char*>(raw.data()), &size) != 1) return {};
        return raw;
    }
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key, &der);
    if (size <= 0) return {};
    const std::unique_ptr<unsigned char, void (*)(unsigned char*)> owner(der,
                                                                         [](unsigned char* p) { OPENSSL_free(p); });
    return {reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)};
}

// RFC 6376 §3.4.2: one space for runs of white space, folds included, and none at the ends.
std::string relaxed_value(std::string_view value) {
    std::string out;
    bool is_space_due = false;
    for (const char c : value) {
        if (base::is_ascii_space(c)) {
            is_space_due = !out.empty();
        } else {
            if (std::exchange(is_space_due, false)) out += ' ';
            out += c;
        }
    }
    return out;
}

// Lower-case names and relaxed values, in the order of the lines.
std::vector<std::pair<std::string, std::string>> relaxed_headers(std::string_view headers) {
    std::vector<std::pair<std::string, std::string>> all;
    while (!headers.empty()) {
        std::size_t end = headers.find("\r\n");
        while (end != std::string_view::npos && end + 2 < headers.size() &&
               (headers[end + 2] == ' ' || headers[end + 2] == '\t')) {
            end = headers.find("\r\n", end + 2);
        }
        const std::string_view field = headers.substr(0, end);
        const std::size_t colon = field.find(':');
        if (colon != std::string_view::npos) {
            all.emplace_back(base::ascii_lower(base::trim(field.substr(0, colon))),
                             relaxed_value(field.substr(colon + 1)));
        }
        headers.remove_prefix(end == std::string_view::npos ? headers.size() : end + 2);
    }
    return all;
}

void append_in_columns(std::vector<std::string>& words, std::string_view text) {
    for (std::size_t at = 0; at < text.size(); at += signature_columns)
        words.emplace_back(text.substr(at, signature_columns));
}

}  // namespace

struct DkimKey::State {
    KeyHandle key;
    std::string domain;
    std::string selector;
    bool is_ed25519 = false;

    [[nodiscard]] std::string sign(std::string_view message) const {
        // RFC 8463: Ed25519 signs the digest.
        const base::Digest256 digest = base::sha256(message);
        const std::string_view input = is_ed25519 ? base::as_chars(digest) : message;
        const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
        const ContextHandle context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())), '\0');
        std::size_t size = signature.size();
        if (EVP_DigestSignInit(context.get(), nullptr, is_ed25519 ? nullptr : EVP_sha256(), nullptr, key.get()) != 1 ||
            EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                           input.size()) != 1) {
            ERR_clear_error();
            throw std::runtime_error("OpenSSL cannot sign by the DKIM key of " + domain);
        }
        signature.resize(size);
        return signature;
    }
};

std::expected<DkimKey, std::string> DkimKey::from_pem(std::string_view pem, std::string_view domain,
                                                      std::string_view selector) {
    if (!is_name(domain)) return std::unexpected("the domain is no host name in ASCII");
    if (!is_name(selector)) return std::unexpected("the selector is not made of letters, digits, '-' and '.'");
    KeyHandle key = read_key(pem);
    if (!key) return std::unexpected("not a private key in PEM, or one with a passphrase");
    const bool is_ed25519 = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519;
    if (!is_ed25519) {
        if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
            return std::unexpected("neither an RSA nor an Ed25519 key");
        const int bits = EVP_PKEY_get_bits(key.get());
        if (bits < min_rsa_bits || bits > max_rsa_bits) return std::unexpected("an RSA key has 2048 to 4096 bits");
    }
    return DkimKey(std::make_shared<const State>(std::move(key), base::ascii_lower(domain), base::ascii_lower(selector),
                                                 is_ed25519));
}

std::string DkimKey::record_name() const { return state_->selector + "._domainkey." + state_->domain; }

std::string DkimKey::record() const {
    return std::string("v=DKIM1; k=") + (state_->is_ed25519 ? "ed25519" : "rsa") +
           "; p=" + base::base64_encode(public_part(state_->key.get()));
}

std::string DkimKey::signature_header(std::string_view headers, const base::Digest256& body_hash) const {
    std::string names;
    std::string input;
    const auto present = relaxed_headers(headers);
    for (const std::string_view name : signed_headers) {
        // From the last one up (§5.4.2), and named once more than it is there, so that none can be added (§8.15). A name
        // that is not there is left out: servers add what they miss.
        const std::size_t before = names.size();
        for (auto field = present.rbegin(); field != present.rend(); ++field) {
            if (field->first != name) continue;
            names.append(name).append(":");
            input.append(name).append(":").append(field->second).append("\r\n");
        }
        if (names.size() > before) names.append(name).append(":");
    }
    if (names.empty()) throw std::logic_error("mail: no header to sign");
    names.pop_back();
    std::vector<std::string> words{std::string("v=1; a=") + (state_->is_ed25519 ? "ed25519" : "rsa") + "-sha256;",
                                   "c=relaxed/relaxed;", "d=" + state_->domain + ";", "s=" + state_->selector + ";"};
    words.push_back("h=");
    for (const std::string_view name : base::split(names, ':')) {
        if (words.back().size() + name.size() + 1 > signature_columns) words.emplace_back();
        words.back().append(name).append(":");
    }
    words.back().back() = ';';
    words.push_back("bh=" + base::base64_encode(base::as_chars(body_hash)) + ";");
    words.push_back("b=");

    HeaderWriter unsigned_header;
    unsigned_header.add_words("DKIM-Signature", words);
    const auto relaxed = relaxed_headers(unsigned_header.bytes());
    input.append(relaxed.front().first).append(":").append(relaxed.front().second);
    words.pop_back();
    append_in_columns(words, "b=" + base::base64_encode(state_->sign(input)));
    HeaderWriter header;
    header.add_words("DKIM-Signature", words);
    return header.bytes();
}

struct DkimBodyHash::State {
    Sha256Stream hash;
    std::string ready;
    std::size_t line_ends = 0;  // not yet known to be inside the body
    bool is_space_due = false;
    bool is_empty = true;
};

DkimBodyHash::DkimBodyHash() : state_(std::make_unique<State>()) {}
DkimBodyHash::~DkimBodyHash() = default;
DkimBodyHash::DkimBodyHash(DkimBodyHash&&) noexcept = default;

void DkimBodyHash::add(std::string_view bytes) {
    State& state = *state_;
    for (const char c : bytes) {
        if (c == '\n') {
            ++state.line_ends;
            state.is_space_due = false;
        } else if (c == ' ' || c == '\t') {
            state.is_space_due = true;
        } else if (c != '\r') {
            for (; state.line_ends > 0; --state.line_ends) state.ready += "\r\n";
            if (std::exchange(state.is_space_due, false)) state.ready += ' ';
            state.ready += c;
            state.is_empty = false;
        }
    }
    state.hash.add(std::exchange(state.ready, {}));
}

base::Digest256 DkimBodyHash::finish() {
    if (!state_->is_empty) state_->hash.add("\r\n");
    return state_->hash.finish();
}

}  // namespace mail
