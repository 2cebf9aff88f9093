#include "schema/csv.h"

#include <algorithm>

#include "schema/schema.h"

namespace schema {

namespace {

// Semicolon and tab too: where they part columns, what stands behind one must not become a cell of its own.
constexpr std::string_view needs_quotes = ",;\t\"\r\n";

// The full-width forms too: spreadsheets with Japanese, Chinese or Korean settings run them.
bool starts_a_formula(std::string_view text) {
    static constexpr std::string_view wide[] = {"\uFF1D", "\uFF0B", "\uFF0D", "\uFF20"};  // ＝ ＋ － ＠
    if (text.empty()) return false;
    return std::string_view("=+-@\t\r\n'").contains(text.front()) ||
           std::ranges::any_of(wide, [&](std::string_view sign) { return text.starts_with(sign); });
}

bool is_column(const ObjectType& type, std::size_t index, const View& view) {
    const auto& rules = type.fields[index].rules;
    if (rules.internal || rules.write_only) return false;
    return view.rows != &type || (view.fields >> index & 1U) != 0;
}

bool may_see(const Field& field, const Enclosing& object, const View& view) {
    if (field.rules.permission.empty()) return true;
    return view.reader.may_see != nullptr && view.reader.may_see(view.reader.who, field.rules.permission, object);
}

void append_cell(std::string_view text, std::string& out) {
    if (text.find_first_of(needs_quotes) == std::string_view::npos) {
        out += text;
        return;
    }
    out += '"';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

// What begins a cell for a program that parts columns at semicolons or tabs: it takes quotes for quotes at the beginning of a cell
// alone, which the quotes of this text are not at for it. What stands behind quotes there is the cell's beginning, too (`;""=1+1`). Tabs
// and line breaks begin no formula, or every empty line would have an apostrophe.
constexpr std::string_view other_separators = ";\t\r\n";
bool starts_a_formula_inside(std::string_view rest) {
    rest.remove_prefix(std::min(rest.find_first_not_of('"'), rest.size()));
    return starts_a_formula(rest) && !std::string_view("\t\r\n").contains(rest.front());
}

void append_text(std::string_view text, std::string& out) {
    std::string safe;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_formula = i == 0
                                    ? starts_a_formula(text)
                                    : other_separators.contains(text[i - 1]) && starts_a_formula_inside(text.substr(i));
        if (is_formula) safe += '\'';
        safe += text[i];
    }
    append_cell(safe, out);
}

// JSON has semicolons in its texts alone, where they may be written otherwise; its tabs and line breaks are escapes already.
std::string without_semicolons(std::string_view json) {
    std::string text;
    for (const char c : json) c == ';' ? void(text += "\\u003b") : text.push_back(c);
    return text;
}

void append_value(const Type& declared, Format format, const void* value, std::string& out) {
    const auto* type = &declared;
    while (type->kind == Kind::optional || type->kind == Kind::maybe) {
        value = type->peek(value);
        if (value == nullptr) return;
        type = type->element;
    }
    if (type->kind == Kind::string) {
        const auto& plain = *static_cast<const std::string*>(value);
        // A sign and digits: a number to spreadsheets, and the API takes it back as it stands.
        return format == Format::phone ? append_cell(plain, out) : append_text(plain, out);
    }
    if (type->kind == Kind::enumeration) return append_text(type->enumeration->name_of(value), out);
    std::string json;
    write_json(*type, value, json, View{});
    std::string_view text = json;
    // Dates, ids and quantities are strings of JSON that need no escapes.
    const bool is_scalar =
        type->kind != Kind::array && type->kind != Kind::map && type->kind != Kind::object && type->kind != Kind::json;
    if (!is_scalar) return append_cell(without_semicolons(text), out);
    if (text.starts_with('"')) text = text.substr(1, text.size() - 2);
    append_cell(text, out);
}

}  // namespace

void write_csv_header(const ObjectType& type, std::string& out, const View& view) {
    bool first = true;
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
        if (!is_column(type, i, view)) continue;
        if (!std::exchange(first, false)) out += ',';
        append_cell(type.fields[i].name, out);
    }
    out += "\r\n";
}

void write_csv_row(const ObjectType& type, const void* object, std::string& out, const View& view) {
    const Enclosing self{&type, object, nullptr};
    bool first = true;
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
        if (!is_column(type, i, view)) continue;
        if (!std::exchange(first, false)) out += ',';
        const auto& field = type.fields[i];
        if (may_see(field, self, view)) append_value(*field.type, field.rules.format, field.get(object), out);
    }
    out += "\r\n";
}

void write_csv_cell(const Field& field, const void* object, std::string& out) {
    append_value(*field.type, field.rules.format, field.get(object), out);
}

}  // namespace schema
