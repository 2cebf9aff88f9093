#pragma once
// application/x-www-form-urlencoded text and query strings, split and decoded. Strict: what two readers could take for
// two things is refused. Pure functions: any thread.
//
//     auto pairs = schema::parse_urlencoded("q=sugar%201kg&limit=20");
//     if (!pairs) return bad_request(schema::to_string(pairs.error()));
//     std::vector<schema::TextField> fields = schema::text_fields(*pairs);     // views `pairs`
//     auto page = schema::parse_text<PageQuery>(fields, {.in = "query"});

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/schema.h"

namespace schema {

struct FormLimits {
    std::size_t max_bytes = 1U << 20U;
    std::size_t max_parameters = 1'000;
};

enum class FormError : std::uint8_t { too_big, too_many_parameters, invalid_encoding, invalid_utf8, nameless };
// A sentence for the reader of the error.
[[nodiscard]] std::string_view to_string(FormError error);

using FormPairs = std::vector<std::pair<std::string, std::string>>;

// Pairs in their order, repeated names included. '+' is a space; a name without '=' has an empty value; empty parts
// ("a=1&&b=2") are skipped. Every '%' needs two hexadecimal digits, names and values are UTF-8.
[[nodiscard]] std::expected<FormPairs, FormError> parse_urlencoded(std::string_view text,
                                                                   const FormLimits& limits = {});

// The same as read_text() takes it. Views `pairs`.
[[nodiscard]] std::vector<TextField> text_fields(const FormPairs& pairs);

}  // namespace schema
