#include "pos/modules/taxes/module.h"

#include <fmt/format.h>

#include "pos/modules/taxes/tables.h"
#include "pos/plumbing/create.h"
#include "pos/plumbing/edit.h"
#include "pos/plumbing/list.h"

namespace pos {

namespace {

// ---- What clients send ------------------------------------------------------------------------------------------

struct NewTaxClass {
    std::optional<TaxClassId> id;
    TaxClassFields fields;

    friend constexpr auto describe(NewTaxClass*) {
        return schema::object<NewTaxClass>(
            "NewTaxClass", schema::field<&NewTaxClass::id>("id", {.doc = "Made by the server when it is missing."}),
            schema::flatten<&NewTaxClass::fields>());
    }
};

struct NewTaxRate {
    std::optional<TaxRateId> id;
    TaxRateFields fields;

    friend constexpr auto describe(NewTaxRate*) {
        return schema::object<NewTaxRate>(
            "NewTaxRate", schema::field<&NewTaxRate::id>("id", {.doc = "Made by the server when it is missing."}),
            schema::flatten<&NewTaxRate::fields>());
    }
};

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

constexpr auto class_by_id = db::find<tables::tax_classes>("taxes.class_by_id");
constexpr auto add_class = db::insert<tables::tax_classes>("taxes.add_class");
constexpr auto class_table = editable<tables::tax_classes>("taxes.lock_class", "taxes.replace_class");
constexpr auto living_classes = db::select<tables::tax_classes>().where<&RowMeta::deleted_at, db::Compare::is_null>();
constexpr List class_list{
    living_classes.order_by<&TaxClassFields::code, &TaxClass::id>().page("taxes.class_page", "taxes.class_page_after"),
    updated_since<&TaxClass::id>(living_classes).page("taxes.class_page_updated", "taxes.class_page_updated_after")};

constexpr auto add_rate = db::insert<tables::tax_rates>("taxes.add_rate");
constexpr auto rate_table = editable<tables::tax_rates>("taxes.lock_rate", "taxes.replace_rate");
constexpr auto rate_page = db::select<tables::tax_rates>()
                               .where<&TaxRate::tax_class_id>()
                               .where<&RowMeta::deleted_at, db::Compare::is_null>()
                               .order_by<&TaxRateFields::valid_from, &TaxRate::id>()
                               .page("taxes.rate_page", "taxes.rate_page_after");

constexpr db::Query<bool(TaxClassId)> class_in_use{
    {"taxes.class_in_use",
     "select exists (select from products where tenant_id = $1 and tax_class_id = $2 and deleted_at is null) as in_use",
     db::Kind::read}};
// A class changes with its rates.
constexpr db::Query<void(TaxClassId, base::Timestamp)> touch_class{
    {"taxes.touch_class",
     "update tax_classes set version = version + 1, updated_at = $3 where tenant_id = $1 and id = $2",
     db::Kind::write}};

// ---- Tax classes ------------------------------------------------------------------------------------------------

async::Task<db::Page<TaxClass>> list(auth::PermittedSomewhere<"taxes.read">, http::Query<ListFilter> filter,
                                     db::Db db) {
    return class_list.page(db, *filter);
}

async::Task<http::Rendered<TaxClass, 201>> create(auth::Permitted<"taxes.write"> caller, IdempotencyHeader key,
                                                  http::Body<NewTaxClass> input, db::Db db,
                                                  http::Use<Runtime> runtime) {
    const TaxClass tax_class{input->id.value_or(runtime->new_id<TaxClassId>()), input->fields,
                             first_version(caller, runtime->now())};
    Creation creation(tax_class, tax_class.id.uuid(), {"/v1/tax-classes", caller, key, input, db, runtime});
    creation.batch().add(add_class, tax_class);
    co_return co_await creation.commit({{"tax_classes", tax_class.id.uuid()}});
}

async::Task<TaxClass> show(auth::PermittedSomewhere<"taxes.read">, http::Path<"id", TaxClassId> id, db::Db db) {
    co_return live(co_await db.one(class_by_id, *id));
}

async::Task<TaxClass> change(auth::Permitted<"taxes.write"> caller, http::Path<"id", TaxClassId> id, IfMatch if_match,
                             http::Body<schema::Patch<TaxClassFields>> patch, db::Db db, http::Use<Runtime> runtime) {
    co_return co_await edit<class_table>(db, *id, {caller, *if_match, runtime->now()},
                                         [&](TaxClass& row, Writes&) { apply(*patch, row.fields); });
}

async::Task<void> require_unused(db::Db tx, TaxClassId id) {
    if (co_await tx.only(class_in_use, id)) throw base::Failure(errors::tax_class_in_use);
}

async::Task<http::NoContent> remove(auth::Permitted<"taxes.write"> caller, http::Path<"id", TaxClassId> id,
                                    IfMatch if_match, db::Db db, http::Use<Runtime> runtime) {
    co_return co_await pos::remove<class_table>(
        db, *id, {caller, *if_match, runtime->now()},
        [](TaxClass& row, Writes& writes) { return require_unused(writes.tx, row.id); });
}

// ---- Their rates ------------------------------------------------------------------------------------------------

async::Task<db::Page<TaxRate>> list_rates(auth::PermittedSomewhere<"taxes.read">, http::Path<"id", TaxClassId> id,
                                          http::Query<db::PageRequest> request, db::Db db) {
    std::ignore = live(co_await db.one(class_by_id, *id));
    co_return co_await db.page(rate_page, *request, *id);
}

async::Task<http::Rendered<TaxRate, 201>> create_rate(auth::Permitted<"taxes.write"> caller,
                                                      http::Path<"id", TaxClassId> id, IdempotencyHeader key,
                                                      http::Body<NewTaxRate> input, db::Db db,
                                                      http::Use<Runtime> runtime) {
    std::ignore = live(co_await db.one(class_by_id, *id));
    const TaxRate rate{input->id.value_or(runtime->new_id<TaxRateId>()), *id, input->fields,
                       first_version(caller, runtime->now())};
    Creation creation(rate, rate.id.uuid(),
                      {fmt::format("/v1/tax-classes/{}/rates", id.value.to_string()), caller, key, input, db, runtime});
    creation.batch().add(touch_class, *id, rate.meta.updated_at);
    creation.batch().add(add_rate, rate);
    co_return co_await creation.commit({{"tax_rates", rate.id.uuid()}, {"tax_classes", id.value.uuid()}});
}

void apply_change(const schema::Patch<TaxRateChange>& patch, TaxRateFields& fields) {
    TaxRateChange change{fields.name, fields.valid_to, fields.fiscal_code};
    apply(patch, change);
    fields.name = change.name;
    fields.valid_to = change.valid_to;
    fields.fiscal_code = change.fiscal_code;
}

async::Task<TaxRate> change_rate(auth::Permitted<"taxes.write"> caller, http::Path<"id", TaxClassId> id,
                                 http::Path<"rateId", TaxRateId> rate_id, IfMatch if_match,
                                 http::Body<schema::Patch<TaxRateChange>> patch, db::Db db,
                                 http::Use<Runtime> runtime) {
    co_return co_await edit<rate_table>(db, *rate_id, {caller, *if_match, runtime->now()},
                                        [&](TaxRate& row, Writes& writes) {
                                            if (row.tax_class_id != *id) throw base::Failure(http::errors::not_found);
                                            apply_change(*patch, row.fields);
                                            writes.batch.add(touch_class, *id, runtime->now());
                                            writes.changes.push_back({"tax_classes", id.value.uuid()});
                                        });
}

void routes(http::Routes routes) {
    routes.get("/tax-classes", list,
               {.id = "listTaxClasses",
                .summary = "Tax classes by code",
                .description = "With `updatedSince`: the earliest change first."});
    routes.post(
        "/tax-classes", create,
        {.id = "createTaxClass", .summary = "Add a tax class", .errors = {errors::tax_code_taken, errors::id_taken}});
    routes.get("/tax-classes/{id}", show,
               {.id = "getTaxClass", .summary = "One tax class", .errors = {http::errors::not_found}});
    routes.patch("/tax-classes/{id}", change,
                 {.id = "changeTaxClass", .summary = "Change a tax class", .errors = {errors::tax_code_taken}});
    routes.del("/tax-classes/{id}", remove,
               {.id = "deleteTaxClass",
                .summary = "Delete a tax class that no product has",
                .errors = {errors::tax_class_in_use}});
    routes.get(
        "/tax-classes/{id}/rates", list_rates,
        {.id = "listTaxRates", .summary = "The rates of a class, oldest first", .errors = {http::errors::not_found}});
    routes.post("/tax-classes/{id}/rates", create_rate,
                {.id = "createTaxRate",
                 .summary = "Add a rate from a day on",
                 .errors = {http::errors::not_found, errors::tax_rate_range, errors::id_taken}});
    routes.patch("/tax-classes/{id}/rates/{rateId}", change_rate,
                 {.id = "changeTaxRate",
                  .summary = "End or rename a rate",
                  .description = "The percentage stays what it was: add a rate that begins when this one ends.",
                  .errors = {errors::tax_rate_range}});
}

}  // namespace

app::Module taxes_module() {
    return {.name = "taxes",
            .doc = "Tax classes and their rates over time.",
            .tables = {tables::tax_classes.view(), tables::tax_rates.view()},
            .statements = db::statements(class_by_id, add_class, class_table.lock, class_table.replace, class_list.own,
                                         class_list.updated, add_rate, rate_table.lock, rate_table.replace, rate_page,
                                         class_in_use, touch_class),
            .routes = routes,
            .errors = {errors::tax_code_taken, errors::unknown_tax_class, errors::tax_class_in_use,
                       errors::tax_rate_range}};
}

}  // namespace pos
