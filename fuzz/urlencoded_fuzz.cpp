// application/x-www-form-urlencoded: what the splitter accepts is UTF-8 and within its limits, and splits the same once it
// is encoded again. Then the form goes into a struct that has every kind.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "schema/form.h"
#include "schema/schema.h"
#include "schema/testing_types.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check_round_trip(const schema::FormPairs& pairs) {
    std::string encoded;
    for (const auto& [name, value] : pairs) {
        require(!name.empty() && base::is_utf8(name) && base::is_utf8(value));
        encoded.append(base::percent_encode(name)).append("=").append(base::percent_encode(value)).append("&");
    }
    const auto again = schema::parse_urlencoded(encoded, {.max_bytes = encoded.size()});
    require(again.has_value() && *again == pairs);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto pairs = schema::parse_urlencoded({reinterpret_cast<const char*>(data), size});
    if (!pairs) {
        require(!schema::to_string(pairs.error()).empty());
        return 0;
    }
    require(pairs->size() <= schema::FormLimits{}.max_parameters);
    check_round_trip(*pairs);
    const auto fields = schema::text_fields(*pairs);
    const auto value = schema::parse_text<schema::samples::Everything>(fields);
    if (value) require(schema::check(*value).empty());
    return 0;
}
