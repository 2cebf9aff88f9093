#include "schema/form.h"

#include "base/strings.h"

namespace schema {

namespace {

std::expected<std::string, FormError> decode(std::string_view text) {
    auto decoded = base::form_decode(text);
    if (!decoded) return std::unexpected(FormError::invalid_encoding);
    if (!base::is_utf8(*decoded)) return std::unexpected(FormError::invalid_utf8);
    return *std::move(decoded);
}

}  // namespace

std::string_view to_string(FormError error) {
    switch (error) {
        case FormError::too_big: return "The text is too long.";
        case FormError::too_many_parameters: return "There are too many parameters.";
        case FormError::invalid_encoding: return "A percent sign needs two hexadecimal digits after it.";
        case FormError::invalid_utf8: return "A name or value is not UTF-8.";
        case FormError::nameless: return "A parameter has no name.";
    }
    return "The text was not read.";
}

std::expected<FormPairs, FormError> parse_urlencoded(std::string_view text, const FormLimits& limits) {
    if (text.size() > limits.max_bytes) return std::unexpected(FormError::too_big);
    FormPairs pairs;
    while (!text.empty()) {
        const std::size_t end = text.find('&');
        const std::string_view part = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (part.empty()) continue;
        if (pairs.size() == limits.max_parameters) return std::unexpected(FormError::too_many_parameters);

        const std::size_t equals = part.find('=');
        auto name = decode(part.substr(0, equals));
        if (!name) return std::unexpected(name.error());
        if (name->empty()) return std::unexpected(FormError::nameless);
        auto value = decode(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1));
        if (!value) return std::unexpected(value.error());
        pairs.emplace_back(*std::move(name), *std::move(value));
    }
    return pairs;
}

std::vector<TextField> text_fields(const FormPairs& pairs) {
    std::vector<TextField> fields;
    fields.reserve(pairs.size());
    for (const auto& [name, value] : pairs) fields.push_back({name, value});
    return fields;
}

}  // namespace schema
