#include "http/handler.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/core/demangle.hpp>

#include <algorithm>
#include <stdexcept>

#include "base/strings.h"
#include "http/errors.h"
#include "http/middleware/conditional.h"
#include "http/middleware/errors.h"
#include "http/problem.h"
#include "http/router.h"
#include "http/tag_key.h"
#include "schema/form.h"
#include "schema/shown_name.h"

namespace http {

namespace {

// "application/json; charset=utf-8" → type and charset.
struct MediaType {
    std::string type;
    std::string charset;
};

MediaType parse_media_type(std::string_view value) {
    const auto parts = base::split(value, ';');
    MediaType media{base::ascii_lower(base::trim(parts.front())), {}};
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const auto equals = parts[i].find('=');
        if (equals == std::string_view::npos) continue;
        if (!base::iequals(base::trim(parts[i].substr(0, equals)), "charset")) continue;
        auto text = base::trim(parts[i].substr(equals + 1));
        if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
        media.charset = base::ascii_lower(text);
    }
    return media;
}

// RFC 6902 is a list of operations, and no object with what changes.
bool is_json(std::string_view type) {
    if (type == "application/json-patch+json") return false;
    return type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"));
}

// What `curl -d` sends is said to be a form, unless it is told otherwise. As a form, JSON would be one long name.
bool is_json_text(std::string_view text) {
    const auto begin = base::trim(text);
    return begin.starts_with('{') || begin.starts_with('[');
}

[[noreturn]] void throw_malformed(const schema::ReadError& error) {
    throw base::Failure(errors::malformed_json, fmt::format("{}{}{}", to_string(error.malformed),
                                                            error.detail.empty() ? "" : ": ", error.detail));
}

void append(Findings& findings, std::vector<base::Issue> issues) {
    findings.insert(findings.end(), std::make_move_iterator(issues.begin()), std::make_move_iterator(issues.end()));
}

// "getV1ProductsById": when a route was given no id.
std::string default_id(Method method, std::string_view pattern) {
    auto id = base::ascii_lower(to_string(method));
    bool upper = true;
    for (const char c : pattern) {
        if (c == '{') id += "By";
        if (!base::is_ascii_digit(c) && (base::ascii_lower(c) < 'a' || base::ascii_lower(c) > 'z')) {
            upper = true;
            continue;
        }
        id += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
        upper = false;
    }
    return id;
}

constexpr schema::Field fields_field = [] {
    auto field = detail::field_of_part<"fields", std::vector<std::string>>;
    field.rules.doc = "Members of the rows to send, comma-separated; all when it is missing.";
    return field;
}();

bool takes_fields(const Context& context) {
    const auto* route = context.route();
    return route != nullptr && route->operation &&
           std::ranges::any_of(route->operation->parameters,
                               [](const ParameterDoc& parameter) { return parameter.members != nullptr; });
}

bool is_read(const Context& context) {
    return context.request().method() == Method::get || context.request().method() == Method::head;
}

bool is_sent(const schema::Field& field) { return !field.rules.internal && !field.rules.write_only; }

void add_unknown_name(const schema::ObjectType& rows, std::string_view name, Findings& findings) {
    std::vector<std::string_view> names;
    for (const auto& field : rows.fields) {
        if (is_sent(field)) names.push_back(field.name);
    }
    const auto message =
        name.empty() ? std::string("a name is missing: write fields=a,b, or leave the parameter out for all of them")
                     : fmt::format("there is no \"{}\"", schema::shown_name(name));
    findings.push_back({"query",
                        "/fields",
                        "invalid_value",
                        message,
                        {{"allowed", fmt::format("[\"{}\"]", fmt::join(names, "\",\""))}}});
}

// The bit of the member that is called so; nullopt, with a finding, for one that is not there, or has been named already.
std::optional<std::uint64_t> bit_of(const schema::ObjectType& rows, std::string_view name, std::uint64_t taken,
                                    Findings& findings) {
    const auto* field = rows.find(name);
    if (field == nullptr || !is_sent(*field)) {
        add_unknown_name(rows, name, findings);  // one finding says which names there are
        return std::nullopt;
    }
    const auto bit = std::uint64_t{1} << static_cast<std::size_t>(field - rows.fields.data());
    if ((taken & bit) == 0) return bit;
    findings.push_back({"query", "/fields", "not_unique", fmt::format("\"{}\" is named twice", field->name), {}});
    return std::nullopt;
}

// `skip_fields`: `?fields=` is somebody else's.
// What a parameter that does not exist is told to be instead: `fields` is read elsewhere.
void name_fields(Findings& issues) {
    for (auto& issue : issues) {
        if (issue.code == "unknown_key" && issue.message.contains(" It has: ") && issue.message.ends_with('.'))
            issue.message.insert(issue.message.size() - 1, fmt::format(", {}", fields_field.name));
    }
}

void read_parameters(Context& context, const schema::ObjectType& type, void* out, bool skip_fields,
                     Findings& findings) {
    const auto pairs = schema::parse_urlencoded(context.request().query());
    if (!pairs) {
        findings.push_back({"query", "", "malformed", std::string(schema::to_string(pairs.error())), {}});
        return;
    }
    auto fields = schema::text_fields(*pairs);
    if (skip_fields) std::erase_if(fields, [](const auto& field) { return field.name == fields_field.name; });
    auto error = schema::read_text(type, out, fields, {.in = "query"});
    if (!error) return;
    if (skip_fields) name_fields(error->issues);
    append(findings, std::move(error->issues));
}

const schema::Field* version_field(const schema::Type& type) {
    if (type.kind != schema::Kind::object) return nullptr;
    const auto* field = type.object->find("version");
    return field != nullptr && field->type->kind == schema::Kind::int32 ? field : nullptr;
}

}  // namespace

