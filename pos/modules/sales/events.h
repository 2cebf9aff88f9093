#pragma once
// What the sales module tells the rest of the service: that a sale was recorded, and what became of its payments afterwards, each in the
// transaction that does it. Whoever wants to know of sales hears it (app::JobHandlers::on_event), with its effect under
// jobs::commit_once().

#include "jobs/event.h"
#include "pos/modules/sales/tables.h"
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

// A payment of a recorded sale was accepted, reversed or doubted: the sale says which.
struct SalePaymentUpdated {
    PaymentId id;
    SaleId sale_id;
    LocationId location_id;
    base::Money amount;

    friend constexpr auto describe(SalePaymentUpdated*) {
        return schema::object<SalePaymentUpdated>("SalePaymentUpdated", schema::field<&SalePaymentUpdated::id>("id"),
                                                  schema::field<&SalePaymentUpdated::sale_id>("saleId"),
                                                  schema::field<&SalePaymentUpdated::location_id>("locationId"),
                                                  schema::field<&SalePaymentUpdated::amount>("amount"));
    }
};

inline constexpr jobs::Event<SalePaymentUpdated> sale_payment_updated{"sale.payment_updated"};

}  // namespace pos
