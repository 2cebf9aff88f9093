// Money that goes back, and the list of what is owed back.
#include "auth/caller.h"
#include "pos/location_permissions.h"
#include "pos/modules/payments/intents.h"
#include "pos/modules/payments/request_id.h"
#include "pos/modules/payments/routes.h"
#include "pos/plumbing/idempotency.h"
#include "pos/plumbing/list.h"

namespace pos {

namespace {

struct NewRefund {
    std::optional<base::Uuid> client_request_id;
    base::Money amount;
    std::string reason;
    bool by_hand = false;

    friend constexpr auto describe(NewRefund*) {
        using schema::field;
        return schema::object<NewRefund>(
            "NewPaymentRefund",
            field<&NewRefund::client_request_id>(
                "clientRequestId", {.doc = "Made once by the client and sent with every repetition; an Idempotency-Key "
                                           "may stand for it."}),
            field<&NewRefund::amount>("amount", {.min = 1,
                                                 .max = 1'000'000'000'000,
                                                 .doc = "All refunds of a payment together are never more than it."}),
            field<&NewRefund::reason>("reason", {.min_length = 1, .max_length = 200, .text = schema::Text::free}),
            field<&NewRefund::by_hand>("byHand", {.defaulted = true,
                                                  .doc = "A person has sent it back already, outside of this service: "
                                                         "it is written down. M-Pesa's are, but for those of "
                                                         "POST /payment-intents/{id}/reverse."}));
    }
};

struct Refunds {
    std::vector<PaymentRefund> data;

    friend constexpr auto describe(Refunds*) {
        return schema::object<Refunds>("PaymentRefunds", schema::field<&Refunds::data>("data"));
    }
};

struct TaskFilter {
    db::PageRequest page;
    std::optional<RefundTaskState> state;

    friend constexpr auto describe(TaskFilter*) {
        return schema::object<TaskFilter>(
            "RefundTaskFilter", schema::flatten<&TaskFilter::page>(),
            schema::field<&TaskFilter::state>(
                "state", {.doc = "`open`: somebody has to send it back, or keep it.", .example = R"("open")"}));
    }
};

struct TaskClosing {
    std::string note;

