#include "auth/credential_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>

#include "auth/openssl_handles.h"
#include "base/random.h"
#include "base/strings.h"

namespace auth {

namespace {

constexpr char format = 1;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t max_id = 32;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void require(int outcome) {
    if (outcome != 1) throw std::runtime_error("AES-256-GCM failed");
}

bool is_id(std::string_view id) {
    return !id.empty() && id.size() <= max_id && std::ranges::all_of(id, [](char c) {
        return (c >= 'a' && c <= 'z') || base::is_ascii_digit(c) || c == '-';
    });
}

// The parts of a sealed value, by their lengths alone.
struct Parts {
    std::string_view head;  // format, length, id
    std::string_view id;
    std::string_view nonce;
    std::string_view body;
    std::string_view tag;
};

std::optional<Parts> parts_of(std::string_view sealed) {
    if (sealed.size() < 2 || sealed[0] != format) return std::nullopt;
    const std::size_t id_size = static_cast<unsigned char>(sealed[1]);
    const std::size_t head_size = 2 + id_size;
    if (id_size > max_id || sealed.size() < head_size + nonce_size + tag_size) return std::nullopt;
    const auto rest = sealed.substr(head_size + nonce_size);
    return Parts{.head = sealed.substr(0, head_size),
                 .id = sealed.substr(2, id_size),
                 .nonce = sealed.substr(head_size, nonce_size),
                 .body = rest.substr(0, rest.size() - tag_size),
                 .tag = rest.substr(rest.size() - tag_size)};
}

// What is authenticated beside the text. The length before `purpose` keeps it apart from `associated`.
std::string bound(std::string_view head, std::string_view purpose, std::string_view associated) {
    return fmt::format("{}{}:{}{}", head, purpose.size(), purpose, associated);
}

}  // namespace

std::expected<CredentialKeys::Key, std::string> CredentialKeys::parse_key(std::string_view entry) {
    const auto colon = entry.find(':');
    const auto id = entry.substr(0, colon);
    if (colon == std::string_view::npos || !is_id(id))
        return std::unexpected("is to be `id:key`, with 1 to 32 of a-z, 0-9 and \"-\" as its id");
    const auto bytes = base::base64_decode(entry.substr(colon + 1));
    if (!bytes) return std::unexpected(fmt::format("(\"{}\") is not in base64, with its padding", id));
    if (bytes->size() != sizeof(base::Digest256))
        return std::unexpected(fmt::format("(\"{}\") has {} bytes instead of 32", id, bytes->size()));
    Key key{.id = std::string(id), .bytes = {}};
    std::ranges::copy(*bytes, reinterpret_cast<char*>(key.bytes.data()));
    return key;
}

std::expected<CredentialKeys, std::string> CredentialKeys::parse(std::string_view text, base::RandomSource& random) {
    std::vector<Key> keys;
    for (const auto entry : base::split(text, ',')) {
        auto key = parse_key(base::trim(entry));
        if (!key) return std::unexpected(fmt::format("key {} {}", keys.size() + 1, key.error()));
        for (const auto& other : keys) {
            if (other.id == key->id) return std::unexpected(fmt::format("two keys are called \"{}\"", key->id));
            if (other.bytes == key->bytes)
                return std::unexpected(fmt::format("\"{}\" and \"{}\" are the same key", other.id, key->id));
        }
        if (keys.size() == max_keys) return std::unexpected(fmt::format("more than {} keys", max_keys));
        keys.push_back(std::move(*key));
    }
    return CredentialKeys(std::move(keys), random);
}

const CredentialKeys::Key* CredentialKeys::find(std::string_view id) const {
    const auto found = std::ranges::find(keys_, id, &Key::id);
    return found == keys_.end() ? nullptr : &*found;
}

std::string CredentialKeys::seal(std::string_view purpose, std::string_view associated, std::string_view text) const {
    const Key& key = keys_.front();
    std::array<std::uint8_t, nonce_size> nonce;
    random_->fill(nonce);
    std::string sealed{format, static_cast<char>(key.id.size())};
    sealed += key.id;
    const std::string also = bound(sealed, purpose, associated);
    sealed.append(base::as_chars(nonce));
    const std::size_t start = sealed.size();
    sealed.resize(start + text.size() + tag_size);
    auto* const body = bytes_of(sealed) + start;
    const CipherContextHandle context(EVP_CIPHER_CTX_new());
    int size = 0;
    require(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.bytes.data(), nonce.data()));
    require(EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(also), static_cast<int>(also.size())));
    require(EVP_EncryptUpdate(context.get(), body, &size, bytes_of(text), static_cast<int>(text.size())));
    require(EVP_EncryptFinal_ex(context.get(), body + size, &size));
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_size, body + text.size()));
    return sealed;
}

std::optional<std::string> CredentialKeys::open(std::string_view purpose, std::string_view associated,
                                                std::string_view sealed) const {
    const auto parts = parts_of(sealed);
    const Key* const key = parts ? find(parts->id) : nullptr;
    if (!key) return std::nullopt;
    const std::string also = bound(parts->head, purpose, associated);
    std::string text(parts->body.size(), '\0');
    const CipherContextHandle context(EVP_CIPHER_CTX_new());
    int size = 0;
    require(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key->bytes.data(), bytes_of(parts->nonce)));
    require(EVP_DecryptUpdate(context.get(), nullptr, &size, bytes_of(also), static_cast<int>(also.size())));
    require(EVP_DecryptUpdate(context.get(), bytes_of(text), &size, bytes_of(parts->body),
                              static_cast<int>(parts->body.size())));
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_size, const_cast<char*>(parts->tag.data())));
    if (EVP_DecryptFinal_ex(context.get(), bytes_of(text) + size, &size) != 1) return std::nullopt;
    return text;
}

bool CredentialKeys::is_current(std::string_view sealed) const {
    const auto parts = parts_of(sealed);
    return parts && parts->id == keys_.front().id;
}

}  // namespace auth
