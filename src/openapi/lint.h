#pragma once
// What a document generator accepts and a reader of the document would not. A service's tests expect empty lists. Pure.
//
//     EXPECT_THAT(openapi::lint(router), IsEmpty());
//     EXPECT_THAT(openapi::unresolved_references(openapi::document(router, info)), IsEmpty());

#include <string>
#include <string_view>
#include <vector>

namespace http {
class Router;
}

namespace openapi {

// One line per fault: a route without id, summary or tag, an id that is no identifier or used twice, a path parameter that
// the handler does not take, a problem that no client can act on or that is retriable although somebody has to mend it.
[[nodiscard]] std::vector<std::string> lint(const http::Router& router);

// Every "$ref" of the document that leads nowhere. Throws std::invalid_argument when the text is no such document.
[[nodiscard]] std::vector<std::string> unresolved_references(std::string_view document);

}  // namespace openapi
