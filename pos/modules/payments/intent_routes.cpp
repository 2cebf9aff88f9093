// Attempts to be paid: start, follow, ask, call off.
#include <algorithm>

#include "auth/caller.h"
#include "base/strings.h"
#include "pos/location_permissions.h"
#include "pos/modules/payments/counter_message.h"
#include "pos/modules/payments/effects.h"
#include "pos/modules/payments/intents.h"
#include "pos/modules/payments/request_id.h"
#include "pos/modules/payments/routes.h"
#include "pos/modules/tenants/tables.h"
#include "pos/plumbing/idempotency.h"

namespace pos {

namespace {

constexpr std::int32_t longest_wait = 25;
constexpr std::int64_t most_amount = 1'000'000'000'000;
constexpr std::size_t most_parts = 50;

struct NewIntent {
    std::optional<base::Uuid> client_request_id;
    PaymentProvider provider = PaymentProvider::mpesa;
    base::Money amount;
    PaymentPurpose purpose = PaymentPurpose::sale;
    base::Uuid subject_id;
    std::optional<LocationId> location_id;
    std::optional<std::string> phone;
    std::optional<std::string> reference;
    std::optional<std::string> description;
    std::optional<std::string> return_url;
    std::optional<PaymentAccountId> account_id;
    std::vector<base::Uuid> other_intent_ids;

    friend constexpr auto describe(NewIntent*) {
        using schema::field;
        return schema::object<NewIntent>(
            "NewPaymentIntent",
            field<&NewIntent::client_request_id>(
                "clientRequestId",
                {.doc = "Made once for each attempt by the client, and sent with every repetition. An "
                        "Idempotency-Key may stand for it. A new attempt after a clear end has a new "
                        "one."}),
            field<&NewIntent::provider>("provider", {.defaulted = true}),
            field<&NewIntent::amount>("amount", {.min = 1,
                                                 .max = most_amount,
                                                 .doc = "Minor units. M-Pesa takes whole shillings only: a multiple "
                                                        "of 100.",
                                                 .example = "25000"}),
            field<&NewIntent::purpose>("purpose", {.defaulted = true}),
            field<&NewIntent::subject_id>(
                "subjectId", {.doc = "What is paid. Of a sale its `clientRequestId`, which the till knows before it "
                                     "sends the sale; its id serves, too, once the sale is there."}),
            field<&NewIntent::location_id>("locationId",
                                           {.doc = "Needed by callers who may take payments at some locations only."}),
            field<&NewIntent::phone>("phone",
                                     {.max_length = 40,
                                      .format = typed_phone,
                                      .text = schema::Text::raw,
                                      .doc = "The payer's, in any spelling, where the provider prompts a "
                                             "phone (or, as Pesapal, wants to know the payer). Replies have it "
                                             "as E.164, `+254712345678`.",
                                      .example = R"("0712345678")"}),
            field<&NewIntent::reference>(
                "reference", {.min_length = 1,
                              .max_length = 40,
                              .text = schema::Text::name,
                              .doc = "What the payer reads, such as an order's number; M-Pesa shows 12 characters. The "
                                     "end of the subject's id when it is missing."}),
            field<&NewIntent::description>("description", {.max_length = 100, .text = schema::Text::name}),
            field<&NewIntent::return_url>(
                "returnUrl", {.max_length = 2'000,
                              .format = schema::Format::url,
                              .doc = "Where the payer comes back to from the provider's own page; without it there is "
                                     "no such page."}),
            field<&NewIntent::account_id>("accountId", {.doc = "Where the shop has several accounts of the provider."}),
            field<&NewIntent::other_intent_ids>(
                "otherIntentIds",
                {.max_items = most_parts,
                 .defaulted = true,
                 .doc = "Where a sale is paid in several parts: the payments of it that the app has already. Without "
                        "them a second part of the same amount, by one phone or on pages, is answered with the "
                        "first, and another one is refused while the first is open."}));
    }
};

// An intent as it is answered.
struct IntentReply {
    PaymentIntent intent;
    std::optional<std::string> client_secret;
    std::string message;
    bool may_try_again = false;
    std::optional<std::int64_t> try_again_after_seconds;

