#pragma once
// What providers of SMS and WhatsApp tell: `/v1/callbacks/sms/{account}`, where {account} is `sms` or `whatsapp` (the service's own) or the
// id of a tenant's. Africa's Talking proves itself by the end of the path, `/v1/callbacks/sms/{account}/{token}`; Twilio reports there, too, to
// the id of the message. Whoever proves nothing gets 403, and nothing is written.
//
//     phone_callback_routes(routes);

#include <vector>

#include "db/query.h"
#include "http/handler.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode sms_callback_unreadable{"sms.callback_unreadable", 400, false, base::Action::fix,
                                                         "The callback is not what its provider sends"};
}  // namespace errors

void phone_callback_routes(http::Routes routes);
[[nodiscard]] std::vector<db::StatementView> phone_callback_statements();

}  // namespace pos
