#pragma once
// What Paystack says of an attempt: always by our own reference. Loop's thread.
//
//     const Evidence evidence = co_await paystack::ask(&api, &attempt, now);
//
// `failed` ends a prompt; on a page (second_id is "page") the payer may try again. `abandoned` is also what a page says that nobody has
// begun to pay at.

#include <chrono>

#include "async/task.h"
#include "base/time.h"
#include "payments/bearer_api.h"
#include "payments/provider.h"

namespace payments::paystack {

// A page has no end of its own: what is not paid by then is taken for over. Money that comes later is kept.
inline constexpr std::chrono::hours page_lives{1};

// Source::query. `lost`: it could not be asked, or it is not found and may still be. Not found a day later it is `declined`.
[[nodiscard]] async::Task<Evidence> ask(BearerApi* api, const AttemptRef* attempt, base::Timestamp now);

// What became of a refund that may have been sent: by its id in the merchant's note. Not found an hour later, though the list is whole, it
// is refused: it was never taken.
[[nodiscard]] async::Task<Refunded> ask_refund(BearerApi* api, const RefundRequest* refund, base::Timestamp now);

// What has gone back of an attempt, or is on its way: its events do not say which refund they are about.
[[nodiscard]] async::Task<Provider::RefundList> list_refunds(BearerApi* api, const AttemptRef* attempt);

}  // namespace payments::paystack
