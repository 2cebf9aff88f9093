#pragma once
// A receipt by e-mail: POST /sales/{id}/receipt. Once for each key, however often it is asked for.

#include "auth/caller.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/modules/sales/sale.h"
#include "pos/plumbing/idempotency.h"

namespace pos {

struct ReceiptRequest {
    std::string email;
    Locale locale = Locale::english;

    friend constexpr auto describe(ReceiptRequest*) {
        return schema::object<ReceiptRequest>(
            "ReceiptRequest",
            schema::field<&ReceiptRequest::email>("email", {.max_length = 254, .format = schema::Format::email}),
            schema::field<&ReceiptRequest::locale>("locale", {.defaulted = true}));
    }
};

// What the receipt says of a sale. Long ones are cut: a mail is no ledger.
[[nodiscard]] ReceiptMail receipt_of(const Sale& sale, const Tenant& tenant);

[[nodiscard]] async::Task<http::Accepted<Notification>> mail_receipt(auth::PermittedSomewhere<"sales.create"> caller,
                                                                     http::Path<"id", SaleId> id,
                                                                     IdempotencyKeyHeader key,
                                                                     http::Body<ReceiptRequest> input, db::Db db,
                                                                     http::Service<Notifier> notifier);

}  // namespace pos
