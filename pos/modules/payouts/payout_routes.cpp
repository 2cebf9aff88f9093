// Money that goes out: send, follow, ask, settle; and what the account holds.
#include "auth/caller.h"
#include "base/strings.h"
#include "pos/location_permissions.h"
#include "pos/modules/auth/step_up.h"
#include "pos/modules/payments/request_id.h"
#include "pos/modules/payouts/orders.h"
#include "pos/modules/payouts/routes.h"
#include "pos/modules/tenants/tables.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/idempotency.h"

namespace pos {

namespace {

constexpr std::int64_t most_amount = 1'000'000'000'000;

struct NewPayout {
    std::optional<base::Uuid> client_request_id;
    PaymentProvider provider = PaymentProvider::mpesa;
    std::optional<PaymentAccountId> account_id;
    base::Money amount;
    std::string phone;
    std::optional<std::string> recipient_name;
    PayoutPurpose purpose = PayoutPurpose::business;
    std::string reason;

    friend constexpr auto describe(NewPayout*) {
        using schema::field;
        return schema::object<NewPayout>(
            "NewPayout",
            field<&NewPayout::client_request_id>(
                "clientRequestId", {.doc = "Made once for each payout, and sent with every repetition. An "
                                           "Idempotency-Key may stand for it. Never make a new one because a reply was "
                                           "lost."}),
            field<&NewPayout::provider>("provider", {.defaulted = true, .doc = "`mpesa`: no other sends money out."}),
            field<&NewPayout::account_id>("accountId", {.doc = "Where the shop has several accounts."}),
            field<&NewPayout::amount>("amount", {.min = 1,
                                                 .max = most_amount,
                                                 .doc = "Minor units. M-Pesa sends whole shillings, 10 to 250,000.",
                                                 .example = "150000"}),
            field<&NewPayout::phone>("phone", {.max_length = 40,
                                               .format = typed_phone,
                                               .text = schema::Text::raw,
                                               .doc = "Whom the money goes to: a mobile number of Kenya, in any "
                                                      "spelling. Replies have it as E.164, `+254712345678`.",
                                               .example = R"("0712345678")"}),
            field<&NewPayout::recipient_name>("recipientName", {.max_length = 120, .text = schema::Text::name}),
            field<&NewPayout::purpose>("purpose", {.defaulted = true, .doc = "What the recipient's message says."}),
            field<&NewPayout::reason>(
                "reason",
                {.min_length = 2, .max_length = 100, .text = schema::Text::name, .example = R"("Wages of November")"}));
    }
};

struct NewReversal {
    std::optional<base::Uuid> client_request_id;
    base::Money amount;
    std::string reason;

    friend constexpr auto describe(NewReversal*) {
        using schema::field;
        return schema::object<NewReversal>(
            "NewReversal",
            field<&NewReversal::client_request_id>(
                "clientRequestId", {.doc = "As of a payout: made once, and sent with every repetition."}),
            field<&NewReversal::amount>(
                "amount", {.min = 1, .max = most_amount, .doc = "With all refunds of the payment never more than it."}),
            field<&NewReversal::reason>("reason", {.min_length = 2, .max_length = 100, .text = schema::Text::name}));
    }
};

// A payout as it is answered.
struct PayoutReply {
    Payout payout;
    std::optional<std::string> message;

    friend constexpr auto describe(PayoutReply*) {
        return schema::object<PayoutReply>(
            "PayoutReply", schema::flatten<&PayoutReply::payout>(),
            schema::field<&PayoutReply::message>("message",
                                                 {.doc = "What the provider's code means, in English, or in Swahili by "
                                                         "`Accept-Language: sw`."}));
    }
};

struct PayoutFilter {
    db::PageRequest page;
    std::optional<PayoutState> state;
    std::optional<IntentId> intent_id;

