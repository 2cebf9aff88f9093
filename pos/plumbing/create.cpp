#include "pos/plumbing/create.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/middleware/conditional.h"

namespace pos {

std::optional<IdempotentRequest> idempotent_request(const CreationRequest& request) {
    if (!request.key.key) return std::nullopt;
    return IdempotentRequest{request.db.tenant(), "member", "POST " + request.path, *request.key.key,
                             fingerprint_of(request.body)};
}

RowMeta first_version(const auth::Caller& caller, base::Timestamp now) {
    RowMeta meta;
    meta.created_at = now;
    meta.updated_at = now;
    meta.created_by = UserId(caller.user_id);
    if (caller.device_id) meta.origin_device_id = DeviceId(*caller.device_id);
    return meta;
}

namespace detail {

bool has_restricted_members(const schema::Type& type) {
    if (type.element != nullptr) return has_restricted_members(*type.element);
    if (type.object == nullptr) return false;
    return std::ranges::any_of(type.object->fields, [](const schema::Field& field) {
        return !field.rules.permission.empty() || has_restricted_members(*field.type);
    });
}

CreationBase::CreationBase(CreationRequest request, base::Uuid id, std::string body)
    : request_(std::move(request)),
      reply_{.status = 201,
             .body = std::move(body),
             .etag = http::etag_for(RowMeta{}.version),
             .location = fmt::format("{}/{}", request_.path, id.to_string()),
             .resource_type = std::nullopt,
             .resource_id = id},
      batch_(request_.db.batch()) {
    idempotent_ = idempotent_request(request_);
    if (!idempotent_) return;
    running_.emplace(request_.runtime->hold(idempotent_->scope()));
    if (!*running_) throw base::Failure(errors::key_in_progress).retry_after(1'000);
    begin_idempotent(batch_, *idempotent_);
    finish_idempotent(batch_, *idempotent_, reply_, request_.runtime->now());
}

async::Task<CreationBase::Outcome> CreationBase::settle(std::vector<Change> changes) {
    record_changes(batch_, changes, request_.caller.device_id);
    std::exception_ptr failure;
    try {
        co_await batch_.commit();
        co_return Outcome{std::move(reply_), false};
    } catch (...) {
        failure = std::current_exception();
    }
    if (!idempotent_) std::rethrow_exception(failure);
    co_return Outcome{co_await replay_of(request_.db, *idempotent_, failure), true};
}

}  // namespace detail

}  // namespace pos
