#include "schema/canonical.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "schema/json_document.h"

namespace schema {

namespace {

// Deeper than any body that read_json takes by default, and still no danger to the stack.
constexpr std::size_t max_depth = 64;

class Writer {
public:
    explicit Writer(std::string& out) : out_(out) {}

    void write(const Type& type, const void* value);
    void write_object(const Type& type, const void* value, std::span<const std::string_view> without);

private:
    void write_array(const Type& type, const void* value);
    void write_map(const Type& type, const void* value);

    std::string& out_;
};

// Absent, null, or any JSON that is null.
bool is_empty(const Type& type, const void* value) {
    if (type.kind == Kind::optional || type.kind == Kind::maybe) return type.peek(value) == nullptr;
    return type.kind == Kind::json && static_cast<const Json*>(value)->text.empty();
}

void Writer::write_array(const Type& type, const void* value) {
    out_.push_back('[');
    for (std::size_t i = 0; i < type.size(value); ++i) {
        if (i > 0) out_.push_back(',');
        write(*type.element, type.at(value, i));
    }
    out_.push_back(']');
}

void Writer::write_map(const Type& type, const void* value) {
    struct State {
        Writer& writer;
        const Type& element;
        char separator = '{';
    } state{*this, *type.element};
    type.each(value, &state, [](void* erased, std::string_view key, const void* item) {
        auto& [writer, element, separator] = *static_cast<State*>(erased);
        writer.out_.push_back(std::exchange(separator, ','));
        write_json_string(key, writer.out_);
        writer.out_.push_back(':');
        writer.write(element, item);
    });
    if (state.separator == '{') out_.push_back('{');
    out_.push_back('}');
}

void Writer::write_object(const Type& type, const void* value, std::span<const std::string_view> without) {
    std::uint64_t present = ~std::uint64_t{0};
    if (type.patch) {
        // `present` and `emplace` of a patch only say where its parts are.
        present = *type.present(const_cast<void*>(value));
        value = type.emplace(const_cast<void*>(value));
    }
    std::vector<const Field*> fields;
    for (std::size_t i = 0; i < type.object->fields.size(); ++i) {
        const Field& field = type.object->fields[i];
        if ((present >> i & 1U) == 0 || field.rules.internal || field.rules.read_only) continue;
        // Null is a value where a patch sets it.
        if (!type.patch && is_empty(*field.type, field.get(value))) continue;
        if (std::ranges::find(without, field.name) == without.end()) fields.push_back(&field);
    }
    std::ranges::sort(fields, {}, &Field::name);
    char separator = '{';
    for (const Field* field : fields) {
        out_.push_back(std::exchange(separator, ','));
        write_json_string(field->name, out_);
        out_.push_back(':');
        write(*field->type, field->get(value));
    }
    if (separator == '{') out_.push_back('{');
    out_.push_back('}');
}

void Writer::write(const Type& type, const void* value) {
    switch (type.kind) {
        case Kind::optional:
        case Kind::maybe: {
            const void* held = type.peek(value);
            return held == nullptr ? void(out_.append("null")) : write(*type.element, held);
        }
        case Kind::array: return write_array(type, value);
        case Kind::map: return write_map(type, value);
        case Kind::object: return write_object(type, value, {});
        case Kind::json: {
            const auto& text = static_cast<const Json*>(value)->text;
            out_.append(canonical_json(text).value_or(text));
            return;
        }
        default: return write_json(type, value, out_);
    }
}

}  // namespace

std::string canonical_value(const Type& type, const void* value, std::span<const std::string_view> without) {
    std::string out;
    Writer writer(out);
    type.kind == Kind::object ? writer.write_object(type, value, without) : writer.write(type, value);
    return out;
}

std::optional<std::string> canonical_json(std::string_view json, std::span<const std::string_view> without) {
    detail::Document document;
    if (document.parse(json, max_depth) != Malformed::none) return std::nullopt;
    detail::TreeFault fault;
    detail::inspect(document.root(), fault);
    if (fault.malformed != Malformed::none) return std::nullopt;

    std::string out;
    out.reserve(json.size());
    if (without.empty() || !document.root().is_object()) {
        detail::append_json(document.root(), detail::KeyOrder::sorted, out);
        return out;
    }
    detail::JSONMembers members;
    for (const auto [key, value] : simdjson::dom::object(document.root())) {
        if (std::ranges::find(without, key) == without.end()) members.emplace_back(key, value);
    }
    std::ranges::sort(members, {}, &detail::JSONMembers::value_type::first);
    detail::append_members(members, detail::KeyOrder::sorted, out);
    return out;
}

}  // namespace schema
