#include "pos/modules/taxes/module.h"

#include "pos/modules/taxes/tables.h"
#include "pos/plumbing/list.h"
#include "pos/plumbing/writer.h"

namespace pos {

namespace {

// ---- What clients send ------------------------------------------------------------------------------------------

// What may change of a rate: tills have sold by the rest. Another percentage is another rate with its own `validFrom`.
struct TaxRateChange {
    std::string name;
    std::optional<base::Date> valid_to;
    std::optional<std::string> fiscal_code;

    friend constexpr auto describe(TaxRateChange*) {
        return schema::object<TaxRateChange>(
            "TaxRateChange",
            schema::field<&TaxRateChange::name>("name",
                                                {.min_length = 1, .max_length = 80, .text = schema::Text::name}),
            schema::field<&TaxRateChange::valid_to>("validTo",
                                                    {.doc = "The first day on which it is not valid any more."}),
            schema::field<&TaxRateChange::fiscal_code>("fiscalCode",
                                                       {.max_length = 16, .text = schema::Text::identifier}));
    }
};

// ---- Statements -------------------------------------------------------------------------------------------------

constexpr List<tables::tax_classes, By<&TaxClassFields::code>> class_list;

constexpr auto rate_page = db::select<tables::tax_rates>()
                               .where<&TaxRate::tax_class_id>()
                               .where<&RowMeta::deleted_at, db::Compare::is_null>()
                               .order_by<&TaxRateFields::valid_from, &TaxRate::id>()
                               .page("tax_rates.page", "tax_rates.page_after");

constexpr db::Query<bool(TaxClassId)> class_in_use{
    {"taxes.class_in_use",
     "select exists (select from products where tenant_id = $1 and tax_class_id = $2 and deleted_at is null) as in_use",
     db::Kind::read}};
constexpr db::Query<void(TaxClassId, base::Timestamp)> touch_class{
    {"taxes.touch_class",
     "update tax_classes set version = " POS_NEXT_VERSION("version") ", updated_at = $3 "
                                                                     "where tenant_id = $1 and id = $2",
     db::Kind::write}};

// ---- Tax classes ------------------------------------------------------------------------------------------------

async::Task<db::Page<TaxClass>> list(auth::PermittedSomewhere<"taxes.read">, http::Query<ListFilter> filter,
                                     db::Db db) {
    return class_list.page(db, *filter);
}

async::Task<Created<TaxClass>> create(Create<"taxes.write"> write, http::Body<New<TaxClass>> input) {
    co_return co_await write.create(tax_class_rows, input);
}

async::Task<TaxClass> show(auth::PermittedSomewhere<"taxes.read">, http::Path<"id", TaxClassId> id, db::Db db) {
    co_return live(co_await db.one(tax_class_rows.by_id, *id));
}

async::Task<TaxClass> change(Edit<"taxes.write"> write, http::Path<"id", TaxClassId> id,
                             http::Body<PatchOf<TaxClass>> patch) {
    co_return co_await write.edit(tax_class_rows, *id, *patch);
}

async::Task<void> require_unused(db::Db tx, TaxClassId id) {
    if (co_await tx.only(class_in_use, id)) throw base::Failure(errors::tax_class_in_use);
}

async::Task<http::NoContent> remove(Edit<"taxes.write"> write, http::Path<"id", TaxClassId> id) {
    co_return co_await write.remove(tax_class_rows, *id,
                                    [](TaxClass& row, Writes& writes) { return require_unused(writes.tx, row.id); });
}

// ---- Their rates ------------------------------------------------------------------------------------------------

// A class changes with its rates, and has none once it is deleted.
async::Task<void> touch(Writes* writes, TaxClassId id, base::Timestamp now) {
    const db::Query<TaxClass(TaxClassId)>& lock = tax_class_rows.lock;
    std::ignore = live(co_await writes->tx.one(lock, id));
    writes->batch.add(touch_class, id, now);
    writes->changes.push_back(change_of(tax_class_rows, id));
}

async::Task<db::Page<TaxRate>> list_rates(auth::PermittedSomewhere<"taxes.read">, http::Path<"id", TaxClassId> id,
                                          http::Query<db::PageRequest> request, db::Db db) {
    std::ignore = live(co_await db.one(tax_class_rows.by_id, *id));
    co_return co_await db.page(rate_page, *request, *id);
}

async::Task<Created<TaxRate>> create_rate(Create<"taxes.write"> write, http::Path<"id", TaxClassId> id,
                                          http::Body<New<TaxRate>> input) {
    auto rate = write.make(*input);
    rate.tax_class_id = *id;
    co_return co_await write.create(tax_rate_rows, rate, input, [](TaxRate& row, Writes& writes) {
        return touch(&writes, row.tax_class_id, row.meta.updated_at);
    });
}

void apply_change(const schema::Patch<TaxRateChange>& patch, TaxRateFields& fields) {
    TaxRateChange change{fields.name, fields.valid_to, fields.fiscal_code};
    apply(patch, change);
    fields.name = change.name;
    fields.valid_to = change.valid_to;
    fields.fiscal_code = change.fiscal_code;
}

async::Task<TaxRate> change_rate(Edit<"taxes.write"> write, http::Path<"id", TaxClassId> id,
                                 http::Path<"rateId", TaxRateId> rate_id,
                                 http::Body<schema::Patch<TaxRateChange>> patch) {
    co_return co_await write.edit(tax_rate_rows, *rate_id, [&](TaxRate& row, Writes& writes) {
        if (row.tax_class_id != *id) throw base::Failure(errors::row_not_found);
        apply_change(*patch, row.fields);
        return touch(&writes, *id, write.now());
    });
}

void routes(http::Routes routes) {
    routes.get("/tax-classes", list,
               {.id = "listTaxClasses",
                .summary = "Tax classes by code",
                .description = "With `updatedSince`: the earliest change first."});
    routes.post("/tax-classes", create, {.id = "createTaxClass", .summary = "Add a tax class"});
    routes.get("/tax-classes/{id}", show, {.id = "getTaxClass", .summary = "One tax class"});
    routes.patch("/tax-classes/{id}", change, {.id = "changeTaxClass", .summary = "Change a tax class"});
    routes.del("/tax-classes/{id}", remove,
               {.id = "deleteTaxClass",
                .summary = "Delete a tax class that no product has",
                .errors = {errors::tax_class_in_use}});
    routes.get("/tax-classes/{id}/rates", list_rates,
               {.id = "listTaxRates", .summary = "The rates of a class, oldest first"});
    routes.post("/tax-classes/{id}/rates", create_rate, {.id = "createTaxRate", .summary = "Add a rate from a day on"});
    routes.patch("/tax-classes/{id}/rates/{rateId}", change_rate,
                 {.id = "changeTaxRate",
                  .summary = "End or rename a rate",
                  .description = "The percentage stays what it was: add a rate that begins when this one ends."});
}

}  // namespace

app::Module taxes_module() {
    return {
        .name = "taxes",
        .doc = "Tax classes and their rates over time.",
        .tables = {tables::tax_classes.view(), tables::tax_rates.view()},
        .statements = db::statements(tax_class_rows, class_list, tax_rate_rows, rate_page, class_in_use, touch_class),
        .routes = routes};
}

}  // namespace pos
