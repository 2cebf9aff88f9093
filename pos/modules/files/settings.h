#pragma once
// Where files are kept, how many a shop may have, and how long an upload may take.
//
//     .settings = app::settings<FileSettings, check_file_settings>()

#include <chrono>
#include <string>

#include "app/settings.h"
#include "storage/settings.h"

namespace pos {

struct FileSettings {
    storage::Settings storage;
    std::int64_t quota_mb = 2'000;
    std::int32_t document_mb = 25;
    std::int32_t url_minutes = 15;
    std::int32_t upload_hours = 24;
    std::string pieces_directory = ".uploads";
    std::int64_t pieces_keep_free_mb = 512;

    friend constexpr auto describe(FileSettings*) {
        using schema::field;
        return schema::object<FileSettings>(
            "FileSettings", schema::flatten<&FileSettings::storage>(),
            field<&FileSettings::quota_mb>(
                "FILES_QUOTA_MB",
                {.min = 1,
                 .max = 100'000'000,
                 .defaulted = true,
                 .doc = "Megabytes of images, documents and uploads under way of a shop whose plan says nothing."}),
            field<&FileSettings::document_mb>(
                "DOCUMENTS_MAX_MB", {.min = 1, .max = 2'000, .defaulted = true, .doc = "Megabytes of a document."}),
            field<&FileSettings::url_minutes>(
                "FILES_URL_MINUTES",
                {.min = 1, .max = 1'440, .defaulted = true, .doc = "How long a signed URL serves, up and down."}),
            field<&FileSettings::upload_hours>(
                "UPLOADS_HOURS", {.min = 1,
                                  .max = 168,
                                  .defaulted = true,
                                  .doc = "How long an unfinished upload stays; one in pieces, since its last bytes."}),
            field<&FileSettings::pieces_directory>(
                "UPLOADS_DIRECTORY", {.min_length = 1,
                                      .max_length = 1'000,
                                      .text = schema::Text::raw,
                                      .defaulted = true,
                                      .doc = "Where the pieces of resumable uploads lie until they are whole: one "
                                             "directory for all instances of the service."}),
            field<&FileSettings::pieces_keep_free_mb>(
                "UPLOADS_KEEP_FREE_MB", {.min = 0,
                                         .max = 10'000'000,
                                         .defaulted = true,
                                         .doc = "Megabytes of that disk that no upload takes: 507 before."}));
    }

    [[nodiscard]] std::int64_t quota_bytes() const { return quota_mb * 1'000'000; }
    [[nodiscard]] std::uint64_t document_bytes() const { return static_cast<std::uint64_t>(document_mb) * 1'000'000; }
    [[nodiscard]] std::chrono::seconds url_lifetime() const { return std::chrono::minutes(url_minutes); }
    [[nodiscard]] std::chrono::hours upload_lifetime() const { return std::chrono::hours(upload_hours); }
};

void check_file_settings(const FileSettings& settings, const app::Settings& app, schema::Issues& issues);

}  // namespace pos
