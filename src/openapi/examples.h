#pragma once
// Inside the library: the examples that a service has (Info::examples), by operation and parameter. Lives within document().
//
//     const Examples examples(info.examples, routes);
//     media.raw("example", examples.body_of("createProduct"));

#include <map>
#include <string_view>
#include <vector>

#include "openapi/document.h"

namespace http {
struct RouteEntry;
}

namespace openapi {

class Examples {
public:
    // Throws std::logic_error for an example of nothing: an operation, a parameter or a body that is not there, or no JSON.
    Examples(const std::vector<Example>& examples, const std::vector<const http::RouteEntry*>& routes);

    // JSON; "" where there is none.
    [[nodiscard]] std::string_view body_of(std::string_view operation) const;
    [[nodiscard]] std::string_view value_of(std::string_view operation, std::string_view parameter) const;
    // nullptr where there is none.
    [[nodiscard]] const Example* find(std::string_view operation) const;
    // Which parameters of which operations come from a reply of this one.
    struct Target {
        std::string_view operation;
        std::string_view parameter;
        std::string_view pointer;
    };
    [[nodiscard]] std::vector<Target> fed_by(std::string_view operation) const;
    // What stands for a parameter of this name wherever nothing else is said.
    [[nodiscard]] std::string_view usual_value_of(std::string_view parameter) const { return value_of("", parameter); }

private:
    std::map<std::string_view, const Example*> by_operation_;
};

}  // namespace openapi
