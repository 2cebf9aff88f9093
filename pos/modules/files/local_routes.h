#pragma once
// What signed URLs of a directory lead to: GET and PUT of one file, for whoever has the URL.

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "db/query.h"
#include "http/handler.h"
#include "pos/modules/files/settings.h"
#include "storage/local_urls.h"

namespace pos {

inline constexpr std::string_view local_files_path = "/v1/storage";

// One file is written by one request, and those that have begun and not ended hold so much of the disk at most: each has its whole
// length from the beginning on.
class FilesUnderWay {
public:
    static constexpr std::uint64_t most_bytes = 20'000'000'000;

    class Turn {
    public:
        Turn(FilesUnderWay* of, std::string key, std::uint64_t bytes) : of_(of), key_(std::move(key)), bytes_(bytes) {}
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn();

    private:
        FilesUnderWay* of_;
        std::string key_;
        std::uint64_t bytes_;
    };
    // Throws storage.conflict, storage.unavailable.
    [[nodiscard]] std::unique_ptr<Turn> begin(std::string key, std::uint64_t bytes);

private:
    std::mutex mutex_;
    std::set<std::string, std::less<>> keys_;
    std::uint64_t bytes_ = 0;
};

// Of the process. nullopt: files are kept elsewhere, and there is nothing here.
struct LocalFiles {
    std::optional<storage::LocalUrls> urls;
    std::unique_ptr<FilesUnderWay> under_way = std::make_unique<FilesUnderWay>();
};
[[nodiscard]] std::unique_ptr<LocalFiles> make_local_files(const FileSettings& settings, const app::Settings& app);

void local_file_routes(http::Routes routes);
[[nodiscard]] std::vector<db::StatementView> local_file_statements();

}  // namespace pos
