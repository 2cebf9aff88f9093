#pragma once
// Creating a row by POST, once: the client may make the row's id, and may repeat the request under an Idempotency-Key. The key,
// the row and the stored reply are one batch, whose last statement is the change feed's.
//
//     Location location{input->id.value_or(runtime->new_id<LocationId>()), input->fields, first_version(caller, runtime->now())};
//     Creation creation(location, location.id.uuid(), {"/v1/locations", caller, key, input, db, runtime});
//     creation.batch().add(locations::add, location);
//     co_return co_await creation.commit({{"locations", location.id.uuid()}});
//
// A Creation lives in its handler's frame, on its loop, until commit() is through.

#include "pos/permissions.h"
#include "pos/plumbing/feed.h"
#include "pos/plumbing/idempotency.h"
#include "pos/row_meta.h"

namespace pos {

struct CreationRequest {
    std::string path;  // of the collection, as requested: part of the key's scope, and of Location
    auth::Caller caller;
    IdempotencyHeader key;
    RequestBody body;  // for the key's fingerprint
    db::Db db;
    http::Use<Runtime> runtime;
};

// nullopt: without a key.
[[nodiscard]] std::optional<IdempotentRequest> idempotent_request(const CreationRequest& request);

[[nodiscard]] RowMeta first_version(const auth::Caller& caller, base::Timestamp now);

namespace detail {

// Whether some reader sees less of a value of this type than another.
[[nodiscard]] bool has_restricted_members(const schema::Type& type);

// The stored reply as its bytes are, unless whoever repeats the request may see less of the row than who sent it first.
template <class Row>
[[nodiscard]] std::string visible_part(std::string stored, const schema::View& view) {
    if (!has_restricted_members(schema::type_of<Row>)) return stored;
    constexpr schema::View everything{
        .reader = {.may_see = [](const void*, std::string_view, const schema::Enclosing&) { return true; }}};
    const auto row = schema::parse<Row>(stored);
    if (!row) throw std::logic_error("a stored reply is no row of its table");
    auto visible = schema::to_json(*row, view);
    return visible == schema::to_json(*row, everything) ? std::move(stored) : std::move(visible);
}

class CreationBase {
public:
    CreationBase(CreationRequest request, base::Uuid id, std::string body);

    // Holds the key's statements already: a repeated request ends there, before it meets its own row.
    [[nodiscard]] db::Batch& batch() { return batch_; }

protected:
    [[nodiscard]] const auth::Caller& caller() const { return request_.caller; }
    struct Outcome {
        StoredReply reply;
        bool replayed = false;
    };
    [[nodiscard]] async::Task<Outcome> settle(std::vector<Change> changes);

private:
    CreationRequest request_;
    StoredReply reply_;
    db::Batch batch_;
    std::optional<IdempotentRequest> idempotent_;
    std::optional<Runtime::KeyGuard> running_;
};

}  // namespace detail

template <class Row>
class Creation : public detail::CreationBase {
public:
    Creation(const Row& row, base::Uuid id, const CreationRequest& request)
        : CreationBase(request, id, schema::to_json(row, request.caller.view())) {}

    [[nodiscard]] async::Task<http::Rendered<Row, 201>> commit(std::vector<Change> changes) {
        auto outcome = co_await settle(std::move(changes));
        if (outcome.replayed)
            outcome.reply.body = detail::visible_part<Row>(std::move(outcome.reply.body), caller().view());
        co_return to_rendered<Row, 201>(std::move(outcome.reply), outcome.replayed);
    }
};

}  // namespace pos
