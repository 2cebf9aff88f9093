#include "pos/modules/files/local_routes.h"

#include "auth/caller.h"
#include "http/errors.h"
#include "http/upload.h"
#include "pos/modules/files/keys.h"
#include "pos/modules/files/stored_files.h"
#include "pos/plumbing/public_files.h"
#include "pos/plumbing/runtime.h"
#include "schema/form.h"
#include "storage/open_store.h"

namespace pos {

namespace {

// Of one file; the URL says how many it may really have.
constexpr std::uint64_t most_body_bytes = storage::most_bytes;
constexpr std::chrono::hours longest_upload{2};
constexpr std::chrono::seconds of_tidying{10};

storage::LocalGrant verified(const http::Context& context, std::string_view method, const std::string& key,
                             const LocalFiles& local, base::Timestamp now) {
    if (!local.urls) throw base::Failure(http::errors::row_not_found);
    const auto query = schema::parse_urlencoded(context.request().query());
    if (!query) throw base::Failure(storage::errors::bad_signature);
    const auto grant = local.urls->verify(method, key, *query, now);
    if (!grant) throw storage::failure(grant.error());
    return *grant;
}

std::string without_quotes(std::string_view etag) {
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
    return std::string(etag);
}

// The name is the grant's, which the reply's own would replace.
void say_disposition(http::Context& context, std::string disposition) {
    if (disposition.empty()) return;
    context.response().before_send([disposition = std::move(disposition)](http::Context& sent) {
        const auto status = sent.response().status();
        if (status == 200 || status == 206) sent.response().header("Content-Disposition", disposition);
    });
}

async::Task<http::File<"*/*">> download(http::Context& context, http::Path<"key", std::string> key, http::AnyQuery,
                                        http::Service<LocalFiles> local, http::Service<StoredFiles> stored,
                                        http::Service<Runtime> runtime) {
    const auto now = runtime->now();
    const auto grant = verified(context, "GET", *key, *local, now);
    const auto info = co_await stored->head(*key, context.deadline());
    if (!info) throw base::Failure(storage::errors::not_found);
    const auto left = std::chrono::floor<std::chrono::seconds>(grant.expires_at - now).count();
    context.response().header("Cache-Control", "private, max-age=" + std::to_string(std::max<std::int64_t>(left, 0)));
    say_disposition(context, grant.content_disposition);
    co_return http::File<"*/*">{.content = stored->content(*key, info->size),
                                .tag = without_quotes(info->etag),
                                .changed = info->modified,
                                .type = grant.content_type.empty() ? info->content_type : grant.content_type};
}

async::Task<std::string> next_of(http::Upload<>* body) {
    const auto piece = co_await body->next();
    co_return std::string(piece.value_or(std::string_view{}));
}

// What is signed for an upload serves while it is open: what came later would take room that nobody counts.
constexpr db::SystemQuery<std::int64_t(base::Uuid, base::Uuid)> open_uploads{
    {"files.open_uploads",
     "select count(*) from uploads where tenant_id = $1 and id = $2 and state = 'open' and expires_at > now()",
     db::Kind::point}};

async::Task<bool> is_open(db::SystemDb db, std::string key) {
    const auto parsed = files::parse_key(key);
    if (!parsed || parsed->place != files::Place::pending) co_return true;
    co_return co_await db.only(open_uploads, parsed->tenant, parsed->id) > 0;
}

async::Task<void> require_open(db::SystemDb db, std::string key) {
    if (!co_await is_open(db, std::move(key))) throw base::Failure(storage::errors::expired);
}

async::Task<void> upload(http::Context& context, http::Path<"key", std::string> key, http::AnyQuery,
                         http::Upload<> body, db::SystemDb system, http::Service<LocalFiles> local,
                         http::Service<StoredFiles> stored, http::Service<Runtime> runtime) {
    const auto grant = verified(context, "PUT", *key, *local, runtime->now());
    const auto db = system.with_deadline(async::Loop::now() + longest_upload);
    if (!body.length()) throw base::Failure(storage::errors::wrong_length);
    if (const auto fault = storage::LocalUrls::check_upload(
            grant, context.request().header("content-type").value_or(""), *body.length()))
        throw storage::failure(*fault);
    co_await require_open(db, *key);
    const auto turn = local->under_way->begin(*key, grant.max_length);
    auto* source = &body;
    co_await stored->put({.key = *key,
                          .source = [source] { return next_of(source); },
                          .length = grant.max_length,
                          .content_type = grant.content_type,
                          .only_if_absent = grant.only_if_absent},
                         async::Loop::now() + longest_upload);
    // Ended while the bytes came: nobody looks here any more.
    if (!co_await is_open(db, *key)) {
        std::ignore = co_await stored->remove(*key, async::Loop::now() + of_tidying);
        throw base::Failure(storage::errors::expired);
    }
    context.response().status(200).header("Cache-Control", "no-store");
}

}  // namespace

FilesUnderWay::Turn::~Turn() {
    const std::lock_guard lock(of_->mutex_);
    of_->keys_.erase(key_);
    of_->bytes_ -= bytes_;
}

std::unique_ptr<FilesUnderWay::Turn> FilesUnderWay::begin(std::string key, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    if (keys_.contains(key)) throw base::Failure(storage::errors::conflict).retry_after(5'000);
    if (bytes > most_bytes - bytes_) throw base::Failure(storage::errors::unavailable).retry_after(60'000);
    keys_.insert(key);
    bytes_ += bytes;
    return std::make_unique<Turn>(this, std::move(key), bytes);
}

std::vector<db::StatementView> local_file_statements() { return db::statements(open_uploads); }

std::unique_ptr<LocalFiles> make_local_files(const FileSettings& settings, const app::Settings& app) {
    return std::make_unique<LocalFiles>(
        LocalFiles{storage::local_urls(settings.storage, own_url(app), std::string(local_files_path), app.secret)});
}

void local_file_routes(http::Routes routes) {
    routes.get(
        "/storage/{key...}", download,
        {.id = "downloadStoredFile",
         .summary = "A file, by a signed URL",
         .description = "Where files are kept in a directory of the service; else signed URLs lead to the storage "
                        "itself. The URL is all that is asked for.",
         .errors = {storage::errors::bad_signature, storage::errors::expired, storage::errors::not_found,
                    storage::errors::unavailable, storage::errors::denied, storage::errors::corrupt,
                    http::errors::row_not_found}});
    routes.put("/storage/{key...}", upload,
               {.id = "putStoredFile",
                .summary = "Send a file to a signed URL",
                .description = "Exactly as many bytes, of the type, that the URL was signed for.",
                .errors = {storage::errors::bad_signature, storage::errors::expired, storage::errors::wrong_length,
                           storage::errors::wrong_hash, storage::errors::too_large, storage::errors::bad_value,
                           storage::errors::precondition_failed, storage::errors::disk_full,
                           storage::errors::unavailable, storage::errors::conflict, storage::errors::denied,
                           storage::errors::refused, storage::errors::corrupt, http::errors::row_not_found},
                .options = {.body_limit = most_body_bytes,
                            .deadline = std::chrono::seconds(60),
                            .body_time = std::chrono::duration_cast<async::Milliseconds>(longest_upload)}});
}

}  // namespace pos
