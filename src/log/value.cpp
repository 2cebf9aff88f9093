#include "log/value.h"

namespace logging {

Value raw_json(std::string_view json) { return {Value::Kind::raw, json.data(), json.size()}; }
Value object(Fields fields) { return {Value::Kind::object, fields.begin(), fields.size()}; }
Value array(std::span<const Value> items) { return {Value::Kind::array, items.data(), items.size()}; }
Value error(const std::exception& exception) { return {Value::Kind::error, &exception, 0}; }

// The exception lives as long as a pointer refers to it, so its address outlives the handler.
Value error(const std::exception_ptr& exception) {
    if (exception == nullptr) return nullptr;
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& caught) {
        return error(caught);
    } catch (...) {
        return {Value::Kind::unknown_error, nullptr, 0};
    }
}

Value request(const RequestShape& shape) { return {Value::Kind::request, &shape, 0}; }
Value response(const ResponseShape& shape) { return {Value::Kind::response, &shape, 0}; }

}  // namespace logging
