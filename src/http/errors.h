#pragma once
// What the wire, the router and the parts of a route can answer. The connection throws these out of body() and read_some(), the
// router out of dispatch(); a request too broken to reach the chain is answered with one of them directly, and its connection closed.
//
//     throw base::Failure(http::errors::body_too_large, "more than 1048576 bytes");

#include "base/failure.h"

namespace http::errors {

inline constexpr base::ErrorCode malformed{"http.malformed", 400, false, base::Action::fix,
                                           "The request is not valid HTTP/1.1"};
inline constexpr base::ErrorCode body_malformed{"http.body_malformed", 400, false, base::Action::fix,
                                                "The request body ended early or its framing is broken"};
inline constexpr base::ErrorCode not_found{"http.not_found", 404, false, base::Action::fix,
                                           "There is nothing at this path"};
// Of a path that is one: its ids lead to no row, or to one that this caller does not see.
inline constexpr base::ErrorCode row_not_found{"row.not_found", 404, false, base::Action::fix, "There is no such row"};
inline constexpr base::ErrorCode method_not_allowed{"http.method_not_allowed", 405, false, base::Action::fix,
                                                    "This path does not support the method"};
inline constexpr base::ErrorCode request_timeout{"http.request_timeout", 408, true, base::Action::retry,
                                                 "The request did not arrive in time"};
inline constexpr base::ErrorCode body_too_large{"http.body_too_large", 413, false, base::Action::fix,
                                                "The request body is larger than this path accepts"};
inline constexpr base::ErrorCode target_too_long{"http.target_too_long", 414, false, base::Action::fix,
                                                 "The request target is too long"};
inline constexpr base::ErrorCode expectation_failed{"http.expectation_failed", 417, false, base::Action::fix,
                                                    "Only Expect: 100-continue is understood"};
inline constexpr base::ErrorCode upgrade_required{"http.upgrade_required", 426, false, base::Action::fix,
                                                  "This path speaks another protocol than HTTP"};
inline constexpr base::ErrorCode headers_too_large{"http.headers_too_large", 431, false, base::Action::fix,
                                                   "The request headers are too large or too many"};
// An exception that is no Failure: only a programmer can mend it. A client parks the operation and never drops it.
inline constexpr base::ErrorCode internal{"server.internal", 500, false, base::Action::contact,
                                          "The server failed to answer"};
// One that may pass by itself: no memory, no descriptors.
inline constexpr base::ErrorCode exhausted{"server.exhausted", 503, true, base::Action::retry,
                                           "The server lacks memory or another resource for the moment"};
inline constexpr base::ErrorCode not_implemented{"http.not_implemented", 501, false, base::Action::fix,
                                                 "The server does not support this transfer coding"};
inline constexpr base::ErrorCode overloaded{"http.overloaded", 503, true, base::Action::retry,
                                            "The server has as many connections and open files as it may hold"};
inline constexpr base::ErrorCode load_shed{"http.load_shed", 503, true, base::Action::retry,
                                           "More requests come than can be answered in time"};
inline constexpr base::ErrorCode bodies_full{"http.bodies_full", 503, true, base::Action::retry,
                                             "The server holds as many bytes of request bodies as it may"};
inline constexpr base::ErrorCode version_not_supported{"http.version_not_supported", 505, false, base::Action::fix,
                                                       "Only HTTP/1.1 and HTTP/1.0 are spoken here"};

}  // namespace http::errors
