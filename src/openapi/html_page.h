#pragma once
// Inside the library: a page of HTML for people, without script, fit for a phone. Its one style is in it, and html_policy()
// allows that style and nothing else. Pure functions.
//
//     const FixedReply page(html_page("Problems", "<h1>Problems</h1>\n" + escaped(text)), html_type);
//     context.response().header("Content-Security-Policy", html_policy());

#include <string>
#include <string_view>

namespace openapi {

inline constexpr std::string_view html_type = "text/html; charset=utf-8";

// `title` is text, `main` is HTML.
[[nodiscard]] std::string html_page(std::string_view title, std::string_view main);
[[nodiscard]] std::string escaped(std::string_view text);
// Escaped; what stands between two backticks is code.
[[nodiscard]] std::string prose(std::string_view text);
[[nodiscard]] std::string html_policy();

}  // namespace openapi
