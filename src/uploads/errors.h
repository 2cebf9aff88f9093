#pragma once
// What the tus protocol can answer; each has the status that the protocol gives it.

#include "base/failure.h"

namespace uploads::errors {

inline constexpr base::ErrorCode version{"tus.version", 412, false, base::Action::upgrade,
                                         "Only version 1.0.0 of the tus protocol is spoken here"};
inline constexpr base::ErrorCode malformed{"tus.malformed", 400, false, base::Action::fix,
                                           "A header of the tus protocol is missing or cannot be read"};
inline constexpr base::ErrorCode too_large{"tus.too_large", 413, false, base::Action::fix,
                                           "The upload is larger than this path accepts"};
inline constexpr base::ErrorCode content_type{"tus.content_type", 415, false, base::Action::fix,
                                              "Bytes are sent as application/offset+octet-stream"};
inline constexpr base::ErrorCode not_found{"tus.not_found", 404, false, base::Action::fix,
                                           "There is no such upload, or it has expired"};
inline constexpr base::ErrorCode offset_conflict{"tus.offset_conflict", 409, false, base::Action::pull_first,
                                                 "The upload continues at another offset: ask for it"};
// Another request has gone on with the upload meanwhile.
inline constexpr base::ErrorCode locked{"tus.locked", 423, false, base::Action::pull_first,
                                        "Another request continues this upload: ask for its offset"};
inline constexpr base::ErrorCode checksum_mismatch{"tus.checksum_mismatch", 460, true, base::Action::retry,
                                                   "The bytes that arrived are not those of Upload-Checksum"};
inline constexpr base::ErrorCode too_many_pieces{"tus.too_many_pieces", 413, false, base::Action::fix,
                                                 "The upload came in too many small requests"};
inline constexpr base::ErrorCode disk_full{"uploads.disk_full", 507, true, base::Action::retry,
                                           "There is no room for an upload of this size at the moment"};

}  // namespace uploads::errors
