#include "pos/plumbing/edit.h"

#include <stdexcept>

#include "http/errors.h"
#include "http/middleware/errors.h"

namespace pos {

IfMatch IfMatch::read(http::Context& context, http::Findings&) { return {http::require_if_match(context)}; }

void IfMatch::describe(http::Operation& operation) {
    operation.parameters.push_back({"header", &http::detail::field_of_part<"If-Match", std::string>, true});
    for (const auto& error : {http::errors::if_match_missing, http::errors::if_match_malformed,
                              http::errors::version_conflict, http::errors::not_found})
        operation.can_fail(error);
}

namespace detail {

void require_at(const EditRequest& request, LocationId location) {
    const auto area = request.permission.substr(0, request.permission.find('.'));
    if (!request.caller.may_at(std::string(area) + ".read", location.uuid()))
        throw base::Failure(http::errors::not_found);
    request.caller.require_at(request.permission, location.uuid());
}

void throw_deleted_by_edit(std::string_view table) {
    throw std::logic_error("a row of " + std::string(table) + " was deleted by edit(): it takes remove()'s lock");
}

}  // namespace detail

}  // namespace pos
