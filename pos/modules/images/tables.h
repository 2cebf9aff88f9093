#pragma once
// Pictures of the tenant: what is known of each, and the sizes that were made of it.

#include "db/error.h"
#include "db/table.h"
#include "pos/row_meta.h"

namespace pos {

namespace errors {
inline constexpr auto unknown_image = base::invalid("image.unknown", "There is no such image, or it is not ready");
inline constexpr auto image_in_use =
    base::conflict("image.in_use", "A product, a category or the tenant shows this image");
inline constexpr auto image_request_used =
    base::conflict("image.request_used", "An image was made under this key already");
inline constexpr base::ErrorCode image_deleted{"image.deleted", 410, false, base::Action::fix,
                                               "The image that this key has made was deleted since"};
}  // namespace errors

// lost: its files are not in the storage any more. Nothing is served of such an image.
enum class ImageStatus : std::uint8_t { pending, ready, lost };
constexpr auto describe(ImageStatus*) {
    return schema::enumeration<ImageStatus>(
        "ImageStatus", {{ImageStatus::pending, "pending"}, {ImageStatus::ready, "ready"}, {ImageStatus::lost, "lost"}});
}

// One file of an image. `name` is the last part of its URL and of its key: "320.webp".
struct ImageFile {
    std::string name;
    std::int32_t size = 0;
    std::string content_type;
    std::int32_t width = 0;
    std::int32_t height = 0;
    std::int64_t bytes = 0;
    std::string url;
    std::string etag;

    friend constexpr auto describe(ImageFile*) {
        using schema::field;
        return schema::object<ImageFile>(
            "ImageFile", field<&ImageFile::name>("name", {.text = schema::Text::raw, .example = R"("320.webp")"}),
            field<&ImageFile::size>("size",
                                    {.doc = "96, 320 or 960: the longest side, unless the picture is smaller."}),
            field<&ImageFile::content_type>("contentType", {.text = schema::Text::raw}),
            field<&ImageFile::width>("width"), field<&ImageFile::height>("height"), field<&ImageFile::bytes>("bytes"),
            field<&ImageFile::url>("url", {.text = schema::Text::raw}),
            field<&ImageFile::etag>("etag", {.text = schema::Text::raw, .doc = "SHA-256 of its bytes, hexadecimal."}));
    }
};

struct Image {
    ImageId id;
    ImageStatus status = ImageStatus::pending;
    std::optional<std::string> url;
    std::optional<std::string> content_type;
    std::optional<std::int32_t> width;
    std::optional<std::int32_t> height;
    std::optional<std::string> colour;
    std::int64_t bytes = 0;
    std::optional<std::string> sha256;
    std::vector<ImageFile> files;
    std::optional<std::string> request_key;
    RowMeta meta;

    friend constexpr auto describe(Image*) {
        using schema::field;
        return schema::object<Image>(
            "Image", field<&Image::id>("id"), field<&Image::status>("status"),
            field<&Image::url>("url", {.text = schema::Text::raw,
                                       .doc = "Public, of 320 pixels, WebP. For another size or JPEG replace its last "
                                              "part: `96.webp`, `960.jpg`. What is there never changes."}),
            field<&Image::content_type>("contentType",
                                        {.text = schema::Text::raw, .doc = "Of the file that was sent."}),
            field<&Image::width>("width", {.doc = "Of the picture that was sent, upright."}),
            field<&Image::height>("height"),
            field<&Image::colour>("colour", {.text = schema::Text::raw,
                                             .doc = "`#rrggbb`, its average: what to show until it has come.",
                                             .example = R"("#c2a36b")"}),
            field<&Image::bytes>("bytes", {.doc = "That it takes of the plan's storage, all sizes together."}),
            field<&Image::sha256>("sha256",
                                  {.text = schema::Text::raw, .doc = "Of the file that was sent, hexadecimal."}),
            field<&Image::files>("files", {.doc = "Three sizes, as WebP and as JPEG."}),
            field<&Image::request_key>("requestKey", {.text = schema::Text::raw, .internal = true}),
            schema::flatten<&Image::meta>());
    }
};

namespace tables {
inline constexpr auto images = db::tenant_table<Image>(
    "images", db::primary_key<&Image::id>(errors::id_taken),
    db::unique<&Image::request_key>("images_request", errors::image_request_used).where("request_key is not null"),
    // What a deletion is refused by (statements.h).
    db::check("images_unused", "bytes >= 0", errors::image_in_use),
    db::check("images_ready",
              "status <> 'ready' or (url is not null and sha256 is not null and width is not null "
              "and height is not null)",
              db::errors::value_refused),
    db::index<&RowMeta::created_at, &Image::id>("images_newest"),
    db::index<&Image::status, &RowMeta::created_at, &Image::id>("images_by_status"),
    db::index<&RowMeta::updated_at, &Image::id>("images_updated"),
    // Across tenants: what is cleaned up.
    db::expression_index("images_unfinished", "btree", "created_at").where("status = 'pending' and deleted_at is null"),
    db::expression_index("images_to_remove", "btree", "deleted_at").where("deleted_at is not null and bytes > 0"));
}  // namespace tables

}  // namespace pos
