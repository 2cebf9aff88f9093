// A body as a stranger sends it, read into a struct that has every kind. What is accepted must keep its own rules, and
// come back the same when it is written and read again; canonical JSON must agree with the reader about what JSON is.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "schema/canonical.h"
#include "schema/schema.h"
#include "schema/testing_types.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check_error(const schema::ReadError& error) {
    require((error.malformed == schema::Malformed::none) != error.issues.empty());
    require(error.issues.size() <= 100);
    for (const auto& issue : error.issues) {
        require(!issue.code.empty() && !issue.message.empty() && (issue.pointer.empty() || issue.pointer[0] == '/'));
        for (const auto& param : issue.params) require(schema::canonical_json(param.json).has_value());
    }
}

void read_everything(std::string_view text) {
    const auto value = schema::parse<schema::samples::Everything>(text);
    if (!value) return check_error(value.error());
    require(schema::check(*value).empty());
    const std::string written = schema::to_json(*value);
    const auto again = schema::parse<schema::samples::Everything>(written);
    require(again.has_value() && *again == *value && schema::to_json(*again) == written);
}

void read_patch(std::string_view text) {
    const auto patch = schema::parse<schema::Patch<schema::samples::Everything>>(text);
    if (!patch) return check_error(patch.error());
    require(schema::check(*patch).empty());
    const std::string written = schema::to_json(*patch);
    const auto again = schema::parse<schema::Patch<schema::samples::Everything>>(written);
    require(again.has_value() && schema::to_json(*again) == written);
}

void read_any(std::string_view text) {
    const auto kept = schema::parse<schema::samples::Tolerant>(text);
    if (kept && !kept->unknown.text.empty()) require(schema::parse<schema::Json>(kept->unknown.text).has_value());

    const auto json = schema::parse<schema::Json>(text);
    const auto canonical = schema::canonical_json(text);
    if (!json) return;
    require(canonical.has_value() && schema::canonical_json(*canonical) == canonical);
    if (!json->text.empty()) require(schema::canonical_json(json->text) == canonical);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    read_everything(text);
    read_patch(text);
    read_any(text);
    return 0;
}
