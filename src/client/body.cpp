#include "client/body.h"

#include "base/strings.h"

namespace client {

namespace {

// Writes name=value pairs; `name` grows and shrinks as the walk goes down and up.
class FormWriter {
public:
    void write(const schema::Type& type, const void* value) {
        using schema::Kind;
        switch (type.kind) {
            case Kind::optional:
            case Kind::maybe:
                if (const auto* inner = type.peek(value)) write(*type.element, inner);
                return;
            case Kind::object: return object(*type.object, value);
            case Kind::array:
                for (std::size_t i = 0; i < type.size(value); ++i)
                    below(std::to_string(i), *type.element, type.at(value, i));
                return;
            case Kind::map: return map(type, value);
            default: return pair(scalar(type, value));
        }
    }
    void pair(std::string_view value) {
        if (!text_.empty()) text_ += '&';
        text_.append(name_).append("=").append(base::percent_encode(value));
    }
    void pair(std::string_view name, std::string_view value) {
        name_ = base::percent_encode(name);
        pair(value);
    }
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    // The same members as in JSON.
    void object(const schema::ObjectType& type, const void* value) {
        for (const auto& field : type.fields)
            if (!field.rules.internal && !field.rules.write_only) below(field.name, *field.type, field.get(value));
    }

    void map(const schema::Type& type, const void* value) {
        struct State {
            FormWriter* writer;
            const schema::Type* element;
        } state{this, type.element};
        type.each(value, &state, [](void* user, std::string_view key, const void* item) {
            const auto& at = *static_cast<State*>(user);
            at.writer->below(key, *at.element, item);
        });
    }

    void below(std::string_view key, const schema::Type& type, const void* value) {
        const auto size = name_.size();
        if (size == 0) {
            name_ = base::percent_encode(key);
        } else {
            name_.append("[").append(base::percent_encode(key)).append("]");
        }
        write(type, value);
        name_.resize(size);
    }

    // As JSON writes it, without the quotes of what JSON has no other form for.
    static std::string scalar(const schema::Type& type, const void* value) {
        if (type.kind == schema::Kind::string) return *static_cast<const std::string*>(value);
        std::string text;
        schema::write_json(type, value, text);
        if (type.kind != schema::Kind::json && text.size() >= 2 && text.front() == '"')
            text = text.substr(1, text.size() - 2);
        return text;
    }

    std::string name_;
    std::string text_;
};

constexpr std::string_view form_type = "application/x-www-form-urlencoded";

}  // namespace

Body json_text(std::string text) { return {.content_type = "application/json", .bytes = std::move(text)}; }

Body bytes(std::string content, std::string content_type) {
    return {.content_type = std::move(content_type), .bytes = std::move(content)};
}

Body stream(Source source, std::string content_type, std::optional<std::uint64_t> length) {
    return {.content_type = std::move(content_type), .source = std::move(source), .source_length = length};
}

Body form(const FormFields& fields) {
    FormWriter writer;
    for (const auto& [name, value] : fields) writer.pair(name, value);
    return {.content_type = std::string(form_type), .bytes = writer.take()};
}

Body form(const schema::Type& type, const void* value) {
    FormWriter writer;
    writer.write(type, value);
    return {.content_type = std::string(form_type), .bytes = writer.take()};
}

}  // namespace client