    friend constexpr auto describe(PayoutFilter*) {
        return schema::object<PayoutFilter>(
            "PayoutFilter", schema::flatten<&PayoutFilter::page>(),
            schema::field<&PayoutFilter::state>(
                "state", {.doc = "`unknown`: those that somebody has to look at, as the provider could not say."}),
            schema::field<&PayoutFilter::intent_id>(
                "intentId",
                {.doc = "Reversals of this payment.", .example = R"("0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091")"}));
    }
};

enum class PayoutVerdict : std::uint8_t { paid, not_paid };
constexpr auto describe(PayoutVerdict*) {
    return schema::enumeration<PayoutVerdict>("PayoutVerdict",
                                              {{PayoutVerdict::paid, "paid"}, {PayoutVerdict::not_paid, "not_paid"}});
}
struct ResolvePayout {
    PayoutVerdict outcome{};
    std::optional<std::string> receipt_code;
    std::string note;

    friend constexpr auto describe(ResolvePayout*) {
        using schema::field;
        return schema::object<ResolvePayout>(
            "ResolvePayout", field<&ResolvePayout::outcome>("outcome"),
            field<&ResolvePayout::receipt_code>("receiptCode", {.min_length = 6,
                                                                .max_length = 40,
                                                                .text = schema::Text::code,
                                                                .doc = "Of `paid`: as the portal has it."}),
            field<&ResolvePayout::note>(
                "note", {.min_length = 1, .max_length = 500, .text = schema::Text::free, .doc = "How it is known."}));
    }
};

constexpr auto tenant = db::find<tables::tenants>("payouts.tenant");

PayoutReply reply_of(const http::Context& context, const PayoutOrders& payouts, Payout row) {
    PayoutReply reply;
    const auto* provider = payouts.payouts_of(row.provider);
    if (provider != nullptr && row.state != PayoutState::succeeded) {
        const auto said = context.request().header("Accept-Language");
        const bool is_swahili = said && base::ascii_lower(*said).starts_with("sw");
        auto saying = provider->payout_saying(row.result_code.value_or(""), row.state, is_swahili ? "sw" : "en");
        if (!saying.text.empty()) reply.message = std::move(saying.text);
    }
    reply.payout = std::move(row);
    reply.payout.phone = shown_phone(std::move(reply.payout.phone));
    return reply;
}

client::Call call_of(const http::Context& context) { return {.deadline = context.deadline(), .span = context.span()}; }

using StartedReply = http::JsonBytes<PayoutReply, 202, 200>;

StartedReply rendered(const http::Context& context, const PayoutOrders& payouts, StartedPayout started,
                      const auth::Caller& caller) {
    const auto location = "/v1/payouts/" + started.payout.id.to_string();
    const auto reply = reply_of(context, payouts, std::move(started.payout));
    StartedReply bytes{
        schema::to_json(reply, caller.view()), static_cast<std::uint16_t>(started.is_new ? 202 : 200), {}};
    bytes.headers.emplace_back("Location", location);
    if (!started.is_new) bytes.headers.emplace_back("Idempotent-Replayed", "resource");
    return bytes;
}

// ---- Handlers ----------------------------------------------------------------------------------------------------

async::Task<StartedReply> send(http::Context& context, auth::Permitted<"payouts.send"> caller, IdempotencyHeader header,
                               http::Body<NewPayout> input, db::SystemDb system, db::Db db,
                               http::Service<PayoutOrders> payouts) {
    co_await require_step_up(system, SessionId(caller.session_id), payouts->runtime().now());
    const auto shop = co_await db.only(tenant, TenantId(db.tenant()));
    auto started =
        co_await payouts->pay_out(db,
                                  {.client_request_id = request_id("payout", key_of(header, input->client_request_id)),
                                   .provider = std::string(schema::name_of(input->provider)),
                                   .account_id = input->account_id,
                                   .amount = input->amount,
                                   .currency = shop.settings.currency,
                                   .phone = input->phone,
                                   .recipient_name = input->recipient_name,
                                   .purpose = input->purpose,
                                   .reason = input->reason,
                                   .created_by = UserId(caller.user_id)},
                                  call_of(context));
    co_return rendered(context, *payouts, std::move(started), caller);
}

// What people do with money of a place needs the permission there; what a shop paid to the platform is the platform's to give back.
async::Task<PaymentIntent> reversible(const auth::Caller* caller, db::Db db, IntentId id) {
    auto row = co_await db.one(intents::by_id, id);
    const auto may = [&](std::string_view permission) {
        return row->location_id ? caller->may_at(permission, row->location_id->uuid())
                                : caller->may_everywhere(permission);
    };
    if (!row || !may("payments.read")) throw base::Failure(errors::row_not_found);
    if (!may("payments.refund")) throw base::Failure(auth::errors::forbidden);
    const auto account = co_await db.only(intents::account_by_id, row->account_id);
    if (account.owner != AccountOwner::tenant) throw base::Failure(errors::purpose_refused);
    co_return *std::move(row);
}

async::Task<StartedReply> reverse(http::Context& context, auth::PermittedSomewhere<"payments.refund"> caller,
                                  IdempotencyHeader header, http::Path<"id", IntentId> id,
                                  http::Body<NewReversal> input, db::SystemDb system, db::Db db,
                                  http::Service<PayoutOrders> payouts) {
    co_await require_step_up(system, SessionId(caller.session_id), payouts->runtime().now());
    auto intent = co_await reversible(&caller, db, *id);
    auto started = co_await payouts->reverse(
        db, std::move(intent),
        {.client_request_id = request_id("reversal", key_of(header, input->client_request_id)),
         .amount = input->amount,
         .reason = input->reason,
         .created_by = UserId(caller.user_id)},
        call_of(context));
    co_return rendered(context, *payouts, std::move(started), caller);
}

async::Task<db::Page<Payout>> list(auth::Permitted<"payouts.read">, http::Query<PayoutFilter> filter, db::Db db) {
    auto page = co_await payouts::newest.page(db, filter->page, filter->state, filter->intent_id);
    for (auto& row : page.data) row.phone = shown_phone(std::move(row.phone));
    co_return page;
}

async::Task<PayoutReply> show(http::Context& context, auth::Permitted<"payouts.read">, http::Path<"id", PayoutId> id,
                              db::Db db, http::Service<PayoutOrders> payouts) {
    auto row = co_await db.one(payouts::by_id, *id);
    if (!row) throw base::Failure(errors::row_not_found);
    co_return reply_of(context, *payouts, *std::move(row));
}

async::Task<PayoutReply> ask(http::Context& context, auth::Permitted<"payouts.read">, http::Path<"id", PayoutId> id,
                             db::Db db, http::Service<PayoutOrders> payouts) {
    co_return reply_of(context, *payouts, co_await payouts->ask(db, *id, call_of(context)));
}

async::Task<PayoutReply> send_again(http::Context& context, auth::Permitted<"payouts.send"> caller,
                                    http::Path<"id", PayoutId> id, db::SystemDb system, db::Db db,
                                    http::Service<PayoutOrders> payouts) {
    co_await require_step_up(system, SessionId(caller.session_id), payouts->runtime().now());
    co_return reply_of(context, *payouts, co_await payouts->send_again(db, *id, call_of(context)));
}

// ---- People ------------------------------------------------------------------------------------------------------

struct Decided {
    std::string receipt_code;
    std::string note;

