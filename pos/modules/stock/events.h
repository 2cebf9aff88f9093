#pragma once
// What stock tells the rest of the service.
//
//     handlers.on_event(stock_low, order_more);
//
// A level that falls to its variant's reorder level or below it is told of once; again when it was above it in between. The
// statement that moves the stock finds it, and writes a job with it; the job tells, under the id that the statement gave.

#include "jobs/event.h"
#include "jobs/job_type.h"
#include "pos/modules/stock/adjustment.h"

namespace pos {

struct StockLow {
    base::Uuid id;  // of this fall
    LocationId location_id;
    ProductId product_id;
    VariantId variant_id;
    std::string name;
    std::optional<std::string> sku;
    base::Quantity on_hand;
    base::Quantity reorder_level;

    friend constexpr auto describe(StockLow*) {
        using schema::field;
        return schema::object<StockLow>(
            "StockLow", field<&StockLow::id>("id"), field<&StockLow::location_id>("locationId"),
            field<&StockLow::product_id>("productId"), field<&StockLow::variant_id>("variantId"),
            field<&StockLow::name>("name"), field<&StockLow::sku>("sku"), field<&StockLow::on_hand>("onHand"),
            field<&StockLow::reorder_level>("reorderLevel"));
    }
};

// What a person has corrected. Costs and notes are told to nobody.
struct AdjustedLine {
    VariantId variant_id;
    base::Quantity quantity_delta;

    friend constexpr auto describe(AdjustedLine*) {
        return schema::object<AdjustedLine>("AdjustedLine", schema::field<&AdjustedLine::variant_id>("variantId"),
                                            schema::field<&AdjustedLine::quantity_delta>("quantityDelta"));
    }
};
struct StockAdjusted {
    base::Uuid id;
    LocationId location_id;
    AdjustmentReason reason{};
    std::vector<AdjustedLine> lines;
    base::Timestamp occurred_at;

    static StockAdjusted of(const Adjustment& adjustment) {
        StockAdjusted told{adjustment.id, adjustment.location_id, adjustment.reason, {}, adjustment.occurred_at};
        for (const auto& line : adjustment.lines) told.lines.push_back({line.variant_id, line.quantity_delta});
        return told;
    }
    friend constexpr auto describe(StockAdjusted*) {
        using schema::field;
        return schema::object<StockAdjusted>(
            "StockAdjusted", field<&StockAdjusted::id>("id"), field<&StockAdjusted::location_id>("locationId"),
            field<&StockAdjusted::reason>("reason"), field<&StockAdjusted::lines>("lines"),
            field<&StockAdjusted::occurred_at>("occurredAt"));
    }
};

inline constexpr jobs::Event<StockAdjusted> stock_adjusted{"stock.adjusted"};
inline constexpr jobs::Event<StockLow> stock_low{"stock.low"};
inline constexpr jobs::JobType<StockLow> tell_low_stock{jobs::events_queue, "stock.tell_low", jobs::event_defaults};

}  // namespace pos
