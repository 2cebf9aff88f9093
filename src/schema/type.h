#pragma once
// The descriptor that every declaration is erased to. One parser, one writer, one row reader and one JSON Schema writer
// interpret it; none of them is a template, so each is compiled once. Module authors read schema/schema.h instead.
//
// Lifetime: descriptors are constexpr and live for ever; any thread.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.h"

namespace schema {

enum class Kind : std::uint8_t {
    boolean,
    int16,
    int32,
    int64,
    number,       // double
    string,       // std::string, UTF-8 without U+0000
    uuid,         // base::Uuid and base::Id<Tag>
    timestamp,    // base::Timestamp
    date,         // base::Date
    money,        // base::Money: integer minor units
    quantity,     // base::Quantity: decimal string
    rate,         // base::Rate: integer parts per million
    enumeration,  // any enum with a describe()
    optional,     // std::optional: null or absent when read, null when written
    maybe,        // schema::Maybe: absent when empty, never null
    array,        // std::vector
    map,          // std::map<std::string, T>
    object,       // any struct with a describe()
    json,         // schema::Json: any JSON value, kept as text
    bytes,        // schema::Bytes: a column only, never JSON
};

enum class Format : std::uint8_t { none, email, phone, url, currency, country, time_zone, code, password };

// The name in JSON Schema's `format` and in issues.
[[nodiscard]] std::string_view to_string(Format format);

// A format that a service brings: an identifier that is checked, named and documented like one of ours. A constant.
//
//     constexpr schema::OwnFormat plate{"number-plate", &is_plate, "a number plate such as KDA 123A", "^K[A-Z]{2} [0-9]{3}[A-Z]$"};
//     schema::field<&Car::plate>("plate", {.format = plate})
struct OwnFormat {
    std::string_view name;
    bool (*fits)(std::string_view text);
    std::string_view meaning;    // behind "Give": a noun with its article
    std::string_view pattern{};  // ECMA-262, anchored, for JSON Schema; nothing that fits() takes may be refused by it
    // Behind what the field's Text does, and before anything is checked: gives the text its form, such as HTML that is clean. A text
    // for which there is none stays as it is, and fits() says no.
    void (*normalise)(std::string& text) = nullptr;
};

// What a text is, and so what is done to it before it is checked, stored and compared (base/text.h).
enum class Text : std::uint8_t {
    unsaid,      // as raw; not for a key of a table
    raw,         // byte for byte: secrets, tokens, texts that machines make, what was printed
    free,        // a note, an address: trimmed, NFC
    name,        // for people, one line: trimmed, NFC; something of it is visible
    identifier,  // a number plate, a reference: as a name, without anything invisible
    code,        // an identifier in capital letters (ASCII)
    email,       // an identifier in small letters (ASCII)
    phone,       // a number in any spelling, as E.164 (schema/phone.h)
};

// Formats say what the text is.
[[nodiscard]] constexpr Text text_of(Format format) {
    switch (format) {
        case Format::none: return Text::unsaid;
        case Format::password: return Text::raw;
        case Format::email: return Text::email;
        case Format::code: return Text::code;
        case Format::phone: return Text::phone;
        default: return Text::identifier;
    }
}

// Integers beyond this cannot be read by JavaScript clients (RFC 8259 §6).
inline constexpr std::int64_t max_safe_integer = 9'007'199'254'740'991;

// Returns an issue code ("not_a_weekday"), or an empty view when the value is fine.
using StringCheck = std::string_view (*)(std::string_view value);

struct Type;

// All rules of one field, for its scalar (also inside optionals and arrays) and for the array around it.
struct Rules {
    std::string_view doc;
    std::string_view example;     // JSON text
    std::string_view permission;  // in replies, for readers who have it alone (View)
    std::string_view pattern;     // RE2, matched against the whole value
    Format format = Format::none;
    const OwnFormat* own_format = nullptr;
    Text text = Text::unsaid;
    bool defaulted = false;   // may be absent; the member's initialiser stands
    bool internal = false;    // a column, never in JSON
    bool read_only = false;   // in replies; refused in requests
    bool write_only = false;  // in requests; never in replies
    bool unique_items = false;
    bool not_zero = false;         // of quantities
    std::uint32_t min_length = 0;  // code points
    std::uint32_t max_length = 10'000;
    std::uint32_t min_items = 0;
    std::uint32_t max_items = 1'000;
    std::int64_t min = -max_safe_integer;  // of integers, money, rates; of quantities in ten-thousandths
    std::int64_t max = max_safe_integer;
    double min_number = std::numeric_limits<double>::lowest();
    double max_number = std::numeric_limits<double>::max();
    StringCheck check = nullptr;
    const Type* one_of = nullptr;  // an enumeration
};

struct ObjectType;

// Issues found so far. Pointers are those of one value being read: "/lines/0/quantity". One thread; no allocation until
// the first issue.
class Issues {
public:
    explicit Issues(std::string_view in = "body", std::size_t limit = 100) : in_(in), limit_(limit) {}
    Issues(const Issues&) = delete;
    Issues& operator=(const Issues&) = delete;

