#include "pos/plumbing/form_page.h"

#include <fmt/format.h>

namespace pos {

namespace {

constexpr std::uint16_t gone = 410;

struct TokenQuery {
    std::string token;

    friend constexpr auto describe(TokenQuery*) {
        return schema::object<TokenQuery>(
            "FormToken", schema::field<&TokenQuery::token>(
                             "token", {.max_length = 2'000, .text = schema::Text::raw, .defaulted = true}));
    }
};

}  // namespace

std::string form_token(http::Context& context) {
    http::Findings findings;
    return http::Query<TokenQuery>::read(context, findings)->token;
}

std::vector<std::string> faults_of(const http::Findings& findings) {
    std::vector<std::string> faults;
    for (const auto& issue : findings) faults.push_back(issue.message);
    return faults;
}

std::vector<std::string> faults_of(const base::Failure& failure) {
    auto faults = faults_of(failure.issues());
    if (faults.empty()) faults.emplace_back(failure.code().title);
    return faults;
}

void send_form(http::Context& context, std::uint16_t status, const FormPage& page, std::string_view token,
               const std::vector<std::string>& faults) {
    std::string main = fmt::format("<h1>{}</h1>\n", escaped(page.title));
    for (const auto& fault : faults) main += fmt::format("<p class=\"fault\" role=\"alert\">{}</p>\n", escaped(fault));
    if (status != gone) {
        main += fmt::format(
            "{}\n<form method=\"post\"><input type=\"hidden\" name=\"token\" value=\"{}\">{}"
            "<button>{}</button></form>\n{}",
            page.intro, escaped(token), page.fields, escaped(page.button),
            page.more == nullptr ? "" : page.more(token));
    }
    send_page(context.response(), status, page.title, main, page.language);
}

}  // namespace pos
