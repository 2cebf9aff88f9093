#pragma once
// Ids of rows that the plumbing and every module name. All others stand beside their table. UUIDs, version 7 preferred; a client may make
// its own, and the server never renames a row.
//
//     using SupplierId = base::Id<struct SupplierTag>;

#include "base/uuid.h"

namespace pos {

using TenantId = base::Id<struct TenantTag>;
using UserId = base::Id<struct UserTag>;
using SessionId = base::Id<struct SessionTag>;
using LocationId = base::Id<struct LocationTag>;
using DeviceId = base::Id<struct DeviceTag>;
using SaleId = base::Id<struct SaleTag>;
using ImageId = base::Id<struct ImageTag>;

}  // namespace pos