    friend constexpr auto describe(IntentReply*) {
        using schema::field;
        return schema::object<IntentReply>(
            "PaymentIntentReply", schema::flatten<&IntentReply::intent>(),
            field<&IntentReply::client_secret>(
                "clientSecret", {.doc = "For the provider's library in the browser, while the payer may answer."}),
            field<&IntentReply::message>("message",
                                         {.doc = "What to tell whoever stands at the counter, in English, or "
                                                 "in Swahili by `Accept-Language: sw`."}),
            field<&IntentReply::may_try_again>("mayTryAgain", {.doc = "Another attempt may go through."}),
            field<&IntentReply::try_again_after_seconds>("tryAgainAfterSeconds"));
    }
};

struct WaitFilter {
    std::int32_t wait = 0;

    friend constexpr auto describe(WaitFilter*) {
        return schema::object<WaitFilter>(
            "PaymentWait",
            schema::field<&WaitFilter::wait>("wait", {.min = 0,
                                                      .max = longest_wait,
                                                      .defaulted = true,
                                                      .doc = "Seconds: the reply comes when the payment moves, or is "
                                                             "over, and after so long at the latest."}));
    }
};

struct IntentFilter {
    db::PageRequest page;
    std::optional<IntentState> state;
    std::optional<base::Uuid> subject_id;
    std::optional<LocationId> location_id;