    friend constexpr auto describe(Decided*) {
        return schema::object<Decided>("PayoutDecided", schema::field<&Decided::receipt_code>("receiptCode"),
                                       schema::field<&Decided::note>("note"));
    }
};
struct Resolving {
    PayoutId id;
    ResolvePayout said;
    UserId by;
    std::string address{};
    PayoutOrders* payouts = nullptr;
};

// Until it is decided, or `unknown`: an hour after it was sent; what was not sent is tried for a day.
base::Failure waits_for_the_provider(const Payout& row, base::Timestamp now) {
    using namespace std::chrono_literals;
    const auto until = row.state == PayoutState::created
                           ? row.created_at + PayoutOrders::keeps_trying
                           : row.sent_at.value_or(row.created_at) + PayoutOrders::patience;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - now);
    return base::Failure(errors::payout_waits, "it is decided, or `unknown`, when this time is over")
        .retry_after(std::max(left, std::chrono::milliseconds(60s)).count());
}

async::Task<Payout> resolve_in(db::Db tx, const Resolving* resolving) {
    const auto row = co_await tx.one(payouts::lock, resolving->id);
    if (!row) throw base::Failure(errors::row_not_found);
    const auto& said = resolving->said;
    const bool says_paid = said.outcome == PayoutVerdict::paid;
    const auto wanted = says_paid ? PayoutState::succeeded : PayoutState::failed;
    // Said again.
    if (row->state == wanted) co_return *row;
    if (row->state == PayoutState::succeeded) throw base::Failure(errors::payout_final);
    // The provider may be paying it at this moment.
    const bool is_open = row->state == PayoutState::unknown || row->state == PayoutState::failed;
    if (!is_open) throw waits_for_the_provider(*row, resolving->payouts->runtime().now());
    if (says_paid && !said.receipt_code) {
        throw base::Failure(http::errors::invalid,
                            {{"body", "/receiptCode", "required", "what the recipient's receipt is called", {}}});
    }
    auto applied = co_await resolving->payouts->apply(
        tx, resolving->id,
        {.source = ::payments::PayoutSource::person,
         .finding = says_paid ? ::payments::PayoutFinding::paid : ::payments::PayoutFinding::failed,
         .receipt = says_paid ? said.receipt_code.value_or("") : ""});
    if (applied->state != wanted) throw waits_for_the_provider(*row, resolving->payouts->runtime().now());
    auto batch = tx.batch();
    audit(batch, resolving->payouts->runtime(),
          {.action = says_paid ? "payout.resolve_paid" : "payout.resolve_not_paid",
           .actor = resolving->by,
           .subject = resolving->id.uuid(),
           .address = resolving->address,
           .detail = schema::to_json(Decided{said.receipt_code.value_or(""), said.note})});
    co_await batch.commit();
    co_return *std::move(applied);
}

async::Task<PayoutReply> resolve(http::Context& context, auth::Permitted<"payments.settle"> caller,
                                 http::Path<"id", PayoutId> id, http::Body<ResolvePayout> input, db::SystemDb system,
                                 db::Db db, http::Service<PayoutOrders> payouts) {
    co_await require_step_up(system, SessionId(caller.session_id), payouts->runtime().now());
    const Resolving resolving{*id, *input, UserId(caller.user_id), std::string(context.request().client_address()),
                              &*payouts};
    auto row = co_await db.transaction([&](db::Db tx) { return resolve_in(tx, &resolving); });
    co_return reply_of(context, *payouts, std::move(row));
}

// ---- Balance -----------------------------------------------------------------------------------------------------

async::Task<PaymentAccount> own_account(db::Db db, PaymentAccountId id) {
    auto row = co_await db.one(intents::account_by_id, id);
    if (!row || row->meta.deleted_at || row->owner != AccountOwner::tenant) throw base::Failure(errors::row_not_found);
    co_return *std::move(row);
}

async::Task<PayoutBalance> ask_balance(http::Context& context, auth::Permitted<"payouts.read">,
                                       http::Path<"id", PaymentAccountId> id, db::Db db,
                                       http::Service<PayoutOrders> payouts) {
    auto account = co_await own_account(db, *id);
    co_return co_await payouts->ask_balance(db, std::move(account), call_of(context));
}

async::Task<PayoutBalance> show_balance(auth::Permitted<"payouts.read">, http::Path<"id", PaymentAccountId> id,
                                        db::Db db) {
    std::ignore = co_await own_account(db, *id);
    auto balance = co_await db.one(payouts::balance_of, *id);
    // Nobody has asked yet.
    co_return balance ? *std::move(balance)
                      : PayoutBalance{.account_id = *id, .purses = {"[]"}, .asked_at = {}, .told_at = {}};
}

}  // namespace

