#include "http/middleware/tracing.h"

#include "http/context.h"
#include "http/router.h"
#include "log/redaction.h"

namespace http {

namespace {

std::string_view traceparent_of(const RequestHeaders& headers) {
    const auto value = headers.get(KnownHeader::traceparent);
    return value && headers.count("traceparent") == 1 ? *value : std::string_view();
}

// A method that nobody knows may be anything.
std::string_view method_of(const Request& request) {
    return request.method() == Method::other ? "_OTHER" : request.method_text();
}

std::string span_name(const Context& context) {
    std::string name(context.request().method() == Method::other ? "HTTP" : context.request().method_text());
    if (!context.route_pattern().empty()) name.append(" ").append(context.route_pattern());
    return name;
}

// The query may hold secrets, and is left out; so are keys that stand in the path.
void describe(const Context& context, const SendResult& result, const Router* router, observe::Span& span) {
    const auto& request = context.request();
    span.rename(span_name(context));
    span.set("http.request.method", method_of(request));
    if (request.method() == Method::other) span.set("http.request.method_original", request.method_text());
    const auto named = router != nullptr ? router->scrub(request.path()) : std::nullopt;
    const auto path = named ? std::string_view(*named) : request.path();
    const auto scrubbed = logging::Redaction::scrub_path(path);
    span.set("url.path", scrubbed ? std::string_view(*scrubbed) : path);
    span.set("url.scheme", request.is_secure() ? "https" : "http");
    if (!context.route_pattern().empty()) span.set("http.route", context.route_pattern());
    if (!request.host().empty()) span.set("server.address", request.host());
    span.set("client.address", request.client_address());
    span.set("network.protocol.version", request.version() == Version::http_1_0 ? "1.0" : "1.1");
    if (const auto agent = request.header("User-Agent")) span.set("user_agent.original", *agent);
    span.set("http.response.status_code", static_cast<std::int64_t>(result.status));
    if (result.status >= 500) {
        span.fail(std::to_string(result.status));
    } else if (!result.complete) {
        span.fail("incomplete");
    }
}

class TracingLink {
public:
    TracingLink(observe::Tracer* tracer, const Router* router) : tracer_(tracer), router_(router) {}

    async::Task<void> operator()(Context& context, Next next) const {
        const auto traceparent = traceparent_of(context.request().headers());
        if (tracer_ != nullptr || !traceparent.empty()) begin(context, traceparent);
        return next(context);
    }

private:
    void begin(Context& context, std::string_view traceparent) const {
        const auto state = context.request().headers().joined("tracestate");
        auto trace = std::make_unique<observe::EntrySpan>(observe::EntrySpan::Incoming{traceparent, state}, tracer_,
                                                          observe::SpanKind::server, context.request().method_text());
        auto& entry = context.set_trace(std::move(trace));
        if (!entry.span().records()) return;
        context.response().after_send([&context, &entry, router = router_](const SendResult& result) {
            describe(context, result, router, entry.span());
            entry.span().end();
        });
    }

    observe::Tracer* tracer_;
    const Router* router_;
};

}  // namespace

Middleware tracing(observe::Tracer* tracer, const Router* router) { return TracingLink(tracer, router); }

}  // namespace http
