#include "pos/demo/ids.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"

namespace pos::demo {

base::Uuid id_of(std::string_view what) {
    const auto digest = base::sha256(fmt::format("demo shop: {}", what));
    base::Uuid::Bytes bytes{};
    std::copy_n(digest.begin(), bytes.size(), bytes.begin());
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0FU) | 0x40U);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3FU) | 0x80U);
    return base::Uuid(bytes);
}

std::string barcode_of(std::size_t number) {
    auto digits = fmt::format("616{:09}", number);
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) sum += (digits[i] - '0') * (i % 2 == 0 ? 1 : 3);
    return digits + static_cast<char>('0' + (10 - sum % 10) % 10);
}

}  // namespace pos::demo
