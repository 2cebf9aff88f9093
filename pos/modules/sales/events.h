#pragma once
// What the sales module tells the rest of the service, through the outbox: one job on the queue `events` for each recorded sale.
// Whoever wants to know of sales handles it once and for all tenants, with its effect under jobs::commit_once().

#include "jobs/job_type.h"
#include "pos/ids.h"
#include "schema/schema.h"

namespace pos {

struct SaleCreated {
    TenantId tenant_id;
    SaleId id;
    LocationId location_id;
    std::string receipt_number;
    base::Date business_day;
    base::Money total;
    base::Money tax_total;
    base::Money discount_total;
    base::Timestamp occurred_at;
    schema::Json newer{};  // what a newer release told its own workers: during a deployment ours meet it

    friend constexpr auto describe(SaleCreated*) {
        return schema::object<SaleCreated>(
            "SaleCreated", schema::field<&SaleCreated::tenant_id>("tenantId"), schema::field<&SaleCreated::id>("id"),
            schema::field<&SaleCreated::location_id>("locationId"),
            schema::field<&SaleCreated::receipt_number>("receiptNumber"),
            schema::field<&SaleCreated::business_day>("businessDay"), schema::field<&SaleCreated::total>("total"),
            schema::field<&SaleCreated::tax_total>("taxTotal"),
            schema::field<&SaleCreated::discount_total>("discountTotal"),
            schema::field<&SaleCreated::occurred_at>("occurredAt"),
            schema::field<&SaleCreated::newer>("newer", {.internal = true}),
            schema::keep_unknown<&SaleCreated::newer>());
    }
};

inline constexpr jobs::JobType<SaleCreated> sale_created{
    "events",
    "sale.created",
    {.attempts = 20,
     .backoff = {"exponential", std::chrono::seconds(1), 0.5},
     .remove_on_complete = jobs::KeepJobs{.count = 10'000, .age_seconds = 86'400}}};

}  // namespace pos
