#pragma once
// What the sales module tells the rest of the service: the event of a recorded sale, in the transaction that records it. Whoever wants
// to know of sales hears it (app::JobHandlers::on_event), with its effect under jobs::commit_once().

#include "jobs/event.h"
#include "pos/ids.h"
#include "schema/schema.h"

namespace pos {

struct SaleCreated {
    SaleId id;
    LocationId location_id;
    std::string receipt_number;
    base::Date business_day;
    base::Money total;
    base::Money tax_total;
    base::Money discount_total;
    base::Timestamp occurred_at;

    friend constexpr auto describe(SaleCreated*) {
        return schema::object<SaleCreated>("SaleCreated", schema::field<&SaleCreated::id>("id"),
                                           schema::field<&SaleCreated::location_id>("locationId"),
                                           schema::field<&SaleCreated::receipt_number>("receiptNumber"),
                                           schema::field<&SaleCreated::business_day>("businessDay"),
                                           schema::field<&SaleCreated::total>("total"),
                                           schema::field<&SaleCreated::tax_total>("taxTotal"),
                                           schema::field<&SaleCreated::discount_total>("discountTotal"),
                                           schema::field<&SaleCreated::occurred_at>("occurredAt"));
    }
};

inline constexpr jobs::Event<SaleCreated> sale_created{"sale.created"};

}  // namespace pos