    friend constexpr auto describe(IntentFilter*) {
        return schema::object<IntentFilter>(
            "PaymentIntentFilter", schema::flatten<&IntentFilter::page>(),
            schema::field<&IntentFilter::state>(
                "state", {.doc = "`unknown`: those that somebody has to look at, as the provider could not say.",
                          .example = R"("unknown")"}),
            schema::field<&IntentFilter::subject_id>(
                "subjectId", {.doc = "What is paid; of a sale its `clientRequestId` or its id."}),
            schema::field<&IntentFilter::location_id>("locationId", {.doc = "Payments that were asked for there."}));
    }
};

constexpr auto tenant = db::find<tables::tenants>("intents.tenant");

// ---- Who may -----------------------------------------------------------------------------------------------------

bool may(const auth::Caller& caller, std::string_view permission, const std::optional<LocationId>& location) {
    return location ? caller.may_at(permission, location->uuid()) : caller.may_everywhere(permission);
}

void require(const auth::Caller& caller, std::string_view permission, const std::optional<LocationId>& location) {
    if (location) return caller.require_at(permission, location->uuid());
    if (!caller.may_everywhere(permission)) throw base::Failure(auth::errors::forbidden, "name a location: locationId");
}

// Of another location, it is not there.
async::Task<PaymentIntent> readable(const auth::Caller* caller, db::Db db, IntentId id) {
    auto row = co_await db.one(intents::by_id, id);
    if (!row || !may(*caller, "payments.read", row->location_id)) throw base::Failure(errors::row_not_found);
    co_return *std::move(row);
}

async::Task<PaymentIntent> takeable(const auth::Caller* caller, db::Db db, IntentId id) {
    auto row = co_await readable(caller, db, id);
    require(*caller, "payments.take", row.location_id);
    co_return row;
}

// ---- Replies -----------------------------------------------------------------------------------------------------

std::string_view language_of(const http::Context& context) {
    const auto said = context.request().header("Accept-Language");
    return said && base::ascii_lower(*said).starts_with("sw") ? "sw" : "en";
}

IntentReply reply_of(const http::Context& context, const PaymentIntents& intents, base::Uuid tenant_id,
                     PaymentIntent intent) {
    IntentReply reply;
    if (auto secret = intents.client_secret_of(tenant_id, intent); !secret.empty()) reply.client_secret = secret;
    auto said = counter_message(intent, intents.providers().find(intent.provider), language_of(context),
                                intents.runtime().now());
    reply.message = std::move(said.text);
    reply.may_try_again = said.may_try_again;
    if (said.after) reply.try_again_after_seconds = said.after->count();
    reply.intent = shown_intent(std::move(intent));
    return reply;
}

client::Call call_of(const http::Context& context) { return {.deadline = context.deadline(), .span = context.span()}; }

// The end of an id is its random part; its beginning is the time, the same of all sales of a minute.
std::string short_name_of(base::Uuid subject) { return subject.to_string().substr(28); }

// ---- Handlers ----------------------------------------------------------------------------------------------------

IntentRequest request_of(const NewIntent& input, base::Uuid key, const auth::Caller& caller, std::string currency) {
    return {.client_request_id = key,
            .provider = std::string(schema::name_of(input.provider)),
            .purpose = input.purpose,
            .subject_id = input.subject_id,
            .location_id = input.location_id,
            .amount = input.amount,
            .currency = std::move(currency),
            .phone = input.phone,
            .reference = input.reference.value_or(short_name_of(input.subject_id)),
            .description = input.description.value_or(""),
            .return_url = input.return_url.value_or(""),
            .created_by = UserId(caller.user_id),
            .account_id = input.account_id,
            .other_intents = input.other_intent_ids};
}

async::Task<http::JsonBytes<IntentReply, 202, 200>> start(http::Context& context,
                                                          auth::PermittedSomewhere<"payments.take"> caller,
                                                          IdempotencyHeader header, http::Body<NewIntent> input,
                                                          db::Db db, http::Service<PaymentIntents> intents) {
    require(caller, "payments.take", input->location_id);
    const auto* effects = subject_effects(input->purpose);
    if (effects == nullptr || effects->owner() != AccountOwner::tenant)
        throw base::Failure(errors::purpose_refused, "the subscription: POST /v1/bv-payments/subscription-stk-push");
    const auto key = request_id("payment", key_of(header, input->client_request_id));
    const auto shop = co_await db.only(tenant, TenantId(db.tenant()));
    auto started =
        co_await intents->start_intent(db, request_of(*input, key, caller, shop.settings.currency), call_of(context));
    const auto location = "/v1/payment-intents/" + started.intent.id.to_string();
    const bool is_new = started.is_new;
    // The answer is to this request, whichever made the payment: clients compare it.
    started.intent.client_request_id = key;
    const auto reply = reply_of(context, *intents, db.tenant(), std::move(started.intent));
    http::JsonBytes<IntentReply, 202, 200> rendered{
        schema::to_json(reply, caller.view()), static_cast<std::uint16_t>(is_new ? 202 : 200), {}};
    rendered.headers.emplace_back("Location", location);
    if (!is_new) rendered.headers.emplace_back("Idempotent-Replayed", "resource");
    co_return rendered;
}

// Whatever it is a subject of.
async::Task<std::vector<base::Uuid>> every_name(db::Db db, base::Uuid subject) {
    std::vector<base::Uuid> names{subject};
    for (const auto* effects : payment_subjects()) {
        for (const auto& name : co_await effects->subject_names(db, subject)) {
            if (std::ranges::find(names, name) == names.end()) names.push_back(name);
        }
    }
    co_return names;
}

async::Task<db::Page<PaymentIntent>> list(auth::PermittedSomewhere<"payments.read"> caller,
                                          http::Query<IntentFilter> filter, db::Db db) {
    auto locations = locations_with<"payments.read">(caller);
    if (filter->location_id) {
        caller.require_at("payments.read", filter->location_id->uuid());
        locations = std::vector{*filter->location_id};
    }
    std::optional<std::vector<base::Uuid>> subjects;
    if (filter->subject_id) subjects = co_await every_name(db, *filter->subject_id);
    auto page = co_await intents::newest.page(db, filter->page, filter->state, subjects, locations);
    for (auto& row : page.data) row = shown_intent(std::move(row));
    co_return page;
}

async::Task<IntentReply> show(http::Context& context, auth::PermittedSomewhere<"payments.read"> caller,
                              http::Path<"id", IntentId> id, http::Query<WaitFilter> filter, db::Db db,
                              http::Service<PaymentIntents> intents) {
    auto row = co_await readable(&caller, db, *id);
    if (filter->wait > 0 && !::payments::is_final(row.state)) {
        const auto until = std::min(async::Loop::now() + std::chrono::seconds(filter->wait),
                                    context.deadline() - std::chrono::seconds(2));
        row = co_await intents->wait(db, std::move(row), until, context.gone(), context.draining());
    }
    co_return reply_of(context, *intents, db.tenant(), std::move(row));
}

async::Task<IntentReply> ask(http::Context& context, auth::PermittedSomewhere<"payments.take"> caller,
                             http::Path<"id", IntentId> id, db::Db db, http::Service<PaymentIntents> intents) {
    std::ignore = co_await takeable(&caller, db, *id);
    auto row = co_await intents->query(db, *id, call_of(context));
    co_return reply_of(context, *intents, db.tenant(), std::move(row));
}

async::Task<IntentReply> cancel(http::Context& context, auth::PermittedSomewhere<"payments.take"> caller,
                                http::Path<"id", IntentId> id, db::Db db, http::Service<PaymentIntents> intents) {
    std::ignore = co_await takeable(&caller, db, *id);
    auto row = co_await intents->cancel(db, *id, call_of(context));
    co_return reply_of(context, *intents, db.tenant(), std::move(row));
}

}  // namespace

void intent_routes(http::Routes routes) {
    const std::vector refusals{errors::key_missing,
                               errors::key_mismatch,
                               errors::key_reused,
                               errors::provider_unknown,
                               errors::account_missing,
                               errors::amount_not_whole,
                               errors::amount_refused,
                               errors::currency_refused,
                               errors::phone_needed,
                               errors::phone_unfit,
                               errors::purpose_refused,
                               errors::prompt_open,
                               errors::already_paid,
                               errors::payments_off,
                               errors::account_unreadable,
                               errors::live_credentials,
                               errors::unknown_payment_account,
                               errors::unknown_location};
    const std::string_view description =
        "The payer is prompted once: send the same request again until there is an answer. 202: it is on its way, and "
        "`GET /v1/payment-intents/{id}?wait=25` tells how it ends. 200: it was asked for before, or is open for the "
        "same subject and amount, or the same phone has paid this amount for a sale that has not come yet (and it is "
        "not among `otherIntentIds`). `failed` "
        "with a `message`: the provider refused. A sale names the intent in its payment's "
        "`intentId`, before or after it is paid.";
    routes.post(
        "/payment-intents", start,
        {.id = "startPayment", .summary = "Ask a customer to pay", .description = description, .errors = refusals});
    routes.post("/payments/mpesa/stk-push", start,
                {.id = "startMpesaPayment",
                 .summary = "Ask a customer to pay by M-Pesa",
                 .description = description,
                 .errors = refusals});
    routes.get("/payment-intents", list, {.id = "listPayments", .summary = "Payments through providers, newest first"});
    routes.get("/payment-intents/{id}", show,
               {.id = "getPayment",
                .summary = "One payment, at once or as soon as it moves",
                .errors = {errors::row_not_found}});
    const std::vector<base::ErrorCode> of_calls{errors::row_not_found, errors::payments_off, errors::account_missing,
                                                errors::account_unreadable, errors::live_credentials};
    routes.post("/payment-intents/{id}/query", ask,
                {.id = "queryPayment", .summary = "Ask the provider what became of it", .errors = of_calls});
    auto of_cancel = of_calls;
    of_cancel.insert(of_cancel.end(), {errors::intent_final, errors::prompt_rings});
    routes.post("/payment-intents/{id}/cancel", cancel,
                {.id = "cancelPayment",
                 .summary = "Call a payment off",
                 .description = "Money that comes all the same is kept, and listed to be paid back.",
                 .errors = of_cancel});
}

std::vector<db::StatementView> intent_route_statements() { return db::statements(tenant); }

}  // namespace pos