namespace detail {

void read_parameter(const schema::Field& field, std::string_view in, std::optional<std::string_view> text, void* out,
                    Findings& findings) {
    const schema::ObjectType wrapper{field.name, std::span(&field, 1), {}, schema::UnknownKeys::reject, nullptr, {}};
    const schema::TextField given{field.name, text.value_or(std::string_view{})};
    auto error =
        schema::read_text(wrapper, out, text ? std::span(&given, 1) : std::span<const schema::TextField>{}, {.in = in});
    if (error) append(findings, std::move(error->issues));
}

std::string media_type_of(std::string_view content_type) {
    auto media = parse_media_type(content_type);
    if (!media.charset.empty() && media.charset != "utf-8" && media.charset != "utf8")
        throw base::Failure(errors::unsupported_media_type,
                            fmt::format("charset \"{}\": send UTF-8", schema::shown_name(media.charset)));
    return std::move(media.type);
}

std::string media_type_of_bytes(std::string_view content_type) {
    auto media = parse_media_type(content_type);
    if (media.type.starts_with("text/") && media.charset != "binary") return media_type_of(content_type);
    return std::move(media.type);
}

async::Task<void> read_body(Context& context, const schema::Type* type, void* out, std::string_view* text,
                            Findings& findings) {
    auto& request = context.request();
    // What a body is, is not guessed. Where there is none, the reader below says what is missing.
    if (request.has_body() && !request.header("content-type"))
        throw base::Failure(errors::unsupported_media_type, "no Content-Type: send Content-Type: application/json");
    const auto media_type = media_type_of(request.header("content-type").value_or("application/json"));
    const bool form = media_type == "application/x-www-form-urlencoded" && type->kind == schema::Kind::object;
    if (!form && !is_json(media_type)) {
        throw base::Failure(errors::unsupported_media_type,
                            fmt::format("\"{}\": send Content-Type: application/json", schema::shown_name(media_type)));
    }
    *text = co_await request.body();
    context.set(ReadBody{type, *text});
    std::optional<schema::ReadError> error;
    if (form && is_json_text(*text))
        throw base::Failure(errors::unsupported_media_type,
                            "the body is JSON and was sent as a form: send Content-Type: application/json");
    if (form) {
        const auto pairs = schema::parse_urlencoded(*text);
        if (!pairs) throw base::Failure(errors::malformed_json, std::string(schema::to_string(pairs.error())));
        error = schema::read_text(*type->object, out, schema::text_fields(*pairs), {.in = "body"});
    } else {
        error = schema::read_json(*type, out, *text, {.max_bytes = static_cast<std::size_t>(request.body_limit())});
    }
    if (!error) co_return;
    if (error->malformed != schema::Malformed::none) throw_malformed(*error);
    append(findings, std::move(error->issues));
}

void read_query(Context& context, const schema::ObjectType& type, void* out, Findings& findings) {
    // `fields` of a list is read by read_fields(), unless the route has a parameter of this name itself.
    const bool is_ours = is_read(context) && type.find(fields_field.name) == nullptr && takes_fields(context);
    read_parameters(context, type, out, is_ours, findings);
}

void read_no_query(Context& context, const schema::Type* reply, Findings& findings) {
    if (context.request().query().empty()) return;
    static constexpr schema::ObjectType nothing{.name = "the query of this route", .fields = {}, .refinements = {}};
    const bool has_fields = reply != nullptr && is_read(context) && rows_of(*reply) != nullptr;
    read_parameters(context, nothing, nullptr, has_fields, findings);
}

void describe_query(Operation& operation, const schema::ObjectType& type) {
    for (const auto& field : type.fields) operation.parameters.push_back({"query", &field, field.required(), &type});
    operation.can_fail(errors::invalid);
}

void describe_body(Operation& operation, const schema::Type& type) {
    operation.body = &type;
    operation.body_media_types = {"application/json"};
    if (type.kind == schema::Kind::object) operation.body_media_types.emplace_back("application/x-www-form-urlencoded");
    for (const auto& error : {errors::invalid, errors::malformed_json, errors::unsupported_media_type})
        operation.can_fail(error);
    describe_body_bytes(operation);
}

void describe_body_bytes(Operation& operation) {
    for (const auto& error :
         {errors::body_too_large, errors::body_malformed, errors::request_timeout, errors::bodies_full,
          errors::encoding_unsupported, errors::encoding_malformed, errors::compression_ratio}) {
        operation.can_fail(error);
    }
}

void send_json_bytes(Context& context, std::uint16_t status, std::string body) {
    context.response().status(status).content_type("application/json").body(std::move(body));
}

const schema::ObjectType* rows_of(const schema::Type& reply) {
    const auto* list = &reply;
    if (reply.kind == schema::Kind::object) {
        const auto* data = reply.object->find("data");
        if (data == nullptr) return nullptr;
        list = data->type;
    }
    const bool has_rows = list->kind == schema::Kind::array && list->element->kind == schema::Kind::object;
    return has_rows ? list->element->object : nullptr;
}

void describe_fields(Operation& operation, const schema::Type& reply) {
    const auto* rows = rows_of(reply);
    if (rows == nullptr) return;
    operation.parameters.push_back({.in = "query", .field = &fields_field, .required = false, .members = rows});
    operation.can_fail(errors::invalid);
}

schema::View read_fields(Context& context, const schema::Type& reply, Findings& findings) {
    const auto* rows = rows_of(reply);
    if (rows == nullptr || context.request().query().empty() || !is_read(context)) return {};
    const auto pairs = schema::parse_urlencoded(context.request().query());
    if (!pairs) return {};  // read_query() or read_no_query() has said so
    schema::View view;
    for (const auto& [name, value] : schema::text_fields(*pairs)) {
        if (name != fields_field.name) continue;
        if (view.rows == nullptr) view = {.rows = rows, .fields = 0};
        for (const auto wanted : base::split(value, ',')) {
            const auto bit = bit_of(*rows, wanted, view.fields, findings);
            if (!bit) return {};
            view.fields |= *bit;
        }
    }
    return view;
}

void send_json(Context& context, const schema::Type& type, const void* value, std::uint16_t status, schema::View view) {
    const auto* reader = context.get<Reader>();
    if (reader != nullptr) view.reader = reader->sees;
    std::string body;
    body.reserve(512);
    schema::write_json(type, value, body, view);
    if (const auto* version = version_field(type)) {
        const auto part = reader != nullptr ? reader->tag_key->part(reader->tenant, body) : std::string();
        context.response().header("ETag", etag_for(*static_cast<const std::int32_t*>(version->get(value)), part));
    }
    send_json_bytes(context, status, std::move(body));
}

void throw_invalid(Findings findings) { throw base::Failure(errors::invalid, std::move(findings)); }

}  // namespace detail