    // `pointer` is relative to the value that a refinement checks ("/endsAt"). Nothing is kept beyond the limit.
    void add(std::string_view pointer, std::string_view code, std::string message,
             std::vector<base::IssueParameter> params = {});
    [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
    [[nodiscard]] bool full() const noexcept { return list_.size() >= limit_; }
    [[nodiscard]] const std::vector<base::Issue>& list() const noexcept { return list_; }
    [[nodiscard]] std::vector<base::Issue> take() && { return std::move(list_); }
    // JSON Pointer (RFC 6901) to the value being read; "" is the whole.
    [[nodiscard]] std::string path() const;

    // The path to the value being read; readers push and pop. `key` must outlive the scope.
    class Scope {
    public:
        Scope(Issues& issues, std::string_view key) : issues_(issues), parent_(issues.innermost_), key_(key) {
            issues.innermost_ = this;
        }
        Scope(Issues& issues, std::size_t index)
            : issues_(issues), parent_(issues.innermost_), index_(index), is_index_(true) {
            issues.innermost_ = this;
        }
        ~Scope() { issues_.innermost_ = parent_; }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;

    private:
        friend class Issues;
        void append_to(std::string& path) const;

        Issues& issues_;
        const Scope* parent_;
        std::string_view key_;
        std::size_t index_ = 0;
        bool is_index_ = false;
    };

private:
    std::string in_;
    std::size_t limit_;
    const Scope* innermost_ = nullptr;
    std::vector<base::Issue> list_;
};

struct EnumValue {
    std::int64_t value;
    std::string_view name;
};

struct EnumType {
    std::string_view name;
    std::span<const EnumValue> values;
    std::int64_t (*get)(const void* value);
    void (*set)(void* value, std::int64_t to);

    [[nodiscard]] std::string_view name_of(const void* value) const;
};

// `key` is the accessor of the innermost member pointer: what a table or query means by &Product::name.
using Accessor = const void* (*)(const void* object);

struct Field {
    std::string_view name;  // JSON, camelCase
    const Type* type = nullptr;
    Rules rules;
    Accessor get = nullptr;
    Accessor key = nullptr;
    void (*assign)(void* to, const void* from) = nullptr;

    [[nodiscard]] void* get_mutable(void* object) const { return const_cast<void*>(get(object)); }
    [[nodiscard]] bool required() const;
};

enum class UnknownKeys : std::uint8_t { reject, keep };

struct ObjectType {
    std::string_view name;
    std::span<const Field> fields;
    std::span<void (*const)(const void* object, Issues& issues)> refinements;
    UnknownKeys unknown_keys = UnknownKeys::reject;
    Accessor unknown_member = nullptr;  // a schema::Json that receives unknown members as one JSON object
    std::string_view doc;
    // Shows `visit` an object as its initialisers make it: where the defaults are read.
    void (*visit_default)(void* state, void (*visit)(void* state, const void* object)) = nullptr;

    [[nodiscard]] const Field* find(std::string_view name) const;
};

struct Type {
    Kind kind;
    const Type* element = nullptr;
    const ObjectType* object = nullptr;
    const EnumType* enumeration = nullptr;
    bool patch = false;  // an object read as schema::Patch: nothing is required, what is present is remembered

    // optional, maybe
    const void* (*peek)(const void* value) = nullptr;  // nullptr when empty
    void* (*emplace)(void* value) = nullptr;
    void (*reset)(void* value) = nullptr;
    // array
    std::size_t (*size)(const void* value) = nullptr;
    const void* (*at)(const void* value, std::size_t index) = nullptr;
    void* (*append)(void* value) = nullptr;
    void (*clear)(void* value) = nullptr;
    // map
    void* (*insert)(void* value, std::string key) = nullptr;
    void (*each)(const void* value, void* state,
                 void (*visit)(void* state, std::string_view key, const void* item)) = nullptr;
    // patch: where the mask of present fields is; `emplace` gives the object
    std::uint64_t* (*present)(void* value) = nullptr;
};

// ---- Who reads ----------------------------------------------------------------------------------------------------

// An object that is being written, and those around it.
struct Enclosing {
    const ObjectType* type;
    const void* object;
    const Enclosing* outer;
};

// Decides on members with a `permission`. `who` outlives the writing.
struct Reader {
    const void* who = nullptr;
    bool (*may_see)(const void* who, std::string_view permission, const Enclosing& object) = nullptr;
};

// How much of a value is written: without a reader no member that needs a permission, and of objects of type `rows` the
// fields whose bits are set.
struct View {
    Reader reader{};
    const ObjectType* rows = nullptr;
    std::uint64_t fields = ~std::uint64_t{0};
};

inline bool Field::required() const {
    return type->kind != Kind::optional && type->kind != Kind::maybe && !rules.defaulted;
}

}  // namespace schema
