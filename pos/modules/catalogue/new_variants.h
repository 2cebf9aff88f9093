#pragma once
// From the variants that a client sent to the rows that are stored, ids and all. Values; any thread.
//
//     const auto made = make_variants(product.id, input->variants, write.first_version(), write.runtime());
//     add_to(batch, made);
//     auto changes = changes_of(made);

#include "pos/modules/catalogue/model.h"
#include "pos/plumbing/feed.h"
#include "pos/plumbing/runtime.h"

namespace pos::catalogue {

struct NewRows {
    std::vector<Variant> variants;
    std::vector<Barcode> barcodes;
};

// Each variant with its own of these barcodes.
[[nodiscard]] std::vector<VariantDetails> put_together(const std::vector<Variant>& variants,
                                                       const std::vector<Barcode>& barcodes);

// 422 when an id, an SKU or a barcode stands twice in the request, with the place of the second.
[[nodiscard]] NewRows make_variants(ProductId product, const std::vector<NewProductVariant>& variants,
                                    const RowMeta& meta, Runtime& runtime);
[[nodiscard]] Barcode make_barcode(VariantId variant, const NewBarcode& barcode, const RowMeta& meta, Runtime& runtime);

void add_to(db::Batch& batch, const NewRows& rows);
[[nodiscard]] std::vector<Change> changes_of(const NewRows& rows);

}  // namespace pos::catalogue
