#include "pos/modules/stock/module.h"

#include <fmt/format.h>

#include <algorithm>

#include "app/jobs.h"
#include "pos/modules/stock/adjustment.h"
#include "pos/modules/stock/events.h"
#include "pos/plumbing/list.h"
#include "pos/plumbing/writer.h"

namespace pos {

namespace {

// ---- What clients send ------------------------------------------------------------------------------------------

struct Place {
    std::optional<LocationId> location_id;
    std::optional<VariantId> variant_id;

    friend constexpr auto describe(Place*) {
        return schema::object<Place>("Place",
                                     schema::field<&Place::location_id>(
                                         "locationId", {.doc = "Needed by callers who may read some locations only."}),
                                     schema::field<&Place::variant_id>("variantId", {.doc = "Of this variant alone."}));
    }
};

struct LevelFilter {
    db::PageRequest page;
    Place place;

    friend constexpr auto describe(LevelFilter*) {
        return schema::object<LevelFilter>("LevelFilter", schema::flatten<&LevelFilter::page>(),
                                           schema::flatten<&LevelFilter::place>());
    }
};

struct MovementFilter {
    ListFilter list;
    Place place;

    friend constexpr auto describe(MovementFilter*) {
        return schema::object<MovementFilter>("MovementFilter", schema::flatten<&MovementFilter::list>(),
                                              schema::flatten<&MovementFilter::place>());
    }
};

// ---- Statements -------------------------------------------------------------------------------------------------

constexpr List<tables::stock_levels, By<&StockLevel::location_id, &StockLevel::variant_id>,
               Where<&StockLevel::location_id>, Where<&StockLevel::variant_id>>
    level_list;
constexpr List<tables::stock_movements, Newest<&StockMovement::recorded_at>, AtLeast<&StockMovement::recorded_at>,
               Where<&StockMovement::location_id>, Where<&StockMovement::variant_id>>
    movement_list;
constexpr auto movements_of_source = db::select<tables::stock_movements>()
                                         .where<&StockMovement::source_type>()
                                         .where<&StockMovement::source_id>()
                                         .order_by<&StockMovement::source_line>()
                                         .named("stock.movements_of_source");

constexpr db::Query<VariantId(std::vector<VariantId>)> unknown_variants{
    {"stock.unknown_variants",
     "select asked.id from unnest($2::uuid[]) as asked (id) where not exists ("
     "  select from variants where tenant_id = $1 and variants.id = asked.id)"}};

// ---- Handlers ---------------------------------------------------------------------------------------------------

void require_readable(const auth::Caller& caller, const Place& place) {
    if (place.location_id) return caller.require_at("stock.read", place.location_id->uuid());
    if (caller.places_with("stock.read")) throw base::Failure(auth::errors::forbidden, "name a location: ?locationId=");
}

async::Task<db::Page<StockLevel>> list_levels(auth::PermittedSomewhere<"stock.read"> caller,
                                              http::Query<LevelFilter> filter, db::Db db) {
    require_readable(caller, filter->place);
    return level_list.page(db, filter->page, filter->place.location_id, filter->place.variant_id);
}

async::Task<db::Page<StockMovement>> list_movements(auth::PermittedSomewhere<"stock.read"> caller,
                                                    http::Query<MovementFilter> filter, db::Db db) {
    require_readable(caller, filter->place);
    const auto& [list, place] = *filter;
    return movement_list.page(db, list.page, list.updated_since, place.location_id, place.variant_id);
}

// The key's row is gone after its 30 days; the ledger still knows what it moved.
async::Task<std::optional<Adjustment>> find_adjusted(db::Db db, Adjustment asked) {
    auto stored = adjustment_of(co_await db.all(movements_of_source, std::string(adjustment_source), asked.id));
    if (stored && !is_same(*stored, asked)) throw reused_key("another adjustment has this key", asked.id);
    co_return stored;
}

// The foreign key says that a variant is unknown, but not on which line.
async::Task<base::Failure> unknown_variants_of(db::Db db, std::vector<AdjustmentLine> lines) {
    std::vector<VariantId> asked;
    for (const auto& line : lines) asked.push_back(line.variant_id);
    const auto unknown = co_await db.all(unknown_variants, asked);
    std::vector<base::Issue> issues;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        if (std::ranges::find(unknown, asked[i]) == unknown.end()) continue;
        issues.push_back({"body",
                          fmt::format("/lines/{}/variantId", i),
                          std::string(errors::unknown_variant.code),
                          std::string(errors::unknown_variant.title),
                          {}});
    }
    co_return base::Failure(errors::unknown_variant, std::move(issues));
}

async::Task<CreatedOrFound<Adjustment>> adjust(Create<"stock.adjust"> write, http::Body<NewAdjustment> input) {
    write.require_at("stock.adjust", input->location_id.uuid());
    auto request = write.request(input);
    request.key = key_of({write.key()}, input->client_request_id);
    const auto adjustment = make_adjustment(*input, adjustment_id(*request.key), write.now());
    auto moved = movements_of(adjustment, write.device_id);
    for (auto& movement : moved.movements) movement.id = write.new_id<MovementId>();

    auto once = co_await write.once(adjustment, adjustment.id, request);
    const auto db = once.db();
    add_movements(once.batch(), write.runtime().outbox(), moved);
    write.runtime().outbox().emit(once.batch(), stock_adjusted, StockAdjusted::of(adjustment));
    try {
        co_return co_await once.commit(level_changes(moved), [&] { return find_adjusted(db, adjustment); });
    } catch (const base::Failure& refusal) {
        if (refusal.code() != errors::unknown_variant) throw;
    }
    throw co_await unknown_variants_of(db, input->lines);
}

async::Task<Adjustment> show_adjustment(auth::PermittedSomewhere<"stock.read"> caller, http::Path<"id", base::Uuid> id,
                                        db::Db db) {
    const auto adjustment = adjustment_of(co_await db.all(movements_of_source, std::string(adjustment_source), *id));
    if (!adjustment || !caller.may_at("stock.read", adjustment->location_id.uuid()))
        throw base::Failure(errors::row_not_found);
    co_return *adjustment;
}

void routes(http::Routes routes) {
    routes.get("/stock-levels", list_levels, {.id = "listStockLevels", .summary = "What is on the shelf"});
    routes.get("/stock-movements", list_movements,
               {.id = "listStockMovements",
                .summary = "The stock ledger, newest first",
                .description = "`updatedSince`: recorded then or later. Says what has changed of the levels, too."});
    routes.post("/stock-adjustments", adjust,
                {.id = "adjustStock",
                 .summary = "Correct stock, once",
                 .description = "Send the same bytes again until there is an answer: the stock moves once.",
                 .errors = {errors::key_missing, errors::key_mismatch, errors::unknown_location,
                            errors::unknown_variant, errors::movement_repeated}});
    routes.get("/stock-adjustments/{id}", show_adjustment, {.id = "getStockAdjustment", .summary = "One adjustment"});
}

// Told twice, it is the same event: it has the id of its job.
async::Task<void> run_tell_low(jobs::Job<StockLow>& job, app::TenantScope scope) {
    auto batch = scope.db().batch();
    scope.use<Runtime>().outbox().emit(batch, stock_low, job.data());
    if (batch.size() > 0) co_await batch.commit();
}
void handle_jobs(app::JobHandlers handlers) { handlers.on(tell_low_stock, run_tell_low); }

constexpr std::string_view low_example =
    R"({"id":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8095","locationId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8094",)"
    R"("productId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091","variantId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8092",)"
    R"("name":"Sugar 1kg","sku":"SUGAR-1KG","onHand":"4.5","reorderLevel":"5"})";

constexpr std::string_view adjusted_example =
    R"({"id":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8096","locationId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8094","reason":"waste",)"
    R"("lines":[{"variantId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8092","quantityDelta":"-1.5"}],)"
    R"("occurredAt":"2026-11-22T06:14:03.120Z"})";

}  // namespace

app::Module stock_module() {
    auto statements = db::statements(level_list, movement_list, movements_of_source, unknown_variants);
    for (const auto& statement : movement_statements()) statements.push_back(statement);
    return {.name = "stock",
            .doc = "Levels, the ledger of movements, adjustments.",
            .tables = {tables::stock_levels.view(), tables::stock_movements.view()},
            .statements = std::move(statements),
            .routes = routes,
            .jobs = handle_jobs,
            .webhooks = {app::webhook_event<&StockLow::variant_id, &StockLow::location_id, &StockLow::id>(
                             stock_low, {"A level has fallen to its variant's reorder level", low_example}),
                         app::webhook_event<&StockAdjusted::id, &StockAdjusted::location_id>(
                             stock_adjusted, {"A person has corrected stock", adjusted_example})}};
}

}  // namespace pos
