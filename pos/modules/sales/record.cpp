#include "pos/modules/sales/record.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "async/sync.h"
#include "base/strings.h"
#include "http/problem.h"
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

// What one may do with a till counts at the till's own location, too. A till that was moved sends what it had sold before; but whoever
// may not sell where it stands now does not use up its numbers.
void judge_till(const auth::Caller& caller, const NewSale& sale, SaleContext& around) {
    if (!around.till) return;
    const auto at = around.till->location_id.uuid();
    if (caller.device_id == sale.device_id->uuid()) {
        around.till_is_elsewhere = !caller.may_at("sales.create", at);
    } else if (!caller.may_at("sales.push_for_device", at)) {
        throw base::Failure(errors::wrong_device);
    }
}

std::vector<VariantId> variants_of(const NewSale& sale) {
    std::vector<VariantId> variants;
    for (const auto& line : sale.lines) {
        if (line.variant_id) variants.push_back(*line.variant_id);
    }
    return variants;
}

async::Task<bool> yes() { co_return true; }
async::Task<bool> no() { co_return false; }
async::Task<std::vector<UsedReference>> no_codes() { co_return std::vector<UsedReference>(); }
async::Task<std::optional<TillPlace>> no_till() { co_return std::nullopt; }
async::Task<std::vector<KnownIntent>> no_intents() { co_return std::vector<KnownIntent>(); }

std::vector<std::string> codes_of(const NewSale& sale) {
    std::vector<std::string> codes;
    for (const auto& payment : sale.payments) {
        if (auto code = code_of(payment)) codes.push_back(std::move(*code));
    }
    return codes;
}

std::vector<base::Uuid> intents_of(const NewSale& sale) {
    std::vector<base::Uuid> intents;
    for (const auto& payment : sale.payments) {
        if (payment.intent_id) intents.push_back(*payment.intent_id);
    }
    return intents;
}

// Typed in, and of the money that has come for its intents.
std::vector<std::string> codes_of(const NewSale& sale, const SaleContext& around) {
    auto codes = codes_of(sale);
    for (const auto& intent : around.intents) {
        if (intent.has_paid && intent.receipt_code) codes.push_back(*intent.receipt_code);
    }
    return codes;
}

// One round trip: the reads travel in one group.
async::Task<SaleContext> look_around(db::Db db, NewSale sale, UserId caller, base::Timestamp now) {
    auto till = sale.device_id ? db.one(sales::till_place, sale.location_id, *sale.device_id) : no_till();
    auto member = sale.cashier_id && *sale.cashier_id != caller ? db.only(sales::is_member, *sale.cashier_id) : yes();
    const auto codes = codes_of(sale);
    auto used = codes.empty() ? no_codes() : db.all(sales::used_references, codes);
    const auto printed = printed_number(sale.receipt_number.value_or(""));
    auto taken = printed.empty() ? no() : db.only(sales::receipt_taken, printed, sale.client_request_id);
    const auto named = intents_of(sale);
    auto intents = named.empty() ? no_intents() : db.all(sales::known_intents, named, sale.client_request_id);
    auto read = co_await async::when_all(
        db.only(sales::tenant, TenantId(db.tenant())),
        db.all(sales::catalogue, variants_of(sale), sale.location_id, believed_time(sale, now)), std::move(member),
        std::move(till), std::move(used), std::move(taken), std::move(intents));
    auto& [tenant, entries, is_member, place, used_codes, is_taken, known_intents] = read;
    if (!is_member)
        throw base::Failure(errors::unknown_cashier,
                            {{"body", "/cashierId", "unknown", "no member of this tenant", {}}});

    SaleContext around;
    around.now = now;
    around.caller = caller;
    around.tenant = tenant.settings;
    around.till = std::move(place);
    for (auto& entry : entries) around.catalogue.emplace(entry.variant_id.uuid(), std::move(entry));
    around.used_references = std::move(used_codes);
    around.intents = std::move(known_intents);
    around.receipt_taken = is_taken;
    // Without a number that can be read it is the one that it should have had; rare enough for a look of its own.
    if (printed.empty() && around.till && sale.device_seq) {
        const auto number = printed_receipt(sale, around).number;
        around.receipt_taken = co_await db.only(sales::receipt_taken, number, sale.client_request_id);
    }
    co_return around;
}

