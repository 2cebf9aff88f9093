#include "openapi/problem_pages.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <stdexcept>

#include "base/hash.h"
#include "base/strings.h"
#include "http/context.h"
#include "http/errors.h"
#include "http/middleware/errors.h"
#include "http/operation.h"
#include "http/router.h"
#include "http/status.h"
#include "openapi/fixed_reply.h"
#include "openapi/json_text.h"

namespace openapi {

namespace {

constexpr std::string_view style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 "
    "1rem;color:#222;background:#fff}"
    "code{font-family:ui-monospace,monospace}dt{font-weight:600}dd{margin:0 0 .75rem}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd}";

void append_escaped(std::string& html, std::string_view text) {
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
}

std::string escaped(std::string_view text) {
    std::string html;
    append_escaped(html, text);
    return html;
}

std::string page(std::string_view title, std::string_view main) {
    return fmt::format(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\"><title>{}</title><style>{}</style>\n"
        "<main>\n{}</main>\n</html>\n",
        escaped(title), style, main);
}

std::string retry_text(const base::ErrorCode& code) {
    return code.retriable ? "Yes: the same request may succeed later. Keep it, and wait longer after each attempt."
                          : "No: the same request will be refused again.";
}

std::string html_of(const base::ErrorCode& code) {
    const std::string phrase(http::reason_phrase(code.status));
    return page(code.code, fmt::format("<h1><code>{}</code></h1>\n<p>{}.</p>\n<dl>\n<dt>Status</dt><dd>{} {}</dd>\n"
                                       "<dt>Worth another attempt?</dt><dd>{}</dd>\n"
                                       "<dt>What to do (<code>{}</code>)</dt><dd>{}</dd>\n</dl>\n"
                                       "<p><a href=\"/problems\">All problems</a></p>\n",
                                       escaped(code.code), escaped(code.title), code.status, escaped(phrase),
                                       retry_text(code), base::to_string(code.action), escaped(advice(code.action))));
}

std::string json_of(const base::ErrorCode& code) {
    JsonObject object;
    object.text("code", code.code).text("title", code.title).number("status", code.status);
    object.flag("retriable", code.retriable).text("action", base::to_string(code.action));
    return std::move(object.text("advice", advice(code.action))).take();
}

// One resource in both its forms.
struct ProblemPage {
    FixedReply html;
    FixedReply json;

