#include "pos/modules/payments/intents.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/stopped.h"
#include "pos/modules/payments/counter_message.h"
#include "pos/modules/payments/effects.h"
#include "pos/modules/payments/move.h"
#include "pos/plumbing/idempotency.h"
#include "schema/phone.h"

namespace pos {

using ::payments::Evidence;
using ::payments::Finding;

namespace {

// When an intent is asked after, if nothing is heard: the plan's first step.
constexpr std::chrono::seconds first_query{30};
// A start may take as long until nobody can be waiting for its reply any more.
constexpr std::chrono::seconds longest_start{45};
// Behind the provider's reply, whatever the request's own time was.
constexpr std::chrono::seconds time_to_write{10};
// An attempt whose prompt is over is asked after for as long, and is unknown then.
constexpr std::chrono::minutes patience{15};
constexpr std::chrono::seconds between_looks{1};

base::Failure refuse(const base::ErrorCode& code, std::string pointer, std::string text) {
    return base::Failure(code, {{"body", std::move(pointer), std::string(code.code), std::move(text), {}}});
}

std::string whole(base::Money amount) { return std::to_string(amount.minor / 100); }

// What the provider would refuse, before anything is stored.
void fit(const ::payments::Traits& traits, IntentRequest& request) {
    if (std::ranges::find(traits.currencies, request.currency) == traits.currencies.end())
        throw refuse(errors::currency_refused, "", fmt::format("{} does not take {}", traits.title, request.currency));
    if (request.amount.minor % traits.step != 0) {
        throw refuse(errors::amount_not_whole, "/amount",
                     fmt::format("{} takes whole units: a multiple of {}", traits.title, traits.step));
    }
    if (request.amount < traits.least || request.amount > traits.most) {
        throw refuse(errors::amount_refused, "/amount",
                     fmt::format("{} takes {} to {} {} at once", traits.title, whole(traits.least), whole(traits.most),
                                 request.currency));
    }
    const bool has_page = traits.pages && !request.return_url.empty();
    if (!traits.by_phone || has_page) {
        request.phone.reset();
        return;
    }
    if (!request.phone)
        throw refuse(errors::phone_needed, "/phone", fmt::format("{} needs the payer's number", traits.title));
    const auto phone = schema::normalise_phone(*request.phone);
    // Shillings of Kenya are on phones of Kenya; of other currencies the provider says what it takes.
    if (!phone || (request.currency == "KES" && !schema::is_mobile_of_kenya(*phone)))
        throw refuse(errors::phone_unfit, "/phone",
                     request.currency == "KES" ? "a mobile number of Kenya, such as 0712345678"
                                               : "a phone number, such as +256772345678");
    request.phone = phone->substr(1);
}

PaymentIntent new_intent(const IntentRequest& request, const PaymentAccount& account,
                         const ::payments::Provider& provider, Runtime& runtime) {
    const auto now = runtime.now();
    PaymentIntent intent;
    // Ours, since shops may share an account of the provider, where it names the attempt: a client's would be of its own choice.
    intent.id = runtime.new_id<IntentId>();
    intent.client_request_id = request.client_request_id;
    intent.account_id = account.id;
    intent.provider = request.provider;
    intent.purpose = request.purpose;
    intent.subject_id = request.subject_id;
    intent.location_id = request.location_id;
    intent.amount = request.amount;
    intent.currency = request.currency;
    intent.phone = request.phone;
    // As it comes back with money of the account's own, and as it is compared then.
    intent.reference = provider.shown_reference(request.reference);
    intent.description = request.description;
    if (!request.return_url.empty()) intent.return_url = request.return_url;
    intent.next_query_at = now + first_query;
    intent.expires_at = now + provider.traits().prompt_lives;
    intent.created_at = now;
    intent.updated_at = now;
    intent.created_by = request.created_by;
    return intent;
}

// Behind fit(), of a subject under any of its names. What was asked for at no place is anybody's.
bool is_same(const PaymentIntent& known, const IntentRequest& asked) {
    return known.provider == asked.provider && known.purpose == asked.purpose &&
           std::ranges::find(asked.subject_names, known.subject_id) != asked.subject_names.end() &&
           known.amount == asked.amount && known.phone == asked.phone &&
           (!known.location_id || !asked.location_id || known.location_id == asked.location_id) &&
           known.account_id == asked.account_id.value_or(known.account_id);
}

void require_same(const PaymentIntent& known, const IntentRequest& asked) {
    if (!is_same(known, asked)) throw reused_key("another payment has this key", known.id.uuid());
}

base::Failure prompt_is_open(IntentId id) {
    return base::Failure(errors::prompt_open, "the open one is " + id.to_string()).retry_after(5'000);
}

}  // namespace

// ---- Starting ----------------------------------------------------------------------------------------------------

struct PaymentIntents::Placed {
    PaymentIntent intent;
    bool is_new = false;
};

async::Task<std::optional<PaymentIntent>> PaymentIntents::of_key(db::Db db, base::Uuid key) {
    auto own = co_await db.one(intents::by_request, key);
    if (own) co_return own;
    const auto given = co_await db.one(intents::by_other_key, key);
    if (!given) co_return std::nullopt;
    co_return co_await db.one(intents::by_id, *given);
}

// Also after its end, a repetition of the request is told of this one.
async::Task<PaymentIntents::Placed> PaymentIntents::give(db::Db tx, PaymentIntent other, const PaymentIntent* asked) {
    auto batch = tx.batch();
    batch.add(intents::add_key, IntentKey{asked->client_request_id, other.id, asked->created_at});
    if (!other.location_id && asked->location_id) {
        batch.add(intents::set_place, other.id, *asked->location_id);
        other.location_id = asked->location_id;
    }
    co_await batch.commit();
    co_return Placed{std::move(other), false};
}

// Behind the locks: the request's own intent, a live one of the same subject, what was paid for it already, or the new one.
async::Task<PaymentIntents::Placed> PaymentIntents::place(db::Db tx, const PaymentIntent* intent,
                                                          const IntentRequest* request) {
    co_await tx.run(intents::lock_key, intent->client_request_id.to_string());
    co_await tx.run(intents::lock_subject, intent->subject_id.to_string());
    const bool rings = rings_phone(provider_of(intent->provider).traits(), *intent);
    if (rings) co_await tx.run(intents::lock_phone, intent->account_id, *intent->phone);
    if (auto first = co_await of_key(tx, intent->client_request_id)) {
        require_same(*first, *request);
        co_return Placed{*std::move(first), false};
    }
    const auto since = intent->created_at - prompt_keeps_phone;
    const auto live = co_await tx.one(intents::live_of_subject, intent->purpose, request->subject_names,
                                      intent->provider, since, request->other_intents, intent->amount, intent->phone);
    if (live) {
        auto row = co_await tx.only(intents::by_id, *live);
        if (!is_same(row, *request) || row.account_id != intent->account_id || row.currency != intent->currency)
            throw prompt_is_open(*live);
        co_return co_await give(tx, std::move(row), intent);
    }
    if (rings) {
        // Who pays on a page is not known: a second one may be a friend's half.
        const auto paid = co_await tx.one(intents::paid_in_advance, intent->purpose, request->subject_names,
                                          intent->account_id, intent->amount, intent->currency, *intent->phone,
                                          intent->location_id, request->other_intents);
        if (paid) {
            auto row = co_await tx.only(intents::by_id, *paid);
            co_return co_await give(tx, std::move(row), intent);
        }
        const auto other = co_await tx.one(intents::live_of_phone, intent->account_id, *intent->phone, since);
        if (other) throw prompt_is_open(*other);
    }
    // Its sale may have been recorded since.
    co_await subject_effects(intent->purpose)->require_payable(tx, intent->subject_id, intent->amount);
    auto batch = tx.batch();
    batch.add(intents::add, *intent);
    co_await batch.commit();
    co_return Placed{*intent, true};
}

async::Task<StartedIntent> PaymentIntents::start_intent(db::Db db, IntentRequest request, client::Call call) {
    const auto& provider = provider_of(request.provider);
    const auto* effects = subject_effects(request.purpose);
    if (effects == nullptr) throw base::Failure(errors::purpose_refused);
    fit(provider.traits(), request);
    parts_.keys.require_on();
    request.subject_names = co_await effects->subject_names(db, request.subject_id);
    // Who repeats a request is told what became of it: also when it is paid by now, or the account is switched off.
    if (auto known = co_await of_key(db, request.client_request_id)) {
        require_same(*known, request);
        auto secret = client_secret_of(db.tenant(), *known);
        co_return StartedIntent{*std::move(known), false, std::move(secret)};
    }
    co_await effects->require_payable(db, request.subject_id, request.amount);
    request.subject_id = request.subject_names.front();
    const auto account = co_await account_for(db, request, effects->owner());
    // Whose credentials nobody can open sends nothing, and leaves nothing behind.
    auto opened = open(db.tenant(), account);
    const auto intent = new_intent(request, account, provider, parts_.runtime);
    auto placed = co_await db.transaction([&](db::Db tx) { return place(tx, &intent, &request); });
    if (!placed.is_new) {
        auto secret = client_secret_of(db.tenant(), placed.intent);
        co_return StartedIntent{std::move(placed.intent), false, std::move(secret)};
    }
    auto started = co_await send(db, std::move(placed.intent), std::move(opened), std::move(call));
    started.is_new = true;
    co_return started;
}

// One sends, whoever else would: an instance, a job, a repetition.
async::Task<StartedIntent> PaymentIntents::send(db::Db db, PaymentIntent intent, ::payments::Account account,
                                                client::Call call) {
    const auto now = parts_.runtime.now();
    if (co_await db.run(intents::mark_sent, intent.id, now, now + longest_start) == 0) {
        auto row = co_await db.only(intents::by_id, intent.id);
        co_return StartedIntent{std::move(row), false, {}};
    }
    co_return co_await call_start(db, std::move(intent), std::move(account), std::move(call), Sending::first);
}

async::Task<StartedIntent> PaymentIntents::call_start(db::Db db, PaymentIntent intent, ::payments::Account account,
                                                      client::Call call, Sending sending) {
    ::payments::StartRequest request{.id = intent.id.uuid(),
                                     .amount = intent.amount,
                                     .currency = intent.currency,
                                     .phone = intent.phone.value_or(""),
                                     .reference = intent.reference,
                                     .description = intent.description,
                                     .return_url = intent.return_url.value_or(""),
                                     .created_at = intent.created_at};
    auto started = co_await provider_of(intent.provider).start(std::move(account), std::move(request), std::move(call));
    const auto later = db.with_deadline(async::Loop::now() + time_to_write);
    auto& action = started.action;
    if (!action.redirect_url.empty() || !action.client_secret.empty()) {
        std::optional<schema::Bytes> sealed;
        if (!action.client_secret.empty())
            sealed = parts_.keys.seal_client_secret(db.tenant(), intent.id, action.client_secret);
        auto url = action.redirect_url.empty() ? std::nullopt : std::optional(action.redirect_url);
        co_await later.run(intents::set_action, intent.id, url, sealed);
    }
    // That this one did not leave says nothing of the one before it.
    if (sending == Sending::again && started.evidence.finding == Finding::not_sent)
        started.evidence.finding = Finding::lost;
    auto applied = co_await apply_now(later, intent.id, std::move(started.evidence));
    co_return StartedIntent{std::move(applied->intent), false, std::move(action.client_secret)};
}

// ---- Accounts ----------------------------------------------------------------------------------------------------

async::Task<PaymentAccount> PaymentIntents::account_for(db::Db db, IntentRequest request, AccountOwner owner) {
    if (owner == AccountOwner::platform) co_return co_await platform_account(db, request.provider);
    auto id = request.account_id;
    if (!id) id = co_await db.one(intents::account_of_provider, request.provider);
    auto row = id ? co_await db.one(intents::account_by_id, *id) : std::nullopt;
    if (request.account_id &&
        (!row || row->meta.deleted_at || row->owner != owner || row->provider != request.provider))
        throw refuse(errors::unknown_payment_account, "/accountId", "no account of this provider");
    if (!row || !row->enabled) throw base::Failure(errors::account_missing);
    co_return *std::move(row);
}

// Each shop has a row of the platform's account, for callbacks of its own.
async::Task<PaymentAccount> PaymentIntents::platform_account(db::Db db, std::string provider) {
    const auto* credentials = parts_.settings.platform_credentials(provider);
    const auto read =
        credentials == nullptr ? std::nullopt : std::optional(provider_of(provider).read_credentials(*credentials));
    if (!read || !*read) throw base::Failure(errors::account_missing);
    const auto shown = provider_of(provider).shown(**read);
    auto id = co_await db.one(intents::platform_account, provider, shown);
    if (!id) {
        const auto now = parts_.runtime.now();
        PaymentAccount row;
        row.id = parts_.runtime.new_id<PaymentAccountId>();
        row.owner = AccountOwner::platform;
        row.provider = provider;
        row.name = "Subscription";
        row.shown = shown;
        auto token = parts_.keys.new_callback_token(db.tenant(), row.id);
        row.callback_token_hash = std::move(token.hash);
        row.callback_token = std::move(token.sealed);
        row.meta.created_at = now;
        row.meta.updated_at = now;
        auto batch = db.batch();
        batch.add(payment_account_rows.add, row);
        record_changes(batch, {change_of(payment_account_rows, row)}, std::nullopt);
        bool is_known = false;
        try {
            co_await batch.commit();
        } catch (const base::Failure& failure) {
            if (failure.code() != errors::payment_account_exists) throw;
            is_known = true;  // another request made it at this moment
        }
        id = is_known ? co_await db.one(intents::platform_account, provider, shown) : row.id;
    }
    auto row = co_await db.only(intents::account_by_id, id.value_or(PaymentAccountId()));
    // Nobody types this one in again.
    if (parts_.keys.sealed(db.tenant(), row) != PaymentKeys::Sealed::by_first_key) {
        parts_.keys.reseal(db.tenant(), row);
        co_await db.run(intents::set_sealed, row.id, row.credentials, row.callback_token, row.callback_token_hash,
                        row.former_token_hash);
        row = co_await db.only(intents::account_by_id, row.id);
    }
    co_return row;
}

std::optional<::payments::Account> PaymentIntents::open_if(base::Uuid tenant, const PaymentAccount& row) const {
    try {
        return open(tenant, row);
    } catch (const base::Failure&) {
        return std::nullopt;
    }
}

bool PaymentIntents::may_use(std::string_view provider, const schema::Json& credentials) const {
    return !parts_.uses_sandboxes || !provider_of(provider).is_live(credentials);
}

::payments::Account PaymentIntents::open(base::Uuid tenant, const PaymentAccount& row) const {
    ::payments::Account account{.id = row.id.uuid(), .credentials = {}, .callback_url = {}};
    if (row.owner == AccountOwner::platform) {
        const auto* text = parts_.settings.platform_credentials(row.provider);
        auto read = text == nullptr ? std::nullopt : std::optional(provider_of(row.provider).read_credentials(*text));
        if (!read || !*read) throw base::Failure(errors::account_missing);
        account.credentials = **std::move(read);
    } else {
        account.credentials = {parts_.keys.credentials_of(tenant, row)};
    }
    // A copy of production's database has production's accounts.
    if (!may_use(row.provider, account.credentials)) throw base::Failure(errors::live_credentials);
    account.callback_url = fmt::format("{}/v1/callbacks/{}/{}", parts_.callback_base, callback_folder(row.provider),
                                       parts_.keys.callback_token_of(tenant, row));
    return account;
}

::payments::AttemptRef PaymentIntents::attempt_of(const PaymentIntent& intent) {
    return {.id = intent.id.uuid(),
            .provider_id = intent.provider_id.value_or(""),
            .second_id = intent.second_id.value_or(""),
            .amount = intent.amount,
            .currency = intent.currency,
            .receipt = intent.receipt_code.value_or(""),
            .created_at = intent.created_at};
}

std::string PaymentIntents::client_secret_of(base::Uuid tenant, const PaymentIntent& intent) const {
    return parts_.keys.client_secret_of(tenant, intent);
}

// ---- Going on ----------------------------------------------------------------------------------------------------

async::Task<PaymentIntent> PaymentIntents::query(db::Db db, IntentId id, client::Call call) {
    auto row = co_await db.one(intents::by_id, id);
    if (!row) throw base::Failure(errors::row_not_found);
    const auto account = co_await db.only(intents::account_by_id, row->account_id);
    auto opened = open_if(db.tenant(), account);
    Evidence evidence{.finding = Finding::lost, .code = "account_unreadable"};
    if (opened) {
        evidence = co_await provider_of(row->provider).query(*std::move(opened), attempt_of(*row), std::move(call));
    }
    evidence.source = ::payments::Source::query;
    // That our question was refused says nothing of the payment.
    if (evidence.finding == Finding::refused || evidence.finding == Finding::not_sent) evidence.finding = Finding::lost;
    const auto later = db.with_deadline(async::Loop::now() + time_to_write);
    auto applied = co_await apply_now(later, id, std::move(evidence));
    co_return std::move(applied->intent);
}

async::Task<PaymentIntent> PaymentIntents::resume(db::Db db, IntentId id, client::Call call) {
    auto row = co_await db.one(intents::by_id, id);
    if (!row) throw base::Failure(errors::row_not_found);
    const auto& traits = provider_of(row->provider).traits();
    const auto now = parts_.runtime.now();
    const ::payments::Evidence overdue{.source = ::payments::Source::clock, .finding = Finding::overdue};
    if (row->state == IntentState::created && now >= row->expires_at)
        co_return (co_await apply_now(db, id, overdue))->intent;
    const auto account = co_await db.only(intents::account_by_id, row->account_id);
    auto opened = open_if(db.tenant(), account);
    if (row->state == IntentState::created) {
        if (!opened) throw base::Failure(errors::account_unreadable);
        co_return (co_await send(db, *std::move(row), *std::move(opened), std::move(call))).intent;
    }
    const bool is_lost = row->state == IntentState::sent && !row->provider_id;
    if (opened && is_lost && now < row->created_at + traits.resend_within && now < row->expires_at) {
        co_return (co_await call_start(db, *std::move(row), *std::move(opened), std::move(call), Sending::again))
            .intent;
    }
    auto asked = co_await query(db, id, call);
    // Without a name there nobody can be asked, and waiting tells no more.
    const auto until = asked.provider_id ? std::max(asked.expires_at, asked.created_at + patience) : asked.expires_at;
    if (!is_open(asked.state) || now < until) co_return asked;
    if (traits.cancels && opened) {
        asked = co_await call_off(db, std::move(asked), Finding::timed_out, std::move(call));
        if (!is_open(asked.state)) co_return asked;
    }
    co_return (co_await apply_now(db, id, overdue))->intent;
}

// At the provider: `end` is what it is called when it is off there.
async::Task<PaymentIntent> PaymentIntents::call_off(db::Db db, PaymentIntent intent, Finding end, client::Call call) {
    const auto account = co_await db.only(intents::account_by_id, intent.account_id);
    auto evidence =
        co_await provider_of(intent.provider).cancel(open(db.tenant(), account), attempt_of(intent), std::move(call));
    if (evidence.finding == Finding::cancelled) evidence.finding = end;
    const auto later = db.with_deadline(async::Loop::now() + time_to_write);
    co_return (co_await apply_now(later, intent.id, std::move(evidence)))->intent;
}

async::Task<PaymentIntent> PaymentIntents::cancel(db::Db db, IntentId id, client::Call call) {
    auto applied = co_await apply_now(db, id, {.source = ::payments::Source::person, .finding = Finding::cancelled});
    if (!applied) throw base::Failure(errors::row_not_found);
    if (applied->intent.state == IntentState::cancelled) co_return std::move(applied->intent);
    if (!is_open(applied->intent.state)) throw base::Failure(errors::intent_final);
    if (!provider_of(applied->intent.provider).traits().cancels)
        throw base::Failure(errors::prompt_rings).retry_after(10'000);
    auto after = co_await call_off(db, std::move(applied->intent), Finding::cancelled, std::move(call));
    if (is_open(after.state)) throw base::Failure(errors::prompt_rings).retry_after(10'000);
    co_return after;
}

// ---- Waiting -----------------------------------------------------------------------------------------------------

struct PaymentIntents::Waiter {
    Waiter(PaymentIntents& owner, IntentId id) : owner_(owner), at_(owner.waiters_.emplace(id.uuid(), this)) {}
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() { owner_.waiters_.erase(at_); }

    std::stop_source news{};

private:
    PaymentIntents& owner_;
    std::multimap<base::Uuid, Waiter*>::iterator at_;
};

void PaymentIntents::wake(IntentId id) {
    const auto [first, last] = waiters_.equal_range(id.uuid());
    for (auto at = first; at != last; ++at) at->second->news.request_stop();
}

async::Task<PaymentIntent> PaymentIntents::wait(db::Db db, PaymentIntent seen, async::SteadyTime until,
                                                std::stop_token gone, std::stop_token draining) {
    Waiter waiter(*this, seen.id);
    const auto end = [&waiter] { waiter.news.request_stop(); };
    const std::stop_callback on_gone(gone, end);
    const std::stop_callback on_draining(draining, end);
    while (is_open(seen.state) && async::Loop::now() < until && !gone.stop_requested() && !draining.stop_requested()) {
        const auto look = std::min(until, async::Loop::now() + between_looks);
        co_await async::stopped(&parts_.loop, waiter.news.get_token(), look);
        if (waiter.news.stop_requested()) waiter.news = std::stop_source();
        auto row = co_await db.one(intents::by_id, seen.id);
        const bool is_news = !row || row->version != seen.version;
        if (row) seen = *std::move(row);
        if (is_news) break;
    }
    co_return seen;
}

PaymentIntents::PaymentIntents(Parts parts) : parts_(std::move(parts)) {}

std::unique_ptr<PaymentIntents> make_payment_intents(const PaymentSettings& settings, const Providers& providers,
                                                     const PaymentKeys& keys, Runtime& runtime,
                                                     const app::LoopParts& parts) {
    return std::make_unique<PaymentIntents>(PaymentIntents::Parts{settings, callback_base(settings, parts.settings),
                                                                  providers, keys, runtime, parts.loop,
                                                                  parts.settings.uses_sandboxes()});
}

std::vector<db::StatementView> intent_statements() {
    using namespace intents;
    return db::statements(
        payment_account_rows, by_id, lock, add, replace, by_request, by_provider_id, by_receipt, lock_receipt,
        claim_c2b, is_spent, is_kept, is_named, set_place, lock_key, lock_subject, lock_phone, live_of_subject,
        paid_in_advance, by_other_key, add_key, live_of_phone, mark_sent, set_action, ask_again_at, set_sealed,
        account_by_id, account_of_provider, intents::platform_account, newest, refunds::by_id, refunds::add,
        refunds::by_request, refunds::of_intent, refunds::lock_by_provider_id, refunds::lock_unnamed,
        refunds::learn_name, refunds::open_of_intent, refunds::is_one_lost, refunds::mark_told, refunds::lock,
        refunds::settle, refunds::add_task, refunds::finish_task, refunds::count_in_task, refunds::open_amount,
        refunds::lock_task, refunds::close_task, disputes::note, disputes::state_of, disputes::standing);
}

}  // namespace pos
