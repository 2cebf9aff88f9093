#pragma once
// Inside the library, and the one header that shows simdjson: a parsed document on buffers that the thread reuses.
// A Document lives on the stack of one function; the elements that it gives die with it.
//
//     Document document;
//     if (document.parse(text, 32) == Malformed::none) use(document.root());

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "schema/schema.h"

namespace schema::detail {

// `strict`: what 64 bits do not hold is no document. `by_member`: a number beyond 64 bits, which is JSON all the same, does not spoil
// the rest: it becomes a string that is_big_number() knows. `lenient`: for what was sent by somebody who cannot be asked to send it
// otherwise: besides, a byte order mark in front is left out (RFC 8259 §8.1), and half a surrogate pair (`\ud83d`, §8.2) is U+FFFD.
enum class Reading : std::uint8_t { strict, by_member, lenient };

// Whether this string stands for a number beyond 64 bits in a document that was not read strictly. `big_number_text` gives it as written.
[[nodiscard]] bool is_big_number(std::string_view text);
[[nodiscard]] std::string_view big_number_text(std::string_view text);

class Document {
public:
    Document();
    ~Document();
    Document(const Document&) = delete;
    Document& operator=(const Document&) = delete;

    // At most once. Nesting of more than `max_depth` arrays and objects is too deep.
    [[nodiscard]] Malformed parse(std::string_view json, std::size_t max_depth, Reading reading = Reading::strict);
    [[nodiscard]] simdjson::dom::element root() const { return root_; }

private:
    struct Buffers;
    static Buffers& buffers_of_thread();
    simdjson::error_code parse_copy(std::string_view json, std::size_t max_depth);

    std::unique_ptr<Buffers> own_;  // when those of the thread are in use, or the text is large
    Buffers* buffers_ = nullptr;
    simdjson::dom::element root_;
};

// One line for the reader of an error.
[[nodiscard]] std::string_view describe(Malformed malformed);

// What makes a tree unfit before anyone asks what it means.
struct TreeFault {
    Malformed malformed = Malformed::none;
    std::string detail;
    bool has_nul = false;  // a string or a key with U+0000
    bool has_big_number = false;
};

// Duplicate keys and prototype poisoning anywhere below.
void inspect(simdjson::dom::element element, TreeFault& fault);
// Of one object, its keys alone; `keys` is put in order.
void inspect_keys(std::vector<std::string_view>& keys, TreeFault& fault);
// `__proto__`, or `constructor` holding a `prototype`: what a careless Object.assign in a JavaScript reader would follow.
[[nodiscard]] bool is_poisoned(std::string_view key, simdjson::dom::element value);

using JSONMembers = std::vector<std::pair<std::string_view, simdjson::dom::element>>;
// `storable`: as written, with U+FFFD for U+0000, which PostgreSQL does not hold, and big numbers as strings.
enum class KeyOrder : std::uint8_t { as_written, sorted, storable };
// Minified text. Numbers in their shortest spelling; integral ones without point and exponent where 64 bits hold them.
void append_json(simdjson::dom::element element, KeyOrder order, std::string& out);
// An object of these members, in the order given; `order` is that of objects inside.
void append_members(const JSONMembers& members, KeyOrder order, std::string& out);
// `text` with U+FFFD for every U+0000.
[[nodiscard]] std::string without_nul(std::string_view text);

}  // namespace schema::detail