namespace {

base::Timestamp midnight_of(std::string_view date, std::string_view route) {
    const auto day = base::parse_date(date);
    if (!day) throw std::invalid_argument(fmt::format("{}: \"{}\" is no date of a deprecation", route, date));
    return std::chrono::sys_days(*day);
}

// Says with each reply that the route goes, and when; also with a problem, which begins anew.
class DeprecationLink {
public:
    DeprecationLink(const Deprecation& deprecation, std::string_view route) {
        const auto since = midnight_of(deprecation.since, route);
        const auto sunset = midnight_of(deprecation.sunset, route);
        if (sunset < since + least_notice) {
            throw std::invalid_argument(
                fmt::format("{}: a deprecated route answers for {} days at least", route, least_notice.count()));
        }
        since_ = fmt::format("@{}", std::chrono::duration_cast<std::chrono::seconds>(since.time_since_epoch()).count());
        sunset_ = base::format_http_date(sunset);
    }
    async::Task<void> operator()(Context& context, Next next) const {
        context.response().before_send(
            [this](Context& finished) { finished.response().header("Deprecation", since_).header("Sunset", sunset_); });
        return next(context);
    }

private:
    std::string since_;
    std::string sunset_;
};

}  // namespace

void Routes::add_route(Method method, std::string_view pattern, Handler handler, Operation operation, RouteDocs docs) {
    const auto full = std::string(group_.prefix()) + std::string(pattern);
    operation.id = docs.id.empty() ? default_id(method, full) : std::string(docs.id);
    operation.summary = docs.summary;
    operation.description = docs.description;
    operation.tag = tag_;
    operation.outside_wall = docs.options.outside_wall;
    for (const auto& error : docs.errors) operation.can_fail(error);
    group_.describe(method, operation);
    for (auto& reply : operation.replies) {
        reply.headers.insert(reply.headers.end(), docs.headers.begin(), docs.headers.end());
        if (reply.body != nullptr && version_field(*reply.body) != nullptr) reply.headers.emplace_back("ETag");
    }
    for (const auto& parameter : operation.parameters) {
        if (parameter.in == "path" && !full.contains(fmt::format("{{{}}}", parameter.field->name)) &&
            !full.ends_with(fmt::format("{{{}...}}", parameter.field->name))) {
            throw std::invalid_argument(
                fmt::format("{} {}: the handler takes a path parameter \"{}\" that the pattern does not have",
                            to_string(method), full, parameter.field->name));
        }
    }
    std::vector<Middleware> outermost;
    if (docs.deprecation) {
        outermost.emplace_back(DeprecationLink(*docs.deprecation, fmt::format("{} {}", to_string(method), full)));
        operation.deprecation = docs.deprecation;
        for (auto& reply : operation.replies) reply.headers.insert(reply.headers.end(), {"Deprecation", "Sunset"});
    }
    group_.add(method, pattern,
               {.handler = std::move(handler),
                .middleware = std::move(docs.middleware),
                .operation = std::make_shared<const Operation>(std::move(operation)),
                .options = docs.options,
                .outermost = std::move(outermost)});
}

void require_services(const Router& router, const Services& services) {
    for (const auto& route : router.routes()) {
        if (!route.operation) continue;
        for (const auto& need : route.operation->needs) {
            if (need.is_there(services)) continue;
            throw std::logic_error(
                fmt::format("{} {} uses {}, which no module makes here: a module lists what makes it, .services = "
                            "app::services<make_it>() (docs/add-a-service.md), or Services::add() it",
                            to_string(route.method), route.pattern, boost::core::demangle(need.type->name())));
        }
    }
}

}  // namespace http
