#pragma once
// MessagePack, written for Redis' cmsgpack: texts are `str`, never `bin`, which it refuses (msgpack.org, its specification). Writes only;
// nothing that is read from Redis is MessagePack. One thread.
//
//     msgpack::Writer writer;
//     writer.array(2).text("bull:mail:").integer(1'795'346'722'180);
//     std::string bytes = std::move(writer).take();

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace jobs::msgpack {

class Writer {
public:
    Writer& nil() { return byte(0xc0); }
    Writer& boolean(bool value) { return byte(value ? 0xc3 : 0xc2); }
    Writer& integer(std::int64_t value);
    Writer& number(double value);
    Writer& text(std::string_view value);
    // Followed by `size` values, and by `size` pairs of a text and a value.
    Writer& array(std::size_t size) { return header(size, {.fixed = 0x90, .wide = 0xdc}); }
    Writer& map(std::size_t size) { return header(size, {.fixed = 0x80, .wide = 0xde}); }

    [[nodiscard]] std::string take() && { return std::move(out_); }

private:
    friend class Map;
    struct Codes {
        std::uint8_t fixed;  // size below 16 in its low bits
        std::uint8_t wide;   // 16 bits follow; its successor: 32
    };
    Writer& byte(std::uint8_t value) {
        out_.push_back(static_cast<char>(value));
        return *this;
    }
    Writer& big_endian(std::uint64_t value, int bytes);
    Writer& header(std::size_t size, Codes codes);

    std::string out_;
};

// A map whose size is known at its end only.
//
//     msgpack::Map options;
//     options.add("attempts").integer(3);
//     if (lifo) options.add("lifo").boolean(true);
//     std::move(options).write(writer);
class Map {
public:
    Writer& add(std::string_view key) {
        ++size_;
        return members_.text(key);
    }
    void write(Writer& to) && {
        to.map(size_);
        to.out_ += members_.out_;
    }
    [[nodiscard]] std::string take() && {
        Writer writer;
        std::move(*this).write(writer);
        return std::move(writer).take();
    }

private:
    std::size_t size_ = 0;
    Writer members_;
};

}  // namespace jobs::msgpack
