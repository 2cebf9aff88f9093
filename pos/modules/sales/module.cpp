#include "pos/modules/sales/module.h"

#include "http/errors.h"
#include "pos/modules/sales/record.h"
#include "pos/modules/sales/statements.h"
#include "pos/permissions.h"
#include "pos/plumbing/list.h"

namespace pos {

namespace {

struct SaleFilter {
    ListFilter list;
    std::optional<LocationId> location_id;

    friend constexpr auto describe(SaleFilter*) {
        return schema::object<SaleFilter>(
            "SaleFilter", schema::flatten<&SaleFilter::list>(),
            schema::field<&SaleFilter::location_id>("locationId",
                                                    {.doc = "Needed by callers who may read some locations only."}));
    }
};

// Reading is for the locations that the caller's role covers; elsewhere a sale is not there.
void require_readable(const auth::Caller& caller, const SaleRow& row) {
    if (!caller.may_at("sales.read", row.location_id.uuid())) throw base::Failure(http::errors::not_found);
}

// AnyQuery: what a newer till sends with a sale, in its body or beside it, is no reason to refuse the sale.
async::Task<http::Rendered<Sale, 201>> create(auth::PermittedSomewhere<"sales.create"> caller, IdempotencyHeader key,
                                              http::AnyQuery, http::Body<NewSale> input, db::Db db,
                                              http::Use<Runtime> runtime) {
    std::ignore = key_of(key, input->client_request_id);  // 422 when they differ
    auto recorded = co_await record_sale(db, caller, runtime.service, std::move(*input), input.text);
    auto rendered = to_rendered<Sale, 201>(std::move(recorded.reply), false);
    if (!recorded.replayed.empty()) rendered.headers.emplace_back("Idempotent-Replayed", recorded.replayed);
    co_return rendered;
}

async::Task<Sale> show(auth::PermittedSomewhere<"sales.read"> caller, http::Path<"id", SaleId> id, db::Db db) {
    auto row = co_await db.one(sales::by_id, *id);
    if (!row) throw base::Failure(http::errors::not_found);
    require_readable(caller, *row);
    co_return co_await load_sale(db, std::move(*row));
}

async::Task<Sale> show_by_client_request(auth::PermittedSomewhere<"sales.read"> caller,
                                         http::Path<"id", base::Uuid> client_request, db::Db db) {
    auto row = co_await db.one(sales::by_client_request, *client_request);
    if (!row) throw base::Failure(http::errors::not_found);
    require_readable(caller, *row);
    co_return co_await load_sale(db, std::move(*row));
}

async::Task<db::Page<SaleRow>> list(auth::PermittedSomewhere<"sales.read"> caller, http::Query<SaleFilter> filter,
                                    db::Db db) {
    if (filter->location_id) {
        caller.require_at("sales.read", filter->location_id->uuid());
        co_return co_await db.page(sales::page_of_location, filter->list.page, filter->list.since(),
                                   *filter->location_id);
    }
    // Whoever reads some locations only must name one.
    if (caller.locations_with("sales.read"))
        throw base::Failure(auth::errors::forbidden, "name a location: ?locationId=");
    co_return co_await db.page(sales::page, filter->list.page, filter->list.since());
}

// What the till will be told, without recording anything.
async::Task<Sale> calculate(auth::PermittedSomewhere<"sales.create"> caller, http::AnyQuery, http::Body<NewSale> input,
                            db::Db db, http::Use<Runtime> runtime) {
    co_return co_await preview_sale(db, caller, runtime.service, std::move(*input));
}

void routes(http::Routes routes) {
    const std::vector refusals{errors::sale_inconsistent,    errors::total_mismatch,  errors::payments_mismatch,
                               errors::numbering_incomplete, errors::unknown_cashier, errors::unknown_location,
                               errors::unknown_variant,      errors::unknown_device};
    auto create_errors = refusals;
    for (const auto& error : {errors::key_mismatch, errors::device_replaced, errors::receipt_taken,
                              errors::wrong_device, errors::payment_reference_used, errors::out_of_stock})
        create_errors.push_back(error);

    routes.post("/sales", create,
                {.id = "createSale",
                 .summary = "Record a sale, once",
                 .description = "Send the same bytes again until there is an answer: the sale is recorded once, and "
                                "every attempt gets the same reply.",
                 .errors = create_errors});
    routes.post(
        "/sales/calculate", calculate,
        {.id = "calculateSale", .summary = "What a sale would come to; nothing is recorded", .errors = refusals});
    routes.get("/sales", list,
               {.id = "listSales",
                .summary = "Sales, newest first",
                .description = "`updatedSince`: recorded then or later; a sale never changes."});
    routes.get(
        "/sales/{id}", show,
        {.id = "getSale", .summary = "One sale with lines, taxes and payments", .errors = {http::errors::not_found}});
    routes.get("/sales/by-client-request/{id}", show_by_client_request,
               {.id = "getSaleByClientRequest",
                .summary = "The sale of a clientRequestId: settles an unknown outcome",
                .errors = {http::errors::not_found}});
}

constexpr std::string_view stock_required_sql =
    "create or replace function stock_required(location uuid, variants uuid[]) returns void language plpgsql as $$\n"
    "begin\n"
    "  if exists (select from stock_levels where tenant_id = nullif(current_setting('app.tenant', true), '')::uuid\n"
    "             and location_id = location and variant_id = any(variants) and on_hand < 0) then\n"
    "    raise exception 'not enough on the shelf' using errcode = 'ST409';\n"
    "  end if;\n"
    "end $$;\n";

}  // namespace

app::Module sales_module() {
    return {
        .name = "sales",
        .doc = "Recording sales exactly once, and reading them back.",
        .tables = {tables::sales.view(), tables::sale_lines.view(), tables::sale_taxes.view(), tables::payments.view()},
        .database_objects = {{"stock_required", stock_required_sql, "drop function stock_required(uuid, uuid[])"}},
        .statements = db::statements(sales::catalogue, sales::tenant, sales::is_member, sales::next_receipt,
                                     sales::require_stock, sales::add, sales::add_lines, sales::add_taxes,
                                     sales::add_payments, sales::by_id, sales::by_client_request, sales::lines_of,
                                     sales::taxes_of, sales::payments_of, sales::page, sales::page_of_location),
        .routes = routes,
        .errors = {errors::sale_exists, errors::key_reused, errors::device_replaced, errors::receipt_taken,
                   errors::sale_inconsistent, errors::unknown_cashier, errors::unknown_sale, errors::payment_exists,
                   errors::payment_reference_used, errors::total_mismatch, errors::payments_mismatch,
                   errors::numbering_incomplete, errors::wrong_device, errors::out_of_stock}};
}

}  // namespace pos
