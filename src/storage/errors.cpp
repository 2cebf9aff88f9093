#include "storage/errors.h"

#include <utility>

namespace storage {

namespace {

struct Row {
    std::string_view name;
    const base::ErrorCode& code;
};

Row row_of(Fault fault) {
    switch (fault) {
        case Fault::not_found: return {"not_found", errors::not_found};
        case Fault::precondition_failed: return {"precondition_failed", errors::precondition_failed};
        case Fault::conflict: return {"conflict", errors::conflict};
        case Fault::bad_key: return {"bad_key", errors::bad_key};
        case Fault::bad_value: return {"bad_value", errors::bad_value};
        case Fault::bad_range: return {"bad_range", errors::bad_range};
        case Fault::too_large: return {"too_large", errors::too_large};
        case Fault::wrong_length: return {"wrong_length", errors::wrong_length};
        case Fault::wrong_hash: return {"wrong_hash", errors::wrong_hash};
        case Fault::bad_signature: return {"bad_signature", errors::bad_signature};
        case Fault::expired: return {"expired", errors::expired};
        case Fault::not_supported: return {"not_supported", errors::not_supported};
        case Fault::disk_full: return {"disk_full", errors::disk_full};
        case Fault::denied: return {"denied", errors::denied};
        case Fault::refused: return {"refused", errors::refused};
        case Fault::corrupt: return {"corrupt", errors::corrupt};
        case Fault::unavailable: return {"unavailable", errors::unavailable};
        case Fault::outcome_unknown: return {"outcome_unknown", errors::outcome_unknown};
    }
    std::unreachable();
}

}  // namespace

std::string_view to_string(Fault fault) { return row_of(fault).name; }

const base::ErrorCode& code_of(Fault fault) { return row_of(fault).code; }

base::Failure failure(const Error& error) {
    auto cause = error.detail;
    if (!error.provider_code.empty()) cause += " (" + error.provider_code + ")";
    auto failure = base::Failure(error.code()).cause(std::move(cause));
    if (error.retry_after) return std::move(failure).retry_after(error.retry_after->count());
    return failure;
}

}  // namespace storage
