#include "pos/modules/sales/phone_payments.h"

#include "pos/modules/payments/c2b.h"
#include "pos/modules/payments/intents.h"
#include "pos/modules/payments/reference.h"
#include "pos/modules/sales/events.h"
#include "pos/modules/sales/statements.h"

namespace pos {

namespace {

// Whose codes are typed at a till.
constexpr std::string_view code_provider = "mpesa";

// A payment of a sale, as far as money from outside asks.
struct OpenPayment {
    PaymentId id;
    SaleId sale_id;
    LocationId location_id;
    base::Money amount;
    PaymentStatus status{};
    std::optional<std::string> external_ref;
    std::string currency;  // of the shop

    friend constexpr auto describe(OpenPayment*) {
        return schema::object<OpenPayment>(
            "OpenPayment", schema::field<&OpenPayment::id>("id"), schema::field<&OpenPayment::sale_id>("saleId"),
            schema::field<&OpenPayment::location_id>("locationId"), schema::field<&OpenPayment::amount>("amount"),
            schema::field<&OpenPayment::status>("status"), schema::field<&OpenPayment::external_ref>("externalRef"),
            schema::field<&OpenPayment::currency>("currency"));
    }
};

// `for no key update of p`: money that comes twice takes turns at the payment.
#define POS_OPEN_PAYMENT                                                                \
    "select p.id, s.id as sale_id, s.location_id, p.amount, p.status, p.external_ref, " \
    "(select currency from tenants where id = $1) as currency from payments p "         \
    "join sales s on s.tenant_id = p.tenant_id and s.id = p.sale_id where p.tenant_id = $1 "
constexpr db::Query<OpenPayment(base::Uuid)> payment_of_intent{
    {"sales.payment_of_intent", POS_OPEN_PAYMENT "and p.intent_id = $2 for no key update of p", db::Kind::write}};
constexpr db::Query<OpenPayment(std::string)> payment_of_code{
    {"sales.payment_of_code",
     POS_OPEN_PAYMENT "and p.method in ('mpesa', 'other') and p.external_ref = $2 order by p.recorded_at, p.id limit 1 "
                      "for no key update of p",
     db::Kind::write}};
constexpr db::Query<OpenPayment(PaymentId)> payment_by_id{
    {"sales.payment_by_id", POS_OPEN_PAYMENT "and p.id = $2 for no key update of p", db::Kind::write}};
// Of a sale by its own id or that of the request, the first that waits for so much: for nothing else, or for an attempt that came to
// nothing.
constexpr db::Query<OpenPayment(base::Uuid, base::Money)> waiting_payment{
    {"sales.waiting_payment",
     POS_OPEN_PAYMENT "and (s.id = $2 or s.client_request_id = $2) and s.status = 'completed' and p.amount = $3 "
                      "and p.status = 'unverified' and p.external_ref is null and (p.intent_id is null or exists ("
                      "  select from payment_intents e where e.tenant_id = p.tenant_id and e.id = p.intent_id "
                      "  and e.state in ('failed', 'cancelled', 'expired'))) "
                      "order by p.recorded_at, p.id limit 1 for no key update of p",
     db::Kind::write}};

// Of a sale whose receipt number is what was typed (payments/reference.h): what waits for money, and names neither code nor intent.
constexpr db::Query<OpenPayment(std::string, std::string, base::Timestamp)> waiting_by_reference{
    {"sales.waiting_by_reference",
     POS_OPEN_PAYMENT
     "and p.status = 'unverified' and p.recorded_at > $4 and p.method in ('mpesa', 'other') and p.intent_id is null "
     "and p.external_ref is null and s.status = 'completed' and " POS_REFERENCE_FITS(
         "s.receipt_number", "$2", "$3") " limit 2 for no key update of p",
     db::Kind::write}};

#undef POS_OPEN_PAYMENT

struct TypedCode {
    PaymentId payment_id;
    std::string code;

