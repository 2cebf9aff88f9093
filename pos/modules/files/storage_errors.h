#pragma once
// What a storage may answer, for the `.errors` of routes: every fault of it has a code that clients are told of, and none is an error of
// the server.
//
//     .errors = with_storage_errors({errors::document_type, …})          // of a route that keeps a file
//     .errors = with_reading_errors({…})                                 // of one that fetches it, or signs its URL

#include <vector>

#include "storage/errors.h"

namespace pos {

[[nodiscard]] std::vector<base::ErrorCode> with_reading_errors(std::vector<base::ErrorCode> others);
[[nodiscard]] std::vector<base::ErrorCode> with_storage_errors(std::vector<base::ErrorCode> others);

}  // namespace pos
