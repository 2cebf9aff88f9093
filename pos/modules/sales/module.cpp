#include "pos/modules/sales/module.h"

#include "app/jobs.h"
#include "http/errors.h"
#include "pos/location_permissions.h"
#include "pos/modules/notifications/day_limits.h"
#include "pos/modules/payments/intents.h"
#include "pos/modules/sales/events.h"
#include "pos/modules/sales/mail_receipt.h"
#include "pos/modules/sales/record.h"
#include "pos/modules/sales/statements.h"
#include "pos/modules/sales/unverified_payments.h"
#include "pos/plumbing/list.h"
#include "pos/plumbing/writer.h"

namespace pos {

namespace {

struct SaleFilter {
    ListFilter list;
    std::optional<LocationId> location_id;
    std::optional<SaleFlag> flag;

    friend constexpr auto describe(SaleFilter*) {
        return schema::object<SaleFilter>(
            "SaleFilter", schema::flatten<&SaleFilter::list>(),
            schema::field<&SaleFilter::location_id>("locationId",
                                                    {.doc = "Needed by callers who may read some locations only."}),
            schema::field<&SaleFilter::flag>("flag",
                                             {.doc = "Sales that were taken with this flag alone: what somebody "
                                                     "should look at, such as `payment_reference_reused`."}));
    }
};

// Reading is for the locations that the caller's role covers; elsewhere a sale is not there.
void require_readable(const auth::Caller& caller, const SaleRow& row) {
    if (!caller.may_at("sales.read", row.location_id.uuid())) throw base::Failure(errors::row_not_found);
}

// AnyQuery: what a newer till sends with a sale, in its body or beside it, is no reason to refuse the sale. A Db of its own, as
// record_sale() asks the key by itself: its replies are known late.
async::Task<http::JsonBytes<Sale, 201, 200>> create(Create<"sales.create"> write, http::AnyQuery,
                                                    http::Body<NewSale> input, db::Db db) {
    std::ignore = key_of({write.key()}, input->client_request_id);  // 422 when they differ
    const auth::Caller& caller = write;
    auto recorded = co_await record_sale(db, caller, &write.runtime(), std::move(input));
    auto rendered = to_json_bytes<Sale, 201, 200>(std::move(recorded.reply), false);
    if (!recorded.replayed.empty()) rendered.headers.emplace_back("Idempotent-Replayed", recorded.replayed);
    co_return rendered;
}

async::Task<Sale> show(auth::PermittedSomewhere<"sales.read"> caller, http::Path<"id", SaleId> id, db::Db db) {
    auto row = co_await db.one(sales::by_id, *id);
    if (!row) throw base::Failure(errors::row_not_found);
    require_readable(caller, *row);
    co_return co_await load_sale(db, std::move(*row));
}

// Of the path, where it is called `id`, and is none of a row's: the document says whose it is.
struct ClientRequestId {
    using Part = http::Path<"id", base::Uuid>;
    static constexpr schema::Field field = [] {
        auto field = http::detail::field_of_part<"id", base::Uuid>;
        field.rules.doc = "The `clientRequestId` that the sale was sent with.";
        return field;
    }();

    base::Uuid value;

