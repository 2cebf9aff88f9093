#include "pos/plumbing/public_files.h"

#include <fmt/format.h>

namespace pos {

namespace {

std::string base_of(const PublicFileSettings& settings, const app::Settings& app) {
    return settings.files_public_url ? *settings.files_public_url : own_url(app);
}

}  // namespace

void check_public_files(const PublicFileSettings& settings, const app::Settings& /*app*/, schema::Issues& issues) {
    if (!settings.files_public_url) return;
    const std::string_view url = *settings.files_public_url;
    if (url.ends_with('/') || url.contains('?') || url.contains('#') || url.contains('@') ||
        !(url.starts_with("https://") || url.starts_with("http://")))
        issues.add("/FILES_PUBLIC_URL", "format", "an origin without a slash at the end: https://files.example.com");
}

std::string own_url(const app::Settings& app) {
    if (!app.public_url.empty() || app.environment == app::Environment::production) return app.public_url;
    return fmt::format("http://127.0.0.1:{}", app.port);
}

std::string public_image_url(std::string_view base, base::Uuid tenant, ImageId image, std::string_view file) {
    return fmt::format("{}{}/{}/{}/{}", base, public_files_path, tenant.to_string(), image.to_string(), file);
}

std::unique_ptr<PublicFiles> make_public_files(const PublicFileSettings& settings, const app::Settings& app) {
    return std::make_unique<PublicFiles>(base_of(settings, app));
}

}  // namespace pos
