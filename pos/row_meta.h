#pragma once
// The columns that every synchronised row has. Flattened into the row's struct:
//
//     schema::flatten<&Product::meta>()

#include <cstdint>
#include <limits>

#include "http/errors.h"
#include "pos/ids.h"
#include "schema/schema.h"

// Of an array column, as a check: a list, and nothing of it is null. Levels and the catalogue have a check against NaN.
// A row that nobody can read would fail the page that it is on.
#define POS_FLAT_AND_WHOLE(column) \
    "case when array_ndims(" column ") > 1 then false else array_position(" column ", null) is null end"

// The version behind another one, for what a statement changes by itself; next_version() says the same. A column that ends there
// would refuse the row for good, so it goes round to the first: what matters is that it differs from the one before.
#define POS_NEXT_VERSION(version) "case when " version " < 2147483647 then " version " + 1 else 1 end"

namespace pos {

[[nodiscard]] constexpr std::int32_t next_version(std::int32_t version) {
    return version == std::numeric_limits<std::int32_t>::max() ? 1 : version + 1;
}

namespace errors {
inline constexpr auto id_taken = base::conflict("row.id_taken", "There is a row with this id already");
using http::errors::row_not_found;
}  // namespace errors

struct RowMeta {
    std::int32_t version = 1;
    base::Timestamp created_at;
    base::Timestamp updated_at;
    std::optional<base::Timestamp> deleted_at;
    std::optional<UserId> created_by;
    std::optional<DeviceId> origin_device_id;

    friend constexpr auto describe(RowMeta*) {
        return schema::object<RowMeta>(
            "RowMeta",
            schema::field<&RowMeta::version>("version",
                                             {.doc = "Counts the changes of the row; the number in its ETag."}),
            schema::field<&RowMeta::created_at>("createdAt"), schema::field<&RowMeta::updated_at>("updatedAt"),
            schema::field<&RowMeta::deleted_at>("deletedAt", {.internal = true}),
            schema::field<&RowMeta::created_by>("createdBy", {.internal = true}),
            schema::field<&RowMeta::origin_device_id>("originDeviceId", {.internal = true}));
    }
};

}  // namespace pos
