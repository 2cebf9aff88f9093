// A query string into a typed struct: what is accepted keeps its rules, and reads the same through JSON.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "schema/form.h"
#include "schema/schema.h"
#include "schema/testing_types.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto pairs = schema::parse_urlencoded({reinterpret_cast<const char*>(data), size});
    if (!pairs) return 0;
    const auto fields = schema::text_fields(*pairs);
    const auto query = schema::parse_text<schema::samples::PageQuery>(fields, {.in = "query"});
    if (!query) {
        require(query.error().malformed != schema::Malformed::none || !query.error().issues.empty());
        require(query.error().issues.size() <= 100);
        return 0;
    }
    require(schema::check(*query).empty());
    const std::string json = schema::to_json(*query);
    const auto again = schema::parse<schema::samples::PageQuery>(json);
    require(again.has_value() && schema::to_json(*again) == json);
    return 0;
}
