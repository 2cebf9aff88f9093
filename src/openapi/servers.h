#pragma once
// Inside the library: `servers` of a document.

#include <string>
#include <utility>
#include <vector>

#include "openapi/document.h"
#include "openapi/json_text.h"

namespace openapi {

inline std::string servers_array(const std::vector<Server>& servers) {
    JsonArray array;
    for (const auto& server : servers) {
        JsonObject object;
        object.text("url", server.url).text_unless_empty("description", server.description);
        array.raw(std::move(object).take());
    }
    return std::move(array).take();
}

}  // namespace openapi
