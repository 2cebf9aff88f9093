// src/html for tests/e2e/html-vectors.test.ts, driven by lines of JSON: a text, as a string.
//
//     "<p onclick=x()>a"                                         {"clean":"<p>a</p>","again":"<p>a</p>","text":"a"}
//     "\u0000"                                                   {"fault":"html.not_text"}

#include <iostream>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "html/sanitizer.h"
#include "schema/schema.h"

namespace {

std::string member(std::string_view name, std::string_view value) {
    std::string json = "\"" + std::string(name) + "\":";
    schema::write_json_string(value, json);
    return json;
}

// The default lists, and images and tables.
html::Options generous() {
    html::Options options;
    for (const auto* tag :
         {"img", "table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "td", "th", "dl", "dt", "dd"})
        options.allowed_tags.emplace_back(tag);
    options.allowed_attributes["*"] = {"lang", "dir", "title"};
    options.allowed_attributes["td"] = {"colspan", "rowspan"};
    options.allowed_attributes["img"] = {"alt", "width", "height"};
    return options;
}

std::string answer(const html::Sanitizer& sanitizer, std::string_view text) {
    const auto clean = sanitizer.clean(text);
    if (!clean) return "{" + member("fault", to_string(clean.error())) + "}";
    const auto again = sanitizer.clean(clean->markup());
    return "{" + member("clean", clean->markup()) + "," + member("again", again ? again->markup() : "refused") + "," +
           member("text", clean->text()) + "}";
}

}  // namespace

int main(int argument_count, char** arguments) {
    const bool is_generous = argument_count > 1 && std::string_view(arguments[1]) == "generous";
    const html::Sanitizer sanitizer(is_generous ? generous() : html::Options());
    simdjson::dom::parser parser;
    for (std::string line; std::getline(std::cin, line);) {
        std::string_view text;
        if (parser.parse(line).get(text) != simdjson::SUCCESS) return 1;
        std::cout << answer(sanitizer, text) << '\n';
    }
    return 0;
}
