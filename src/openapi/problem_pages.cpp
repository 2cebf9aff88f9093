#include "openapi/problem_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>

#include "base/strings.h"
#include "http/context.h"
#include "http/errors.h"
#include "http/middleware/errors.h"
#include "http/operation.h"
#include "http/router.h"
#include "http/status.h"
#include "openapi/document.h"
#include "openapi/fixed_reply.h"
#include "openapi/html_page.h"
#include "openapi/json_text.h"
#include "openapi/problem_responses.h"

namespace openapi {

namespace {

constexpr std::size_t routes_shown_at_once = 12;  // more are unfolded by who wants them

// All that the page of a code says.
struct KnownProblem {
    base::ErrorCode code;
    ProblemNote note{};
    std::vector<const http::RouteEntry*> routes{};
    std::string example{};
};

// One member a line, for people.
std::string indented(std::string_view json) {
    std::string text;
    std::size_t depth = 0;
    bool in_string = false;
    const auto new_line = [&] { text.append("\n").append(2 * depth, ' '); };
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (c == '"' && (i == 0 || json[i - 1] != '\\')) in_string = !in_string;
        const bool opens = !in_string && (c == '{' || c == '[');
        const bool closes = !in_string && (c == '}' || c == ']');
        if (closes) --depth;
        if (closes) new_line();
        text += c;
        if (opens) ++depth;
        if (opens || (!in_string && c == ',')) new_line();
        if (!in_string && c == ':') text += ' ';
    }
    return text;
}

std::string html_of(const http::RouteEntry& route) {
    return fmt::format("<li><code>{} {}</code><br>{}</li>\n", http::to_string(route.method), escaped(route.pattern),
                       escaped(route.operation->summary));
}

bool is_answered_everywhere(const base::ErrorCode& code) {
    return std::ranges::count(default_common_errors(), code) > 0;
}

std::string routes_html(const KnownProblem& problem) {
    if (is_answered_everywhere(problem.code)) return "<p>Every route.</p>\n";
    if (problem.routes.empty()) {
        return "<p>No single route: it is answered before a route is chosen, by whatever uses the database, or for one "
               "item of a batch.</p>\n";
    }
    std::string list = "<ul>\n";
    for (const auto* route : problem.routes) list += html_of(*route);
    list += "</ul>\n";
    if (problem.routes.size() <= routes_shown_at_once) return list;
    return fmt::format("<details><summary>{} routes</summary>\n{}</details>\n", problem.routes.size(), list);
}

// A title that nobody has explained says most of it: "Another supplier has this name".
std::string cause_of(const KnownProblem& problem) {
    return problem.note.cause.empty() ? fmt::format("{}.", problem.code.title) : std::string(problem.note.cause);
}

std::string html_of(const KnownProblem& problem) {
    const auto& code = problem.code;
    std::string main = fmt::format("<h1><code>{}</code></h1>\n<p>{} {} · {}</p>\n", escaped(code.code), code.status,
                                   escaped(http::reason_phrase(code.status)),
                                   code.retriable ? "may pass by itself" : "final for these bytes");
    main += fmt::format("<h2>Cause</h2>\n<p>{}</p>\n", prose(cause_of(problem)));
    main += fmt::format("<h2>What to do: <code>{}</code></h2>\n<p>{}</p>\n", base::to_string(code.action),
                        prose(advice(code.action)));
    if (!problem.note.remedy.empty()) main += fmt::format("<p>{}</p>\n", prose(problem.note.remedy));
    main += fmt::format("<h2>Reply</h2>\n<pre>{}</pre>\n<h2>Routes</h2>\n{}", escaped(indented(problem.example)),
                        routes_html(problem));
    return html_page(code.code, main + "<p><a href=\"/problems\">All problems</a></p>\n");
}

JsonObject json_of(const KnownProblem& problem) {
    const auto& code = problem.code;
    JsonObject object;
    object.text("code", code.code).text("title", code.title).number("status", code.status);
    object.flag("retriable", code.retriable).text("action", base::to_string(code.action));
    object.text("cause", cause_of(problem)).text("advice", advice(code.action));
    object.text_unless_empty("remedy", problem.note.remedy);
    return object;
}

std::string whole_json_of(const KnownProblem& problem) {
    JsonArray operations;
    for (const auto* route : problem.routes) {
        JsonObject operation;
        operation.text("method", http::to_string(route->method)).text("path", route->pattern);
        operations.raw(std::move(operation.text("operationId", route->operation->id)).take());
    }
    auto object = json_of(problem);
    object.raw("example", problem.example).raw("operations", std::move(operations).take());
    return std::move(object).take();
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
    return {FixedReply(std::move(html), html_type), FixedReply(std::move(json), "application/json")};
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

// "/v1/items/{id}" as it stands in a reply.
std::string sample_path(std::string_view pattern) {
    std::string path;
    while (true) {
        const auto brace = pattern.find('{');
        path.append(pattern.substr(0, brace));
        if (brace == std::string_view::npos) return path;
        path.append("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
        pattern.remove_prefix(pattern.find('}') + 1);
    }
}

using Problems = std::map<std::string_view, KnownProblem>;

void add_notes(Problems& problems, std::span<const ProblemNote> notes, bool must_fit) {
    for (const auto& note : notes) {
        const auto found = problems.find(note.code);
        if (found != problems.end()) {
            found->second.note = note;
        } else if (must_fit) {
            throw std::logic_error(fmt::format("openapi: a problem note is about {}, which no error has", note.code));
        }
    }
}

Problems problems_of(const http::Router& router, std::span<const base::ErrorCode> codes,
                     const ProblemPagesOptions& options) {
    Problems problems;
    for (const auto& [name, code] : sorted(codes)) problems.emplace(name, KnownProblem{.code = code});
    for (const auto& route : router.routes()) {
        if (!route.operation) continue;
        for (const auto& error : route.operation->errors) {
            const auto found = problems.find(error.code);
            if (found != problems.end()) found->second.routes.push_back(&route);
        }
    }
    for (auto& [name, problem] : problems) {
        const auto path = problem.routes.empty() ? "/v1/example" : sample_path(problem.routes.front()->pattern);
        problem.example = example_of(problem.code, path, options.type_base);
    }
    add_notes(problems, stack_notes(), false);
    add_notes(problems, options.notes, true);
    return problems;
}

ProblemPage list_page(const Problems& problems) {
    std::string items;
    JsonArray data;
    for (const auto& [name, problem] : problems) {
        items +=
            fmt::format("<li><a href=\"/problems/{}\"><code>{}</code></a> {}<br>{}</li>\n", base::percent_encode(name),
                        escaped(name), problem.code.status, escaped(problem.code.title));
        data.raw(json_of(problem).take());
    }
    return page_of(html_page("Problems", fmt::format("<h1>Problems</h1>\n<ul>\n{}</ul>\n", items)),
                   std::move(JsonObject().raw("data", std::move(data).take())).take());
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
            return "Retry: send the same bytes again, after Retry-After where it is given, else after a delay that "
                   "grows "
                   "with each attempt and has some randomness in it. Never drop them.";
        case base::Action::refresh_auth:
            return "Get a new access token with the refresh token, or sign in again. Then send the request again.";
        case base::Action::fix:
            return "Fix: unchanged it will be refused again. Take it out of the queue, keep it, and show it to a "
                   "person.";
        case base::Action::pull_first:
            return "Read the row as it is now, make the change again on top of it, and send it with the new version.";
        case base::Action::upgrade:
            return "Keep the request and install the current version of the app. Then send it again.";
        case base::Action::pay: return "Keep the request. It will be accepted once the subscription is paid.";
        case base::Action::contact:
            return "Keep the request. A person has to look at this: somebody with more rights, or whoever runs the "
                   "service, who will ask for the requestId.";
        case base::Action::none: break;
    }
    return "There is nothing for a client to do.";
}

void mount_problems(http::Router& router, std::span<const base::ErrorCode> codes, const ProblemPagesOptions& options) {
    const auto all = problems_of(router, codes, options);
    auto pages =
        std::make_shared<ProblemPages>(ProblemPages{.list = list_page(all), .by_code = {}, .policy = html_policy()});
    for (const auto& [name, problem] : all)
        pages->by_code.emplace(name, page_of(html_of(problem), whole_json_of(problem)));
    router.add(http::Method::get, "/problems", {.handler = ListHandler(pages)});
    router.add(http::Method::get, "/problems/{code}", {.handler = CodeHandler(pages)});
}

}  // namespace openapi
