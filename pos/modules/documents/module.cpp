#include "pos/modules/documents/module.h"

#include "auth/caller.h"
#include "base/strings.h"
#include "base/text.h"
#include "http/content_disposition.h"
#include "pos/modules/billing/tables.h"
#include "pos/modules/documents/keeper.h"
#include "pos/modules/documents/kind.h"
#include "pos/modules/files/file_body.h"
#include "pos/modules/files/keys.h"
#include "pos/modules/files/storage_errors.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/idempotency.h"
#include "pos/plumbing/plan_limits.h"
#include "pos/plumbing/writer.h"

namespace pos {

namespace {

using namespace document_statements;

struct DocumentName {
    std::optional<std::string> name;

    friend constexpr auto describe(DocumentName*) {
        return schema::object<DocumentName>(
            "DocumentName", schema::field<&DocumentName::name>(
                                "name", {.min_length = 1,
                                         .max_length = 200,
                                         .text = schema::Text::name,
                                         .doc = "What people call it. Not there: the name of the form's file."}));
    }
};

// With the URL that its bytes are at, for some minutes.
struct DocumentDetails {
    Document document;
    schema::Maybe<std::string> url;
    schema::Maybe<base::Timestamp> url_expires_at;

    friend constexpr auto describe(DocumentDetails*) {
        return schema::object<DocumentDetails>(
            "DocumentDetails", schema::flatten<&DocumentDetails::document>(),
            schema::field<&DocumentDetails::url>(
                "url",
                {.text = schema::Text::raw, .doc = "Downloads it, without credentials. Of one that is `ready`."}),
            schema::field<&DocumentDetails::url_expires_at>("urlExpiresAt"));
    }
};

// With the encoded name; the storage takes 500 bytes of a header.
constexpr std::size_t most_disposition_bytes = 480;
// Above what DOCUMENTS_MAX_MB may say.
constexpr std::uint64_t most_body_bytes = 2'010'000'000;
constexpr std::chrono::minutes longest_body{30};
constexpr std::chrono::seconds longest_storing{30};  // behind the last byte
constexpr std::chrono::seconds of_tidying{10};
constexpr std::string_view unnamed = "Document";

// ---- Adding --------------------------------------------------------------------------------------------------------

struct Adding {
    auth::Caller caller;
    std::optional<std::string> key;
    std::string name;
    const StoredFiles* stored;
    const FileSettings* settings;
    Runtime* runtime;
};

// What the body brings, on its way into the storage, is looked at.
struct Looking {
    FileBody* body;
    DocumentKind kind;