    friend constexpr auto describe(TypedCode*) {
        return schema::object<TypedCode>("TypedCode", schema::field<&TypedCode::payment_id>("paymentId"),
                                         schema::field<&TypedCode::code>("code"));
    }
};
constexpr db::Query<TypedCode(SaleId)> typed_codes{
    {"sales.typed_codes",
     "select id as payment_id, coalesce(external_ref, '') as code from payments where tenant_id = $1 and sale_id = $2 "
     "and status = 'unverified' and external_ref is not null and intent_id is null"}};

struct SaleState {
    SaleId id;
    LocationId location_id;
    std::string currency;  // of the shop
    SaleStatus status{};
    base::Uuid client_request_id;
    base::Money credit_total;
    base::Money credit_paid;  // by attempts that no payment of it has
    bool waits = false;       // a payment of it is not accepted yet, and names no money that is on its way back

    friend constexpr auto describe(SaleState*) {
        return schema::object<SaleState>(
            "SaleState", schema::field<&SaleState::id>("id"), schema::field<&SaleState::location_id>("locationId"),
            schema::field<&SaleState::currency>("currency"), schema::field<&SaleState::status>("status"),
            schema::field<&SaleState::client_request_id>("clientRequestId"),
            schema::field<&SaleState::credit_total>("creditTotal"),
            schema::field<&SaleState::credit_paid>("creditPaid"), schema::field<&SaleState::waits>("waits"));
    }
};
// No role may lock its row, which nobody changes.
constexpr db::Query<void(base::Uuid)> lock_sale{
    {"sales.lock_subject",
     "select pg_advisory_xact_lock(hashtextextended('sale owed ' || id::text, 0)) from sales where tenant_id = $1 "
     "and (id = $2 or client_request_id = $2)",
     db::Kind::write}};
// Of what was sold on credit.
base::Money owed(const SaleState& sale) { return sale.credit_total - sale.credit_paid; }
// Without what the second id, an intent, has paid of it.
constexpr db::Query<SaleState(base::Uuid, base::Uuid)> sale_state{
    {"sales.state",
     "select s.id, s.location_id, (select currency from tenants where id = $1) as currency, s.status, "
     "s.client_request_id, s.credit_total, ("
     "  select coalesce(sum(greatest(i.amount - i.refunded - i.refund_held - coalesce((select t.amount "
     "    from payment_refund_tasks t where t.tenant_id = $1 and t.intent_id = i.id and t.state = 'open'), 0), 0)), "
     "  0)::bigint from payment_intents i where "
     "i.tenant_id = $1 "
     "  and i.subject_id in (s.client_request_id, s.id) and i.purpose = 'sale' and i.state = 'succeeded' and i.id <> "
     "$3 and not i.waits and not i.disputed "
     "  and not exists (select from payments u where u.tenant_id = $1 and u.intent_id = i.id)) as credit_paid, exists "
     "(select from payments p where p.tenant_id = $1 "
     "and p.sale_id = s.id and p.status = 'unverified' and not exists (select from payment_intents n "
     "  where n.tenant_id = $1 and n.id = p.intent_id and n.state in ('succeeded', 'refunded'))) as waits "
     "from sales s where s.tenant_id = $1 and (s.id = $2 or s.client_request_id = $2)"}};

constexpr db::Query<void(PaymentId, base::Uuid, std::optional<std::string>)> accept_by_intent{
    {"sales.accept_by_intent",
     "update payments set status = 'accepted', intent_id = $3, external_ref = coalesce($4, external_ref) "
     "where tenant_id = $1 and id = $2",
     db::Kind::write}};
// By other money than that of the intent that it names, which pays it no more.
constexpr db::Query<void(PaymentId, std::string)> accept_by_code{
    {"sales.accept_by_code",
     "update payments set status = 'accepted', external_ref = $3, intent_id = null where tenant_id = $1 and id = $2",
     db::Kind::write}};
constexpr db::Query<void(base::Uuid, std::string)> add_code{
    {"sales.add_code", "update payments set external_ref = $3 where tenant_id = $1 and intent_id = $2",
     db::Kind::write}};
constexpr db::Query<void(PaymentId)> reverse{
    {"sales.reverse_payment", "update payments set status = 'reversed' where tenant_id = $1 and id = $2",
     db::Kind::write}};
// It was reversed with its intent, and the money did not go back after all. Of a part that nobody has said to pay it: not verified.
constexpr db::Query<void(PaymentId, IntentId, bool, bool)> accept_again{
    {"sales.accept_again",
     "update payments set status = case when $4 or not $5 and not exists (select from payment_refund_tasks t "
     "  where t.tenant_id = $1 and t.intent_id = $3 and t.state = 'open') then 'accepted' else 'unverified' end "
     "where tenant_id = $1 and id = $2 and status = 'reversed'",
     db::Kind::write}};
// Whether another payment bears the code: then this one does without, as where a code is typed twice.
constexpr db::Query<bool(std::string, std::optional<PaymentId>)> is_code_used{
    {"sales.is_code_used",
     "select exists (select from payments where tenant_id = $1 "
     "and method in ('mpesa', 'other', 'card', 'bank', 'cash', 'voucher') and external_ref = $2 "
     "and id is distinct from $3) as used"}};

// With the feed's entry, and what is told to others.
void tell_change(EffectsIn& in, const OpenPayment& payment) {
    in.changes->push_back(change_of(sales::sale_rows, payment.sale_id, payment.location_id));
    in.runtime->outbox().emit(*in.batch, sale_payment_updated,
                              {payment.id, payment.sale_id, payment.location_id, payment.amount});
}

// Of the place that it was asked for at, if it was at one, and in the shop's money.
bool is_of(const auto& sale, const PaymentIntent& intent) {
    return intent.location_id.value_or(sale.location_id) == sale.location_id && intent.currency == sale.currency;
}

// Which of the codes a row may bear.
async::Task<std::optional<std::string>> free_code(EffectsIn in, std::optional<std::string> code, PaymentId payment) {
    if (!code) co_return std::nullopt;
    co_await in.tx.run(sales::lock_codes, std::vector<std::string>{*code});
    if (co_await in.tx.only(is_code_used, *code, std::optional(payment))) co_return std::nullopt;
    co_return code;
}

// The sale that it was asked for is there, and is not this one.
async::Task<bool> is_of_another_sale(db::Db tx, const PaymentIntent* intent, SaleId sale) {
    const auto own = co_await tx.one(sale_state, intent->subject_id, intent->id.uuid());
    co_return own && own->id != sale;
}

async::Task<Settlement> accept(EffectsIn in, PaymentIntent intent, OpenPayment payment) {
    const auto code = co_await free_code(in, intent.receipt_code, payment.id);
    in.batch->add(accept_by_intent, payment.id, intent.id.uuid(), code);
    tell_change(in, payment);
    co_return Settlement{Settlement::Use::taken, {}};
}

// Exactly one sale waits for so much under the number that was typed.
async::Task<std::optional<Matched>> match_reference(EffectsIn in, C2bPayment payment) {
    constexpr std::chrono::days stays_open{30};
    const auto typed = TypedReference::read(payment.reference);
    if (typed.normalised.empty()) co_return std::nullopt;
    const auto since = in.runtime->now() - stays_open;
    const auto fits = co_await in.tx.all(waiting_by_reference, typed.normalised, typed.number, since);
    if (fits.size() != 1 || fits.front().amount != payment.amount || fits.front().currency != payment.currency)
        co_return std::nullopt;
    const auto code = co_await free_code(in, payment.receipt, fits.front().id);
    if (!code) co_return std::nullopt;
    in.batch->add(accept_by_code, fits.front().id, *code);
    tell_change(in, fits.front());
    co_return Matched{C2bMatch::sale_payment, fits.front().id.uuid()};
}

}  // namespace

async::Task<std::vector<base::Uuid>> SalePaymentEffects::subject_names(db::Db db, base::Uuid subject) const {
    const auto sale = co_await db.one(sale_state, subject, base::Uuid::nil());
    co_return sale ? std::vector{sale->client_request_id, sale->id.uuid()} : std::vector{subject};
}

async::Task<void> SalePaymentEffects::require_payable(db::Db db, base::Uuid subject, base::Money amount) const {
    const auto sale = co_await db.one(sale_state, subject, base::Uuid::nil());
    if (sale && (sale->status != SaleStatus::completed || (!sale->waits && owed(*sale) < amount)))
        throw base::Failure(errors::already_paid);
}

async::Task<Settlement> SalePaymentEffects::succeeded(EffectsIn in, PaymentIntent intent, bool /*was_over*/) const {
    auto payment = co_await in.tx.one(payment_of_intent, intent.id.uuid());
    // Other money has paid it meanwhile.
    if (payment && payment->status != PaymentStatus::unverified)
        co_return Settlement{Settlement::Use::unwanted, IntentConcern::subject_paid};
    if (!payment && intent.receipt_code) {
        payment = co_await in.tx.one(payment_of_code, *intent.receipt_code);
        if (payment && (payment->status != PaymentStatus::unverified || payment->amount != intent.amount))
            payment.reset();
        // Whose own sale is there pays no other one (claim_attempt).
        if (payment && co_await is_of_another_sale(in.tx, &intent, payment->sale_id)) payment.reset();
    }
    if (!payment) payment = co_await in.tx.one(waiting_payment, intent.subject_id, intent.amount);
    if (payment && !is_of(*payment, intent)) payment.reset();
    if (payment) co_return co_await accept(in, std::move(intent), *std::move(payment));
    // What it owes is counted by one payment at a time.
    co_await in.tx.run(lock_sale, intent.subject_id);
    const auto sale = co_await in.tx.one(sale_state, intent.subject_id, intent.id.uuid());
    if (!sale) co_return Settlement{Settlement::Use::waits, {}};
    if (sale->status != SaleStatus::completed)
        co_return Settlement{Settlement::Use::unwanted, IntentConcern::subject_unfit};
    // What was sold on credit is owed, once: then the money is the shop's, and what is above it is not.
    if (const auto left = owed(*sale); left > base::Money{} && is_of(*sale, intent)) {
        if (left >= intent.amount) co_return Settlement{Settlement::Use::taken, {}};
        co_return Settlement{Settlement::Use::taken, IntentConcern::subject_paid, intent.amount - left};
    }
    co_return Settlement{Settlement::Use::unwanted,
                         sale->waits ? IntentConcern::subject_unfit : IntentConcern::subject_paid};
}

async::Task<bool> SalePaymentEffects::is_used(EffectsIn in, PaymentIntent intent) const {
    const auto payment = co_await in.tx.one(payment_of_intent, intent.id.uuid());
    co_return payment && payment->status != PaymentStatus::unverified;
}

async::Task<void> SalePaymentEffects::receipt_learnt(EffectsIn in, PaymentIntent intent) const {
    const auto payment = co_await in.tx.one(payment_of_intent, intent.id.uuid());
    if (!payment || payment->external_ref) co_return;
    const auto code = co_await free_code(in, intent.receipt_code, payment->id);
    if (code) in.batch->add(add_code, intent.id.uuid(), *code);
}

async::Task<void> SalePaymentEffects::went_back(EffectsIn in, PaymentIntent intent, base::Money /*amount*/) const {
    if (intent.state != IntentState::refunded) co_return;
    const auto payment = co_await in.tx.one(payment_of_intent, intent.id.uuid());
    if (!payment || payment->status == PaymentStatus::reversed) co_return;
    in.batch->add(reverse, payment->id);
    tell_change(in, *payment);
}

async::Task<std::optional<Settlement>> SalePaymentEffects::came_back(EffectsIn in, PaymentIntent intent,
                                                                     base::Money /*amount*/) const {
    const auto payment = co_await in.tx.one(payment_of_intent, intent.id.uuid());
    if (payment && payment->status == PaymentStatus::reversed) {
        in.batch->add(accept_again, payment->id, intent.id, intent.pays(), intent.disputed);
        tell_change(in, *payment);
        co_return intent.pays() ? std::optional(Settlement{Settlement::Use::taken, {}}) : std::nullopt;
    }
    if (intent.pays()) {
        if (payment && payment->status == PaymentStatus::accepted) co_return Settlement{Settlement::Use::taken, {}};
        // The sale may have come while it was on its way back, or have been paid otherwise.
        co_return co_await succeeded(in, std::move(intent), true);
    }
    if (payment || intent.disputed || intent.refund_held.minor > 0) co_return std::nullopt;
    // A part of it, which no payment names.
    const auto sale = co_await in.tx.one(sale_state, intent.subject_id, intent.id.uuid());
    if (!sale || sale->waits) co_return Settlement{Settlement::Use::waits, {}};
    if (sale->credit_total > base::Money{}) co_return std::nullopt;
    co_return Settlement{Settlement::Use::unwanted, IntentConcern::subject_paid};
}

async::Task<bool> SalePaymentEffects::kept(EffectsIn in, PaymentIntent intent) const {
    auto payment = co_await in.tx.one(payment_of_intent, intent.id.uuid());
    if (!payment || payment->status != PaymentStatus::unverified) co_return false;
    std::ignore = co_await accept(in, std::move(intent), *std::move(payment));
    co_return true;
}

async::Task<std::optional<Matched>> SalePaymentEffects::match(EffectsIn in, C2bPayment payment) const {
    const auto open = co_await in.tx.one(payment_of_code, payment.receipt);
    if (!open) co_return co_await match_reference(in, std::move(payment));
    const bool fits = open->status == PaymentStatus::unverified && open->amount == payment.amount &&
                      open->currency == payment.currency;
    if (!fits) co_return std::nullopt;
    in.batch->add(accept_by_code, open->id, payment.receipt);
    tell_change(in, *open);
    co_return Matched{C2bMatch::sale_payment, open->id.uuid()};
}

async::Task<Matched> SalePaymentEffects::match_to(EffectsIn in, C2bPayment payment, base::Uuid subject) const {
    auto open = co_await in.tx.one(payment_by_id, PaymentId(subject));
    if (!open) open = co_await in.tx.one(waiting_payment, subject, payment.amount);
    if (!open) throw base::Failure(errors::row_not_found);
    if (open->status == PaymentStatus::accepted) throw base::Failure(errors::already_paid);
    if (open->status != PaymentStatus::unverified || open->amount != payment.amount ||
        open->currency != payment.currency) {
        throw base::Failure(errors::amount_refused, {{"body",
                                                      "/subjectId",
                                                      std::string(errors::amount_refused.code),
                                                      "the payment of the sale is of another amount, or was reversed",
                                                      {}}});
    }
    const auto code = co_await free_code(in, payment.receipt, open->id);
    if (!code) throw base::Failure(errors::receipt_used);
    in.batch->add(accept_by_code, open->id, *code);
    tell_change(in, *open);
    co_return Matched{C2bMatch::sale_payment, open->id.uuid()};
}

namespace {

// The money of an attempt that no sale was paid by: its own sale never came, and the code was typed for this one.
async::Task<void> claim_attempt(db::Db tx, PaymentIntents* intents, TypedCode typed) {
    const auto id = co_await tx.one(intents::by_receipt, std::string(code_provider), typed.code);
    const auto intent = id ? co_await tx.one(intents::lock, *id) : std::nullopt;
    if (!intent || !intent->pays() || intent->purpose != PaymentPurpose::sale) co_return;
    const auto payment = co_await tx.one(payment_by_id, typed.payment_id);
    const bool fits = payment && payment->status == PaymentStatus::unverified && payment->amount == intent->amount &&
                      is_of(*payment, *intent);
    if (!fits || co_await tx.one(payment_of_intent, id->uuid())) co_return;
    if (co_await is_of_another_sale(tx, &*intent, payment->sale_id)) co_return;
    auto& runtime = intents->runtime();
    auto batch = tx.batch();
    batch.add(accept_by_intent, payment->id, id->uuid(), std::nullopt);
    batch.add(refunds::finish_task, *id, runtime.now(), std::string("its code was typed for a sale"));
    std::vector<Change> changes;
    EffectsIn in{tx, &batch, &changes, &runtime};
    tell_change(in, *payment);
    record_changes(batch, changes, std::nullopt);
    co_await batch.commit();
}

}  // namespace

async::Task<void> settle_typed_codes(db::Db db, PaymentIntents* intents, SaleId sale) {
    for (const auto& typed : co_await db.all(typed_codes, sale)) {
        co_await match_again(db, intents, std::string(code_provider), typed.code);
        co_await db.transaction([&](db::Db tx) { return claim_attempt(tx, intents, typed); });
    }
}

std::vector<db::StatementView> phone_payment_statements() {
    return db::statements(payment_of_intent, payment_of_code, payment_by_id, waiting_payment, waiting_by_reference,
                          typed_codes, sale_state, lock_sale, accept_by_intent, accept_by_code, add_code, reverse,
                          accept_again, is_code_used, sales::known_intents, sales::lock_intents,
                          sales::refuse_moved_intents, sales::finish_refund_tasks);
}

}  // namespace pos
