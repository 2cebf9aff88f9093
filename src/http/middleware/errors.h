#pragma once
// What the links of the standard chain answer. Constants: any thread.
//
//     throw base::Failure(http::errors::version_conflict).member("current", row_as_json);

#include "base/failure.h"

namespace http::errors {

inline constexpr base::ErrorCode encoding_unsupported{"request.encoding_unsupported", 415, false, base::Action::fix,
                                                      "The Content-Encoding of the request is not understood here"};
inline constexpr base::ErrorCode encoding_malformed{"request.encoding_malformed", 400, false, base::Action::fix,
                                                    "The request body is not what its Content-Encoding says"};
inline constexpr base::ErrorCode compression_ratio{"request.compression_ratio", 413, false, base::Action::fix,
                                                   "The request body unpacks to far more than it is"};
inline constexpr base::ErrorCode if_match_missing{"request.if_match_missing", 428, false, base::Action::fix,
                                                  "This change needs If-Match with the version it is based on"};
inline constexpr base::ErrorCode if_match_malformed{"request.if_match_malformed", 422, false, base::Action::fix,
                                                    "If-Match is not a list of entity tags"};
inline constexpr base::ErrorCode version_conflict{"request.version_conflict", 412, false, base::Action::pull_first,
                                                  "The resource has changed since the version in If-Match"};
inline constexpr base::ErrorCode origin_not_allowed{"request.origin_not_allowed", 403, false, base::Action::contact,
                                                    "This origin may not use the API from a browser"};
inline constexpr base::ErrorCode range_not_satisfiable{"request.range_not_satisfiable", 416, false, base::Action::fix,
                                                       "The range lies outside the file"};

}  // namespace http::errors
