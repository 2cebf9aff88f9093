#pragma once
// What becomes of a picture that is not taken.

#include "base/failure.h"

namespace images::errors {

inline constexpr base::ErrorCode unsupported_type{"image.unsupported_type", 415, false, base::Action::fix,
                                                  "The file is not a JPEG, PNG, WebP or GIF picture"};
inline constexpr base::ErrorCode too_many_bytes{"image.too_many_bytes", 413, false, base::Action::fix,
                                                "The file of the picture is larger than is taken"};
inline constexpr auto too_large = base::invalid("image.too_large", "The picture has more pixels than are taken");
inline constexpr auto unreadable =
    base::invalid("image.unreadable", "The picture is damaged, or takes too long to read");
inline constexpr base::ErrorCode busy{"image.busy", 503, true, base::Action::retry,
                                      "More pictures are waiting than may be queued"};
inline constexpr base::ErrorCode unavailable{"image.unavailable", 503, true, base::Action::retry,
                                             "Pictures cannot be read on this server at the moment"};

}  // namespace images::errors
