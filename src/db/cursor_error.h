#pragma once
// What a list answers to a cursor that is not its own: made up, or of another list, tenant or filter.

#include "base/failure.h"

namespace db::errors {

inline constexpr base::ErrorCode invalid_cursor{"request.invalid_cursor", 422, false, base::Action::fix,
                                                "The cursor is not one of this list"};

}  // namespace db::errors
