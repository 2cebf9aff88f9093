#include "pos/plumbing/html_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"
#include "http/response.h"

namespace pos {

namespace {

constexpr std::string_view style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:0 auto;padding:1.5rem 1rem;color:#222;"
    "background:#fff;overflow-wrap:anywhere}h1{font-size:1.4rem;line-height:1.25}"
    "label{display:block;margin:1rem 0 .25rem}input{width:100%;box-sizing:border-box;padding:.6rem;font:inherit;"
    "border:1px solid #888;border-radius:6px}button{margin-top:1rem;padding:.7rem 1.2rem;font:inherit;color:#fff;"
    "background:#0b57d0;border:0;border-radius:6px}.fault{color:#b3261e}small{color:#555}a{color:#0b57d0}"
    "ul{list-style:none;padding:0}li{padding:.6rem 0;border-bottom:1px solid #ddd}"
    "pre{white-space:pre-wrap;font-size:.85rem}iframe{width:100%;height:70vh;border:1px solid #ddd}"
    "summary{cursor:pointer;margin-top:1.5rem}";

std::string policy() {
    const auto digest = base::sha256(style);
    return fmt::format(
        "default-src 'none';style-src 'sha256-{}';form-action 'self';frame-src 'self';base-uri 'none';"
        "frame-ancestors 'none'",
        base::base64_encode(base::as_chars(digest)));
}

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

std::string linked(std::string_view text) {
    std::string html;
    while (!text.empty()) {
        const auto at = std::min(text.find("http://"), text.find("https://"));
        html += escaped(text.substr(0, at));
        if (at == std::string_view::npos) break;
        text.remove_prefix(at);
        const auto url = text.substr(0, text.find_first_of(" \r\n>"));
        html += fmt::format("<a href=\"{0}\">{0}</a>", escaped(url));
        text.remove_prefix(url.size());
    }
    return html;
}

void send_page(http::Response& response, std::uint16_t status, std::string_view title, std::string_view main,
               std::string_view language) {
    static const std::string page_policy = policy();
    response.status(status)
        .body(fmt::format("<!doctype html>\n<html lang=\"{}\"><meta charset=\"utf-8\">"
                          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{}</title>"
                          "<meta name=\"robots\" content=\"noindex\"><style>{}</style>\n<main>\n{}</main>\n</html>\n",
                          escaped(language), escaped(title), style, main))
        .content_type("text/html; charset=utf-8");
    response.header("Content-Security-Policy", page_policy);
    response.header("Cache-Control", "no-store");
    response.header("Referrer-Policy", "no-referrer");
}

}  // namespace pos
