// A page of rows is some hundred small pieces: they are gathered in a chunk on the stack, so that a piece costs a
// bounds check and a copy instead of a call of std::string::append.

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "schema/json_writer.h"
#include "schema/schema.h"

namespace schema {

namespace detail {

namespace {

constexpr std::uint64_t each_byte(std::uint8_t byte) { return 0x0101010101010101U * byte; }

// High bit set in every byte that JSON escapes: below U+0020, '"' and '\' (RFC 8259 §7). Bytes of multi-byte
// characters have their own high bit and pass.
constexpr std::uint64_t bytes_to_escape(std::uint64_t word) {
    const auto has_zero = [](std::uint64_t value) { return (value - each_byte(0x01)) & ~value; };
    const std::uint64_t control = (word - each_byte(0x20)) & ~word;
    return (control | has_zero(word ^ each_byte('"')) | has_zero(word ^ each_byte('\\'))) & each_byte(0x80);
}

// The letter after the backslash, 'u' for \u00XX, 0 for bytes that stand for themselves.
constexpr auto escapes = [] {
    std::array<char, 256> table{};
    for (std::size_t i = 0; i < 0x20; ++i) table[i] = 'u';
    table['"'] = '"';
    table['\\'] = '\\';
    table['\b'] = 'b';
    table['\f'] = 'f';
    table['\n'] = 'n';
    table['\r'] = 'r';
    table['\t'] = 't';
    return table;
}();

// memcpy of a length that is known at run time only is a call; names and values are mostly short.
void copy_short(char* to, const char* from, std::size_t size) {
    if (size > 32) {
        std::memcpy(to, from, size);
    } else if (size >= 16) {
        std::memcpy(to, from, 16);
        std::memcpy(to + size - 16, from + size - 16, 16);
    } else if (size >= 8) {
        std::memcpy(to, from, 8);
        std::memcpy(to + size - 8, from + size - 8, 8);
    } else if (size >= 4) {
        std::memcpy(to, from, 4);
        std::memcpy(to + size - 4, from + size - 4, 4);
    } else {
        for (std::size_t i = 0; i < size; ++i) to[i] = from[i];
    }
}

}  // namespace

class JSONWriter {
public:
    JSONWriter(std::string& out, Members members, const View* view) : out_(out), members_(members), view_(view) {}
    ~JSONWriter() { flush(); }
    JSONWriter(const JSONWriter&) = delete;
    JSONWriter& operator=(const JSONWriter&) = delete;

    void value(const Type& type, const void* value);
    void string(std::string_view text);

private:
    void scalar(const Type& type, const void* value);
    void object(const Type& type, const void* value);
    [[nodiscard]] bool shows(const Field& field, std::size_t index, const Enclosing& object) const;
    void array(const Type& type, const void* value);
    void map(const Type& type, const void* value);
    void name(std::string_view name);
    void number(double number);
    void flush() {
        out_.append(chunk_.data(), used_);
        used_ = 0;
    }
    // Rows of a list are about as long as its first: room for all of them at once, instead of growing by doubling.
    void reserve_alike(std::size_t first, std::size_t count) {
        constexpr std::size_t most = std::size_t{1} << 20U;
        if (count > 1 && first >= 64) out_.reserve(out_.size() + std::min(first * count + chunk_.size(), most));
    }
    char* reserve(std::size_t size) {
        if (chunk_.size() - used_ < size) flush();
        return chunk_.data() + used_;
    }
    void raw(std::string_view text);
    void character(char c) {
        *reserve(1) = c;
        ++used_;
    }
    template <class Integer>
    void integer(Integer number) {
        char* const at = reserve(24);
        used_ += static_cast<std::size_t>(std::to_chars(at, at + 24, number).ptr - at);
    }

    std::string& out_;
    Members members_;
    const View* view_;
    const Enclosing* around_ = nullptr;
    std::size_t used_ = 0;
    std::array<char, 1024> chunk_;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled as it is used
};

void JSONWriter::raw(std::string_view text) {
    if (text.size() > chunk_.size()) {
        flush();
        out_.append(text);
        return;
    }
    copy_short(reserve(text.size()), text.data(), text.size());
    used_ += text.size();
}

void JSONWriter::string(std::string_view text) {
    character('"');
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at != end) {
        while (end - at >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, at, 8);
            const std::uint64_t found = bytes_to_escape(word);
            std::memcpy(reserve(8), at, 8);
            // The lowest mark is exact on a little-endian machine, and what stands before it is clean.
            const auto clean = found == 0 ? 8U : static_cast<unsigned>(std::countr_zero(found)) / 8U;
            used_ += clean;
            at += clean;
            if (found != 0) break;
        }
        if (at == end) break;
        const auto byte = static_cast<unsigned char>(*at++);
        const char escape = escapes[byte];
        char* const to = reserve(6);
        if (escape == 0) {
            *to = static_cast<char>(byte);
            ++used_;
        } else if (escape != 'u') {
            to[0] = '\\';
            to[1] = escape;
            used_ += 2;
        } else {
            constexpr std::string_view digits = "0123456789abcdef";
            std::ranges::copy(std::string_view("\\u00"), to);
            to[4] = digits[byte >> 4U];
            to[5] = digits[byte & 0xFU];
            used_ += 6;
        }
    }
    character('"');
}

void JSONWriter::name(std::string_view name) {
    // Field names need no escaping: schema::field() refuses those that would.
    char* const at = reserve(name.size() + 3);
    at[0] = '"';
    copy_short(at + 1, name.data(), name.size());
    at[name.size() + 1] = '"';
    at[name.size() + 2] = ':';
    used_ += name.size() + 3;
}

