#include "pos/modules/files/module.h"

#include "client/client.h"
#include "pos/modules/files/local_routes.h"
#include "pos/modules/files/owner.h"
#include "pos/modules/files/part_uploads.h"
#include "pos/modules/files/stored_files.h"
#include "pos/plumbing/public_files.h"
#include "storage/open_store.h"

namespace pos {

namespace {

std::unique_ptr<storage::Store> make_store(const FileSettings& settings, const app::LoopParts& parts,
                                           base::SecureRandom& random, const base::Clock& clock, client::Client& http,
                                           FilePool& pool) {
    return storage::open_store(settings.storage, {.loop = parts.loop,
                                                  .pool = pool.pool,
                                                  .http = http,
                                                  .random = random,
                                                  .metrics = parts.metrics,
                                                  .logger = parts.logger,
                                                  .clock = clock,
                                                  .hooks = remember_parts(&parts.databases),
                                                  .own_url = own_url(parts.settings),
                                                  .local_path = std::string(local_files_path),
                                                  .secret = parts.settings.secret});
}

std::vector<db::StatementView> all_statements() {
    auto all = part_upload_statements();
    for (const auto& statement : file_owner_statements()) all.push_back(statement);
    for (const auto& statement : local_file_statements()) all.push_back(statement);
    return all;
}

}  // namespace

app::Module files_module() {
    return {.name = "files",
            .doc = "Where files are kept, and signed URLs of those in a directory.",
            .tables = {tables::storage_uploads.view(), tables::file_place_marks.view()},
            .statements = all_statements(),
            .routes = local_file_routes,
            .settings = app::settings<FileSettings, check_file_settings>(),
            .process_services = app::process_services<make_file_pool, make_file_owner, make_local_files>(),
            .services = app::services<make_store, make_stored_files>()};
}

}  // namespace pos
