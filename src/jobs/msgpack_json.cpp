#include "jobs/msgpack_json.h"

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <stdexcept>

#include "schema/schema.h"

namespace jobs::msgpack {
namespace {

class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    void value(std::string& out) {
        const auto code = static_cast<std::uint8_t>(take(1)[0]);
        if (code < 0x80 || code >= 0xe0) return append(out, static_cast<std::int8_t>(code));
        if (code < 0x90) return map(out, code & 0x0fU);
        if (code < 0xa0) return array(out, code & 0x0fU);
        if (code < 0xc0) return text(out, code & 0x1fU);
        switch (code) {
            case 0xc0: out += "null"; return;
            case 0xc2: out += "false"; return;
            case 0xc3: out += "true"; return;
            case 0xcb: out += fmt::format("{}", std::bit_cast<double>(unsigned_number(8))); return;
            case 0xcc: return append(out, unsigned_number(1));
            case 0xcd: return append(out, unsigned_number(2));
            case 0xce: return append(out, unsigned_number(4));
            case 0xcf: return append(out, unsigned_number(8));
            case 0xd0: return append(out, static_cast<std::int8_t>(unsigned_number(1)));
            case 0xd1: return append(out, static_cast<std::int16_t>(unsigned_number(2)));
            case 0xd2: return append(out, static_cast<std::int32_t>(unsigned_number(4)));
            case 0xd3: return append(out, static_cast<std::int64_t>(unsigned_number(8)));
            case 0xd9: return text(out, unsigned_number(1));
            case 0xda: return text(out, unsigned_number(2));
            case 0xdb: return text(out, unsigned_number(4));
            case 0xdc: return array(out, unsigned_number(2));
            case 0xdd: return array(out, unsigned_number(4));
            case 0xde: return map(out, unsigned_number(2));
            case 0xdf: return map(out, unsigned_number(4));
            default: throw std::logic_error(fmt::format("MessagePack of type {:#x} is not ours", code));
        }
    }

private:
    std::string_view take(std::size_t size) {
        if (size > bytes_.size()) throw std::logic_error("MessagePack ends in the middle of a value");
        const auto taken = bytes_.substr(0, size);
        bytes_.remove_prefix(size);
        return taken;
    }
    std::uint64_t unsigned_number(std::size_t size) {
        std::uint64_t number = 0;
        for (const char byte : take(size)) number = number << 8U | static_cast<std::uint8_t>(byte);
        return number;
    }
    static void append(std::string& out, auto number) { out += std::to_string(number); }
    void text(std::string& out, std::size_t size) { out += schema::to_json(std::string(take(size))); }
    void array(std::string& out, std::size_t size) {
        out.push_back('[');
        for (std::size_t i = 0; i < size; ++i) {
            if (i > 0) out.push_back(',');
            value(out);
        }
        out.push_back(']');
    }
    void map(std::string& out, std::size_t size) {
        out.push_back('{');
        for (std::size_t i = 0; i < size; ++i) {
            if (i > 0) out.push_back(',');
            value(out);
            out.push_back(':');
            value(out);
        }
        out.push_back('}');
    }

    std::string_view bytes_;
};

}  // namespace

std::string to_json(std::string_view bytes) {
    std::string json;
    Reader(bytes).value(json);
    return json;
}

}  // namespace jobs::msgpack
