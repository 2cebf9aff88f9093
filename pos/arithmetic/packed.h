#pragma once
// The calculations as bytes in and bytes out: what crosses the border of the WebAssembly module, and what tests compare with it bit
// by bit. Integers are little-endian and follow each other without gaps; a text is its u32 count of bytes, then its UTF-8.
//
//     sale     u32 1, i64 order discount, i64 cash rounding, u32 rounding (0 rate group, 1 line), u32 count of lines, each: i64 quantity,
//              i64 unit price, i64 discount, i32 line number, i32 rate, u32 tax inclusive, text tax code
//     return   u32 2, amounts original, i64 original quantity, amounts returned, i64 returned quantity, i64 quantity, u32 tax inclusive
//     cash     u32 3, i64 amount, i64 unit
//     amounts  i64 gross, discount, order discount share, net, tax, total
//
//     reply    u32 status, i32 line number of the error; and with the status 0
//       sale   i64 subtotal, discount total, inclusive tax, exclusive tax, tax, cash rounding, total; u32 count of lines, each: amounts,
//              i32 line number; u32 count of tax groups, each: i64 taxable net, i64 tax, i32 rate, u32 tax inclusive, text tax code
//       return amounts
//       cash   i64
//
// Pure functions: any thread.

#include <cstdint>
#include <span>
#include <vector>

#include "pos/arithmetic/return.h"
#include "pos/arithmetic/sale.h"

namespace pos::arithmetic {

using Bytes = std::vector<unsigned char>;

inline constexpr std::uint32_t computed = 0;  // another status is 1 + ErrorCode
inline constexpr std::uint32_t not_understood =
    0xffff;  // the request ends early, goes on too long or asks for something unknown

Bytes pack(const SaleInput& input);
Bytes pack(const ReturnInput& input);
Bytes pack_cash(std::int64_t amount, std::int64_t unit);

Bytes answer(std::span<const unsigned char> request);

}  // namespace pos::arithmetic
