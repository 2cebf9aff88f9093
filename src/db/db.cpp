#include "db/db.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/hash.h"
#include "base/strings.h"
#include "db/cursor_error.h"

namespace db {

namespace detail {

observe::Span statement_span(const observe::SpanContext* parent, std::string_view name) {
    observe::Span span(parent, observe::SpanKind::client, name);
    span.set("db.system.name", "postgresql");
    span.set("db.query.summary", name);
    return span;
}

namespace {

// A statement by its name, several as what they are.
observe::Span batch_span(const observe::SpanContext* parent, std::span<const Call> calls) {
    if (calls.size() == 1) return statement_span(parent, calls.front().statement->name);
    auto span = statement_span(parent, "batch");
    span.set("db.operation.batch.size", static_cast<std::int64_t>(calls.size()));
    return span;
}

void fail_span(observe::Span& span, const Error& error) {
    span.set("db.response.status_code", error.sqlstate());
    span.fail(error.sqlstate());
}

}  // namespace

// A refusal becomes what its constraint was declared to mean. Thrown outside of the catch block, which no co_await may enter.
async::Task<Result> execute(Target target, const Statement* statement, Parameters parameters) {
    auto span = statement_span(target.span, statement->name);
    std::exception_ptr refusal;
    try {
        if (target.transaction != nullptr)
            co_return co_await target.transaction->query(*statement, std::move(parameters), target.scope);
        co_return co_await target.database->query(*statement, std::move(parameters), target.scope, target.deadline);
    } catch (const Error& error) {
        fail_span(span, error);
        refusal = target.databases->catalogue->explain(error);
    } catch (...) {
        span.fail(std::current_exception());
        throw;
    }
    std::rethrow_exception(std::move(refusal));
}

namespace {

async::Task<std::vector<Result>> execute_all(Target target, std::vector<Call> calls) {
    auto span = batch_span(target.span, calls);
    std::exception_ptr refusal;
    try {
        if (target.transaction != nullptr) co_return co_await target.transaction->batch(std::move(calls), target.scope);
        co_return co_await target.database->batch(std::move(calls), target.scope, target.deadline);
    } catch (const Error& error) {
        fail_span(span, error);
        refusal = target.databases->catalogue->explain(error);
    } catch (...) {
        span.fail(std::current_exception());
        throw;
    }
    std::rethrow_exception(std::move(refusal));
}

}  // namespace

async::Task<BatchResults> commit_all(Target target, std::vector<Call> calls, Callbacks callbacks,
                                     ResultCallbacks with_results) {
    BatchResults results(co_await execute_all(target, std::move(calls)));
    for (auto& make : with_results) callbacks.push_back(make(results));
    for (auto& callback : callbacks) {
        if (target.transaction != nullptr) {
            target.transaction->after_commit(std::move(callback));
        } else {
            callback();
        }
    }
    co_return results;
}

void throw_not_of_the_system() {
    throw std::logic_error("a statement of the system was to join a batch of the tenant's own connection");
}

void throw_not_one(std::string_view statement, std::size_t rows) {
    throw std::logic_error(
        fmt::format("statement \"{}\" gave {} rows where exactly one was expected", statement, rows));
}

void throw_bad_cursor() {
    throw base::Failure(errors::invalid_cursor,
                        {{"query", "/cursor", "invalid_cursor", "Start again without a cursor.", {}}});
}

std::string cursor_scope(const Target& target, std::string_view statement, const Parameters& arguments) {
    std::string scope = target.scope.tenant ? target.scope.tenant->to_string() : std::string();
    scope += statement;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto value = arguments.at(i);
        scope += value ? fmt::format(":{}:", value->size()) : ":null";
        scope += value.value_or("");
    }
    return scope;
}

void read_cursor_value(const schema::Type& type, std::string_view json, void* out) {
    if (schema::read_json(type, out, json)) throw_bad_cursor();
}

async::Task<PageCount> fetch_count(async::Task<Result> execution) {
    const auto result = co_await execution;
    const auto rows = read_one<std::int64_t>(result, 0);
    co_return PageCount{std::min<std::int64_t>(rows, max_page_count), rows <= max_page_count};
}

async::Task<std::int64_t> fetch_affected(async::Task<Result> execution) {
    const auto result = co_await execution;
    co_return static_cast<std::int64_t>(result.affected());
}

}  // namespace detail

Db tenant_db(const Databases& databases, base::Uuid tenant, async::SteadyTime deadline,
             const observe::SpanContext* span) {
    return Db(
        {.databases = &databases, .database = databases.app, .scope = {tenant}, .deadline = deadline, .span = span});
}

SystemDb system_db(const Databases& databases, async::SteadyTime deadline, const observe::SpanContext* span) {
    return SystemDb(
        {.databases = &databases, .database = databases.system, .scope = {}, .deadline = deadline, .span = span});
}

namespace {

// 128 bits of a MAC are plenty for a value that a guess gains nothing from.
constexpr std::size_t tag_size = 16;

std::string cursor_tag(std::string_view secret, std::string_view scope, std::string_view payload) {
    const auto mac = base::hmac_sha256(secret, fmt::format("cursor\n{}\n{}\n{}", scope.size(), scope, payload));
    return std::string(base::as_chars(mac).substr(0, tag_size));
}

}  // namespace

std::string seal_cursor(std::string_view secret, std::string_view scope, const std::vector<std::string>& values) {
    // JSON texts hold no raw line feed.
    const auto payload = fmt::format("{}", fmt::join(values, "\n"));
    return base::base64url_encode(cursor_tag(secret, scope, payload) + payload);
}

std::optional<std::vector<std::string>> open_cursor(std::string_view secret, std::string_view scope,
                                                    std::string_view cursor) {
    const auto bytes = base::base64url_decode(cursor);
    if (!bytes || bytes->size() <= tag_size) return std::nullopt;
    const auto payload = std::string_view(*bytes).substr(tag_size);
    if (!base::constant_time_equal(std::string_view(*bytes).substr(0, tag_size), cursor_tag(secret, scope, payload)))
        return std::nullopt;
    std::vector<std::string> values;
    for (const auto part : base::split(payload, '\n')) values.emplace_back(part);
    return values;
}

}  // namespace db
