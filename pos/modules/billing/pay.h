#pragma once
// POST /bv-payments/subscription-stk-push: the open invoice, or the next period, by a prompt on a phone or on a hosted page.
//
//     routes.post("/bv-payments/subscription-stk-push", pay_subscription, …);

#include "auth/caller.h"
#include "pos/modules/billing/tables.h"
#include "pos/modules/payments/intents.h"

namespace pos {

struct SubscriptionPaymentRequest {
    base::Uuid client_request_id;
    std::string provider = "mpesa";
    std::optional<std::string> phone;
    std::optional<std::string> return_url;

    friend constexpr auto describe(SubscriptionPaymentRequest*) {
        using schema::field;
        return schema::object<SubscriptionPaymentRequest>(
            "SubscriptionPaymentRequest",
            field<&SubscriptionPaymentRequest::client_request_id>(
                "clientRequestId", {.doc = "Of this attempt: the same one again is the same prompt."}),
            field<&SubscriptionPaymentRequest::provider>(
                "provider",
                {.text = schema::Text::raw, .one_of = &schema::type_of<PaymentProvider>, .defaulted = true}),
            field<&SubscriptionPaymentRequest::phone>("phone",
                                                      {.max_length = 40,
                                                       .format = typed_phone,
                                                       .text = schema::Text::raw,
                                                       .doc = "Where the prompt rings; missing: the subscription's.",
                                                       .example = R"("0712 345 678")"}),
            field<&SubscriptionPaymentRequest::return_url>(
                "returnUrl",
                {.max_length = 500, .format = schema::Format::url, .doc = "Where a hosted page leads back to."}));
    }
};

struct SubscriptionPayment {
    SubscriptionInvoice invoice;
    base::Money due;
    std::optional<PaymentIntent> intent;

    friend constexpr auto describe(SubscriptionPayment*) {
        using schema::field;
        return schema::object<SubscriptionPayment>(
            "SubscriptionPayment", field<&SubscriptionPayment::invoice>("invoice"),
            field<&SubscriptionPayment::due>("due", {.doc = "What is asked for: the price less the shop's credit."}),
            field<&SubscriptionPayment::intent>(
                "intent",
                {.doc = "The attempt; `GET /v1/payment-intents/{id}` says what becomes of it. Null: credit paid it."}));
    }
};

async::Task<http::Accepted<SubscriptionPayment>> pay_subscription(auth::Permitted<"billing.manage"> caller,
                                                                  http::Context& context,
                                                                  http::Body<SubscriptionPaymentRequest> input,
                                                                  db::SystemDb system,
                                                                  http::Service<PaymentIntents> intents);

[[nodiscard]] std::vector<base::ErrorCode> pay_errors();

}  // namespace pos
