#include "pos/modules/payouts/orders.h"

#include <fmt/format.h>

#include "async/loop.h"
#include "payments/mpesa/phone.h"
#include "pos/modules/payouts/events.h"
#include "pos/modules/stock/movements.h"
#include "pos/plumbing/idempotency.h"

namespace pos {

namespace {

using ::payments::PayoutEvidence;
using ::payments::PayoutFinding;
using ::payments::PayoutSource;

// A request may take as long until nobody can be waiting for its reply any more; then it is asked after.
constexpr std::chrono::seconds longest_send{60};
// Behind the provider's reply, whatever the request's own time was.
constexpr std::chrono::seconds time_to_write{10};
// What the provider had no time for, or did not get, is sent again after so long, times how often it was sent.
constexpr std::chrono::minutes between_sends{1};

base::Failure refuse(const base::ErrorCode& code, std::string pointer, std::string text) {
    return base::Failure(code, {{"body", std::move(pointer), std::string(code.code), std::move(text), {}}});
}

// What the provider would refuse, before anything is stored.
void fit(const ::payments::PayoutLimits& limits, const PayoutOrder& order) {
    if (order.currency != limits.currency)
        throw refuse(errors::currency_refused, "", fmt::format("it sends {}", limits.currency));
    if (order.amount.minor % limits.step != 0)
        throw refuse(errors::amount_not_whole, "/amount", fmt::format("a multiple of {}", limits.step));
    if (order.amount < limits.least || order.amount > limits.most) {
        throw refuse(
            errors::amount_refused, "/amount",
            fmt::format("{} to {} {} at once", limits.least.minor / 100, limits.most.minor / 100, order.currency));
    }
}

std::optional<std::string> said(std::string text) {
    return text.empty() ? std::nullopt : std::optional(std::move(text));
}

Payout new_row(base::Uuid request, const PaymentAccount& account, Runtime& runtime) {
    const auto now = runtime.now();
    Payout row;
    // Ours, since shops may share an account of the provider, where it names the payout.
    row.id = runtime.new_id<PayoutId>();
    row.client_request_id = request;
    row.account_id = account.id;
    row.provider = account.provider;
    row.next_look_at = now + longest_send;
    row.created_at = now;
    row.updated_at = now;
    return row;
}

bool is_same(const Payout& known, const Payout& asked) {
    return known.kind == asked.kind && known.amount == asked.amount && known.phone == asked.phone &&
           known.intent_id == asked.intent_id;
}

::payments::PayoutRef ref_of(const Payout& row) {
    return {.id = row.id.uuid(),
            .is_reversal = row.kind == PayoutKind::reversal,
            .conversation_id = row.conversation_id.value_or(""),
            .amount = row.amount};
}

::payments::Payout judged(const Payout& row) {
    return {.state = row.state,
            .amount = row.amount,
            .sends = row.sends,
            .may_be_there = row.may_be_there,
            .conversation_id = row.conversation_id.value_or(""),
            .receipt = row.receipt_code.value_or("")};
}

// Words of payments/payout_state.h, which are those of the enumeration.
std::optional<PayoutConcern> concern_of(std::string_view word) {
    for (const auto concern : {PayoutConcern::amount_differs, PayoutConcern::failed_after_paid,
                               PayoutConcern::paid_after_failed, PayoutConcern::receipt_differs}) {
        if (schema::name_of(concern) == word) return concern;
    }
    return std::nullopt;
}

// A question on its way while it was sent once more was answered of what had been there before.
constexpr std::chrono::minutes question_is_out{1};

bool is_overtaken(const Payout& row, const PayoutEvidence& evidence, base::Timestamp now) {
    const bool ends_it = evidence.source == PayoutSource::answer && evidence.finding == PayoutFinding::failed;
    if (!ends_it || row.sends <= 1 || !row.sent_at) return false;
    // By the provider's clock, where it says when: it was over before this sending left.
    return now - *row.sent_at < question_is_out || (evidence.at && *evidence.at < *row.sent_at);
}

// When it is sent, or asked after, next.
std::optional<base::Timestamp> next_look(const Payout& row, const ::payments::PayoutDecision& decision,
                                         const PayoutEvidence& evidence, base::Timestamp now) {
    if (::payments::is_final(row.state)) return std::nullopt;
    if (row.state == PayoutState::created) return now + between_sends * std::max(row.sends, 1);
    const auto planned = ::payments::next_payout_query(row.sent_at.value_or(row.created_at), now);
    // Who asked waits for the answer; all else that settles nothing is asked after at once.
    const bool is_of_question = evidence.source == PayoutSource::answer || evidence.source == PayoutSource::clock;
    return decision.ask && !is_of_question ? now : planned;
}

// Whether a code says what became of it, and not that nobody could be asked.
bool is_news(const PayoutEvidence& evidence, bool moves) {
    const bool says_nothing = evidence.finding == PayoutFinding::lost || evidence.finding == PayoutFinding::processing;
    return !evidence.code.empty() && (moves || !says_nothing);
}

// What the row keeps of the evidence.
void note(Payout& row, const PayoutEvidence& evidence, const ::payments::PayoutDecision& decision,
          base::Timestamp now) {
    const bool was_paid = row.state == PayoutState::succeeded;
    const bool is_paid = decision.next == PayoutState::succeeded;
    // A result may speak of an earlier sending: of several, only the reply gives the newest its name.
    const bool is_of_newest = evidence.source == PayoutSource::reply ? evidence.sending == row.sends : row.sends <= 1;
    if (!row.conversation_id && is_of_newest) row.conversation_id = said(evidence.conversation_id);
    if (evidence.finding == PayoutFinding::lost && evidence.source == PayoutSource::reply) row.may_be_there = true;
    if (decision.next == PayoutState::created) row.may_be_there = false;  // the provider says that it has none of it
    if (const auto concern = concern_of(decision.concern)) row.concern = concern;
    if (is_news(evidence, decision.changes) && !was_paid) {
        row.result_code = evidence.code;
        row.result_text = evidence.text;
    }
    if (is_paid && !row.receipt_code) row.receipt_code = said(evidence.receipt);
    if (is_paid && !row.recipient) row.recipient = said(evidence.recipient);
    if (is_paid && !was_paid) row.paid_at = evidence.at.value_or(now);
    row.state = decision.next;
    row.next_look_at = next_look(row, decision, evidence, now);
    if (::payments::is_final(row.state) && !row.finished_at) row.finished_at = now;
}

void tell(db::Batch& batch, jobs::Outbox& outbox, const Payout& row) {
    if (row.state == PayoutState::succeeded) outbox.emit(batch, payout_succeeded, PayoutMoved::of(row));
    if (row.state == PayoutState::failed) outbox.emit(batch, payout_failed, PayoutMoved::of(row));
}

}  // namespace

::payments::Payouts* PayoutOrders::payouts_of(std::string_view provider) const {
    auto* known = intents_.providers().find(provider);
    return known == nullptr ? nullptr : known->payouts();
}

async::Task<PaymentAccount> PayoutOrders::account_for(db::Db db, std::string provider,
                                                      std::optional<PaymentAccountId> id) {
    const bool is_named = id.has_value();
    if (!id) id = co_await db.one(intents::account_of_provider, provider);
    auto row = id ? co_await db.one(intents::account_by_id, *id) : std::nullopt;
    const bool fits = row && !row->meta.deleted_at && row->owner == AccountOwner::tenant && row->provider == provider;
    if (is_named && !fits) throw refuse(errors::unknown_payment_account, "/accountId", "no account of this provider");
    if (!fits || !row->enabled) throw base::Failure(errors::account_missing);
    auto* payouts = payouts_of(provider);
    if (payouts == nullptr || !payouts->pays_out(intents_.open(db.tenant(), *row)))
        throw base::Failure(errors::payout_not_offered);
    co_return *std::move(row);
}

// ---- Starting ----------------------------------------------------------------------------------------------------

// Behind the locks: the request's own row, or the new one. Whoever cannot tell what became of one sends no other.
async::Task<StartedPayout> PayoutOrders::place(db::Db tx, const Payout* row) {
    co_await tx.run(payouts::lock_request, row->client_request_id.to_string());
    co_await tx.run(payouts::lock_request, fmt::format("{} {}", row->account_id.to_string(), row->phone.value_or("")));
    if (auto first = co_await tx.one(payouts::by_request, row->client_request_id)) {
        if (!is_same(*first, *row)) throw reused_key("another payout has this key", first->id.uuid());
        co_return StartedPayout{*std::move(first), false};
    }
    const auto open = co_await tx.one(payouts::open_like, row->account_id, *row->phone, row->amount);
    if (open) throw base::Failure(errors::payout_open, "the open one is " + open->to_string());
    auto batch = tx.batch();
    batch.add(payouts::add, *row);
    runtime().outbox().emit(batch, payout_created, PayoutMoved::of(*row));
    co_await batch.commit();
    co_return StartedPayout{*row, true};
}

async::Task<StartedPayout> PayoutOrders::pay_out(db::Db db, PayoutOrder order, client::Call call) {
    std::ignore = intents_.provider_of(order.provider);
    const auto* payouts = payouts_of(order.provider);
    if (payouts == nullptr) throw base::Failure(errors::payout_not_offered);
    intents_.keys().require_on();
    fit(payouts->payout_limits(), order);
    auto phone = ::payments::mpesa::normalise_phone(order.phone);
    if (!phone) throw refuse(errors::payout_phone, "/phone", "a mobile number of Kenya: 0712345678");
    const auto account = co_await account_for(db, order.provider, order.account_id);
    auto row = new_row(order.client_request_id, account, runtime());
    row.amount = order.amount;
    row.currency = order.currency;
    row.phone = std::move(phone);
    row.recipient_name = order.recipient_name;
    row.purpose = order.purpose;
    row.reason = order.reason;
    row.created_by = order.created_by;
    auto placed = co_await db.transaction([&](db::Db tx) { return place(tx, &row); });
    if (!placed.is_new) co_return placed;
    placed.payout = co_await send(db, std::move(placed.payout), std::move(call));
    co_return placed;
}

// The refund is held in the transaction that stores the reversal: together with all others it is never more than was paid.
async::Task<StartedPayout> PayoutOrders::place_reversal(db::Db tx, const Payout* row) {
    co_await tx.run(payouts::lock_request, row->client_request_id.to_string());
    if (auto first = co_await tx.one(payouts::by_request, row->client_request_id)) {
        if (!is_same(*first, *row)) throw reused_key("another payout has this key", first->id.uuid());
        co_return StartedPayout{*std::move(first), false};
    }
    const auto refund = co_await intents_.hold_refund(
        tx, *row->intent_id,
        {.client_request_id = named_uuid("reversal " + row->client_request_id.to_string()),
         .amount = row->amount,
         .reason = row->reason,
         .created_by = row->created_by});
    // Behind the payment's lock. The provider has no key for a reversal: there is one at a time.
    const auto open = co_await tx.one(payouts::open_reversal, *row->intent_id);
    if (open) throw base::Failure(errors::reversal_open, "the open one is " + open->to_string());
    StartedPayout placed{*row, true};
    placed.payout.refund_id = refund.id;
    auto batch = tx.batch();
    batch.add(payouts::add, placed.payout);
    runtime().outbox().emit(batch, payout_created, PayoutMoved::of(placed.payout));
    co_await batch.commit();
    co_return placed;
}

async::Task<StartedPayout> PayoutOrders::reverse(db::Db db, PaymentIntent intent, ReversalOrder order,
                                                 client::Call call) {
    const auto* payouts = payouts_of(intent.provider);
    if (payouts == nullptr) throw base::Failure(errors::payout_not_offered);
    if (order.amount.minor % payouts->payout_limits().step != 0)
        throw refuse(errors::amount_not_whole, "/amount",
                     fmt::format("a multiple of {}", payouts->payout_limits().step));
    if (!intent.receipt_code) throw base::Failure(errors::receipt_unknown);
    const auto account = co_await account_for(db, intent.provider, intent.account_id);
    auto row = new_row(order.client_request_id, account, runtime());
    row.kind = PayoutKind::reversal;
    row.amount = order.amount;
    row.currency = intent.currency;
    row.reason = order.reason;
    row.intent_id = intent.id;
    row.created_by = order.created_by;
    auto placed = co_await db.transaction([&](db::Db tx) { return place_reversal(tx, &row); });
    if (!placed.is_new) co_return placed;
    placed.payout = co_await send(db, std::move(placed.payout), std::move(call));
    co_return placed;
}

// One sends, whoever else would: an instance, a job, a repetition.
async::Task<Payout> PayoutOrders::send(db::Db db, Payout row, client::Call call) {
    const auto now = runtime().now();
    const auto sending = co_await db.one(payouts::mark_sent, row.id, now, now + longest_send);
    if (!sending) co_return co_await db.only(payouts::by_id, row.id);
    row.sends = *sending;
    co_return co_await call_provider(db, std::move(row), std::move(call));
}

async::Task<Payout> PayoutOrders::call_provider(db::Db db, Payout row, client::Call call) {
    const auto account = co_await db.only(intents::account_by_id, row.account_id);
    const auto opened = intents_.open(db.tenant(), account);
    auto* payouts = payouts_of(row.provider);
    if (payouts == nullptr) throw base::Failure(errors::payout_not_offered);
    PayoutEvidence evidence;
    if (row.kind == PayoutKind::reversal) {
        const auto intent = co_await db.only(intents::by_id, *row.intent_id);
        evidence = co_await payouts->reverse(opened,
                                             {.id = row.id.uuid(),
                                              .receipt = intent.receipt_code.value_or(""),
                                              .amount = row.amount,
                                              .reason = row.reason},
                                             std::move(call));
    } else {
        evidence = co_await payouts->pay_out(opened,
                                             {.id = row.id.uuid(),
                                              .amount = row.amount,
                                              .phone = row.phone.value_or(""),
                                              .purpose = row.purpose,
                                              .reason = row.reason},
                                             std::move(call));
    }
    evidence.sending = row.sends;
    const auto later = db.with_deadline(async::Loop::now() + time_to_write);
    co_return co_await apply_now(later, row.id, std::move(evidence));
}

// ---- Moving ------------------------------------------------------------------------------------------------------

// False: other refunds have taken its place since it was called failed.
async::Task<bool> PayoutOrders::settle_refund(db::Db tx, const Payout* before, const Payout* after) {
    using Outcome = ::payments::Refunded::Outcome;
    if (!after->refund_id || before->state == after->state || !::payments::is_final(after->state)) co_return true;
    const bool is_done = after->state == PayoutState::succeeded;
    if (is_done && before->state == PayoutState::failed) {
        const auto intent = co_await tx.only(intents::lock, *after->intent_id);
        if (intent.amount - intent.refunded - intent.refund_held < after->amount) co_return false;
    }
    // Its payment is known to be paid, or nothing would be held.
    std::ignore = co_await intents_.apply_refund(tx, *after->intent_id,
                                                 {.id = after->refund_id->uuid(),
                                                  .amount = after->amount,
                                                  .refunded = {.outcome = is_done ? Outcome::done : Outcome::refused,
                                                               .provider_id = after->receipt_code.value_or(""),
                                                               .code = after->result_code.value_or(""),
                                                               .text = after->result_text.value_or("")}});
    co_return true;
}

async::Task<std::optional<Payout>> PayoutOrders::apply(db::Db tx, PayoutId id, PayoutEvidence evidence) {
    const auto before = co_await tx.one(payouts::lock, id);
    if (!before) co_return std::nullopt;
    const auto now = runtime().now();
    if (is_overtaken(*before, evidence, now)) evidence.finding = PayoutFinding::processing;
    auto decision = ::payments::decide(judged(*before), evidence);
    // Of a reversal that was lost there is no key: it is not sent a second time by itself.
    const bool would_repeat = before->kind == PayoutKind::reversal && before->may_be_there;
    if (would_repeat && decision.next == PayoutState::created) decision = {.next = before->state, .ask = true};
    auto row = *before;
    note(row, evidence, decision, now);
    if (!co_await settle_refund(tx, &*before, &row)) row.concern = PayoutConcern::refund_unfit;
    if (schema::to_json(row) == schema::to_json(*before) && row.next_look_at == before->next_look_at &&
        row.may_be_there == before->may_be_there)
        co_return row;
    row.updated_at = now;
    row.version = next_version(before->version);
    auto batch = tx.batch();
    batch.add(payouts::replace, row, before->version);
    if (row.state != before->state) tell(batch, runtime().outbox(), row);
    co_await batch.commit();
    co_return row;
}

async::Task<Payout> PayoutOrders::apply_now(db::Db db, PayoutId id, PayoutEvidence evidence) {
    auto row = co_await db.transaction([&](db::Db tx) { return apply(tx, id, evidence); });
    if (!row) throw base::Failure(errors::row_not_found);
    co_return *std::move(row);
}

// ---- Going on ----------------------------------------------------------------------------------------------------

async::Task<Payout> PayoutOrders::ask(db::Db db, PayoutId id, client::Call call) {
    const auto row = co_await db.one(payouts::by_id, id);
    if (!row) throw base::Failure(errors::row_not_found);
    const auto account = co_await db.only(intents::account_by_id, row->account_id);
    auto* payouts = payouts_of(row->provider);
    if (payouts == nullptr) throw base::Failure(errors::payout_not_offered);
    auto evidence = co_await payouts->ask_payout(intents_.open(db.tenant(), account), ref_of(*row), std::move(call));
    evidence.source = PayoutSource::answer;
    const auto later = db.with_deadline(async::Loop::now() + time_to_write);
    co_return co_await apply_now(later, id, std::move(evidence));
}

async::Task<Payout> PayoutOrders::resume(db::Db db, PayoutId id, client::Call call) {
    auto row = co_await db.one(payouts::by_id, id);
    if (!row) throw base::Failure(errors::row_not_found);
    if (::payments::is_final(row->state)) co_return *std::move(row);
    const auto now = runtime().now();
    const PayoutEvidence overdue{.source = PayoutSource::clock, .finding = PayoutFinding::overdue};
    if (row->state == PayoutState::created) {
        if (now - row->created_at > PayoutOrders::keeps_trying) co_return co_await apply_now(db, id, overdue);
        co_return co_await send(db, *std::move(row), std::move(call));
    }
    auto asked = co_await ask(db, id, std::move(call));
    const bool waits = asked.state == PayoutState::sent || asked.state == PayoutState::pending;
    if (!waits || now - asked.sent_at.value_or(asked.created_at) < PayoutOrders::patience) co_return asked;
    co_return co_await apply_now(db, id, overdue);
}

async::Task<Payout> PayoutOrders::send_again(db::Db db, PayoutId id, client::Call call) {
    auto row = co_await db.one(payouts::by_id, id);
    if (!row) throw base::Failure(errors::row_not_found);
    if (::payments::is_final(row->state)) throw base::Failure(errors::payout_final);
    // A reversal has no key that the provider knows.
    if (row->kind == PayoutKind::reversal) throw base::Failure(errors::payout_waits, "a reversal is sent once");
    if (row->state == PayoutState::created) co_return co_await send(db, *std::move(row), std::move(call));
    const auto now = runtime().now();
    const auto sending = co_await db.one(payouts::mark_sent_again, id, now, now + longest_send);
    if (!sending) throw base::Failure(errors::payout_waits).retry_after(60'000);
    row->sends = *sending;
    co_return co_await call_provider(db, *std::move(row), std::move(call));
}

// ---- What the provider calls back with ---------------------------------------------------------------------------

async::Task<void> PayoutOrders::take_in(db::Db tx, const PaymentAccount* account, const Told* told) {
    constexpr std::int64_t most_results = 50;
    const auto row = co_await tx.one(payouts::lock, told->id);
    // Of a payout of another account, or of none: there is nothing that it could be kept with.
    if (!row || row->account_id != account->id) co_return;
    const auto* payouts = payouts_of(row->provider);
    auto evidence = payouts->read_payout_result(told->kind, told->bytes, ref_of(*row));
    const bool is_understood = evidence.finding != PayoutFinding::processing || evidence.code != "unreadable";
    std::string outcome = is_understood ? "applied" : "not_understood";
    if (!told->trusted) {
        // A stranger makes us ask, and no more.
        outcome = "not_trusted";
        evidence = {.source = PayoutSource::result, .finding = PayoutFinding::processing};
    }
    const bool ends_it = evidence.source == PayoutSource::answer && evidence.finding == PayoutFinding::failed;
    if (ends_it && row->sends > 1 && row->sent_at) {
        // What is delivered once more says no more than it did: of the sending before.
        const bool is_old = co_await tx.only(payouts::was_told_before, told->id, std::string(told->kind),
                                             schema::Bytes{std::string(told->bytes)}, *row->sent_at + question_is_out);
        if (is_old) evidence.finding = PayoutFinding::processing;
    }
    std::ignore = co_await apply(tx, told->id, std::move(evidence));
    auto batch = tx.batch();
    batch.add(payouts::add_result, PayoutResult{.id = runtime().new_id<PayoutResultId>(),
                                                .payout_id = told->id,
                                                .kind = std::string(told->kind),
                                                .body = {std::string(told->bytes)},
                                                .trusted = told->trusted,
                                                .outcome = std::move(outcome),
                                                .received_at = runtime().now()});
    batch.add(payouts::forget_older_results, told->id, most_results);
    co_await batch.commit();
}

async::Task<void> PayoutOrders::take_result(db::Db db, PaymentAccount account, Told told) {
    if (payouts_of(account.provider) == nullptr) co_return;
    co_await db.transaction([&](db::Db tx) { return take_in(tx, &account, &told); });
}

// ---- Balance -----------------------------------------------------------------------------------------------------

async::Task<PayoutBalance> PayoutOrders::ask_balance(db::Db db, PaymentAccount account, client::Call call) {
    auto* payouts = payouts_of(account.provider);
    const auto opened = intents_.open(db.tenant(), account);
    if (payouts == nullptr || !payouts->pays_out(opened)) throw base::Failure(errors::payout_not_offered);
    if (co_await db.run(payouts::mark_balance_asked, account.id, runtime().now()) == 0)
        throw base::Failure(errors::balance_asked).retry_after(60'000);
    const auto asked = co_await payouts->ask_balance(opened, std::move(call));
    if (asked.finding != PayoutFinding::processing) throw base::Failure(errors::balance_not_taken, asked.code);
    const auto later = db.with_deadline(async::Loop::now() + time_to_write);
    co_return co_await later.only(payouts::balance_of, account.id);
}

async::Task<void> PayoutOrders::take_balance(db::Db db, PaymentAccount account, std::string_view bytes) {
    const auto* payouts = payouts_of(account.provider);
    const auto purses = payouts == nullptr ? std::nullopt : payouts->read_balance(bytes);
    if (!purses) co_return;
    co_await db.run(payouts::set_balance, account.id, schema::Json{schema::to_json(*purses)}, runtime().now());
}

std::unique_ptr<PayoutOrders> make_payout_orders(PaymentIntents& intents) {
    return std::make_unique<PayoutOrders>(intents);
}

std::vector<db::StatementView> payout_statements() {
    using namespace payouts;
    return db::statements(payouts::by_id, payouts::lock, payouts::add, payouts::replace, payouts::by_request,
                          payouts::newest, lock_request, open_like, open_reversal, payouts::mark_sent, mark_sent_again,
                          add_result, was_told_before, forget_older_results, balance_of, mark_balance_asked,
                          set_balance);
}

}  // namespace pos