void make_ids(SaleContext& around, const NewSale& sale, Runtime& runtime) {
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

SaleCreated created_event(const SaleRow& row) {
    return {.id = row.id,
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
    changes.push_back(change_of(sales::sale_rows, rung_up.sale.row));
    return changes;
}

bool must_have_stock(const SaleContext& around, const NewSale& sale) {
    return around.tenant.negative_stock == NegativeStock::block_online && is_rung_up_online(sale, around.now);
}

void require_stock(db::Batch& batch, const MovementBatch& movements) {
    std::vector<VariantId> variants;
    for (const auto& level : movements.levels) variants.push_back(level.variant_id);
    batch.add(sales::require_stock, movements.location_id, variants);
}

// Each statement sees what was committed before it: behind the locks the other sale's payment is there, and the intent's money. Intents
// before codes, as whoever moves an intent does.
void add_payments(db::Batch& batch, const NewSale& sale, const RungUp& rung_up, const SaleContext& around) {
    if (rung_up.sale.payments.empty()) return;
    if (const auto named = intents_of(sale); !named.empty()) {
        std::vector<base::Uuid> paid;
        std::vector<base::Uuid> refunded;
        for (const auto& intent : around.intents) {
            if (intent.has_paid) paid.push_back(intent.id);
            if (intent.is_refunded) refunded.push_back(intent.id);
        }
        batch.add(sales::lock_intents, named);
        batch.add(sales::refuse_moved_intents, named, paid, refunded);
    }
    if (const auto codes = codes_of(sale, around); !codes.empty()) {
        batch.add(sales::lock_codes, codes);
        batch.add(sales::refuse_other_uses, codes, around.used_references);
    }
    batch.add(sales::add_payments, rung_up.sale.payments);
    std::vector<base::Uuid> taken;
    for (const auto& payment : rung_up.sale.payments) {
        if (payment.intent_id && payment.status == PaymentStatus::accepted) taken.push_back(*payment.intent_id);
    }
    if (!taken.empty()) batch.add(sales::finish_refund_tasks, taken, around.now);
}

bool has_typed_code(const Sale& sale) {
    return std::ranges::any_of(sale.payments, [](const PaymentRow& payment) {
        return payment.status == PaymentStatus::unverified && payment.external_ref && !payment.intent_id;
    });
}

// Everything that the sale is, in one implicit transaction: locks in one order (key, intents, codes, stock by variant, feed counter).
StoredReply fill_batch(db::Batch& batch, const Recording& recording, const RungUp& rung_up, const SaleContext& around,
                       Runtime& runtime) {
    auto reply = reply_for(rung_up.sale);
    begin_idempotent(batch, recording.request);
    finish_idempotent(batch, recording.request, reply, recording.now);
    batch.add(sales::add, rung_up.sale.row);
    batch.add(sales::add_lines, rung_up.sale.lines);
    if (!rung_up.sale.taxes.empty()) batch.add(sales::add_taxes, rung_up.sale.taxes);
    add_payments(batch, recording.sale, rung_up, around);
    add_movements(batch, runtime.outbox(), rung_up.movements);
    if (must_have_stock(around, recording.sale)) require_stock(batch, rung_up.movements);
    runtime.outbox().emit(batch, sale_created, created_event(rung_up.sale.row));
    if (has_typed_code(rung_up.sale))
        runtime.outbox().add(batch, settle_typed_codes_job, SettleTypedCodes{rung_up.sale.row.id});
    record_changes(batch, changes_of(rung_up), recording.device);
    return reply;
}

async::Task<StoredReply> commit_sale(db::Db db, Recording recording, SaleContext around, Runtime* runtime) {
    auto rung_up = ring_up(recording.sale, around);
    for (auto& movement : rung_up.movements.movements) movement.id = runtime->new_id<MovementId>();
    auto batch = db.batch();
    auto reply = fill_batch(batch, recording, rung_up, around, *runtime);
    co_await batch.commit();
    co_return reply;
}

// Without a device the location counts: the number must be known before the reply is stored, so this is a transaction.
async::Task<StoredReply> commit_numbered_here(db::Db tx, Recording recording, SaleContext around, Runtime* runtime) {
    const auto number = co_await tx.only(sales::next_receipt, recording.sale.location_id);
    if (!number.receipt_number)
        throw base::Failure(errors::unknown_location, {{"body", "/locationId", "unknown", "no such location", {}}});
    around.receipt_number = *number.receipt_number;
    around.receipt_taken = number.shown;
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
               error.code() == errors::device_replaced;
    } catch (...) {
        return false;
    }
}

std::string_view code_of(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const base::Failure& error) {
        return error.code().code;
    } catch (...) {
        return {};
    }
}