    friend constexpr auto describe(TaskClosing*) {
        return schema::object<TaskClosing>(
            "RefundTaskClosing",
            schema::field<&TaskClosing::note>(
                "note",
                {.min_length = 1, .max_length = 500, .text = schema::Text::free, .doc = "Why nothing is paid back."}));
    }
};

constexpr List<tables::payment_refund_tasks, Newest<&RefundTask::created_at, &RefundTask::intent_id>,
               Where<&RefundTask::state>>
    tasks;

// What people do with money of a place needs the permission there.
async::Task<PaymentIntent> refundable(const auth::Caller* caller, db::Db db, IntentId id) {
    auto row = co_await db.one(intents::by_id, id);
    const auto may = [&](std::string_view permission) {
        return row->location_id ? caller->may_at(permission, row->location_id->uuid())
                                : caller->may_everywhere(permission);
    };
    if (!row || !may("payments.read")) throw base::Failure(errors::row_not_found);
    if (!may("payments.refund")) throw base::Failure(auth::errors::forbidden);
    // What a shop paid to the platform is the platform's to give back.
    const auto account = co_await db.only(intents::account_by_id, row->account_id);
    if (account.owner != AccountOwner::tenant) throw base::Failure(errors::purpose_refused);
    co_return *std::move(row);
}

async::Task<http::JsonBytes<PaymentRefund, 201, 200>> refund(http::Context& context,
                                                             auth::PermittedSomewhere<"payments.refund"> caller,
                                                             IdempotencyHeader header, http::Path<"id", IntentId> id,
                                                             http::Body<NewRefund> input, db::Db db,
                                                             http::Service<PaymentIntents> intents) {
    // Without a step-up: it goes back to whoever paid.
    std::ignore = co_await refundable(&caller, db, *id);
    const RefundOrder order{.client_request_id = request_id("refund", key_of(header, input->client_request_id)),
                            .amount = input->amount,
                            .reason = input->reason,
                            .by_hand = input->by_hand,
                            .created_by = UserId(caller.user_id)};
    const bool is_new = !co_await db.one(refunds::by_request, order.client_request_id);
    const auto row = co_await intents->refund(db, *id, order, {.deadline = context.deadline(), .span = context.span()});
    http::JsonBytes<PaymentRefund, 201, 200> rendered{
        schema::to_json(row, caller.view()), static_cast<std::uint16_t>(is_new ? 201 : 200), {}};
    rendered.headers.emplace_back("Location", "/v1/payment-intents/" + id->to_string() + "/refunds");
    if (!is_new) rendered.headers.emplace_back("Idempotent-Replayed", "resource");
    co_return rendered;
}

async::Task<Refunds> list_refunds(auth::PermittedSomewhere<"payments.read"> caller, http::Path<"id", IntentId> id,
                                  db::Db db) {
    const auto row = co_await db.one(intents::by_id, *id);
    const bool may = row && (row->location_id ? caller.may_at("payments.read", row->location_id->uuid())
                                              : caller.may_everywhere("payments.read"));
    if (!may) throw base::Failure(errors::row_not_found);
    co_return Refunds{co_await db.all(refunds::of_intent, *id)};
}

async::Task<db::Page<RefundTask>> list_tasks(auth::Permitted<"payments.read">, http::Query<TaskFilter> filter,
                                             db::Db db) {
    return tasks.page(db, filter->page, filter->state);
}

async::Task<RefundTask> close(db::Db tx, PaymentIntents* intents, IntentId id, UserId by, std::string note) {
    // In the order of whoever moves it: the intent first.
    const auto intent = co_await tx.one(intents::lock, id);
    auto row = co_await tx.one(refunds::lock_task, id);
    if (!intent || !row) throw base::Failure(errors::row_not_found);
    // What the platform owes is not the shop's to forget.
    const auto account = co_await tx.only(intents::account_by_id, intent->account_id);
    if (account.owner != AccountOwner::tenant) throw base::Failure(errors::purpose_refused);
    if (row->state == RefundTaskState::dismissed) co_await intents->keep(tx, id);
    if (row->state != RefundTaskState::open) co_return *row;
    row->state = RefundTaskState::dismissed;
    row->closed_at = intents->runtime().now();
    row->closed_by = by;
    row->note = std::move(note);
    co_await tx.run(refunds::close_task, row->state, row->closed_at, row->closed_by, row->note, id);
    co_await intents->keep(tx, id);
    co_return *row;
}

async::Task<RefundTask> dismiss(auth::Permitted<"payments.refund"> caller, http::Path<"id", IntentId> id,
                                http::Body<TaskClosing> input, db::Db db, http::Service<PaymentIntents> intents) {
    auto* const of = &*intents;
    co_return co_await db.transaction(
        [&](db::Db tx) { return close(tx, of, *id, UserId(caller.user_id), input->note); });
}

}  // namespace

void refund_routes(http::Routes routes) {
    routes.post(
        "/payment-intents/{id}/refund", refund,
        {.id = "refundPayment",
         .summary = "Send money back, once",
         .description = "`pending` and `unknown` count as sent back until the provider says that they failed. "
                        "Send the same request again to ask.",
         .errors = {errors::row_not_found, errors::key_missing, errors::key_mismatch, errors::intent_request_used,
                    errors::refund_exceeds, errors::not_refundable, errors::refund_by_hand, errors::disputed,
                    errors::purpose_refused, errors::payments_off, errors::account_missing, errors::account_unreadable,
                    errors::live_credentials, auth::errors::forbidden}});
    routes.get("/payment-intents/{id}/refunds", list_refunds,
               {.id = "listRefunds", .summary = "What went back of a payment", .errors = {errors::row_not_found}});
    routes.get("/payment-refund-tasks", list_tasks,
               {.id = "listRefundTasks",
                .summary = "Money that is owed back, newest first",
                .description = "It came late, twice, or for what takes no payment any more. One for each payment; done "
                               "when the payment is refunded."});
    routes.post(
        "/payment-refund-tasks/{id}/dismiss", dismiss,
        {.id = "dismissRefundTask",
         .summary = "Keep the money",
         .description = "`id`: of the payment intent. A sale that names it, and waited because a part of it had "
                        "gone back, is paid by what is left.",
         .errors = {errors::row_not_found, errors::purpose_refused}});
}

std::vector<db::StatementView> refund_route_statements() { return db::statements(tasks); }

}  // namespace pos
