#include "pos/modules/images/module.h"

#include "auth/caller.h"
#include "http/middleware/compression.h"
#include "pos/location_permissions.h"
#include "pos/modules/billing/tables.h"
#include "pos/modules/files/file_body.h"
#include "pos/modules/files/keys.h"
#include "pos/modules/files/storage_errors.h"
#include "pos/modules/images/maker.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/idempotency.h"
#include "pos/plumbing/plan_limits.h"
#include "pos/plumbing/writer.h"

namespace pos {

namespace {

using namespace image_statements;

struct ImageFilter {
    ListFilter list;
    std::optional<ImageStatus> status;
    bool unused = false;

    friend constexpr auto describe(ImageFilter*) {
        return schema::object<ImageFilter>(
            "ImageFilter", schema::flatten<&ImageFilter::list>(),
            schema::field<&ImageFilter::status>("status",
                                                {.doc = "Those in this state alone.", .example = R"("ready")"}),
            schema::field<&ImageFilter::unused>(
                "unused", {.defaulted = true,
                           .doc = "Those alone that no product, no category and no shop shows: what may be deleted.",
                           .example = "true"}));
    }
};

// Above the largest that IMAGES_MAX_BYTES may say, with a form around it; the handler says 413 at the setting.
constexpr std::uint64_t most_body_bytes = 201'000'000;
constexpr std::chrono::seconds time_to_make{90};
constexpr std::chrono::seconds of_tidying{10};

// ---- Adding --------------------------------------------------------------------------------------------------------

// The first request's row, by the key that both have; its picture is this one, or the key is another request's.
Image of_first_request(Image row, std::string_view sha256) {
    auto first = same_image(std::move(row), sha256);
    if (first.meta.deleted_at) throw base::Failure(errors::image_deleted);
    return first;
}

Created<Image> answer(const Image& row, const auth::Caller& caller, bool replayed) {
    return to_json_bytes<Image, 201>({.status = 201,
                                      .body = schema::to_json(row, caller.view()),
                                      .etag = http::etag_for(row.meta.version),
                                      .location = "/v1/images/" + row.id.to_string(),
                                      .resource_type = std::nullopt,
                                      .resource_id = row.id.uuid()},
                                     replayed);
}

struct Adding {
    auth::Caller caller;
    std::optional<std::string> key;
    ImageMaker* maker;
    const StoredFiles* stored;
    Runtime* runtime;
    std::int64_t quota;
};

// The row waits, with the room that it takes, until its files are stored. Of a key whose row is there already: that one.
async::Task<Image> begin(db::Db db, const Adding* adding, const MadeImage* made) {
    const auto now = adding->runtime->now();
    Image row{.id = adding->runtime->new_id<ImageId>(),
              .status = ImageStatus::pending,
              .bytes = made->bytes,
              .sha256 = made->sha256,
              .request_key = adding->key,
              .meta = {.created_at = now,
                       .updated_at = now,
                       .created_by = UserId(adding->caller.user_id),
                       .origin_device_id = adding->caller.device_id.transform([](auto id) { return DeviceId(id); })}};
    std::exception_ptr failure;
    try {
        auto batch = db.batch();
        hold_storage(batch);
        batch.add(image_rows.add, row);
        require_storage(batch, adding->quota);
        co_await batch.commit();
        co_return row;
    } catch (...) {
        failure = std::current_exception();
    }
    if (adding->key) {
        if (auto first = co_await db.one(by_request, *adding->key))
            co_return of_first_request(*std::move(first), made->sha256);
    }
    co_await rethrow_with_use(db, failure, adding->quota);
    std::rethrow_exception(failure);
}

async::Task<void> require_room(db::Db db, std::int64_t quota) {
    std::exception_ptr failure;
    try {
        co_await db.run(plan_limits::storage_suffices, quota);
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) co_await rethrow_with_use(db, failure, quota);
}

async::Task<Image> store_and_finish(db::Db db, const Adding* adding, ImageId id, MadeImage* made,
                                    async::SteadyTime deadline) {
    co_await adding->maker->store(db.tenant(), id, *made, deadline);
    made->contents.clear();
    const FinishImage finish{.id = id,
                             .made = made,
                             .public_files = &adding->maker->public_files(),
                             .now = adding->runtime->now(),
                             .device = adding->caller.device_id,
                             .quota = adding->quota};
    co_return co_await db.transaction([&finish](db::Db tx) { return finish_image(tx, finish); });
}

// Of a request that has failed: its row, and with it the room and the key. One that became ready all the same stays.
async::Task<void> give_back(db::Db db, const Adding* adding, ImageId id, const MadeImage* made) {
    const auto deadline = async::Loop::now() + of_tidying;
    try {
        if (co_await db.with_deadline(deadline).run(forget, id) == 0) co_return;
    } catch (const base::Failure&) {
        co_return;  // the clean-up finds it
    }
    std::ignore = co_await remove_image_files(adding->stored, db.tenant(), id, made->sha256, deadline);
}

async::Task<Image> make(db::Db db, const Adding* adding, std::string bytes, async::SteadyTime deadline) {
    co_await require_room(db, adding->quota);  // before the work
    auto made = co_await adding->maker->render(db.tenant(), std::move(bytes));
    auto row = co_await begin(db, adding, &made);
    if (row.status == ImageStatus::ready) co_return row;
    std::exception_ptr failure;
    try {
        row = co_await store_and_finish(db, adding, row.id, &made, deadline);
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return row;
    co_await give_back(db, adding, row.id, &made);
    std::rethrow_exception(failure);
}

async::Task<Created<Image>> add(auth::PermittedSomewhere<"products.write"> caller, IdempotencyHeader header,
                                FileBody body, db::Db db, http::Service<ImageMaker> maker,
                                http::Service<StoredFiles> stored, http::Service<Runtime> runtime,
                                http::Service<const FileSettings> settings) {
    const auto hold =
        maker->hold(db.tenant(), std::min(body.length().value_or(maker->max_bytes()), maker->max_bytes()));
    auto bytes = co_await body.read_all(maker->max_bytes(), images::errors::too_many_bytes);
    const auto deadline = body.deadline();
    const auto mine = db.with_deadline(deadline);
    std::optional<Runtime::KeyGuard> running;
    if (header.key) {
        running.emplace(runtime->hold("POST /v1/images " + db.tenant().to_string() + ' ' + *header.key));
        if (!*running) throw key_under_way();
        auto first = co_await mine.one(by_request, *header.key);
        if (first && (first->status == ImageStatus::ready || first->meta.deleted_at)) {
            const auto row = of_first_request(*std::move(first), files::hex(base::sha256(bytes)));
            co_return answer(row, caller, true);
        }
    }
    const Adding adding{.caller = caller,
                        .key = header.key,
                        .maker = &*maker,
                        .stored = &*stored,
                        .runtime = &*runtime,
                        .quota = settings->quota_bytes()};
    co_return answer(co_await make(mine, &adding, std::move(bytes), deadline), caller, false);
}

// ---- Reading, deleting ---------------------------------------------------------------------------------------------

async::Task<db::Page<Image>> list_images(auth::PermittedSomewhere<"products.read">, http::Query<ImageFilter> filter,
                                         db::Db db) {
    if (filter->unused && filter->status)
        throw base::Failure(http::errors::invalid,
                            {{"query", "/status", "not_together", "Leave it out beside `unused`.", {}}});
    if (filter->unused) co_return co_await unused.page(db, filter->list);
    co_return co_await list.page(db, filter->list, filter->status);
}

async::Task<Image> show(auth::PermittedSomewhere<"products.read">, http::Path<"id", ImageId> id, db::Db db) {
    co_return live(co_await db.one(image_rows.by_id, *id));
}

// Nothing is shown of it from the commit on. Files that cannot be removed now are removed later (modules/uploads).
async::Task<http::NoContent> remove(http::Context& context, Edit<"products.write"> write, http::Path<"id", ImageId> id,
                                    http::Service<StoredFiles> stored, db::Db db) {
    std::string sha256;
    co_await write.remove(image_rows, *id, [&sha256, &write](Image& row, Writes& writes) {
        writes.batch.add(is_unused, row.id);
        audit(writes.batch, write.runtime(),
              {.action = "image.delete", .actor = UserId(write.user_id), .subject = row.id.uuid()});
        sha256 = row.sha256.value_or("");
    });
    if (co_await remove_image_files(&*stored, db.tenant(), *id, sha256, context.deadline()))
        co_await db.run(forget_bytes, *id);
    co_return http::NoContent{};
}

// ---- What everybody sees -------------------------------------------------------------------------------------------

const ImageFile& file_of(const PublicImage& image, std::string_view name) {
    const auto found = std::ranges::find(image.files, name, &ImageFile::name);
    if (found == image.files.end()) throw base::Failure(errors::row_not_found);
    return *found;
}

async::Task<http::File<"image/*">> serve(http::Context& context, http::Path<"tenantId", base::Uuid> tenant,
                                         http::Path<"imageId", ImageId> id, http::Path<"file", std::string> name,
                                         http::AnyQuery, db::SystemDb db, http::Service<StoredFiles> stored) {
    const auto image = co_await db.one(shown, *tenant, *id);
    if (!image) throw base::Failure(errors::row_not_found);
    const auto& file = file_of(*image, *name);
    auto& response = context.response();
    response.header("Cache-Control", "public, max-age=31536000, immutable");
    // Web apps of other origins show it, and read it: one reply for all of them, which a CDN keeps once.
    response.header("Cross-Origin-Resource-Policy", "cross-origin");
    response.header("Access-Control-Allow-Origin", "*");
    co_return http::File<"image/*">{
        .content = stored->content(files::image_key(*tenant, id->uuid(), image->sha256, file.name),
                                   static_cast<std::uint64_t>(file.bytes)),
        .shown = true,
        .tag = file.etag,
        .type = file.content_type};
}

std::vector<base::ErrorCode> of_adding() {
    return with_storage_errors({images::errors::unsupported_type, images::errors::too_many_bytes,
                                images::errors::too_large, images::errors::unreadable, images::errors::busy,
                                images::errors::unavailable, http::errors::bodies_full, errors::plan_storage,
                                errors::key_reused, errors::key_in_progress, errors::image_deleted,
                                errors::row_not_found});
}

void routes(http::Routes routes) {
    routes.post(
        "/images", add,
        {.id = "createImage",
         .summary = "Add a picture",
         .description =
             "A JPEG, PNG, WebP or GIF file: as the field `file` of a form, or as the body itself. It is read and "
             "written anew, upright and without metadata, in three sizes. Repeated with the same "
             "`Idempotency-Key` it is the same image.",
         .errors = of_adding(),
         .options = {.body_limit = most_body_bytes, .deadline = time_to_make, .body_time = std::chrono::minutes(15)}});
    routes.get("/images", list_images, {.id = "listImages", .summary = "Pictures, the newest first"});
    routes.get("/images/{id}", show, {.id = "getImage", .summary = "One picture, with its sizes and their URLs"});
    routes.del("/images/{id}", remove,
               {.id = "deleteImage",
                .summary = "Delete a picture that nothing shows",
                .description = "Its URLs answer 404 from then on; who has seen it may have kept it.",
                .errors = {errors::image_in_use}});
    routes.get(
        "/files/{tenantId}/{imageId}/{file}", serve,
        {.id = "getImageFile",
         .summary = "The bytes of a picture, for everybody",
         .description = "`file` is `96`, `320` or `960`, with `.webp` or `.jpg`. It never changes: keep it for ever. "
                        "No credentials are asked for, and no credentials should be sent.",
         .errors = with_reading_errors({}),
         .middleware = {http::never_compress()}});
}

}  // namespace

app::Module images_module() {
    return {.name = "images",
            .doc = "Pictures of goods, categories and the shop, in three sizes.",
            .tables = {tables::images.view()},
            .statements = db::statements(image_rows, list, unused, by_request, is_unused, forget, forget_bytes, shown),
            .routes = routes,
            .settings = app::settings<images::Settings>(),
            .services = app::services<make_images, make_image_maker>()};
}

}  // namespace pos
