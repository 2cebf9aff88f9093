#include "pos/modules/files/storage_errors.h"

#include <algorithm>
#include <initializer_list>

namespace pos {

namespace {

namespace errors = storage::errors;

std::vector<base::ErrorCode> with(std::vector<base::ErrorCode> all, std::initializer_list<base::ErrorCode> more) {
    for (const auto& code : more) {
        if (std::ranges::find(all, code) == all.end()) all.push_back(code);
    }
    return all;
}

}  // namespace

std::vector<base::ErrorCode> with_reading_errors(std::vector<base::ErrorCode> others) {
    return with(std::move(others),
                {errors::not_found, errors::bad_key, errors::bad_value, errors::not_supported, errors::denied,
                 errors::refused, errors::corrupt, errors::unavailable, errors::outcome_unknown});
}

std::vector<base::ErrorCode> with_storage_errors(std::vector<base::ErrorCode> others) {
    return with(with_reading_errors(std::move(others)),
                {errors::precondition_failed, errors::conflict, errors::too_large, errors::wrong_length,
                 errors::wrong_hash, errors::disk_full});
}

}  // namespace pos
