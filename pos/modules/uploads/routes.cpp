#include "pos/modules/uploads/routes.h"

#include "auth/caller.h"
#include "base/strings.h"
#include "http/middleware/conditional.h"
#include "pos/modules/billing/tables.h"
#include "pos/modules/documents/statements.h"
#include "pos/modules/files/keys.h"
#include "pos/modules/files/storage_errors.h"
#include "pos/plumbing/idempotency.h"
#include "pos/plumbing/plan_limits.h"

namespace pos {

namespace {

// ---- What clients send and get -------------------------------------------------------------------------------------

struct NewUpload {
    UploadPurpose purpose{};
    std::string content_type;
    std::int64_t bytes = 0;
    std::optional<std::string> sha256;
    std::optional<std::string> name;

    friend constexpr auto describe(NewUpload*) {
        using schema::field;
        return schema::object<NewUpload>(
            "NewUpload", field<&NewUpload::purpose>("purpose"),
            field<&NewUpload::content_type>(
                "contentType", {.min_length = 1,
                                .max_length = 100,
                                .text = schema::Text::raw,
                                .doc = "Of images `image/jpeg`, `image/png`, `image/webp`, `image/gif`; of documents "
                                       "`application/pdf`, `text/csv`. Parameters, capitals and old names "
                                       "(`image/jpg`, `application/vnd.ms-excel` of a CSV) are understood; what it is "
                                       "called then stands in `target.headers`.",
                                .example = R"("image/png")"}),
            field<&NewUpload::bytes>("bytes", {.min = 0, .max = 5'000'000'000, .doc = "Exactly as many are taken."}),
            field<&NewUpload::sha256>(
                "sha256", {.pattern = "[0-9A-Fa-f]{64}",
                           .text = schema::Text::raw,
                           .doc = "Of the file; other bytes are refused.",
                           .example = R"("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")"}),
            field<&NewUpload::name>("name", {.min_length = 1,
                                             .max_length = 200,
                                             .text = schema::Text::name,
                                             .doc = "Of a document: what people call it."}));
    }
};

// Where the file is to be sent: exactly so.
struct UploadTarget {
    std::string method;
    std::string url;
    std::map<std::string, std::string> headers;
    base::Timestamp expires_at;

    friend constexpr auto describe(UploadTarget*) {
        using schema::field;
        return schema::object<UploadTarget>(
            "UploadTarget", field<&UploadTarget::method>("method", {.text = schema::Text::raw}),
            field<&UploadTarget::url>("url", {.text = schema::Text::raw}),
            field<&UploadTarget::headers>("headers", {.doc = "To be sent as they stand."}),
            field<&UploadTarget::expires_at>("expiresAt", {.doc = "Then `GET /v1/uploads/{id}` gives another one."}));
    }
};

struct UploadDetails {
    Upload upload;
    schema::Maybe<UploadTarget> target;
    schema::Maybe<Image> image;
    schema::Maybe<Document> document;

    friend constexpr auto describe(UploadDetails*) {
        using schema::field;
        return schema::object<UploadDetails>(
            "UploadDetails", schema::flatten<&UploadDetails::upload>(),
            field<&UploadDetails::target>("target", {.doc = "Of an open upload by a signed URL."}),
            field<&UploadDetails::image>("image", {.doc = "When it is completed."}),
            field<&UploadDetails::document>("document", {.doc = "When it is completed."}));
    }
};

struct UploadFilter {
    db::PageRequest page;
    std::optional<UploadState> state;

    friend constexpr auto describe(UploadFilter*) {
        return schema::object<UploadFilter>(
            "UploadFilter", schema::flatten<&UploadFilter::page>(),
            schema::field<&UploadFilter::state>("state",
                                                {.doc = "Those in this state alone.", .example = R"("open")"}));
    }
};

// ---- Replies ---------------------------------------------------------------------------------------------------------

UploadTarget target_of(const Upload& row, base::Uuid tenant, const UploadParts& parts) {
    const auto url = parts.stored->store().sign_put({.key = files::pending_key(tenant, row.id.uuid()),
                                                     .content_type = row.content_type,
                                                     .length = static_cast<std::uint64_t>(row.bytes),
                                                     .lifetime = parts.settings->url_lifetime()});
    if (!url) throw storage::failure(url.error());
    return {.method = url->method,
            .url = url->url,
            .headers = {url->headers.begin(), url->headers.end()},
            .expires_at = url->expires_at};
}

// What it has become, once it has; and all of its bytes then, however they came.
Upload as_shown(Upload row) {
    if (row.state == UploadState::completed) {
        row.received = row.bytes;
    } else {
        row.image_id.reset();
        row.document_id.reset();
    }
    return row;
}

async::Task<UploadDetails> details_of(db::Db db, Upload row, UploadParts parts) {
    UploadDetails details{.upload = as_shown(std::move(row))};
    const auto& upload = details.upload;
    if (upload.state == UploadState::open && upload.kind == UploadKind::signed_url &&
        upload.expires_at > parts.runtime->now())
        details.target = target_of(upload, db.tenant(), parts);
    if (upload.state != UploadState::completed) co_return details;
    if (upload.image_id) {
        if (auto image = co_await db.one(image_rows.by_id, *upload.image_id)) details.image = *std::move(image);
    } else if (upload.document_id) {
        if (auto document = co_await db.one(document_rows.by_id, *upload.document_id))
            details.document = *std::move(document);
    }
    co_return details;
}

// What the caller may not do is not shown to them either.
async::Task<Upload> upload_of(db::Db db, const auth::Caller* caller, UploadId id) {
    auto row = co_await db.one(uploading::by_id, id);
    if (!row) throw base::Failure(errors::row_not_found);
    require_upload(*caller, row->purpose);
    co_return *std::move(row);
}

// ---- Handlers ----------------------------------------------------------------------------------------------------------

// A repeated request is known by its key, and gets a URL that serves: nothing that is signed is stored.
bool is_same(const Upload& row, const UploadOrder& order) {
    return row.purpose == order.purpose && row.content_type == order.content_type && row.bytes == order.bytes &&
           row.sha256 == order.sha256 && row.name == order.name;
}

async::Task<std::optional<Upload>> first_with_key(db::Db db, const UploadOrder* order) {
    if (!order->request_key) co_return std::nullopt;
    auto first = co_await db.one(uploading::by_request, *order->request_key);
    if (first && !is_same(*first, *order))
        throw reused_key("The first request with this key announced another file", first->id.uuid());
    co_return first;
}

async::Task<Upload> begin_once(db::Db db, UploadOrder order, UploadParts parts, bool* replayed) {
    *replayed = true;
    if (auto first = co_await first_with_key(db, &order)) co_return *std::move(first);
    std::exception_ptr failure;
    try {
        auto row = co_await begin_upload(db, order, parts);
        *replayed = false;
        co_return row;
    } catch (...) {
        failure = std::current_exception();
    }
    if (auto first = co_await first_with_key(db, &order)) co_return *std::move(first);
    co_await rethrow_with_use(db, failure, parts.settings->quota_bytes());
    std::rethrow_exception(failure);
}

UploadOrder order_of(const NewUpload& input, const auth::Caller& caller, const IdempotencyHeader& header,
                     const UploadParts& parts) {
    return {.id = parts.runtime->new_id<UploadId>(),
            .purpose = input.purpose,
            .kind = UploadKind::signed_url,
            .content_type = canonical_type(input.purpose, input.content_type),
            .name = input.name,
            .bytes = input.bytes,
            .sha256 = input.sha256.transform([](const auto& hex) { return base::ascii_lower(hex); }),
            .request_key = header.key,
            .metadata = {},
            .expires_at = parts.runtime->now() + parts.settings->upload_lifetime(),
            .created_by = UserId(caller.user_id)};
}

using Begun = http::JsonBytes<UploadDetails, 201>;

async::Task<Begun> begin(auth::Caller caller, IdempotencyHeader header, http::Body<NewUpload> input, db::Db db,
                         UploadTools tools) {
    require_upload(caller, input->purpose);
    auto parts = tools.parts;
    parts.device = caller.device_id;
    auto order = order_of(*input, caller, header, parts);
    if (auto issues = faults_of(order, parts); !issues.empty())
        throw base::Failure(http::errors::invalid, std::move(issues));
    if (!parts.stored->store().can(storage::Ability::sign_put)) throw base::Failure(storage::errors::not_supported);
    bool replayed = false;
    auto row = co_await begin_once(db, std::move(order), parts, &replayed);
    const auto location = "/v1/uploads/" + row.id.to_string();
    const auto details = co_await details_of(db, std::move(row), parts);
    Begun reply{schema::to_json(details, caller.view()), 201, {{"Location", location}}};
    if (replayed) reply.headers.emplace_back("Idempotent-Replayed", "true");
    co_return reply;
}

// Of the purposes that the caller may upload for.
async::Task<db::Page<Upload>> list_uploads(auth::Caller caller, http::Query<UploadFilter> filter, db::Db db) {
    const bool images = may_upload(caller, UploadPurpose::image);
    const bool documents = may_upload(caller, UploadPurpose::document);
    if (!images && !documents) require_upload(caller, UploadPurpose::image);
    std::optional<UploadPurpose> only;
    if (!images) only = UploadPurpose::document;
    if (!documents) only = UploadPurpose::image;
    auto page = co_await uploading::list.page(db, filter->page, only, filter->state);
    for (auto& row : page.data) row = as_shown(std::move(row));
    co_return page;
}

async::Task<UploadDetails> show(auth::Caller caller, http::Path<"id", UploadId> id, db::Db db, UploadTools tools) {
    auto row = co_await upload_of(db, &caller, *id);
    co_return co_await details_of(db, std::move(row), tools.parts);
}

async::Task<UploadDetails> complete(http::Context& context, auth::Caller caller, http::Path<"id", UploadId> id,
                                    db::Db db, UploadTools tools) {
    auto parts = tools.parts;
    parts.device = caller.device_id;
    auto row = co_await upload_of(db, &caller, *id);
    if (row.kind == UploadKind::tus && row.state == UploadState::open) throw base::Failure(errors::upload_incomplete);
    auto done = co_await complete_upload(db, std::move(row), parts, context.deadline());
    co_return co_await details_of(db, std::move(done), parts);
}

async::Task<http::NoContent> remove(http::Context& context, auth::Caller caller, http::Path<"id", UploadId> id,
                                    db::Db db, UploadTools tools) {
    auto row = co_await upload_of(db, &caller, *id);
    if (row.state == UploadState::open)
        co_await end_upload(db, std::move(row), {UploadState::deleted}, tools.parts, context.deadline());
    co_return http::NoContent{};
}

constexpr base::ErrorCode of_files[] = {errors::upload_differs,
                                        errors::document_type,
                                        images::errors::unsupported_type,
                                        images::errors::too_many_bytes,
                                        images::errors::too_large,
                                        images::errors::unreadable,
                                        images::errors::busy,
                                        images::errors::unavailable,
                                        http::errors::bodies_full,
                                        errors::plan_storage};

std::vector<base::ErrorCode> with_walls(std::vector<base::ErrorCode> errors) {
    for (const auto& error : upload_walls()) errors.push_back(error);
    return errors;
}

std::vector<base::ErrorCode> of_completing() {
    auto all_of_them = with_storage_errors({std::begin(of_files), std::end(of_files)});
    for (const auto& error :
         {errors::upload_missing, errors::upload_incomplete, errors::upload_ended, errors::upload_changed})
        all_of_them.push_back(error);
    return with_walls(std::move(all_of_them));
}

}  // namespace

UploadTools UploadTools::read(http::Context& context, http::Findings& /*findings*/) {
    auto& services = context.services();
    return {.parts = {.stored = &services.use<StoredFiles>(),
                      .maker = &services.use<ImageMaker>(),
                      .runtime = &services.use<Runtime>(),
                      .settings = &services.use<const FileSettings>(),
                      .device = std::nullopt}};
}

void UploadTools::describe(http::Operation& operation) {
    operation.need<StoredFiles>();
    operation.need<ImageMaker>();
    operation.need<Runtime>();
    operation.need<const FileSettings>();
}

void upload_routes(http::Routes routes) {
    const std::vector<http::Middleware> secret{http::no_store()};
    routes.post(
        "/uploads", begin,
        {.id = "createUpload",
         .summary = "Begin an upload by a signed URL",
         .description = "The file then goes straight into the storage: send it to `target` with exactly these "
                        "headers, and then `POST /v1/uploads/{id}/complete`. Room for it is taken at once. Needs "
                        "`products.write` for images, `documents.write` for documents.",
         .errors = with_walls(
             {errors::plan_storage, errors::too_many_uploads, errors::key_reused, storage::errors::not_supported}),
         .middleware = secret});
    routes.get("/uploads", list_uploads,
               {.id = "listUploads",
                .summary = "Uploads, the newest first",
                .description = "Those by signed URL and those in pieces.",
                .errors = upload_walls()});
    routes.get(
        "/uploads/{id}", show,
        {.id = "getUpload",
         .summary = "One upload, with a fresh URL while it is open",
         .description = "What has become of it: `imageId` or `documentId` once it is `completed`, `problem` of one "
                        "that is `refused`.",
         .errors = with_walls({storage::errors::not_supported}),
         .middleware = secret});
    routes.post("/uploads/{id}/complete", complete,
                {.id = "completeUpload",
                 .summary = "The file is there: make an image or a document of it",
                 .description =
                     "Looks at what was really stored. Send it again until there is an answer: it is done once. A "
                     "file that is not what was announced is removed, and the upload is `refused`: that answer, too, "
                     "is given again.",
                 .errors = of_completing(),
                 .options = {.deadline = std::chrono::seconds(90)},
                 .middleware = secret});
    routes.del("/uploads/{id}", remove,
               {.id = "deleteUpload",
                .summary = "Give an upload up",
                .description = "One that is completed stays what it has become.",
                .errors = upload_walls()});
}

}  // namespace pos