    static async::Task<std::string> next(Looking* looking) {
        const auto piece = co_await looking->body->next();
        if (!piece) co_return "";
        looking->kind.add(*piece);
        co_return std::string(*piece);
    }
};

// Bytes under a pending key, and what they are.
struct Staged {
    std::string key;
    std::string etag;
    SeenDocument seen;  // without a media type: it is refused
    std::string fault;  // then, why
};

async::Task<Staged> stage(base::Uuid tenant, base::Uuid id, const Adding* adding, FileBody* body) {
    Looking looking{.body = body, .kind = {}};
    const auto key = files::pending_key(tenant, id);
    const auto stored = co_await adding->stored->put({.key = key,
                                                      .source = [&looking] { return Looking::next(&looking); },
                                                      .max_bytes = adding->settings->document_bytes(),
                                                      .after_source = longest_storing},
                                                     async::Loop::now() + longest_body);
    co_return Staged{.key = key,
                     .etag = stored.etag,
                     .seen = {.media_type = std::string(looking.kind.media_type()),
                              .sha256 = files::hex(stored.sha256),
                              .bytes = stored.size},
                     .fault = std::string(looking.kind.fault())};
}

// The row of a key that was used before.
Document first_with_key(Document row) {
    if (row.meta.deleted_at) throw base::Failure(errors::document_deleted);
    return row;
}

// A row that waits, with room for the file: as much as the client announces. Of a key whose row is there: that one.
async::Task<Document> begin(db::Db db, const Adding* adding, std::int64_t bytes) {
    const auto now = adding->runtime->now();
    const Document row{.id = adding->runtime->new_id<DocumentId>(),
                       .status = DocumentStatus::pending,
                       .name = adding->name,
                       .content_type = "application/octet-stream",
                       .bytes = bytes,
                       .sha256 = std::nullopt,
                       .request_key = adding->key,
                       .meta = {.created_at = now, .updated_at = now, .created_by = UserId(adding->caller.user_id)}};
    std::exception_ptr failure;
    try {
        auto batch = db.batch();
        hold_storage(batch);
        batch.add(document_rows.add, row);
        require_storage(batch, adding->settings->quota_bytes());
        co_await batch.commit();
        co_return row;
    } catch (...) {
        failure = std::current_exception();
    }
    if (adding->key) {
        if (auto first = co_await db.one(by_request, *adding->key)) co_return first_with_key(*std::move(first));
    }
    co_await rethrow_with_use(db, failure, adding->settings->quota_bytes());
    std::rethrow_exception(failure);
}

async::Task<Document> settle(db::Db db, const Adding* adding, Document row, const Staged* staged,
                             async::SteadyTime deadline) {
    if (row.status == DocumentStatus::ready) co_return same_document(std::move(row), staged->seen.sha256);
    if (staged->seen.media_type.empty()) throw base::Failure(errors::document_type, staged->fault);
    co_await keep_document(
        adding->stored,
        {.tenant = db.tenant(), .id = row.id, .from = staged->key, .etag = staged->etag, .seen = staged->seen},
        deadline);
    const FinishDocument finish{
        .id = row.id,
        .seen = &staged->seen,
        .now = adding->runtime->now(),
        .device = adding->caller.device_id,
        .quota = adding->settings->quota_bytes(),
        .more = [adding, id = row.id](db::Batch& batch) {
            audit(batch, *adding->runtime,
                  {.action = "document.add", .actor = UserId(adding->caller.user_id), .subject = id.uuid()});
        }};
    std::exception_ptr failure;
    try {
        co_return co_await db.transaction([&finish](db::Db tx) { return finish_document(tx, finish); });
    } catch (...) {
        failure = std::current_exception();
    }
    // Another instance was faster, with other bytes: these are nobody's.
    if (http::failure_of(failure).code() == errors::key_reused)
        std::ignore = co_await adding->stored->remove(
            files::document_key(db.tenant(), row.id.uuid(), staged->seen.sha256), deadline);
    std::rethrow_exception(failure);
}

Created<Document> answer(const Document& row, const auth::Caller& caller, bool replayed) {
    return to_json_bytes<Document, 201>({.status = 201,
                                         .body = schema::to_json(row, caller.view()),
                                         .etag = http::etag_for(row.meta.version),
                                         .location = "/v1/documents/" + row.id.to_string(),
                                         .resource_type = std::nullopt,
                                         .resource_id = row.id.uuid()},
                                        replayed);
}

std::string name_for(const std::optional<std::string>& given, const std::string& sent) {
    if (given) return *given;
    auto name = sent;
    base::normalise_name(name);
    // As the schema counts: in letters, whole ones.
    while (base::utf8_length(name).value_or(201) > 200) name.pop_back();
    return name.empty() ? std::string(unnamed) : name;
}

// Of a request that has failed or whose client has gone: its row, and with it the room and the key. One that became ready all the same
// stays.
async::Task<void> give_back(db::Db db, const Adding* adding, DocumentId id, const Staged* staged) {
    const auto deadline = async::Loop::now() + of_tidying;
    try {
        if (co_await db.with_deadline(deadline).run(forget, id) == 0 || staged == nullptr) co_return;
    } catch (const base::Failure&) {
        co_return;  // the clean-up finds it
    }
    std::ignore =
        co_await adding->stored->remove(files::document_key(db.tenant(), id.uuid(), staged->seen.sha256), deadline);
}

async::Task<Created<Document>> add_document(db::Db db, const Adding* adding, FileBody* body) {
    const auto most = adding->settings->document_bytes();
    const auto row =
        co_await begin(db, adding, static_cast<std::int64_t>(std::min(body->length().value_or(most), most)));
    const bool was_there = row.status == DocumentStatus::ready;
    std::exception_ptr failure;
    std::optional<Staged> staged;
    std::optional<Document> made;
    try {
        staged = co_await stage(db.tenant(), adding->runtime->new_id<DocumentId>().uuid(), adding, body);
        const auto deadline = body->deadline();
        made = co_await settle(db.with_deadline(deadline), adding, row, &*staged, deadline);
    } catch (...) {
        failure = std::current_exception();
    }
    if (staged) std::ignore = co_await adding->stored->remove(staged->key, async::Loop::now() + of_tidying);
    if (failure && !was_there) co_await give_back(db, adding, row.id, staged ? &*staged : nullptr);
    if (failure) std::rethrow_exception(failure);
    co_return answer(*made, adding->caller, was_there);
}

async::Task<Created<Document>> add(auth::Permitted<"documents.write"> caller, IdempotencyHeader header,
                                   http::Query<DocumentName> query, FileBody body, db::Db db,
                                   http::Service<StoredFiles> stored, http::Service<const FileSettings> settings,
                                   http::Service<Runtime> runtime) {
    std::optional<Runtime::KeyGuard> running;
    if (header.key) {
        running.emplace(runtime->hold("POST /v1/documents " + db.tenant().to_string() + ' ' + *header.key));
        if (!*running) throw key_under_way();
    }
    co_await body.begin();
    const Adding adding{.caller = caller,
                        .key = header.key,
                        .name = name_for(query->name, body.name()),
                        .stored = &*stored,
                        .settings = &*settings,
                        .runtime = &*runtime};
    co_return co_await add_document(db.with_deadline(body.deadline()), &adding, &body);
}

// ---- Reading, deleting ---------------------------------------------------------------------------------------------

async::Task<db::Page<Document>> list_documents(auth::Permitted<"documents.read">, http::Query<ListFilter> filter,
                                               db::Db db) {
    return list.page(db, *filter);
}

DocumentDetails with_url(Document row, base::Uuid tenant, const StoredFiles& stored, std::chrono::seconds lifetime) {
    DocumentDetails details{.document = std::move(row), .url = {}, .url_expires_at = {}};
    const auto& document = details.document;
    if (document.status != DocumentStatus::ready) return details;
    const auto url = stored.store().sign_get(
        {.key = files::document_key(tenant, document.id.uuid(), document.sha256.value_or("")),
         .lifetime = lifetime,
         .content_disposition = http::content_disposition(
             "attachment", download_name(document.name, document.content_type), most_disposition_bytes),
         .content_type = document.content_type});
    if (!url) throw storage::failure(url.error());
    details.url = url->url;
    details.url_expires_at = url->expires_at;
    return details;
}

async::Task<DocumentDetails> show(auth::Permitted<"documents.read">, http::Path<"id", DocumentId> id, db::Db db,
                                  http::Service<StoredFiles> stored, http::Service<const FileSettings> settings) {
    co_return with_url(live(co_await db.one(document_rows.by_id, *id)), db.tenant(), *stored, settings->url_lifetime());
}

async::Task<http::NoContent> remove(http::Context& context, Edit<"documents.write"> write,
                                    http::Path<"id", DocumentId> id, http::Service<StoredFiles> stored, db::Db db) {
    std::string key;
    co_await write.remove(document_rows, *id, [&key, &write](Document& row, Writes& writes) {
        audit(writes.batch, write.runtime(),
              {.action = "document.delete", .actor = UserId(write.user_id), .subject = row.id.uuid()});
        if (row.sha256) key = files::document_key(writes.tx.tenant(), row.id.uuid(), *row.sha256);
    });
    if (key.empty() || co_await stored->remove(key, context.deadline())) co_await db.run(forget_bytes, *id);
    co_return http::NoContent{};
}

void routes(http::Routes routes) {
    routes.post(
        "/documents", add,
        {.id = "createDocument",
         .summary = "Add a PDF or a CSV",
         .description = "As the field `file` of a form, or as the body itself. It is kept as it came. What it is, its "
                        "bytes say, not its name. Repeated with the same `Idempotency-Key` it is the same document.",
         .errors = with_storage_errors({errors::document_type, errors::document_deleted, errors::plan_storage,
                                        errors::key_reused, errors::key_in_progress, errors::row_not_found}),
         .options = {.body_limit = most_body_bytes, .deadline = std::chrono::seconds(60), .body_time = longest_body}});
    routes.get("/documents", list_documents, {.id = "listDocuments", .summary = "Documents, the newest first"});
    routes.get(
        "/documents/{id}", show,
        {.id = "getDocument",
         .summary = "One document, with a URL to download it",
         .description = "The URL serves for some minutes (`urlExpiresAt`), for whoever has it: keep neither it nor "
                        "this reply.",
         .errors = with_reading_errors({}),
         .middleware = {http::no_store()}});
    routes.del("/documents/{id}", remove, {.id = "deleteDocument", .summary = "Delete a document, and its file"});
}

}  // namespace

app::Module documents_module() {
    return {.name = "documents",
            .doc = "PDF and CSV files, kept as they came.",
            .tables = {tables::documents.view()},
            .statements = db::statements(document_rows, list, by_request, forget, forget_bytes),
            .routes = routes};
}

}  // namespace pos
