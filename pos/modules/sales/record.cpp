#include "pos/modules/sales/record.h"

#include <fmt/format.h>

#include "async/sync.h"
#include "base/strings.h"
#include "pos/modules/sales/events.h"
#include "pos/modules/sales/statements.h"
#include "pos/plumbing/feed.h"

namespace pos {

namespace {

// Raised by stock_required().
constexpr std::string_view out_of_stock_sqlstate = "ST409";
constexpr std::string_view route = "POST /v1/sales";

// The request with all that belongs to it.
struct Recording {
    NewSale sale;
    IdempotentRequest request;
    base::Timestamp now;
    std::optional<base::Uuid> device;
};

void require_device(const auth::Caller& caller, const NewSale& sale) {
    if (!sale.device_id || caller.device_id == sale.device_id->uuid()) return;
    if (caller.may_at("sales.push_for_device", sale.location_id.uuid())) return;
    throw base::Failure(errors::wrong_device);
}

std::vector<VariantId> variants_of(const NewSale& sale) {
    std::vector<VariantId> variants;
    for (const auto& line : sale.lines) {
        if (line.variant_id) variants.push_back(*line.variant_id);
    }
    return variants;
}

async::Task<bool> yes() { co_return true; }

// One round trip: the reads travel in one group.
async::Task<Surroundings> look_around(db::Db db, NewSale sale, UserId caller, base::Timestamp now) {
    const auto day =
        std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(std::min(sale.occurred_at, now)));
    auto member = sale.cashier_id && *sale.cashier_id != caller ? db.only(sales::is_member, *sale.cashier_id) : yes();
    auto read =
        co_await async::when_all(db.only(sales::tenant, TenantId(db.tenant())),
                                 db.all(sales::catalogue, variants_of(sale), sale.location_id, day), std::move(member));
    auto& [tenant, entries, is_member] = read;
    if (!is_member)
        throw base::Failure(errors::unknown_cashier,
                            {{"body", "/cashierId", "unknown", "no member of this tenant", {}}});

    Surroundings around;
    around.now = now;
    around.caller = caller;
    around.tenant = tenant.settings;
    for (auto& entry : entries) around.catalogue.emplace(entry.variant_id.uuid(), std::move(entry));
    co_return around;
}

void make_ids(Surroundings& around, const NewSale& sale, Runtime& runtime) {
    around.new_sale_id = runtime.new_id<SaleId>();
    for (const auto& payment : sale.payments) {
        if (!payment.id) around.new_payment_ids.push_back(runtime.new_id<PaymentId>());
    }
}

StoredReply reply_for(const Sale& sale) {
    return {.status = 201,
            .body = schema::to_json(sale),
            .etag = fmt::format("\"{}\"", sale.row.version),
            .location = fmt::format("/v1/sales/{}", sale.row.id.to_string()),
            .resource_type = "sale",
            .resource_id = sale.row.id.uuid()};
}

SaleCreated created_event(const SaleRow& row, base::Uuid tenant) {
    return {.tenant_id = TenantId(tenant),
            .id = row.id,
            .location_id = row.location_id,
            .receipt_number = row.receipt_number,
            .business_day = row.business_day,
            .total = row.total,
            .tax_total = row.tax_total,
            .discount_total = row.discount_total,
            .occurred_at = row.occurred_at};
}

std::vector<Change> changes_of(const RungUp& rung_up) {
    auto changes = level_changes(rung_up.movements);
    changes.push_back({"sales", rung_up.sale.row.id.uuid(), ChangeKind::updated, rung_up.sale.row.location_id});
    return changes;
}

bool must_have_stock(const Surroundings& around, const NewSale& sale) {
    return around.tenant.negative_stock == NegativeStock::block_online && around.now - sale.occurred_at < online_window;
}

void require_stock(db::Batch& batch, const MovementBatch& movements) {
    std::vector<VariantId> variants;
    for (const auto& level : movements.levels) variants.push_back(level.variant_id);
    batch.add(sales::require_stock, movements.location_id, variants);
}

// Everything that the sale is, in one implicit transaction: locks in one order (key, stock by variant, feed counter).
StoredReply fill_batch(db::Batch& batch, const Recording& recording, const RungUp& rung_up, bool stock_required,
                       Runtime& runtime) {
    auto reply = reply_for(rung_up.sale);
    begin_idempotent(batch, recording.request);
    finish_idempotent(batch, recording.request, reply, recording.now);
    batch.add(sales::add, rung_up.sale.row);
    batch.add(sales::add_lines, rung_up.sale.lines);
    if (!rung_up.sale.taxes.empty()) batch.add(sales::add_taxes, rung_up.sale.taxes);
    if (!rung_up.sale.payments.empty()) batch.add(sales::add_payments, rung_up.sale.payments);
    add_movements(batch, rung_up.movements);
    if (stock_required) require_stock(batch, rung_up.movements);
    runtime.outbox().add(batch, sale_created, created_event(rung_up.sale.row, recording.request.tenant));
    record_changes(batch, changes_of(rung_up), recording.device);
    return reply;
}

async::Task<StoredReply> commit_sale(db::Db db, Recording recording, Surroundings around, Runtime* runtime) {
    auto rung_up = ring_up(recording.sale, around);
    for (auto& movement : rung_up.movements.movements) movement.id = runtime->new_id<MovementId>();
    auto batch = db.batch();
    auto reply = fill_batch(batch, recording, rung_up, must_have_stock(around, recording.sale), *runtime);
    co_await batch.commit();
    co_return reply;
}

// Without a device the location counts: the number must be known before the reply is stored, so this is a transaction.
async::Task<StoredReply> commit_numbered_here(db::Db tx, Recording recording, Surroundings around, Runtime* runtime) {
    const auto number = co_await tx.one(sales::next_receipt, recording.sale.location_id);
    if (!number)
        throw base::Failure(errors::unknown_location, {{"body", "/locationId", "unknown", "no such location", {}}});
    around.receipt_number = *number;
    co_return co_await commit_sale(tx, std::move(recording), std::move(around), runtime);
}

bool is_out_of_stock(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const db::Error& error) {
        return error.sqlstate() == out_of_stock_sqlstate;
    } catch (...) {
        return false;
    }
}

