#pragma once
// The ids of the service's rows. UUIDs, version 7 preferred; a client may make its own, and the server never renames a row.

#include "base/uuid.h"

namespace pos {

using TenantId = base::Id<struct TenantTag>;
using UserId = base::Id<struct UserTag>;
using MembershipId = base::Id<struct MembershipTag>;
using RoleId = base::Id<struct RoleTag>;
using SessionId = base::Id<struct SessionTag>;
using LocationId = base::Id<struct LocationTag>;
using DeviceId = base::Id<struct DeviceTag>;
using TaxClassId = base::Id<struct TaxClassTag>;
using TaxRateId = base::Id<struct TaxRateTag>;
using CategoryId = base::Id<struct CategoryTag>;
using ProductId = base::Id<struct ProductTag>;
using VariantId = base::Id<struct VariantTag>;
using BarcodeId = base::Id<struct BarcodeTag>;
using StockLevelId = base::Id<struct StockLevelTag>;
using MovementId = base::Id<struct MovementTag>;
using SaleId = base::Id<struct SaleTag>;
using PaymentId = base::Id<struct PaymentTag>;

}  // namespace pos
