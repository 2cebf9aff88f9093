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
