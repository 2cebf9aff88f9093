#include "pos/collections.h"

#include <algorithm>
#include <array>

#include "pos/modules/catalogue/statements.h"
#include "pos/modules/devices/module.h"
#include "pos/modules/documents/statements.h"
#include "pos/modules/images/statements.h"
#include "pos/modules/locations/module.h"
#include "pos/modules/payments/statements.h"
#include "pos/modules/sales/statements.h"
#include "pos/modules/stock/movements.h"
#include "pos/modules/taxes/module.h"
#include "pos/modules/tenants/module.h"
#include "pos/modules/users/module.h"
#include "pos/modules/webhooks/statements.h"
#include "pos/permissions.h"

namespace pos {

namespace {

// clang-format off: one a line, so that two modules that add theirs do not meet
constexpr auto collections = std::to_array<SyncedCollection>({
    synced<catalogue::barcode_rows>(),
    synced<catalogue::category_rows>(),
    synced<catalogue::product_rows>(),
    synced<catalogue::variant_rows>(),
    synced<device_rows>(),
    synced<document_rows>(),
    synced<image_rows>(),
    synced<level_rows>(),
    synced<location_rows>(),
    synced<membership_rows>(),
    synced<payment_account_rows>(),
    synced<sales::sale_rows>(),
    synced<tax_class_rows>(),
    synced<tax_rate_rows>(),
    synced<tenant_rows>(),
    synced<hooks::endpoint_rows>(),
});
// clang-format on

static_assert(std::ranges::all_of(collections,
                                  [](const SyncedCollection& collection) {
                                      return std::ranges::find(permission_names, collection.read) !=
                                             permission_names.end();
                                  }),
              "a collection is read with a permission that pos/permissions.h does not list");

}  // namespace

std::span<const SyncedCollection> synced_collections() { return collections; }

const SyncedCollection* find_collection(std::string_view name) {
    const auto* found = std::ranges::find(collections, name, &SyncedCollection::name);
    return found == collections.end() ? nullptr : found;
}

}  // namespace pos
