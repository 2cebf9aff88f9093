#include "pos/plumbing/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "http/errors.h"
#include "http/middleware/errors.h"
#include "http/problem.h"

namespace pos {

namespace {

// The path of this request in one spelling: ids are written in lower case, whatever the client wrote.
std::string path_of(const http::Context& context) {
    std::string path(context.route_pattern());
    for (std::size_t i = 0; i < context.param_count(); ++i) {
        const auto [name, value] = context.param_at(i);
        const auto id = base::Uuid::from_string(value);
        const auto place = fmt::format("{{{}}}", name);
        if (const auto at = path.find(place); at != std::string::npos)
            path.replace(at, place.size(), id ? id->to_string() : std::string(value));
    }
    return path;
}

}  // namespace

Writer::Writer(const auth::Caller& caller, http::Context& context, std::string_view permission)
    : Caller(caller), context_(&context), runtime_(&context.services().use<Runtime>()), permission_(permission) {}

Writer::Writer(const Writer& write, db::Db tx) : Writer(write) { tx_ = std::move(tx); }

async::Task<db::Db> Writer::db() const {
    if (tx_) co_return *tx_;
    http::Findings findings;
    co_return co_await http::Part<db::Db>::read(*context_, findings);
}

RowMeta Writer::first_version() const {
    RowMeta meta;
    meta.created_at = now();
    meta.updated_at = meta.created_at;
    meta.created_by = UserId(user_id);
    if (device_id) meta.origin_device_id = DeviceId(*device_id);
    return meta;
}

// Create and Edit tell at compile time; what takes a Creator or an Editor comes here.
void Writer::require_place(std::string_view collection, bool is_written_at_locations) const {
    const bool somewhere = std::ranges::find(location_permissions, permission_) != location_permissions.end();
    if (!is_written_at_locations && somewhere && !is_held_everywhere_)
        throw std::logic_error(
            fmt::format("{} counts at single locations, and {} does not say where its rows belong: "
                        "OfLocation<…> or OfAllLocations",
                        permission_, collection));
}

void Writer::require_for_edit(LocationId location) const {
    const auto area = permission_.substr(0, permission_.find('.'));
    if (!may_at(std::string(area) + ".read", location.uuid())) throw base::Failure(errors::row_not_found);
    require_at(permission_, location.uuid());
}

// ---- Creating ------------------------------------------------------------------------------------------------------

CreateRequest Creator::request(const RequestBody& body) const { return {path_of(*context_), key_, body}; }

namespace detail {

std::optional<IdempotentRequest> idempotent_request(const CreateRequest& request, const db::Db& db) {
    if (!request.key) return std::nullopt;
    return IdempotentRequest{db.tenant(), "member", "POST " + request.path, *request.key, fingerprint_of(request.body)};
}

bool has_restricted_members(const schema::Type& type) {
    if (type.element != nullptr) return has_restricted_members(*type.element);
    if (type.object == nullptr) return false;
    return std::ranges::any_of(type.object->fields, [](const schema::Field& field) {
        return !field.rules.permission.empty() || has_restricted_members(*field.type);
    });
}

namespace {

StoredReply reply_of(const CreateRequest& request, base::Uuid id, std::string body) {
    return {.status = 201,
            .body = std::move(body),
            .etag = http::etag_for(RowMeta{}.version),
            .location = fmt::format("{}/{}", request.path, id.to_string()),
            .resource_type = std::nullopt,
            .resource_id = id};
}

// Of a request without a key nothing is held.
std::optional<Runtime::KeyGuard> hold(Runtime& runtime, const std::optional<IdempotentRequest>& request) {
    if (!request) return std::nullopt;
    return runtime.hold(request->scope());
}

// Another request of this loop holds the key: the first one, or a repetition that is being answered.
bool is_held_by_another(const std::optional<Runtime::KeyGuard>& running) { return running && !*running; }

// A creation that reads, as all of its attempts are.
struct Creation {
    const Creator* write;
    CreateRequest request;
    std::function<async::Task<Made>(db::Db)> make;
    std::optional<IdempotentRequest> idempotent;
};

async::Task<Outcome> attempt(db::Db tx, const Creation* of) {
    if (of->idempotent) {
        if (auto first = co_await claim_key(tx, *of->idempotent)) co_return Outcome{std::move(*first), true};
    }
    auto made = co_await of->make(tx);
    auto reply = reply_of(of->request, made.id, std::move(made.body));
    if (of->idempotent) finish_idempotent(made.batch, *of->idempotent, reply, of->write->now());
    record_changes(made.batch, made.changes, of->write->device_id);
    co_await made.batch.commit();
    co_return Outcome{std::move(reply), false};
}

}  // namespace

async::Task<Outcome> create_behind_key(db::Db db, const Creator* write, CreateRequest request,
                                       std::function<async::Task<Made>(db::Db)> make) {
    Creation creation{write, std::move(request), std::move(make), std::nullopt};
    creation.idempotent = idempotent_request(creation.request, db);
    const auto running = hold(write->runtime(), creation.idempotent);
    std::exception_ptr failure;
    if (is_held_by_another(running)) {
        failure = std::make_exception_ptr(key_under_way());
    } else {
        try {
            co_return co_await db.transaction([&](db::Db tx) { return attempt(tx, &creation); });
        } catch (...) {
            failure = std::current_exception();
        }
    }
    if (!creation.idempotent) std::rethrow_exception(failure);
    co_return Outcome{co_await replay_of(db, *creation.idempotent, failure), true};
}

CreateOnceBase::CreateOnceBase(const auth::Caller& caller, Runtime& runtime, db::Db db, const CreateRequest& request,
                               base::Uuid id, std::string body)
    : caller_(caller),
      db_(std::move(db)),
      reply_(reply_of(request, id, std::move(body))),
      batch_(db_.batch()),
      idempotent_(idempotent_request(request, db_)),
      running_(hold(runtime, idempotent_)) {
    if (!idempotent_) return;
    begin_idempotent(batch_, *idempotent_);
    finish_idempotent(batch_, *idempotent_, reply_, runtime.now());
}

async::Task<Outcome> CreateOnceBase::settle(std::vector<Change> changes) {
    std::exception_ptr failure;
    if (is_held_by_another(running_)) {
        failure = std::make_exception_ptr(key_under_way());
    } else {
        record_changes(batch_, changes, caller_.device_id);
        try {
            co_await batch_.commit();
            co_return Outcome{std::move(reply_), false};
        } catch (...) {
            failure = std::current_exception();
        }
    }
    if (!idempotent_) std::rethrow_exception(failure);
    co_return Outcome{co_await replay_of(db_, *idempotent_, failure), true};
}

bool CreateOnceBase::may_be_done_before(const std::exception_ptr& failure) {
    const auto code = http::failure_of(failure).code();
    return !code.retriable && code != errors::key_reused;
}

}  // namespace detail

// ---- Changing ------------------------------------------------------------------------------------------------------

void Editor::record(db::Batch& batch, std::vector<Change> changes) const {
    if (feed_ == nullptr) return record_changes(batch, changes, device_id);
    feed_->insert(feed_->end(), changes.begin(), changes.end());
}

namespace detail {

void throw_deleted_by_edit(std::string_view table) {
    throw std::logic_error("a row of " + std::string(table) + " was deleted by edit(): it takes remove()'s lock");
}

void describe_writer(http::Operation& operation) {
    http::Part<db::Db>::describe(operation);
    http::Service<Runtime>::describe(operation);
    // Of the values that are sent, or were stored before.
    operation.can_fail(db::errors::value_refused);
    operation.can_fail(base::errors::out_of_range);
}

// Documentation alone: http::if_match() reads it.
constexpr schema::Field if_match_field = [] {
    auto field = http::detail::field_of_part<"If-Match", std::string>;
    field.rules.min_length = 1;
    field.rules.pattern = R"(\*|(W/)?"[^"]*"([ \t]*,[ \t]*(W/)?"[^"]*")*)";
    field.rules.doc =
        "The version that the change is based on: the row's `ETag`, or its `version` in quotes. 412 when the row has "
        "another one by now.";
    field.rules.example = R"("\"1\"")";
    return field;
}();

void describe_if_match(http::Operation& operation) {
    operation.parameters.push_back({"header", &if_match_field, true});
    for (const auto& error :
         {http::errors::if_match_missing, http::errors::if_match_malformed, http::errors::version_conflict})
        operation.can_fail(error);
}

}  // namespace detail

}  // namespace pos
