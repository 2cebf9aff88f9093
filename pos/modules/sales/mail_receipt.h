#pragma once
// A receipt by e-mail, SMS or WhatsApp: POST /sales/{id}/receipt. Once for each key, however often it is asked for.

#include "auth/caller.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/modules/sales/sale.h"
#include "pos/plumbing/idempotency.h"

namespace pos {

struct ReceiptRequest {
    std::optional<std::string> email;
    Locale locale = Locale::english;
    std::optional<std::string> phone;
    std::optional<Channel> channel;

    [[nodiscard]] Channel way() const { return email ? Channel::email : channel.value_or(Channel::sms); }
    [[nodiscard]] const std::string& recipient() const { return email ? *email : *phone; }
    static void check(const ReceiptRequest& request, schema::Issues& issues) {
        if (request.email.has_value() == request.phone.has_value())
            issues.add(request.channel.value_or(Channel::email) == Channel::email ? "/email" : "/phone", "one_of",
                       "either an e-mail address or a phone number");
        if (request.channel &&
            (*request.channel == Channel::app || (*request.channel == Channel::email) != request.email.has_value()))
            issues.add("/channel", "unfit",
                       "`email` is for an e-mail address, `sms` and `whatsapp` for a phone number");
    }
    friend constexpr auto describe(ReceiptRequest*) {
        return schema::object<ReceiptRequest>(
            "ReceiptRequest", schema::doc("Either `email` or `phone`."),
            schema::field<&ReceiptRequest::email>("email", {.max_length = 254, .format = schema::Format::email}),
            schema::field<&ReceiptRequest::locale>("locale", {.defaulted = true}),
            schema::field<&ReceiptRequest::phone>(
                "phone", {.format = schema::Format::phone, .doc = "Instead of `email`: it goes by SMS or WhatsApp."}),
            schema::field<&ReceiptRequest::channel>("channel", {.doc = "Of a phone number: `sms` when it is missing."}),
            schema::refine<&ReceiptRequest::check>());
    }
};

// What the receipt says of a sale. Long ones are cut: a mail is no ledger.
[[nodiscard]] ReceiptMail receipt_of(const Sale& sale, const Tenant& tenant);

[[nodiscard]] async::Task<http::Accepted<Notification>> mail_receipt(
    http::Context& context, auth::PermittedSomewhere<"sales.create"> caller, http::Path<"id", SaleId> id,
    IdempotencyKeyHeader key, http::Body<ReceiptRequest> input, db::Db db, http::Service<Notifier> notifier);

}  // namespace pos
