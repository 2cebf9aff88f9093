#pragma once
// The SQL of images.

#include "db/query.h"
#include "pos/modules/images/tables.h"
#include "pos/plumbing/collection.h"
#include "pos/plumbing/list.h"

namespace pos {

// All shops show the same goods: whoever writes products at one of them may bring their pictures.
inline constexpr Collection<tables::images, OfAllLocations> image_rows{"products.read"};

namespace image_statements {

inline constexpr List<tables::images, Newest<&RowMeta::created_at>, Where<&Image::status>> list;

inline constexpr db::Query<Image(std::string)> by_request{
    {"images.by_request",
     "select id, status, url, content_type, width, height, colour, bytes, sha256, files, request_key, version, "
     "created_at, updated_at, deleted_at, created_by, origin_device_id from images "
     "where tenant_id = $1 and request_key = $2",
     db::Kind::point}};

// Those that nothing shows, of any state but under way: a photo that was replaced stays, and counts, until somebody deletes it.
#define POS_UNUSED_IMAGES                                                                                              \
    "select id, status, url, content_type, width, height, colour, bytes, sha256, files, request_key, version, "        \
    "created_at, updated_at, deleted_at, created_by, origin_device_id from images i "                                  \
    "where tenant_id = $1 and deleted_at is null and status <> 'pending' "                                             \
    "and not exists (select from products p where p.tenant_id = $1 and p.image_id = i.id and p.deleted_at is null) "   \
    "and not exists (select from categories c where c.tenant_id = $1 and c.image_id = i.id and c.deleted_at is null) " \
    "and not exists (select from tenants t where t.id = $1 and t.logo_image_id = i.id) "
inline constexpr db::PageQuery<Image, std::tuple<base::Timestamp, ImageId>> unused_newest{
    {{"images.unused", POS_UNUSED_IMAGES "order by created_at desc, id desc limit $2::int", db::Kind::read}},
    {{"images.unused_after",
      POS_UNUSED_IMAGES "and (created_at, id) < ($2, $3) order by created_at desc, id desc limit $4::int",
      db::Kind::read}},
    [](const Image& row) { return std::tuple(row.meta.created_at, row.id); }};
inline constexpr db::PageQuery<Image, std::tuple<base::Timestamp, ImageId>, base::Timestamp> unused_updated{
    {{"images.unused_updated", POS_UNUSED_IMAGES "and updated_at >= $2 order by updated_at, id limit $3::int",
      db::Kind::read}},
    {{"images.unused_updated_after",
      POS_UNUSED_IMAGES "and updated_at >= $2 and (updated_at, id) > ($3, $4) order by updated_at, id limit $5::int",
      db::Kind::read}},
    [](const Image& row) { return std::tuple(row.meta.updated_at, row.id); }};
inline constexpr SqlList unused{unused_newest, unused_updated};
#undef POS_UNUSED_IMAGES

// A guard (db/violate.h) of a deletion, which has locked the row: whoever begins to show it waits for that.
inline constexpr db::Query<void(ImageId)> is_unused{
    {"images.is_unused",
     "select violate('images_unused') where exists ("
     "  select from products where tenant_id = $1 and image_id = $2 and deleted_at is null) "
     "or exists (select from categories where tenant_id = $1 and image_id = $2 and deleted_at is null) "
     "or exists (select from tenants where id = $1 and logo_image_id = $2)",
     db::Kind::write}};
// Its request has failed: nothing refers to it, and its key is free.
inline constexpr db::Query<void(ImageId)> forget{
    {"images.forget", "delete from images where tenant_id = $1 and id = $2 and status = 'pending'", db::Kind::write}};
// Its files are gone.
inline constexpr db::Query<void(ImageId)> forget_bytes{
    {"images.forget_bytes", "update images set bytes = 0 where tenant_id = $1 and id = $2 and deleted_at is not null",
     db::Kind::write}};

// What everybody may see of an image: of no tenant's caller.
struct PublicImage {
    std::string sha256;
    std::vector<ImageFile> files;

    friend constexpr auto describe(PublicImage*) {
        return schema::object<PublicImage>("PublicImage",
                                           schema::field<&PublicImage::sha256>("sha256", {.text = schema::Text::raw}),
                                           schema::field<&PublicImage::files>("files"));
    }
};
inline constexpr db::SystemQuery<PublicImage(base::Uuid, ImageId)> shown{
    {"images.shown",
     "select coalesce(sha256, '') as sha256, files from images where tenant_id = $1 and id = $2 and status = 'ready' "
     "and deleted_at is null",
     db::Kind::point}};

}  // namespace image_statements

}  // namespace pos
