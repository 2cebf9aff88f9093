#pragma once
// Uploads in parts that this service has begun at the storage and not ended: their parts are paid for, and no list of files shows them.
// Marks of the places that belong to this database (owner.h).

#include "db/table.h"
#include "schema/schema.h"

namespace pos {

struct StorageUpload {
    std::string bucket;
    std::string key;
    std::string upload_id;
    base::Timestamp began_at;

    friend constexpr auto describe(StorageUpload*) {
        using schema::field;
        return schema::object<StorageUpload>("StorageUpload",
                                             field<&StorageUpload::bucket>("bucket", {.text = schema::Text::raw}),
                                             field<&StorageUpload::key>("key", {.text = schema::Text::raw}),
                                             field<&StorageUpload::upload_id>("uploadId", {.text = schema::Text::raw}),
                                             field<&StorageUpload::began_at>("beganAt"));
    }
};

struct PlaceMark {
    std::string name;
    std::string mark;       // "": it has none yet
    std::string next_mark;  // the one that is being written, or ""
    base::Timestamp updated_at;

    friend constexpr auto describe(PlaceMark*) {
        using schema::field;
        return schema::object<PlaceMark>("PlaceMark", field<&PlaceMark::name>("name", {.text = schema::Text::raw}),
                                         field<&PlaceMark::mark>("mark", {.text = schema::Text::raw}),
                                         field<&PlaceMark::next_mark>("nextMark", {.text = schema::Text::raw}),
                                         field<&PlaceMark::updated_at>("updatedAt"));
    }
};

namespace tables {
inline constexpr auto storage_uploads = db::system_table<StorageUpload>(
    "storage_uploads", db::primary_key<&StorageUpload::bucket, &StorageUpload::key, &StorageUpload::upload_id>(),
    db::index<&StorageUpload::began_at>("storage_uploads_age"));
inline constexpr auto file_place_marks =
    db::system_table<PlaceMark>("file_place_marks", db::primary_key<&PlaceMark::name>());
}  // namespace tables

}  // namespace pos