// A number of the server's that a till has just printed is stepped over; whoever races it so often waits for the next attempt.
constexpr int number_attempts = 20;
// An intent becomes paid once, and used once.
constexpr int intent_attempts = 5;

// What another sale has already is no reason to refuse this one. True when the next attempt, of which so many were before, will
// know of it.
async::Task<bool> learn(db::Db db, const NewSale* sale, SaleContext* around, std::string_view refusal, int attempts) {
    if (refusal == errors::receipt_taken.code) {
        if (!sale->device_id) co_return attempts < number_attempts;
        co_return !std::exchange(around->receipt_taken, true);
    }
    if (refusal == errors::payment_intent_moved.code) {
        around->intents = co_await db.all(sales::known_intents, intents_of(*sale), sale->client_request_id);
        co_return attempts < intent_attempts;
    }
    if (refusal != errors::payment_reference_used.code) co_return false;
    auto used = co_await db.all(sales::used_references, codes_of(*sale, *around));
    const bool news = used.size() > around->used_references.size();
    around->used_references = std::move(used);
    co_return news;
}

async::Task<StoredReply> commit(db::Db db, Recording recording, SaleContext around, Runtime* runtime) {
    if (recording.sale.device_id || recording.sale.device_seq || recording.sale.receipt_number)
        co_return co_await commit_sale(db, std::move(recording), std::move(around), runtime);
    co_return co_await db.transaction([&](db::Db tx) { return commit_numbered_here(tx, recording, around, runtime); });
}

Fingerprint stored_fingerprint(std::string_view hash) {
    constexpr std::size_t size = base::Digest256{}.size();
    const auto digest = [&](std::size_t at) {
        base::Digest256 bytes{};
        std::ranges::copy(hash.substr(at, size), bytes.begin());
        return bytes;
    };
    if (hash.size() == size) return {digest(0), digest(0)};
    if (hash.size() == 1 + 2 * size) return {digest(1), digest(1 + size)};
    return {};
}

// Who sends a sale once more may be signed in as another cashier by now, and the shop may round otherwise: what the first request
// left to them was answered then, and stands in the row.
bool is_same_sale(const NewSale& sale, std::string_view text, const SaleRow& row) {
    const auto& cashier = sale.cashier_id;
    const auto& rounding = sale.tax_rounding;
    if ((cashier && cashier != row.cashier_id) || (rounding && rounding != row.tax_rounding)) return false;
    http::Body<NewSale> sent{meaning_of(sale, {}), text};
    for (const auto& said_cashier : {std::optional<UserId>(), row.cashier_id}) {
        for (const auto& said_rounding : {std::optional<TaxRounding>(), std::optional(row.tax_rounding)}) {
            sent.value.cashier_id = said_cashier;
            sent.value.tax_rounding = said_rounding;
            if (fingerprint_of(sent).matches(row.payload_hash.value)) return true;
        }
    }
    return false;
}

// The reply to the first request of a sale that is recorded, whatever would be said of it today; nullopt: this is no repetition.
// The key's row is gone after its 30 days; the sale itself still knows its key.
async::Task<std::optional<RecordedSale>> find_first(db::Db db, Recording recording, std::string_view text) {
    auto row = co_await db.one(sales::by_client_request, recording.sale.client_request_id);
    if (!row || !is_same_sale(recording.sale, text, *row)) co_return std::nullopt;
    recording.request.fingerprint = stored_fingerprint(row->payload_hash.value);
    try {
        const auto known = std::make_exception_ptr(base::Failure(errors::key_known));
        co_return RecordedSale{co_await replay_of(db, recording.request, known), "true"};
    } catch (const base::Failure& failure) {
        if (failure.code() != errors::key_in_progress) throw;
    }
    auto reply = reply_for(co_await load_sale(db, std::move(*row)));
    reply.status = 200;
    co_return RecordedSale{std::move(reply), "resource"};
}

// The key says that a payment's id is taken, but not which.
async::Task<RecordedSale> refuse_known_payments(db::Db db, const NewSale* sale) {
    std::vector<PaymentId> ids;
    for (const auto& payment : sale->payments) {
        if (payment.id) ids.push_back(*payment.id);
    }
    const auto known = co_await db.all(sales::known_payments, ids);
    std::vector<base::Issue> issues;
    for (std::size_t i = 0; i < sale->payments.size(); ++i) {
        const auto& id = sale->payments[i].id;
        const bool twice = id && std::ranges::count(ids, *id) > 1;
        if (!id || (!twice && std::ranges::find(known, *id) == known.end())) continue;
        issues.push_back({"body",
                          fmt::format("/payments/{}/id", i),
                          std::string(errors::payment_exists.code),
                          std::string(errors::payment_exists.title),
                          {}});
    }
    throw base::Failure(errors::payment_exists, std::move(issues));
}

