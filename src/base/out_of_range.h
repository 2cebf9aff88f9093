#pragma once
// How the arithmetic of amounts and quantities ends where the result cannot be kept: as the client's error, since what came in
// was too large (422 request.out_of_range), never as a fault of the server that a client would repeat for ever.
//
//     if (__builtin_add_overflow(left, right, &sum)) base::throw_out_of_range("Money: sum out of range");

#include <string_view>

namespace base {

// Throws base::Failure.
[[noreturn]] void throw_out_of_range(std::string_view what);

}  // namespace base