// JSON has no NaN and no infinity; JavaScript's JSON.stringify writes null as well.
void JSONWriter::number(double number) {
    if (!std::isfinite(number)) return raw("null");
    char* const at = reserve(32);
    used_ += static_cast<std::size_t>(put_double(at, number) - at);
}

void JSONWriter::scalar(const Type& type, const void* value) {
    switch (type.kind) {
        case Kind::boolean: return raw(*static_cast<const bool*>(value) ? "true" : "false");
        case Kind::int16: return integer(*static_cast<const std::int16_t*>(value));
        case Kind::int32: return integer(*static_cast<const std::int32_t*>(value));
        case Kind::int64: return integer(*static_cast<const std::int64_t*>(value));
        case Kind::money: return integer(static_cast<const base::Money*>(value)->minor);
        case Kind::rate: return integer(static_cast<const base::Rate*>(value)->ppm);
        case Kind::number: return number(*static_cast<const double*>(value));
        case Kind::string: return string(*static_cast<const std::string*>(value));
        case Kind::enumeration: return string(type.enumeration->name_of(value));
        case Kind::uuid: {
            char* const at = reserve(base::Uuid::text_size + 2);
            at[0] = '"';
            static_cast<const base::Uuid*>(value)->write_to(
                std::span<char, base::Uuid::text_size>(at + 1, base::Uuid::text_size));
            at[base::Uuid::text_size + 1] = '"';
            used_ += base::Uuid::text_size + 2;
            return;
        }
        default: break;
    }
    character('"');
    flush();
    if (type.kind == Kind::timestamp) base::append_timestamp(out_, *static_cast<const base::Timestamp*>(value));
    if (type.kind == Kind::date) base::append_date(out_, *static_cast<const base::Date*>(value));
    if (type.kind == Kind::quantity) static_cast<const base::Quantity*>(value)->append_to(out_);
    character('"');
}

bool JSONWriter::shows(const Field& field, std::size_t index, const Enclosing& object) const {
    if (members_ == Members::visible && (field.rules.internal || field.rules.write_only)) return false;
    if (view_ == nullptr) return true;
    if (object.type == view_->rows && (view_->fields >> index & 1U) == 0) return false;
    if (field.rules.permission.empty()) return true;
    const auto& reader = view_->reader;
    return reader.may_see != nullptr && reader.may_see(reader.who, field.rules.permission, object);
}

void JSONWriter::object(const Type& type, const void* value) {
    std::uint64_t present = ~std::uint64_t{0};
    const void* target = value;
    if (type.patch) {
        // `emplace` and `present` of a patch only say where its parts are.
        present = *type.present(const_cast<void*>(value));
        target = type.emplace(const_cast<void*>(value));
    }
    const Enclosing self{type.object, target, around_};
    around_ = &self;
    char separator = '{';
    const auto fields = type.object->fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const Field& field = fields[i];
        if ((present >> i & 1U) == 0) continue;
        if (!shows(field, i, self)) continue;
        const void* member = field.get(target);
        if (field.type->kind == Kind::maybe && field.type->peek(member) == nullptr) continue;
        character(separator);
        separator = ',';
        name(field.name);
        this->value(*field.type, member);
    }
    if (separator == '{') character('{');
    character('}');
    around_ = self.outer;
}

void JSONWriter::array(const Type& type, const void* value) {
    character('[');
    const std::size_t size = type.size(value);
    const std::size_t start = out_.size() + used_;
    for (std::size_t i = 0; i < size; ++i) {
        if (i != 0) character(',');
        this->value(*type.element, type.at(value, i));
        if (i == 0) reserve_alike(out_.size() + used_ - start, size);
    }
    character(']');
}

void JSONWriter::map(const Type& type, const void* value) {
    struct State {
        JSONWriter& writer;
        const Type& element;
        bool first = true;
    } state{*this, *type.element};
    character('{');
    type.each(value, &state, [](void* erased, std::string_view key, const void* item) {
        auto& [writer, element, first] = *static_cast<State*>(erased);
        if (!first) writer.character(',');
        first = false;
        writer.string(key);
        writer.character(':');
        writer.value(element, item);
    });
    character('}');
}

void JSONWriter::value(const Type& type, const void* value) {
    switch (type.kind) {
        case Kind::optional:
        case Kind::maybe: {
            const void* held = type.peek(value);
            return held == nullptr ? raw("null") : this->value(*type.element, held);
        }
        case Kind::array: return array(type, value);
        case Kind::map: return map(type, value);
        case Kind::object: return object(type, value);
        case Kind::json: {
            const std::string& text = static_cast<const Json*>(value)->text;
            return raw(text.empty() ? std::string_view("null") : std::string_view(text));
        }
        case Kind::bytes: return string(static_cast<const Bytes*>(value)->value);
        default: return scalar(type, value);
    }
}

// Without an exponent, a large double would look like an integer that 64 bits cannot hold, and be refused by readers.
char* put_double(char* to, double number) {
    if (number == 0) number = 0;  // JSON readers make an integer of "-0"; JSON.stringify writes "0" as well
    const bool is_large = std::abs(number) >= 0x1p63;
    return is_large ? std::to_chars(to, to + 32, number, std::chars_format::scientific).ptr
                    : std::to_chars(to, to + 32, number).ptr;
}

void write_json(const Type& type, const void* value, std::string& out, Members members, const View* view) {
    JSONWriter(out, members, view).value(type, value);
}

}  // namespace detail

void write_json(const Type& type, const void* value, std::string& out) {
    detail::write_json(type, value, out, detail::Members::visible);
}

void write_json(const Type& type, const void* value, std::string& out, const View& view) {
    detail::write_json(type, value, out, detail::Members::visible, &view);
}

void write_json_string(std::string_view text, std::string& out) {
    detail::JSONWriter(out, detail::Members::visible, nullptr).string(text);
}

}  // namespace schema