// The batch says that a level fell below nothing, but not whose. None is named when the shelf was filled since.
async::Task<RecordedSale> refuse_short_stock(db::Db db, const NewSale* sale) {
    MovementBatch taken{.location_id = sale->location_id};
    for (const auto& line : sale->lines) {
        if (line.variant_id) taken.movements.push_back({.variant_id = *line.variant_id, .quantity = -line.quantity});
    }
    sum_up(taken);
    const auto variants = co_await db.all(sales::short_of_stock, taken.location_id, taken.levels);
    std::vector<base::Issue> issues;
    for (std::size_t i = 0; i < sale->lines.size(); ++i) {
        const auto& variant = sale->lines[i].variant_id;
        if (!variant || std::ranges::find(variants, *variant) == variants.end()) continue;
        issues.push_back({"body",
                          fmt::format("/lines/{}/quantity", i),
                          std::string(errors::out_of_stock.code),
                          std::string(errors::out_of_stock.title),
                          {}});
    }
    throw base::Failure(errors::out_of_stock, std::move(issues));
}

async::Task<RecordedSale> refuse(db::Db db, Recording recording, std::exception_ptr failure) {
    if (is_known_sale(failure)) {
        const auto row = co_await db.one(sales::by_client_request, recording.sale.client_request_id);
        if (!row) std::rethrow_exception(failure);
        throw reused_key("another sale has this clientRequestId", row->id.uuid());
    }
    if (is_out_of_stock(failure)) co_return co_await refuse_short_stock(db, &recording.sale);
    if (code_of(failure) == errors::payment_exists.code) co_return co_await refuse_known_payments(db, &recording.sale);
    std::rethrow_exception(failure);
}

async::Task<RecordedSale> record(db::Db db, auth::Caller caller, Runtime* runtime, Recording* recording,
                                 std::string_view text) {
    auto around = co_await look_around(db, recording->sale, UserId(caller.user_id), recording->now);
    judge_till(caller, recording->sale, around);
    recording->request.fingerprint = fingerprint_of(http::Body<NewSale>{meaning_of(recording->sale, around), text});
    around.payload_hash = recording->request.fingerprint.stored();
    make_ids(around, recording->sale, *runtime);

    std::exception_ptr failure;
    int attempts = 0;
    do {
        ++attempts;
        try {
            co_return RecordedSale{co_await commit(db, *recording, around, runtime), {}};
        } catch (...) {
            failure = std::current_exception();
        }
    } while (co_await learn(db, &recording->sale, &around, code_of(failure), attempts));
    std::rethrow_exception(failure);
}

}  // namespace

async::Task<RecordedSale> record_sale(db::Db db, auth::Caller caller, Runtime* runtime, http::Body<NewSale> sent) {
    caller.require_at("sales.create", sent->location_id.uuid());
    require_device(caller, *sent);

    Recording recording{
        std::move(*sent), {db.tenant(), "member", std::string(route), {}, {}}, runtime->now(), caller.device_id};
    recording.request.key = recording.sale.client_request_id.to_string();
    const auto running = runtime->hold(recording.request.scope());
    if (!running) {
        // The first request, or a repetition that is being answered.
        if (auto first = co_await find_first(db, recording, sent.text)) co_return std::move(*first);
        throw key_under_way();
    }

    std::exception_ptr failure;
    try {
        co_return co_await record(db, caller, runtime, &recording, sent.text);
    } catch (...) {
        failure = std::current_exception();
    }
    if (is_about_the_key(failure)) {
        try {
            co_return RecordedSale{co_await replay_of(db, recording.request, failure), "true"};
        } catch (const base::Failure& refusal) {
            if (refusal.code() != errors::key_reused) throw;
            failure = std::current_exception();
        }
    }
    // The shop, the member and the catalogue may have changed since the first request: what is recorded is recorded.
    if (!http::failure_of(failure).code().retriable) {
        if (auto first = co_await find_first(db, recording, sent.text)) co_return std::move(*first);
    }
    co_return co_await refuse(db, std::move(recording), std::move(failure));
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
