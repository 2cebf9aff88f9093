#include <utility>

#include "base/strings.h"
#include "schema/schema.h"
#include "schema/type.h"

namespace schema {

namespace {

// RFC 6901 §3: '~' becomes "~0", '/' becomes "~1".
void append_token(std::string& path, std::string_view key) {
    for (const char c : key) {
        if (c == '~') {
            path.append("~0");
        } else if (c == '/') {
            path.append("~1");
        } else {
            path.push_back(c);
        }
    }
}

}  // namespace

void Issues::Scope::append_to(std::string& path) const {
    if (parent_ != nullptr) parent_->append_to(path);
    path.push_back('/');
    if (is_index_) {
        base::append_integer(path, index_);
    } else {
        append_token(path, key_);
    }
}

std::string Issues::path() const {
    std::string path;
    if (innermost_ != nullptr) innermost_->append_to(path);
    return path;
}

void Issues::add(std::string_view pointer, std::string_view code, std::string message,
                 std::vector<base::IssueParameter> params) {
    if (full()) return;
    list_.push_back({in_, path().append(pointer), std::string(code), std::move(message), std::move(params)});
}

std::string_view EnumType::name_of(const void* value) const {
    const std::int64_t wanted = get(value);
    for (const auto& one : values) {
        if (one.value == wanted) return one.name;
    }
    return {};
}

const Field* ObjectType::find(std::string_view field_name) const {
    for (const auto& field : fields) {
        if (field.name == field_name) return &field;
    }
    return nullptr;
}

std::string_view to_string(Format format) {
    switch (format) {
        case Format::none: return "none";
        case Format::email: return "email";
        case Format::phone: return "phone";
        case Format::url: return "uri";
        case Format::currency: return "currency";
        case Format::country: return "country";
        case Format::time_zone: return "time-zone";
        case Format::code: return "code";
        case Format::password: return "password";
    }
    return "none";
}

std::string_view to_string(Malformed malformed) {
    switch (malformed) {
        case Malformed::none: return "none";
        case Malformed::invalid_json: return "invalid_json";
        case Malformed::invalid_utf8: return "invalid_utf8";
        case Malformed::too_deep: return "too_deep";
        case Malformed::too_big: return "too_big";
        case Malformed::duplicate_key: return "duplicate_key";
        case Malformed::poisoned_key: return "poisoned_key";
        case Malformed::number_range: return "number_range";
    }
    return "none";
}

}  // namespace schema
