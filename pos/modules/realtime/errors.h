#pragma once
// What the routes of sockets can answer, besides src/realtime/handshake.h.

#include "base/failure.h"

namespace pos::errors {

inline constexpr base::ErrorCode too_many_sockets{
    "realtime.too_many_sockets", 503, true, base::Action::retry,
    "There are as many sockets as may be, or this client read too slowly several times"};
inline constexpr base::ErrorCode bad_ticket{"realtime.bad_ticket", 401, false, base::Action::refresh_auth,
                                            "The ticket was used, or is older than 30 seconds"};
inline constexpr base::ErrorCode pusher_off{
    "realtime.pusher_off", 404, false, base::Action::contact,
    "There is no app of the Pusher protocol here (REALTIME_APP_ID, _KEY, _SECRET)"};
inline constexpr base::ErrorCode hosted_off{
    "realtime.hosted_off", 404, false, base::Action::contact,
    "This service is not told anything here (PUSHER_APP_ID, _KEY, _SECRET; ABLY_KEY)"};
inline constexpr base::ErrorCode bad_signature{"realtime.bad_signature", 401, false, base::Action::fix,
                                               "The request is not signed as the Pusher HTTP API asks"};
inline constexpr base::ErrorCode bad_channel{"realtime.bad_channel", 400, false, base::Action::fix,
                                             "This is no channel, or not one of which this can be asked"};
inline constexpr base::ErrorCode data_too_large{"realtime.data_too_large", 413, false, base::Action::fix,
                                                "An event holds at most 10 kB of data"};
inline constexpr base::ErrorCode not_for_caller{"realtime.not_for_caller", 403, false, base::Action::contact,
                                                "The caller may not follow this channel"};

}  // namespace pos::errors
