#pragma once
// Uploads in parts that this service has begun at the storage and not ended: their parts are paid for, and no list of files shows them.

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

namespace tables {
inline constexpr auto storage_uploads = db::system_table<StorageUpload>(
    "storage_uploads", db::primary_key<&StorageUpload::bucket, &StorageUpload::key, &StorageUpload::upload_id>(),
    db::index<&StorageUpload::began_at>("storage_uploads_age"));
}  // namespace tables

}  // namespace pos
