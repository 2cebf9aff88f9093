#include "pos/plumbing/edit.h"

#include "http/middleware/errors.h"

namespace pos {

IfMatch IfMatch::read(http::Context& context, http::Findings&) { return {http::require_if_match(context)}; }

void IfMatch::describe(http::Operation& operation) {
    operation.parameters.push_back({"header", &http::detail::field_of_part<"If-Match", std::string>, true});
    for (const auto& error : {http::errors::if_match_missing, http::errors::if_match_malformed,
                              http::errors::version_conflict, http::errors::not_found})
        operation.can_fail(error);
}

}  // namespace pos
