#include "jobs/msgpack.h"

#include <bit>

namespace jobs::msgpack {

Writer& Writer::big_endian(std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) byte(static_cast<std::uint8_t>(value >> shift));
    return *this;
}

Writer& Writer::integer(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    if (value >= -32 && value < 128) return byte(static_cast<std::uint8_t>(bits));  // fixint
    if (value >= 0) {
        if (value <= 0xff) return byte(0xcc).big_endian(bits, 1);
        if (value <= 0xffff) return byte(0xcd).big_endian(bits, 2);
        if (value <= 0xffff'ffff) return byte(0xce).big_endian(bits, 4);
        return byte(0xcf).big_endian(bits, 8);
    }
    if (value >= INT8_MIN) return byte(0xd0).big_endian(bits, 1);
    if (value >= INT16_MIN) return byte(0xd1).big_endian(bits, 2);
    if (value >= INT32_MIN) return byte(0xd2).big_endian(bits, 4);
    return byte(0xd3).big_endian(bits, 8);
}

Writer& Writer::number(double value) { return byte(0xcb).big_endian(std::bit_cast<std::uint64_t>(value), 8); }

Writer& Writer::text(std::string_view value) {
    const auto size = value.size();
    if (size < 32) {
        byte(static_cast<std::uint8_t>(0xa0U | size));
    } else if (size <= 0xff) {
        byte(0xd9).big_endian(size, 1);
    } else if (size <= 0xffff) {
        byte(0xda).big_endian(size, 2);
    } else {
        byte(0xdb).big_endian(size, 4);
    }
    out_ += value;
    return *this;
}

Writer& Writer::header(std::size_t size, Codes codes) {
    if (size < 16) return byte(static_cast<std::uint8_t>(codes.fixed | size));
    if (size <= 0xffff) return byte(codes.wide).big_endian(size, 2);
    return byte(static_cast<std::uint8_t>(codes.wide + 1)).big_endian(size, 4);
}

}  // namespace jobs::msgpack