    static ClientRequestId read(http::Context& context, http::Findings& findings) {
        return {Part::read(context, findings).value};
    }
    static void describe(http::Operation& operation) {
        Part::describe(operation);
        operation.parameters.back().field = &field;
    }
};

async::Task<Sale> show_by_client_request(auth::PermittedSomewhere<"sales.read"> caller, ClientRequestId client_request,
                                         db::Db db) {
    auto row = co_await db.one(sales::by_client_request, client_request.value);
    if (!row) throw base::Failure(errors::row_not_found);
    require_readable(caller, *row);
    co_return co_await load_sale(db, std::move(*row));
}

// Whoever reads some locations only must name one.
void require_readable(const auth::Caller& caller, const std::optional<LocationId>& location) {
    if (location) return caller.require_at("sales.read", location->uuid());
    if (caller.places_with("sales.read")) throw base::Failure(auth::errors::forbidden, "name a location: ?locationId=");
}

async::Task<db::Page<SaleRow>> list(auth::PermittedSomewhere<"sales.read"> caller, http::Query<SaleFilter> filter,
                                    db::Db db) {
    require_readable(caller, filter->location_id);
    const auto& [page, since] = filter->list;
    const auto& location = filter->location_id;
    if (!filter->flag) return sales::newest.page(db, page, since, location);
    const std::string flag(schema::name_of(*filter->flag));
    const auto from = since.value_or(base::Timestamp{});
    if (location) return db.page(sales::flagged_page_of_location, page, from, flag, *location);
    return db.page(sales::flagged_page, page, from, flag);
}

// What the till will be told, without recording anything.
async::Task<Sale> calculate(auth::PermittedSomewhere<"sales.create"> caller, http::AnyQuery, http::Body<NewSale> input,
                            db::Db db, http::Service<Runtime> runtime) {
    co_return co_await preview_sale(db, caller, runtime.service, std::move(*input));
}

void routes(http::Routes routes) {
    const std::vector refusals{errors::sale_inconsistent,    errors::total_mismatch,  errors::payments_mismatch,
                               errors::numbering_incomplete, errors::unknown_cashier, errors::unknown_location,
                               errors::unknown_variant,      errors::unknown_device};
    auto create_errors = refusals;
    create_errors.insert(create_errors.end(), {errors::key_mismatch, errors::wrong_device, errors::out_of_stock});

    unverified_payment_routes(routes);
    routes.post("/sales", create,
                {.id = "createSale",
                 .summary = "Record a sale, once",
                 .description = "Send the same bytes again until there is an answer: the sale is recorded once, and "
                                "every attempt gets the same reply. 200 with `Idempotent-Replayed: resource`: it was "
                                "recorded longer ago than replies are kept.",
                 .errors = create_errors,
                 .options = {.body_limit = max_sale_bytes, .outside_wall = true, .priority = http::Priority::high}});
    routes.post("/sales/calculate", calculate,
                {.id = "calculateSale",
                 .summary = "What a sale would come to; nothing is recorded",
                 .errors = refusals,
                 .options = {.body_limit = max_sale_bytes}});
    routes.get(
        "/sales", list,
        {.id = "listSales",
         .summary = "Sales, newest first",
         .description = "`updatedSince`: recorded then or later; a sale never changes. `flag`: those to look at."});
    routes.get("/sales/{id}", show, {.id = "getSale", .summary = "One sale with lines, taxes and payments"});
    routes.post(
        "/sales/{id}/receipt", mail_receipt,
        {.id = "mailReceipt",
         .summary = "Send the receipt by e-mail, SMS or WhatsApp",
         .description = "Once for each `Idempotency-Key`: the same key again answers what became of it. A message "
                        "whose state is `unknown` may have arrived.",
         .errors = {errors::mail_off, errors::key_reused, errors::sms_off, errors::sms_not_mobile,
                    errors::sms_not_sent_there, errors::sms_number_limit, errors::sms_source_limit,
                    errors::sms_spending_limit},
         .options = {.rate_class = "receipts"},
         .middleware = {say_when_the_day_ends()}});
    routes.get("/sales/by-client-request/{id}", show_by_client_request,
               {.id = "getSaleByClientRequest",
                .summary = "The sale of a clientRequestId: settles an unknown outcome",
                .options = {.priority = http::Priority::high}});
}

constexpr std::string_view stock_required_sql =
    "create or replace function stock_required(location uuid, variants uuid[]) returns void language plpgsql as $$\n"
    "begin\n"
    "  if exists (select from stock_levels where tenant_id = nullif(current_setting('app.tenant', true), '')::uuid\n"
    "             and location_id = location and variant_id = any(variants) and on_hand < 0) then\n"
    "    raise exception 'not enough on the shelf' using errcode = 'ST409';\n"
    "  end if;\n"
    "end $$;\n";

// The server's own number: the location's code, S, and at least six digits, which are never cut. Locations with one code take turns.
// A code may have been another location's, whose numbers cannot be given twice: the steps grow while they are taken (to a million at
// most), and the first free one behind the last taken is then halved in on: a million sales cost forty looks, once. What a till has
// printed of its own accord is stepped over one by one, a thousand at most: it never leads the numbers.
constexpr std::string_view next_receipt_number_sql =
    "create or replace function next_receipt_number(location uuid) returns text language plpgsql as $$\n"
    "declare\n"
    "  tenant constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;\n"
    "  prefix text;\n"
    "  taken bigint;\n"
    "  free bigint;\n"
    "  middle bigint;\n"
    "  step bigint;\n"
    "begin\n"
    "  select code || '-S-' into prefix from locations where tenant_id = tenant and id = location;\n"
    "  if prefix is null then return null; end if;\n"
    "  perform pg_advisory_xact_lock(hashtextextended(tenant::text || prefix, 0));\n"
    "  select last_receipt into taken from location_counters\n"
    "    where tenant_id = tenant and location_id = location for update;\n"
    "  if taken is null then return null; end if;\n"
    "  for look in 1..1000 loop\n"
    "    free := taken + 1;\n"
    "    step := 1;\n"
    "    while receipt_number_taken(prefix, free) loop\n"
    "      taken := free;\n"
    "      free := free + step;\n"
    "      step := least(step * 2, 1048576);\n"
    "    end loop;\n"
    "    while free - taken > 1 loop\n"
    "      middle := taken + (free - taken) / 2;\n"
    "      if receipt_number_taken(prefix, middle) then taken := middle; else free := middle; end if;\n"
    "    end loop;\n"
    "    exit when not receipt_number_shown(prefix, free);\n"
    "    taken := free;\n"
    "  end loop;\n"
    "  update location_counters set last_receipt = free where tenant_id = tenant and location_id = location;\n"
    "  return prefix || lpad(free::text, greatest(6, length(free::text)), '0');\n"
    "end $$;\n";

// Of the numbers that are unique: the server's, and tills' own.
constexpr std::string_view receipt_number_taken_sql =
    "create or replace function receipt_number_taken(prefix text, number bigint) returns boolean\n"
    "language plpgsql as $$\n"
    "declare\n"
    "  tenant constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;\n"
    "  printed constant text := prefix || lpad(number::text, greatest(6, length(number::text)), '0');\n"
    "begin\n"
    "  return exists (select from sales where tenant_id = tenant and receipt_number = printed\n"
    "                 and " POS_CHECKED_RECEIPT
    ");\n"
    "end $$;\n";

// Whatever a till has printed.
constexpr std::string_view receipt_number_shown_sql =
    "create or replace function receipt_number_shown(prefix text, number bigint) returns boolean\n"
    "language plpgsql as $$\n"
    "declare\n"
    "  tenant constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;\n"
    "  printed constant text := prefix || lpad(number::text, greatest(6, length(number::text)), '0');\n"
    "begin\n"
    "  return exists (select from sales where tenant_id = tenant and receipt_number = printed\n"
    "                 and " POS_FIRST_OF_RECEIPT
    ");\n"
    "end $$;\n";

async::Task<void> settle_codes(jobs::Job<SettleTypedCodes>& job, app::TenantScope scope) {
    co_await settle_typed_codes(scope.db(), &scope.use<PaymentIntents>(), job.data().sale_id);
}

void handle_jobs(app::JobHandlers handlers) { handlers.on(settle_typed_codes_job, settle_codes); }

}  // namespace

constexpr std::string_view sale_example =
    R"({"id":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8093","locationId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8094",)"
    R"("receiptNumber":"NRB1-03-001042","businessDay":"2026-11-22","total":22500,"taxTotal":3103,"discountTotal":0,)"
    R"("occurredAt":"2026-11-22T06:14:03.120Z"})";

