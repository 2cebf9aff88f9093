#include "pos/modules/catalogue/new_variants.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_set>

#include "base/text.h"
#include "pos/modules/catalogue/statements.h"

namespace pos::catalogue {

namespace {

// What the unique keys would say, but with its place in the request.
void refuse_repeated(const std::vector<NewProductVariant>& variants) {
    std::vector<base::Issue> issues;
    const auto require_new = [&issues](bool is_new, std::string pointer) {
        if (!is_new) issues.push_back({"body", std::move(pointer), "repeated", "stands in this request already", {}});
    };
    std::set<base::Uuid> variant_ids;
    std::set<base::Uuid> barcode_ids;
    std::unordered_set<std::string> skus;
    std::unordered_set<std::string_view> barcodes;
    for (std::size_t i = 0; i < variants.size(); ++i) {
        const auto& id = variants[i].id;
        const auto& sku = variants[i].fields.sku;
        require_new(!id || variant_ids.insert(id->uuid()).second, fmt::format("/variants/{}/id", i));
        require_new(!sku || skus.insert(base::comparison_key(*sku)).second, fmt::format("/variants/{}/sku", i));
        for (std::size_t j = 0; j < variants[i].barcodes.size(); ++j) {
            const auto& barcode = variants[i].barcodes[j];
            const auto at = fmt::format("/variants/{}/barcodes/{}", i, j);
            require_new(!barcode.id || barcode_ids.insert(barcode.id->uuid()).second, at + "/id");
            require_new(barcodes.insert(barcode.barcode).second, at + "/barcode");
        }
    }
    if (!issues.empty()) throw base::Failure(http::errors::invalid, std::move(issues));
}

}  // namespace

std::vector<VariantDetails> put_together(const std::vector<Variant>& variants, const std::vector<Barcode>& barcodes) {
    std::vector<VariantDetails> all;
    for (const auto& variant : variants) {
        auto& details = all.emplace_back(VariantDetails{variant, {}});
        std::ranges::copy_if(barcodes, std::back_inserter(details.barcodes),
                             [&](const Barcode& barcode) { return barcode.variant_id == variant.id; });
    }
    return all;
}

Barcode make_barcode(VariantId variant, const NewBarcode& barcode, const RowMeta& meta, Runtime& runtime) {
    return {barcode.id.value_or(runtime.new_id<BarcodeId>()), variant, barcode.barcode, barcode.pack_quantity, meta};
}

NewRows make_variants(ProductId product, const std::vector<NewProductVariant>& variants, const RowMeta& meta,
                      Runtime& runtime) {
    refuse_repeated(variants);
    NewRows rows;
    for (const auto& input : variants) {
        const auto id = input.id.value_or(runtime.new_id<VariantId>());
        rows.variants.push_back({id, product, input.fields, meta});
        for (const auto& barcode : input.barcodes) rows.barcodes.push_back(make_barcode(id, barcode, meta, runtime));
    }
    return rows;
}

void add_to(db::Batch& batch, const NewRows& rows) {
    if (!rows.variants.empty()) batch.add(add_variants, rows.variants);
    if (!rows.barcodes.empty()) batch.add(add_barcodes, rows.barcodes);
}

std::vector<Change> changes_of(const NewRows& rows) {
    std::vector<Change> changes;
    for (const auto& variant : rows.variants) changes.push_back(change_of(variant_rows, variant));
    for (const auto& barcode : rows.barcodes) changes.push_back(change_of(barcode_rows, barcode));
    return changes;
}

}  // namespace pos::catalogue
