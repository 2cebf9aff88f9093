#include "pos/modules/sales/unverified_payments.h"

#include "auth/caller.h"
#include "pos/location_permissions.h"
#include "pos/modules/sales/tables.h"
#include "pos/plumbing/list.h"

namespace pos {

namespace {

struct UnverifiedPayment {
    PaymentId id;
    SaleId sale_id;
    LocationId location_id;
    std::string receipt_number;
    PaymentMethod method{};
    base::Money amount;
    std::optional<std::string> reference;
    std::optional<base::Uuid> intent_id;
    base::Timestamp recorded_at;

    friend constexpr auto describe(UnverifiedPayment*) {
        using schema::field;
        return schema::object<UnverifiedPayment>(
            "UnverifiedPayment", field<&UnverifiedPayment::id>("id"), field<&UnverifiedPayment::sale_id>("saleId"),
            field<&UnverifiedPayment::location_id>("locationId"),
            field<&UnverifiedPayment::receipt_number>("receiptNumber"), field<&UnverifiedPayment::method>("method"),
            field<&UnverifiedPayment::amount>("amount"),
            field<&UnverifiedPayment::reference>("reference", {.doc = "The code that was typed."}),
            field<&UnverifiedPayment::intent_id>("intentId", {.doc = "The prompt that it waits for."}),
            field<&UnverifiedPayment::recorded_at>("recordedAt"));
    }
};

struct UnverifiedFilter {
    db::PageRequest page;
    std::optional<LocationId> location_id;

    friend constexpr auto describe(UnverifiedFilter*) {
        return schema::object<UnverifiedFilter>(
            "UnverifiedFilter", schema::flatten<&UnverifiedFilter::page>(),
            schema::field<&UnverifiedFilter::location_id>("locationId", {.doc = "Those of one location."}));
    }
};

// Of these locations; null: of any.
using Locations = std::optional<std::vector<LocationId>>;

#define POS_UNVERIFIED_SQL                                                                                          \
    "select p.id, s.id as sale_id, s.location_id, s.receipt_number, p.method, p.amount, p.reference, p.intent_id, " \
    "p.recorded_at from payments p join sales s on s.tenant_id = p.tenant_id and s.id = p.sale_id "                 \
    "where p.tenant_id = $1 and p.status = 'unverified' and s.status = 'completed' "                                \
    "and ($2::uuid[] is null or s.location_id = any($2)) "
#define POS_NEWEST_FIRST "order by p.recorded_at desc, p.id desc "
constexpr db::PageQuery<UnverifiedPayment, std::tuple<base::Timestamp, PaymentId>, Locations> unverified_page{
    {{"sales.unverified_page", POS_UNVERIFIED_SQL POS_NEWEST_FIRST "limit $3::int"}},
    {{"sales.unverified_page_after",
      POS_UNVERIFIED_SQL "and (p.recorded_at, p.id) < ($3, $4) " POS_NEWEST_FIRST "limit $5::int"}},
    &db::detail::key_of_row<UnverifiedPayment, &UnverifiedPayment::recorded_at, &UnverifiedPayment::id>};
#undef POS_NEWEST_FIRST
#undef POS_UNVERIFIED_SQL

async::Task<db::Page<UnverifiedPayment>> list(auth::PermittedSomewhere<"sales.read"> caller,
                                              http::Query<UnverifiedFilter> filter, db::Db db) {
    auto locations = locations_with<"sales.read">(caller);
    if (filter->location_id) {
        caller.require_at("sales.read", filter->location_id->uuid());
        locations = std::vector{*filter->location_id};
    }
    return db.page(unverified_page, filter->page, locations);
}

}  // namespace

void unverified_payment_routes(http::Routes routes) {
    routes.get("/unverified-payments", list,
               {.id = "listUnverifiedPayments",
                .summary = "Payments of sales that nobody has seen the money of, newest first",
                .description = "A code was typed, or a prompt is open. They leave the list when the money is seen, or "
                               "somebody matches it (`matchC2bPayment`)."});
}

std::vector<db::StatementView> unverified_payment_statements() { return db::statements(unverified_page); }

}  // namespace pos
