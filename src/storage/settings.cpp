#include "storage/settings.h"

#include <filesystem>
#include <variant>

#include "storage/storage_url.h"

namespace storage {

namespace {

void check_url(const Settings& settings, bool in_production, schema::Issues& issues) {
    const auto read = parse_storage_url(settings.url);
    if (!read) return issues.add("/STORAGE_URL", "invalid_format", read.error());
    const auto* s3 = std::get_if<S3Url>(&*read);
    if (s3 != nullptr && in_production && s3->endpoint.starts_with("http://") && settings.public_endpoint.empty())
        issues.add("/STORAGE_PUBLIC_ENDPOINT", "required",
                   "STORAGE_URL has an endpoint without TLS: say by which https:// address apps reach it");
    if (std::holds_alternative<CloudinaryUrl>(*read) && !settings.public_endpoint.empty())
        issues.add("/STORAGE_PUBLIC_ENDPOINT", "conflict", "Cloudinary is reached at its own addresses alone");
}

}  // namespace

std::string Settings::default_url() {
    return "file:" + encoded_path((std::filesystem::current_path() / ".files").string());
}

void check(const Settings& settings, bool in_production, schema::Issues& issues) {
    if (!settings.url.empty()) check_url(settings, in_production, issues);
    if (settings.url.empty() && in_production)
        issues.add("/STORAGE_URL", "required", "say where files are kept: STORAGE_URL=s3://KEY:SECRET@bucket?region=…");
    if (settings.public_endpoint.empty()) return;
    const auto origin = parse_origin(settings.public_endpoint);
    if (!origin) {
        issues.add("/STORAGE_PUBLIC_ENDPOINT", "invalid_format", origin.error());
    } else if (in_production && origin->starts_with("http://")) {
        issues.add("/STORAGE_PUBLIC_ENDPOINT", "invalid_value", "signed URLs are keys to files: https:// alone");
    }
}

}  // namespace storage
