#include "pos/modules/images/maker.h"

#include <fmt/format.h>

#include <array>

#include "images/header.h"
#include "pos/modules/files/keys.h"
#include "pos/plumbing/idempotency.h"
#include "pos/plumbing/plan_limits.h"

namespace pos {

namespace {

// What is at a public URL never changes.
constexpr std::string_view kept_for_ever = "public, max-age=31536000, immutable";

// Of what images::RenderOptions asks for.
constexpr std::array<std::string_view, 6> file_names{"96.webp", "96.jpg", "320.webp", "320.jpg", "960.webp", "960.jpg"};

// "320.webp", "960.jpg"
std::string name_of(const images::Rendition& rendition) {
    return fmt::format("{}.{}", rendition.longest_side, rendition.format == images::Format::webp ? "webp" : "jpg");
}

ImageFile file_of(const images::Rendition& rendition) {
    return {.name = name_of(rendition),
            .size = static_cast<std::int32_t>(rendition.longest_side),
            .content_type = std::string(rendition.mime()),
            .width = static_cast<std::int32_t>(rendition.width),
            .height = static_cast<std::int32_t>(rendition.height),
            .bytes = static_cast<std::int64_t>(rendition.bytes.size()),
            .url = {},
            .etag = files::hex(rendition.sha256)};
}

MadeImage made_of(images::Pictures pictures, std::string sha256) {
    MadeImage made{.sha256 = std::move(sha256),
                   .content_type = std::string(images::mime_of(pictures.type)),
                   .width = static_cast<std::int32_t>(pictures.width),
                   .height = static_cast<std::int32_t>(pictures.height),
                   .colour = std::move(pictures.colour),
                   .bytes = 0,
                   .files = {},
                   .contents = {}};
    for (auto& rendition : pictures.renditions) {
        made.files.push_back(file_of(rendition));
        made.bytes += made.files.back().bytes;
        made.contents.push_back(std::move(rendition.bytes));
    }
    return made;
}

}  // namespace

void MadeImage::write_to(Image& row, const PublicFiles& public_files, base::Uuid tenant) const {
    row.url = public_files.image_url(tenant, row.id);
    row.content_type = content_type;
    row.width = width;
    row.height = height;
    row.colour = colour;
    row.bytes = bytes;
    row.sha256 = sha256;
    row.files = files;
    for (auto& file : row.files) file.url = public_files.image_url(tenant, row.id, file.name);
}

std::unique_ptr<http::BodyLease> ImageMaker::hold(base::Uuid tenant, std::uint64_t bytes) {
    const auto whose = http::BodyCaller::of_identity(tenant);
    auto lease = std::make_unique<http::BodyLease>();
    lease->grow(budget_, {.caller = whose, .address = whose}, bytes);
    return lease;
}

async::Task<MadeImage> ImageMaker::render(base::Uuid tenant, std::string bytes) const {
    // What is no picture asks for no process.
    if (const auto error = images::unsupported(bytes)) throw images::failure(*error);
    auto sha256 = files::hex(base::sha256(bytes));
    auto pictures = co_await parts_.images.render(std::move(bytes), {.owner = tenant.to_string()});
    if (!pictures) throw images::failure(pictures.error());
    co_return made_of(std::move(*pictures), std::move(sha256));
}

async::Task<void> ImageMaker::store(base::Uuid tenant, ImageId id, MadeImage made, async::SteadyTime deadline) const {
    for (std::size_t i = 0; i < made.files.size(); ++i) {
        const auto& file = made.files[i];
        auto& content = made.contents.at(i);
        const auto size = static_cast<std::uint64_t>(content.size());
        const auto digest = base::sha256(content);
        std::ignore = co_await parts_.stored.put({.key = files::image_key(tenant, id.uuid(), made.sha256, file.name),
                                                  .source = storage::source_of(std::move(content)),
                                                  .length = size,
                                                  .content_type = file.content_type,
                                                  .sha256 = digest,
                                                  .cache_control = std::string(kept_for_ever)},
                                                 deadline);
    }
}

async::Task<bool> remove_image_files(const StoredFiles* stored, base::Uuid tenant, ImageId id, std::string sha256,
                                     async::SteadyTime deadline) {
    if (stored->store().can(storage::Ability::list))
        co_return co_await stored->remove_below(files::image_prefix(tenant, id.uuid()), deadline);
    bool all = true;
    for (const auto& name : file_names)
        all = co_await stored->remove(files::image_key(tenant, id.uuid(), sha256, name), deadline) && all;
    co_return all;
}

Image same_image(Image row, std::string_view sha256) {
    if (row.sha256 != sha256) throw reused_key("The first request with this key sent another picture", row.id.uuid());
    return row;
}

async::Task<Image> finish_image(db::Db tx, FinishImage what) {
    co_await tx.run(plan_limits::hold_storage);
    auto row = co_await tx.one(image_rows.lock, what.id);
    if (!row || row->meta.deleted_at) throw base::Failure(errors::row_not_found);
    if (row->status == ImageStatus::ready) co_return same_image(*std::move(row), what.made->sha256);
    what.made->write_to(*row, *what.public_files, tx.tenant());
    row->status = ImageStatus::ready;
    const auto before = row->meta.version;
    row->meta.version = next_version(before);
    row->meta.updated_at = what.now;
    auto batch = tx.batch();
    batch.add(image_rows.replace, *row, before);
    if (what.more) what.more(batch);
    require_storage(batch, what.quota);
    record_changes(batch, {change_of(image_rows, *row)}, what.device);
    co_await batch.commit();
    co_return *std::move(row);
}

std::unique_ptr<images::Images> make_images(const images::Settings& settings, const app::LoopParts& parts) {
    return std::make_unique<images::Images>(images::Images::Parts{
        .loop = parts.loop, .logger = parts.logger, .metrics = parts.metrics, .settings = settings});
}

std::unique_ptr<ImageMaker> make_image_maker(images::Images& images, const StoredFiles& stored,
                                             const PublicFiles& public_files, const images::Settings& settings) {
    return std::make_unique<ImageMaker>(ImageMaker::Parts{.images = images,
                                                          .stored = stored,
                                                          .public_files = public_files,
                                                          .max_bytes = static_cast<std::uint64_t>(settings.max_bytes)});
}

}  // namespace pos
