#pragma once
// Recording a sale exactly once: the reads, the rules (ring_up.h), and the one batch that holds the idempotency key, the sale,
// its stock, its feed entries and its message.

#include "auth/caller.h"
#include "pos/modules/sales/ring_up.h"
#include "pos/plumbing/idempotency.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode wrong_device{"sale.wrong_device", 403, false, base::Action::contact,
                                              "This token belongs to another device"};
inline constexpr auto out_of_stock = base::conflict("stock.insufficient", "There is not enough on the shelf");
}  // namespace errors

struct RecordedSale {
    StoredReply reply;
    std::string_view replayed;  // "", "true", or "resource": the value of Idempotent-Replayed
};

// The body tells a retry from another request; its text must live until then.
[[nodiscard]] async::Task<RecordedSale> record_sale(db::Db db, auth::Caller caller, Runtime* runtime,
                                                    http::Body<NewSale> sent);

// What record_sale() would store, flags included; nothing is stored.
[[nodiscard]] async::Task<Sale> preview_sale(db::Db db, auth::Caller caller, Runtime* runtime, NewSale sale);

// The sale with lines, taxes and payments.
[[nodiscard]] async::Task<Sale> load_sale(db::Db db, SaleRow row);

}  // namespace pos
