#include "pos/modules/files/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace pos::files {

namespace {

std::string key_of(base::Uuid tenant, std::string_view place, base::Uuid id) {
    return fmt::format("t/{}/{}/{}", tenant.to_string(), place, id.to_string());
}

bool is_digest(std::string_view text) {
    return text.size() == 64 &&
           std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_file_name(std::string_view text) {
    return !text.empty() && text.size() <= 32 && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.';
    });
}

// At most six parts; more, or an empty one: none.
struct Parts {
    std::array<std::string_view, 6> text{};
    std::size_t count = 0;
};
Parts parts_of(std::string_view key) {
    Parts parts;
    while (parts.count < parts.text.size()) {
        const auto slash = key.find('/');
        parts.text.at(parts.count++) = key.substr(0, slash);
        if (slash == std::string_view::npos) return parts;
        key.remove_prefix(slash + 1);
    }
    return {};
}

}  // namespace

std::string hex(const base::Digest256& digest) {
    return base::hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::string pending_key(base::Uuid tenant, base::Uuid id) { return key_of(tenant, "pending", id); }
std::string image_prefix(base::Uuid tenant, base::Uuid image) { return key_of(tenant, "images", image) + '/'; }
std::string image_key(base::Uuid tenant, base::Uuid image, std::string_view sha256, std::string_view name) {
    return fmt::format("{}{}/{}", image_prefix(tenant, image), sha256, name);
}
std::string document_prefix(base::Uuid tenant, base::Uuid document) {
    return key_of(tenant, "documents", document) + '/';
}
std::string document_key(base::Uuid tenant, base::Uuid document, std::string_view sha256) {
    return document_prefix(tenant, document).append(sha256);
}

std::optional<FileKey> parse_key(std::string_view key) {
    const auto parts = parts_of(key);
    if (parts.count < 4 || parts.text[0] != "t") return std::nullopt;
    const auto tenant = base::Uuid::from_string(parts.text[1]);
    const auto id = base::Uuid::from_string(parts.text[3]);
    if (!tenant || !id) return std::nullopt;
    const auto place = parts.text[2];
    FileKey read{.place = Place::pending, .tenant = *tenant, .id = *id, .sha256 = std::string(parts.text[4])};
    // What is spelled otherwise is another key.
    if (place == "pending" && parts.count == 4 && key == pending_key(*tenant, *id)) return read;
    if (!is_digest(read.sha256)) return std::nullopt;
    if (place == "documents" && parts.count == 5 && key == document_key(*tenant, *id, read.sha256)) {
        read.place = Place::document;
        return read;
    }
    if (place == "images" && parts.count == 6 && is_file_name(parts.text[5]) &&
        key == image_key(*tenant, *id, read.sha256, parts.text[5])) {
        read.place = Place::image;
        return read;
    }
    return std::nullopt;
}

}  // namespace pos::files
