#pragma once
// What a store can answer instead of what was asked for: a value with a code, never an exception for what a disk or a network does.
//
//     auto object = co_await store->get({.key = key}, deadline);
//     if (!object && object.error().fault == storage::Fault::not_found) …
//     if (!object) throw storage::failure(object.error());       // 404, 412, 503 … with the codes below

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/failure.h"

namespace storage {

namespace errors {
inline constexpr auto not_found = base::not_found("storage.not_found", "There is no such file");
inline constexpr base::ErrorCode precondition_failed{
    "storage.precondition_failed", 412, false, base::Action::pull_first, "The file is not the one that was expected"};
inline constexpr base::ErrorCode conflict{"storage.conflict", 409, true, base::Action::retry,
                                          "Somebody else is changing this file"};
inline constexpr auto bad_key = base::invalid("storage.bad_key", "This cannot be the name of a file");
inline constexpr auto bad_value =
    base::invalid("storage.bad_value", "A content type, a file name, a lifetime or a page that cannot be");
inline constexpr base::ErrorCode bad_range{"storage.bad_range", 416, false, base::Action::fix,
                                           "The file has no bytes in this range"};
inline constexpr base::ErrorCode too_large{"storage.too_large", 413, false, base::Action::fix, "The file is too large"};
inline constexpr auto wrong_length =
    base::invalid("storage.wrong_length", "The file has more or fewer bytes than was said");
inline constexpr auto wrong_hash =
    base::invalid("storage.wrong_hash", "The file's bytes are not those that were announced");
inline constexpr base::ErrorCode bad_signature{"storage.bad_signature", 403, false, base::Action::fix,
                                               "The URL is not one that was given out, or not for this use"};
inline constexpr base::ErrorCode expired{"storage.expired", 403, false, base::Action::fix, "The URL has expired"};
inline constexpr base::ErrorCode not_supported{"storage.not_supported", 501, false, base::Action::contact,
                                               "The file storage of this service cannot do this"};
inline constexpr base::ErrorCode disk_full{"storage.disk_full", 507, true, base::Action::retry,
                                           "The file storage is full"};
inline constexpr base::ErrorCode denied{"storage.denied", 502, false, base::Action::contact,
                                        "The file storage refuses this service"};
inline constexpr base::ErrorCode refused{"storage.refused", 502, false, base::Action::contact,
                                         "The file storage refused what was asked of it"};
inline constexpr base::ErrorCode corrupt{"storage.corrupt", 500, false, base::Action::contact,
                                         "The file in the storage is damaged"};
inline constexpr base::ErrorCode unavailable{"storage.unavailable", 503, true, base::Action::retry,
                                             "The file storage cannot be reached at present"};
inline constexpr base::ErrorCode outcome_unknown{"storage.outcome_unknown", 504, true, base::Action::retry,
                                                 "The file storage gave no usable answer"};
}  // namespace errors

// Each has the code of its name in `errors`.
enum class Fault : std::uint8_t {
    not_found,
    precondition_failed,  // if_match, only_if_absent
    conflict,             // another write of the same key runs: again later
    bad_key,
    bad_value,  // a header that none can be, a lifetime or a limit out of range, a page that was not given out
    bad_range,
    too_large,
    wrong_length,     // the source gave more or less than `length`
    wrong_hash,       // the bytes are not those of `sha256`
    bad_signature,    // of a signed URL of the local store
    expired,          // likewise
    not_supported,    // by this kind of store
    disk_full,        // of the local store
    denied,           // our credentials are wrong, or have no right to do this
    refused,          // another refusal; `provider_code` says which
    corrupt,          // what is stored is not what had been stored
    unavailable,      // nothing was done: again later
    outcome_unknown,  // it may have been done. All operations may be repeated
};

[[nodiscard]] std::string_view to_string(Fault fault);
[[nodiscard]] const base::ErrorCode& code_of(Fault fault);

struct Error {
    Fault fault = Fault::unavailable;
    std::string detail{};         // for logs: no secret, no signature
    std::string provider_code{};  // "NoSuchKey", "SlowDown", "ENOSPC"; "": none was given
    std::optional<std::chrono::milliseconds> retry_after{};

    [[nodiscard]] const base::ErrorCode& code() const { return code_of(fault); }
};

template <class T>
using Result = std::expected<T, Error>;

// The detail is for the log alone.
[[nodiscard]] base::Failure failure(const Error& error);

}  // namespace storage
