#pragma once
// What signed URLs of a directory lead to: GET and PUT of one file, for whoever has the URL.

#include <memory>
#include <optional>

#include "http/handler.h"
#include "pos/modules/files/settings.h"
#include "storage/local_urls.h"

namespace pos {

inline constexpr std::string_view local_files_path = "/v1/storage";

// Of the process. nullopt: files are kept elsewhere, and there is nothing here.
struct LocalFiles {
    std::optional<storage::LocalUrls> urls;
};
[[nodiscard]] std::unique_ptr<LocalFiles> make_local_files(const FileSettings& settings, const app::Settings& app);

void local_file_routes(http::Routes routes);

}  // namespace pos
