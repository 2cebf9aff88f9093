#pragma once
// What Flutterwave says of an attempt: always by our own reference (tx_ref), which no message from outside can change. Loop's thread.
//
//     const Evidence evidence = co_await flutterwave::ask(&api, &attempt, now);
//
// Several transactions may have one reference: a payer tries again on a page. A failed one is the attempt's end when it is its prompt, or
// when the page is over, and no other one has succeeded.

#include "async/task.h"
#include "base/time.h"
#include "payments/bearer_api.h"
#include "payments/provider.h"

namespace payments::flutterwave {

// Source::query. `lost`: it could not be asked, or it is not found and may still be; a day later it is `declined`. Of a page (second_id is
// "page") that is not found, nobody has begun to pay: it is `processing`, and `timed_out` when the page is over.
[[nodiscard]] async::Task<Evidence> ask(BearerApi* api, const AttemptRef* attempt, base::Timestamp now);

// What became of a refund that may have been sent: by its id in the comments. Not found an hour later, though the list is whole, it is
// refused: it was never taken.
[[nodiscard]] async::Task<Refunded> ask_refund(BearerApi* api, std::string transaction, const RefundRequest* refund,
                                               base::Timestamp now);
// What became of one by Flutterwave's own number of it. Not found it is `unknown`.
[[nodiscard]] async::Task<Refunded> ask_refund_by_name(BearerApi* api, const RefundRef* refund, base::Timestamp now);

}  // namespace payments::flutterwave