bool is_known_sale(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const base::Failure& error) {
        return error.code() == errors::client_request_used || error.code() == errors::sale_exists ||
               error.code() == errors::device_replaced || error.code() == errors::receipt_taken;
    } catch (...) {
        return false;
    }
}

// The key's row is gone after its 30 days, or the sale came by another way; the sale itself still knows its key.
async::Task<RecordedSale> find_recorded(db::Db db, Recording recording, std::exception_ptr failure) {
    const auto row = co_await db.one(sales::by_client_request, recording.sale.client_request_id);
    if (!row) std::rethrow_exception(failure);
    if (row->payload_hash.value != base::as_chars(recording.request.fingerprint)) {
        throw base::Failure(errors::key_reused, "another sale has this clientRequestId")
            .member("resourceId", fmt::format("\"{}\"", row->id.to_string()));
    }
    auto reply = reply_for(co_await load_sale(db, *row));
    reply.status = 200;
    co_return RecordedSale{std::move(reply), "resource"};
}

async::Task<RecordedSale> settle(db::Db db, Recording recording, std::exception_ptr failure) {
    if (is_about_the_key(failure)) co_return RecordedSale{co_await replay_of(db, recording.request, failure), "true"};
    if (is_known_sale(failure)) co_return co_await find_recorded(db, std::move(recording), failure);
    if (is_out_of_stock(failure)) throw base::Failure(errors::out_of_stock);
    std::rethrow_exception(failure);
}

}  // namespace

async::Task<RecordedSale> record_sale(db::Db db, auth::Caller caller, Runtime* runtime, NewSale sale,
                                      std::string_view json) {
    caller.require_at("sales.create", sale.location_id.uuid());
    require_device(caller, sale);

    Recording recording{std::move(sale),
                        {db.tenant(), "member", std::string(route), {}, fingerprint_of(json)},
                        runtime->now(),
                        caller.device_id};
    recording.request.key = recording.sale.client_request_id.to_string();
    const auto running = runtime->hold(recording.request.scope());
    if (!running) throw base::Failure(errors::key_in_progress).retry_after(1'000);

    auto around = co_await look_around(db, recording.sale, UserId(caller.user_id), recording.now);
    around.payload_hash = base::as_chars(recording.request.fingerprint);
    make_ids(around, recording.sale, *runtime);

    std::exception_ptr failure;
    try {
        if (recording.sale.device_id || recording.sale.device_seq || recording.sale.receipt_number) {
            co_return RecordedSale{co_await commit_sale(db, recording, std::move(around), runtime), {}};
        }
        co_return RecordedSale{
            co_await db.transaction([&](db::Db tx) { return commit_numbered_here(tx, recording, around, runtime); }),
            {}};
    } catch (...) {
        failure = std::current_exception();
    }
    co_return co_await settle(db, std::move(recording), std::move(failure));
}

async::Task<Sale> preview_sale(db::Db db, auth::Caller caller, Runtime* runtime, NewSale sale) {
    caller.require_at("sales.create", sale.location_id.uuid());
    auto around = co_await look_around(db, sale, UserId(caller.user_id), runtime->now());
    make_ids(around, sale, *runtime);
    co_return ring_up(sale, around).sale;
}

async::Task<Sale> load_sale(db::Db db, SaleRow row) {
    const auto id = row.id;
    auto parts = co_await async::when_all(db.all(sales::lines_of, id), db.all(sales::taxes_of, id),
                                          db.all(sales::payments_of, id));
    auto& [lines, taxes, payments] = parts;
    co_return Sale{std::move(row), std::move(lines), std::move(taxes), std::move(payments)};
}

}  // namespace pos