constexpr std::string_view payment_example =
    R"({"id":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8095","saleId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8093",)"
    R"("locationId":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8094","amount":22500})";

app::Module sales_module() {
    auto statements = db::statements(
        sales::sale_rows, sales::catalogue, sales::tenant, sales::is_member, sales::next_receipt, sales::require_stock,
        sales::add, sales::add_lines, sales::add_taxes, sales::add_payments, sales::by_id, sales::by_client_request,
        sales::lines_of, sales::taxes_of, sales::payments_of, sales::newest, sales::flagged_page,
        sales::flagged_page_of_location, sales::till_place, sales::receipt_taken, sales::used_references,
        sales::lock_codes, sales::refuse_other_uses, sales::known_payments, sales::short_of_stock);
    for (const auto& statement : phone_payment_statements()) statements.push_back(statement);
    for (const auto& statement : unverified_payment_statements()) statements.push_back(statement);
    return {
        .name = "sales",
        .doc = "Recording sales exactly once, and reading them back.",
        .tables = {tables::sales.view(), tables::sale_lines.view(), tables::sale_taxes.view(), tables::payments.view()},
        .database_objects =
            {{"stock_required", stock_required_sql, "drop function stock_required(uuid, uuid[])"},
             {"next_receipt_number", next_receipt_number_sql, "drop function next_receipt_number(uuid)"},
             {"receipt_number_taken", receipt_number_taken_sql, "drop function receipt_number_taken(text, bigint)"},
             {"receipt_number_shown", receipt_number_shown_sql, "drop function receipt_number_shown(text, bigint)"}},
        .statements = std::move(statements),
        .routes = routes,
        .jobs = handle_jobs,
        .webhooks = {
            app::webhook_event<&SaleCreated::id, &SaleCreated::location_id>(sale_created,
                                                                            {"A sale was recorded", sale_example}),
            app::webhook_event<&SalePaymentUpdated::sale_id, &SalePaymentUpdated::location_id>(
                sale_payment_updated,
                {"A payment of a recorded sale was accepted or reversed, or is in doubt again: the sale says which",
                 payment_example})}};
}

}  // namespace pos
