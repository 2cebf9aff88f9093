#include "auth/callback.h"

#include "base/out_of_range.h"
#include "db/error.h"
#include "http/context.h"
#include "http/errors.h"

namespace auth {

void refuse_callback() { throw base::Failure(errors::callback_refused); }

const http::RequestHeaders& CallbackRequest::headers() const { return context_->request().headers(); }

std::optional<std::string_view> CallbackRequest::header(std::string_view name) const {
    return context_->request().header(name);
}

std::string_view CallbackRequest::target() const { return context_->request().target(); }

std::string_view CallbackRequest::param(std::string_view name) const { return context_->param(name); }

std::string_view CallbackRequest::client_address() const { return context_->request().client_address(); }

db::UnverifiedDb UnverifiedCallback::db() const {
    return db::UnverifiedDb(
        db::system_db(context_->services().use<db::Databases>(), context_->deadline(), context_->span()));
}

const http::Services& CallbackRequest::services() const { return context_->services(); }

db::Db VerifiedCallback::db() const {
    return db::tenant_db(context_->services().use<db::Databases>(), tenant_, context_->deadline(), context_->span());
}

namespace detail {

async::Task<std::string_view> read_callback(http::Context& context, std::uint64_t max_bytes) {
    context.request().set_body_limit(max_bytes);
    co_return co_await context.request().body();
}

void describe_callback(http::Operation& operation) {
    operation.need<db::Databases>();
    for (const auto& error : {errors::callback_refused, http::errors::body_too_large, http::errors::body_malformed,
                              http::errors::request_timeout, http::errors::bodies_full, db::errors::unavailable,
                              db::errors::timeout, db::errors::overloaded, db::errors::outcome_unknown,
                              db::errors::serialization, db::errors::value_refused, base::errors::out_of_range})
        operation.can_fail(error);
}

}  // namespace detail

}  // namespace auth
