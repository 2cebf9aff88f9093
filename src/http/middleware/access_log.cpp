#include "http/middleware/access_log.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "http/context.h"
#include "http/load_shedder.h"
#include "http/middleware/log_fields.h"
#include "http/middleware/route_metrics.h"
#include "http/router.h"
#include "log/logger.h"
#include "observe/metrics.h"

namespace http {

namespace {

// The fields of one line: bounded, on the stack.
class LineFields {
public:
    LineFields() : LineFields(std::make_index_sequence<capacity>()) {}
    void add(std::string_view key, logging::Value value) { fields_[count_++] = {key, value}; }
    void add_text(std::string_view key, std::string_view text) {
        if (!text.empty()) add(key, text);
    }
    [[nodiscard]] logging::Fields view() const { return logging::Fields(std::span(fields_).first(count_)); }

private:
    static constexpr std::size_t capacity = 8 + LogFields::most_fields;
    template <std::size_t... Index>
    explicit LineFields(std::index_sequence<Index...>) : fields_{((void)Index, logging::Field{{}, nullptr})...} {}

    std::array<logging::Field, capacity> fields_;
    std::size_t count_ = 0;
};

class AccessLogLink {
public:
    explicit AccessLogLink(AccessLogOptions options) : options_(std::move(options)) {
        if (options_.metrics != nullptr) metrics_ = std::make_unique<RouteMetrics>(*options_.metrics);
    }

    async::Task<void> operator()(Context& context, Next next) const {
        context.response().after_send([this, &context](const SendResult& result) { finish(context, result); });
        return next(context);
    }

private:
    void finish(const Context& context, const SendResult& result) const {
        const std::chrono::duration<double> taken = async::Loop::now() - context.started();
        if (metrics_) metrics_->count(context.route(), context.request().method(), result.status, taken.count());
        const auto level = level_of(context, result);
        if (context.server_logger().enabled(level) && !is_quiet(context, result)) write(context, result, taken.count());
    }

    // A method, coding or version that we do not speak is the client's doing, whatever its number: a stranger raises no alarm.
    // What is refused since too many come is meant to be.
    static bool is_ours(const Context& context, int status) {
        return status >= 500 && status != 501 && status != 505 && context.get<Shed>() == nullptr;
    }

    [[nodiscard]] logging::Level level_of(const Context& context, const SendResult& result) const {
        if (context.get<Shed>() != nullptr) return logging::Level::debug;
        // A probe that says no has said why by itself, and while a process ends nothing is at fault.
        if (is_ours(context, result.status) && !(result.status == 503 && is_quiet_route(context)))
            return logging::Level::error;
        return options_.warn_client_errors && result.status >= 400 ? logging::Level::warn : logging::Level::info;
    }

    [[nodiscard]] bool is_quiet(const Context& context, const SendResult& result) const {
        return result.status < 400 && result.complete && is_quiet_route(context);
    }

    [[nodiscard]] bool is_quiet_route(const Context& context) const {
        return std::ranges::find(options_.quiet_routes, context.route_pattern()) != options_.quiet_routes.end();
    }

    static std::string_view message_of(const Context& context, const SendResult& result) {
        if (is_ours(context, result.status)) return "request errored";
        return result.complete ? "request completed" : "request aborted";
    }

    void write(const Context& context, const SendResult& result, double seconds) const {
        const auto& request = context.request();
        std::vector<logging::Header> headers;
        if (options_.log_headers) {
            for (const auto& [name, value] : request.headers()) headers.emplace_back(name, value);
        }
        const auto scrubbed = options_.router != nullptr ? options_.router->scrub(request.target()) : std::nullopt;
        const logging::RequestShape shape{.id = context.request_id(),
                                          .method = request.method_text(),
                                          .url = scrubbed ? std::string_view(*scrubbed) : request.target(),
                                          .remote_address = request.remote_address(),
                                          .remote_port = request.remote_port(),
                                          .headers = headers};
        const logging::ResponseShape reply{.status_code = result.status, .headers = {}};
        LineFields fields;
        fields.add_text("reqId", context.request_id());
        const auto* trace = context.span();
        const auto trace_id = trace == nullptr ? std::string() : observe::trace_id_text(trace->ids);
        const auto span_id = trace == nullptr ? std::string() : observe::span_id_text(trace->ids);
        fields.add_text("trace_id", trace_id);
        fields.add_text("span_id", span_id);
        fields.add("req", logging::request(shape));
        fields.add("res", logging::response(reply));
        fields.add_text("route", context.route_pattern());
        if (request.client_address() != request.remote_address())
            fields.add_text("clientAddress", request.client_address());
        if (const auto* added = context.get<LogFields>()) {
            for (std::size_t i = 0; i < added->size(); ++i) fields.add((*added)[i].key, (*added)[i].value);
        }
        // Microseconds are as much as the clock is worth.
        fields.add("responseTime", std::round(seconds * 1e6) / 1e3);
        context.server_logger().log(level_of(context, result), message_of(context, result), fields.view());
    }

    AccessLogOptions options_;
    std::unique_ptr<RouteMetrics> metrics_;
};

}  // namespace

Middleware access_log(AccessLogOptions options) { return AccessLogLink(std::move(options)); }

}  // namespace http
