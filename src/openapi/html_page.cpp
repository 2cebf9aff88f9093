#include "openapi/html_page.h"

#include <fmt/format.h>

#include "base/hash.h"
#include "base/strings.h"

namespace openapi {

namespace {

// Nothing is wider than the page: long words (codes, paths, JSON) break anywhere.
constexpr std::string_view style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:0 auto;padding:1.5rem 1rem;color:#222;"
    "background:#fff;overflow-wrap:anywhere}"
    "h1{font-size:1.4rem;line-height:1.25}h2{font-size:1.1rem;margin:1.5rem 0 .25rem}p{margin:.25rem 0 .75rem}"
    "code,pre{font-family:ui-monospace,monospace;font-size:.9em}"
    "pre{white-space:pre-wrap;background:#f4f4f4;padding:.75rem;margin:.25rem 0}"
    "ul{list-style:none;padding:0;margin:.25rem 0}li{padding:.4rem 0;border-bottom:1px solid #ddd}"
    "a{color:#0b57d0}summary{cursor:pointer}";

}  // namespace

std::string escaped(std::string_view text) {
    std::string html;
    for (const char c : text) {
        switch (c) {
            case '&': html += "&amp;"; break;
            case '<': html += "&lt;"; break;
            case '>': html += "&gt;"; break;
            case '"': html += "&quot;"; break;
            case '\'': html += "&#39;"; break;
            default: html += c;
        }
    }
    return html;
}

std::string prose(std::string_view text) {
    std::string html;
    while (true) {
        const auto begin = text.find('`');
        const auto end = begin == std::string_view::npos ? begin : text.find('`', begin + 1);
        if (end == std::string_view::npos) return html + escaped(text);
        html += escaped(text.substr(0, begin));
        html += fmt::format("<code>{}</code>", escaped(text.substr(begin + 1, end - begin - 1)));
        text.remove_prefix(end + 1);
    }
}

std::string html_page(std::string_view title, std::string_view main) {
    return fmt::format(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{}</title><style>{}</style>\n"
        "<main>\n{}</main>\n</html>\n",
        escaped(title), style, main);
}

std::string html_policy() {
    const auto digest = base::sha256(style);
    return fmt::format(
        "default-src 'none';style-src 'sha256-{}';img-src 'self';base-uri 'none';form-action 'none';"
        "frame-ancestors 'none'",
        base::base64_encode(base::as_chars(digest)));
}

}  // namespace openapi