    void fill(http::Context& context, const std::string& policy) const {
        const auto accept = context.request().header("accept").value_or("");
        const bool wants_json = accept.contains("application/json") && !accept.contains("text/html");
        (wants_json ? json : html).fill(context);
        context.response().header("Content-Security-Policy", policy).header("Vary", "Accept");
    }
};

ProblemPage page_of(std::string html, std::string json) {
    return {FixedReply(std::move(html), "text/html; charset=utf-8"), FixedReply(std::move(json), "application/json")};
}

struct ProblemPages {
    ProblemPage list;
    std::map<std::string, ProblemPage, std::less<>> by_code;
    std::string policy;
};

class ListHandler {
public:
    explicit ListHandler(std::shared_ptr<const ProblemPages> pages) : pages_(std::move(pages)) {}
    async::Task<void> operator()(http::Context& context) const {
        pages_->list.fill(context, pages_->policy);
        co_return;
    }

private:
    std::shared_ptr<const ProblemPages> pages_;
};

class CodeHandler {
public:
    explicit CodeHandler(std::shared_ptr<const ProblemPages> pages) : pages_(std::move(pages)) {}
    async::Task<void> operator()(http::Context& context) const {
        const auto found = pages_->by_code.find(context.param("code"));
        if (found == pages_->by_code.end()) throw base::Failure(http::errors::not_found);
        found->second.fill(context, pages_->policy);
        co_return;
    }

private:
    std::shared_ptr<const ProblemPages> pages_;
};

std::map<std::string_view, base::ErrorCode> sorted(std::span<const base::ErrorCode> codes) {
    std::map<std::string_view, base::ErrorCode> all;
    for (const auto& code : codes) {
        const auto& known = all.try_emplace(code.code, code).first->second;
        if (known.status != code.status || known.title != code.title || known.retriable != code.retriable ||
            known.action != code.action) {
            throw std::logic_error(fmt::format("openapi: two error tables define {} differently", code.code));
        }
    }
    return all;
}

ProblemPage list_page(const std::map<std::string_view, base::ErrorCode>& codes) {
    std::string rows;
    JsonArray items;
    for (const auto& [name, code] : codes) {
        rows += fmt::format("<tr><td><a href=\"/problems/{}\"><code>{}</code></a></td><td>{}</td><td>{}</td></tr>\n",
                            base::percent_encode(name), escaped(name), code.status, escaped(code.title));
        items.raw(json_of(code));
    }
    const auto html = fmt::format(
        "<h1>Problems</h1>\n<table>\n<tr><th>Code</th><th>Status</th><th>Meaning</th></tr>\n{}</table>\n", rows);
    return page_of(page("Problems", html), std::move(JsonObject().raw("data", std::move(items).take())).take());
}

}  // namespace

std::vector<base::ErrorCode> error_codes(const http::Router& router) {
    namespace errors = http::errors;
    std::vector<base::ErrorCode> all{errors::malformed,
                                     errors::body_malformed,
                                     errors::not_found,
                                     errors::method_not_allowed,
                                     errors::request_timeout,
                                     errors::body_too_large,
                                     errors::target_too_long,
                                     errors::expectation_failed,
                                     errors::headers_too_large,
                                     errors::internal,
                                     errors::exhausted,
                                     errors::not_implemented,
                                     errors::overloaded,
                                     errors::bodies_full,
                                     errors::version_not_supported,
                                     errors::encoding_unsupported,
                                     errors::encoding_malformed,
                                     errors::compression_ratio,
                                     errors::if_match_missing,
                                     errors::if_match_malformed,
                                     errors::version_conflict,
                                     errors::origin_not_allowed,
                                     errors::range_not_satisfiable};
    for (const auto& route : router.routes()) {
        if (route.operation) all.insert(all.end(), route.operation->errors.begin(), route.operation->errors.end());
    }
    std::vector<base::ErrorCode> unique;
    for (const auto& [name, code] : sorted(all)) unique.push_back(code);
    return unique;
}

std::string_view advice(base::Action action) {
    switch (action) {
        case base::Action::retry:
            return "Send the same bytes again: after Retry-After where it is given, else after a delay that grows with "
                   "each "
                   "attempt and has some randomness in it.";
        case base::Action::refresh_auth:
            return "Get a new access token with the refresh token, or sign in again; then send the request again.";
        case base::Action::fix: return "Change the request. Sent unchanged it will be refused again.";
        case base::Action::pull_first:
            return "Fetch the current state, decide again on top of it, and send the request with the new version.";
        case base::Action::upgrade:
            return "Keep the request and install the current version of the app; then send it again.";
        case base::Action::pay: return "Keep the request; it will be accepted once the subscription is paid.";
        case base::Action::contact:
            return "A person has to look at this: whoever runs the service, or support, who will ask for the "
                   "requestId.";
        case base::Action::none: break;
    }
    return "There is nothing for a client to do.";
}

void mount_problems(http::Router& router, std::span<const base::ErrorCode> codes) {
    const auto all = sorted(codes);
    const auto style_hash = base::sha256(style);
    auto pages = std::make_shared<ProblemPages>(ProblemPages{
        .list = list_page(all),
        .by_code = {},
        .policy = fmt::format(
            "default-src 'none';style-src 'sha256-{}';base-uri 'none';form-action 'none';frame-ancestors 'none'",
            base::base64_encode(base::as_chars(style_hash))),
    });
    for (const auto& [name, code] : all) pages->by_code.emplace(name, page_of(html_of(code), json_of(code)));
    router.add(http::Method::get, "/problems", {.handler = ListHandler(pages)});
    router.add(http::Method::get, "/problems/{code}", {.handler = CodeHandler(pages)});
}

}  // namespace openapi
