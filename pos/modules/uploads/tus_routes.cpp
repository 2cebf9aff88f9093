// Resumable uploads: the tus protocol (src/uploads) over our rows.
#include "http/router.h"
#include "pos/modules/billing/tables.h"
#include "pos/modules/files/storage_errors.h"
#include "pos/modules/uploads/routes.h"
#include "uploads/disk_pieces.h"

namespace pos {

namespace {

namespace tus = uploads::tus;

constexpr std::string_view tus_path = "/uploads/tus";

struct TusTools {
    UploadTools upload;
    uploads::Pieces* pieces = nullptr;
    const TusPlace* place = nullptr;

    static TusTools read(http::Context& context, http::Findings& findings) {
        return {.upload = UploadTools::read(context, findings),
                .pieces = &context.services().use<uploads::Pieces>(),
                .place = &context.services().use<TusPlace>()};
    }
    static void describe(http::Operation& operation) {
        UploadTools::describe(operation);
        operation.need<uploads::Pieces>();
        operation.need<TusPlace>();
    }
    [[nodiscard]] TusRows rows(const auth::Caller& caller, const db::Db& db) const {
        auto parts = upload.parts;
        parts.device = caller.device_id;
        return {caller, db, {.pieces = pieces, .options = place->options, .upload = parts}};
    }
    [[nodiscard]] tus::To to(TusRows& rows) const { return {&rows, pieces, place->options}; }
};

async::Task<tus::Created> create(auth::Caller caller, tus::Creation creation, db::Db db, TusTools tools) {
    auto rows = tools.rows(caller, db);
    const auto id = tools.upload.parts.runtime->new_id<UploadId>();
    co_return co_await tus::create(std::move(creation), id.uuid(), tools.to(rows));
}

async::Task<tus::Offset> show(auth::Caller caller, http::Path<"id", base::Uuid> id, tus::Resumable request, db::Db db,
                              TusTools tools) {
    auto rows = tools.rows(caller, db);
    co_return co_await tus::show(request, *id, tools.to(rows));
}

async::Task<tus::Appended> append(auth::Caller caller, http::Path<"id", base::Uuid> id, tus::Append bytes, db::Db db,
                                  TusTools tools) {
    auto rows = tools.rows(caller, db);
    co_return co_await tus::append(std::move(bytes), *id, tools.to(rows));
}

async::Task<http::NoContent> remove(auth::Caller caller, http::Path<"id", base::Uuid> id, tus::Resumable request,
                                    db::Db db, TusTools tools) {
    auto rows = tools.rows(caller, db);
    co_await tus::terminate(request, *id, tools.to(rows));
    co_return http::NoContent{};
}

}  // namespace

std::unique_ptr<TusPlace> make_tus_place(const FileSettings& settings, const app::Settings& app) {
    auto place = std::make_unique<TusPlace>();
    if (!app.public_url.empty()) place->location = app.public_url + "/v1" + std::string(tus_path);
    place->options.location = place->location;
    place->options.lifetime = settings.upload_lifetime();
    return place;
}

std::unique_ptr<uploads::Pieces> make_pieces(FilePool& pool, const FileSettings& settings) {
    return std::make_unique<uploads::DiskPieces>(
        &pool.pool,
        uploads::DiskPiecesOptions{.directory = settings.pieces_directory,
                                   .keep_free = static_cast<std::uint64_t>(settings.pieces_keep_free_mb) * 1'000'000});
}

void tus_routes(http::Routes routes) {
    std::vector<base::ErrorCode> errors_of_files{errors::plan_storage,
                                                 errors::too_many_uploads,
                                                 errors::upload_differs,
                                                 errors::document_type,
                                                 images::errors::unsupported_type,
                                                 images::errors::too_large,
                                                 images::errors::unreadable,
                                                 images::errors::busy,
                                                 images::errors::unavailable,
                                                 errors::upload_ended,
                                                 errors::upload_changed};
    errors_of_files = with_storage_errors(std::move(errors_of_files));
    for (const auto& error : upload_walls()) errors_of_files.push_back(error);
    const auto options = tus::append_options({});
    routes.post(
        "/uploads/tus", create,
        {.id = "createTusUpload",
         .summary = "Begin an upload in pieces",
         .description = "The tus protocol 1.0.0: give a tus client this address. `Upload-Metadata` has `purpose` "
                        "(`image`, `document`), `filename`, `filetype` and, if you like, `sha256`. With its last byte "
                        "the upload is completed: `GET /v1/uploads/{id}` says what it has become.",
         .errors = errors_of_files,
         .options = options});
    routes.get("/uploads/tus/{id}", show,
               {.id = "getTusUpload",
                .summary = "Where an upload in pieces continues",
                .description = "By GET or HEAD (tus 1.0): `Upload-Offset` says how many bytes have come.",
                .errors = errors_of_files});
    routes.patch("/uploads/tus/{id}", append,
                 {.id = "continueTusUpload",
                  .summary = "Continue an upload in pieces",
                  .description = "Bytes at `Upload-Offset` (tus 1.0). The last ones complete it.",
                  .errors = errors_of_files,
                  .options = options});
    routes.post("/uploads/tus/{id}", append,
                {.id = "continueTusUploadByPost",
                 .summary = "Continue an upload in pieces, where PATCH does not pass",
                 .description = "With `X-HTTP-Method-Override: PATCH`.",
                 .errors = errors_of_files,
                 .options = options});
    routes.del("/uploads/tus/{id}", remove,
               {.id = "deleteTusUpload",
                .summary = "Give an upload in pieces up",
                .description = "Its bytes are thrown away, and its room is free (tus 1.0, termination)."});
}

void tus_discovery(http::Router& router) { tus::discovery(router.group("/v1"), tus_path, {}); }

}  // namespace pos
