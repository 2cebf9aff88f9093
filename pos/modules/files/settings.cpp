#include "pos/modules/files/settings.h"

namespace pos {

void check_file_settings(const FileSettings& settings, const app::Settings& app, schema::Issues& issues) {
    storage::check(settings.storage, app.environment == app::Environment::production, issues);
    if (settings.url_lifetime() > settings.upload_lifetime())
        issues.add("/FILES_URL_MINUTES", "conflict",
                   "a signed URL serves no longer than the upload stays: UPLOADS_HOURS");
}

}  // namespace pos