void payout_routes(http::Routes routes) {
    const std::vector<base::ErrorCode> of_account{errors::account_missing, errors::account_unreadable,
                                                  errors::live_credentials, errors::payments_off,
                                                  errors::payout_not_offered};
    auto of_start = of_account;
    of_start.insert(of_start.end(), {errors::key_missing, errors::key_mismatch, errors::key_reused,
                                     errors::amount_not_whole, errors::unknown_payment_account});
    auto of_send = of_start;
    of_send.insert(of_send.end(), {errors::provider_unknown, errors::amount_refused, errors::currency_refused,
                                   errors::payout_phone, errors::payout_open, errors::step_up_needed});
    routes.post(
        "/payouts", send,
        {.id = "sendPayout",
         .summary = "Send money to a phone",
         .description = "Once: send the same request again until there is an answer. 202: it is on its way, and "
                        "`GET /v1/payouts/{id}` tells how it ends. While one of the same amount to the same phone "
                        "is not decided, another is refused. `unknown` is no failure: look before you send anew.",
         .errors = of_send});
    auto of_reversal = of_start;
    of_reversal.insert(of_reversal.end(), {errors::row_not_found, errors::not_refundable, errors::refund_exceeds,
                                           errors::disputed, errors::receipt_unknown, errors::reversal_open,
                                           errors::purpose_refused, errors::step_up_needed, auth::errors::forbidden});
    routes.post(
        "/payment-intents/{id}/reverse", reverse,
        {.id = "reversePayment",
         .summary = "Have a payment go back by the provider",
         .description = "M-Pesa, for accounts with an initiator: the answer is a payout of kind `reversal`. Until it "
                        "is decided, its amount counts as refunded. Without an initiator: `refund` with `byHand`.",
         .errors = of_reversal});
    routes.get("/payouts", list, {.id = "listPayouts", .summary = "Money that went out, newest first"});
    routes.get("/payouts/{id}", show, {.id = "getPayout", .summary = "One payout", .errors = {errors::row_not_found}});
    auto of_ask = of_account;
    of_ask.push_back(errors::row_not_found);
    routes.post("/payouts/{id}/query", ask,
                {.id = "queryPayout",
                 .summary = "Ask the provider what became of it",
                 .description = "The answer comes to us later: read the payout again after some seconds.",
                 .errors = of_ask});
    auto of_again = of_ask;
    of_again.insert(of_again.end(), {errors::payout_final, errors::payout_waits, errors::step_up_needed});
    routes.post(
        "/payouts/{id}/send-again", send_again,
        {.id = "sendPayoutAgain",
         .summary = "Send a payout once more, under the same id",
         .description = "For what is `sent` or `unknown` for a minute: the provider knows the id, and pays it once.",
         .errors = of_again});
    routes.post(
        "/payouts/{id}/resolve", resolve,
        {.id = "resolvePayout",
         .summary = "Say what became of a payout that nobody knows of",
         .description =
             "Only of one that is `unknown` (or was said to have failed), as the provider's portal has it. Who "
             "said so is kept. What the provider says later still counts.",
         .errors = {errors::row_not_found, errors::payout_final, errors::payout_waits, errors::step_up_needed}});
    auto of_balance = of_ask;
    of_balance.insert(of_balance.end(), {errors::balance_asked, errors::balance_not_taken});
    routes.post("/payment-accounts/{id}/balance", ask_balance,
                {.id = "askPaymentAccountBalance",
                 .summary = "Ask what the account holds",
                 .description = "Once a minute. The answer comes to us later: read it with GET.",
                 .errors = of_balance});
    routes.get("/payment-accounts/{id}/balance", show_balance,
               {.id = "getPaymentAccountBalance",
                .summary = "What the account held when it was asked last",
                .errors = {errors::row_not_found}});
}

std::vector<db::StatementView> payout_route_statements() { return db::statements(tenant); }

}  // namespace pos
