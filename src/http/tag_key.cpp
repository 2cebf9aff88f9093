#include "http/tag_key.h"

#include <array>

#include "base/strings.h"

namespace http {

namespace {
constexpr std::string_view base32_alphabet = "abcdefghijklmnopqrstuvwxyz234567";  // RFC 4648 §6, in small letters
}

std::string TagKey::part(const base::Uuid& tenant, std::string_view body) {
    std::array<char, base::Uuid::text_size> text{};
    tenant.write_to(text);
    const auto digest = mac_({{text.data(), text.size()}, body});
    std::string part;
    for (std::size_t i = 0; i < 6; ++i) part.push_back(base32_alphabet[digest[i] & 31U]);
    return part;
}

}  // namespace http
