#pragma once
// Inside the library: a handler that gives the same bytes every time, with a strong ETag (conditional_get() makes it a 304) and
// `Cache-Control: no-cache`, since a deployment changes them. Copies share the bytes; any number of loops.
//
//     router.add(http::Method::get, "/openapi.json", {.handler = FixedReply(json, "application/json")});

#include <memory>
#include <string>
#include <string_view>

#include "async/task.h"

namespace http {
class Context;
}

namespace openapi {

class FixedReply {
public:
    FixedReply(std::string body, std::string_view content_type);
    // As a handler.
    async::Task<void> operator()(http::Context& context) const;
    void fill(http::Context& context) const;

private:
    std::shared_ptr<const std::string> body_;
    std::string etag_;
    std::string content_type_;
};

}  // namespace openapi
