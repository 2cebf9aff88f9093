#pragma once
// Store: where files are kept, by keys: a directory, a bucket that speaks S3, or Cloudinary. One a loop, and that loop's thread
// only; it
// outlives its calls and its streams.
//
//     auto stored = co_await store->put({.key = "t/42/a.jpg", .source = std::move(pieces), .content_type = type}, deadline);
//     if (!stored) throw storage::failure(stored.error());          // storage/errors.h: each fault has its code
//     auto object = co_await store->get({.key = "t/42/a.jpg", .range = storage::Range{.first = 0, .last = 99}}, deadline);
//     while (object) { auto piece = co_await object->read(); if (!piece || piece->empty()) break; … }
//     auto target = store->sign_put({.key = "pending/7", .content_type = "image/jpeg", .length = 81234, .lifetime = 10min});
//
// Keys: 1 to 900 bytes of UTF-8, parts between `/`; no empty part, no `.` nor `..`, no control characters, no backslash, no part
// that
// begins with a dot, at most 200 bytes a part. Whoever makes a key puts the tenant's id in it.
// A put is all or nothing: until it has succeeded, readers see what was there before. Repeating any call is safe.
// What goes wrong is a value. A call throws for faults of the program alone, and what a Source throws.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "base/hash.h"
#include "base/time.h"
#include "storage/errors.h"

namespace storage {

// The next piece, "" at the end (client/body.h has the same). Asked again only after the piece before has been taken in, so that no
// more than a part of an upload is in memory. What it throws ends the put, undoes it, and is thrown on.
using Source = std::move_only_function<async::Task<std::string>()>;
// Of bytes that are there.
[[nodiscard]] Source source_of(std::string bytes);

using NameValues = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::uint64_t most_bytes = std::uint64_t{5} << 30U;  // of an object, unless the call says less
inline constexpr std::size_t most_key_bytes = 900;
inline constexpr std::size_t most_listed = 1'000;
inline constexpr std::chrono::hours longest_lifetime{7 * 24};  // of a signed URL

// What is wrong with a key, or "".
[[nodiscard]] std::string_view key_fault(std::string_view key);

// ---- Requests ---------------------------------------------------------------------------------------------------

struct Put {
    std::string key;
    Source source;
    std::optional<std::uint64_t> length{};  // another number of bytes: Fault::wrong_length, and nothing is stored
    std::string content_type = "application/octet-stream";
    std::optional<base::Digest256> sha256{};  // of other bytes: Fault::wrong_hash, and nothing is stored
    std::uint64_t max_bytes = most_bytes;     // beyond: Fault::too_large
    std::string cache_control{};
    std::string content_disposition{};
    // What is left of the deadline when the source has ended, at most: a client that has sent everything does not wait for a put's half hour.
    std::optional<std::chrono::milliseconds> after_source{};
    bool only_if_absent = false;  // an object of this key: Fault::precondition_failed. Some likenesses of S3 do not ask
};

// As RFC 9110 section 14.1.2: first to last, both included; without `last` to the end.
struct Range {
    std::uint64_t first = 0;
    std::optional<std::uint64_t> last{};
};

struct Get {
    std::string key;
    std::optional<Range> range{};  // that begins beyond the end: Fault::bad_range
    std::string if_match{};        // an ETag; another one is there: Fault::precondition_failed
};

struct List {
    std::string prefix{};       // bytes, as keys begin: "t/42/"
    std::size_t limit = 1'000;  // 1 to most_listed
    std::string after{};        // ListPage::next of the page before
};

struct Copy {
    std::string from;
    std::string to;
    std::string if_match{};                     // the source's ETag; another one is there: Fault::precondition_failed
    std::optional<std::string> content_type{};  // instead of the source's; replaces the next two as well
    std::string cache_control{};
    std::string content_disposition{};
    std::optional<base::Digest256>
        sha256{};  // kept with the copy when there is a `content_type`: of whoever has looked
};

// ---- Results ----------------------------------------------------------------------------------------------------

struct Stored {
    std::string etag;  // with its quotes, as in HTTP: for if_match
    std::uint64_t size = 0;
    base::Digest256 sha256{};  // of the bytes that the source gave
};

struct ObjectInfo {
    std::string key;
    std::uint64_t size = 0;  // of the whole object, also when a range was asked for
    std::string etag{};
    std::string content_type{};
    std::string cache_control{};
    std::string content_disposition{};
    base::Timestamp modified{};
    std::optional<base::Digest256>
        sha256{};  // where the store has kept it (put() has it kept where it is known beforehand)
};

struct ListedObject {
    std::string key;
    std::uint64_t size = 0;
    std::string etag{};  // "": it is damaged (of a directory)
    base::Timestamp modified{};
};

struct ListPage {
    std::vector<ListedObject> objects;  // in the order of their bytes
    std::string next{};                 // List::after of the next page; "": this was the last one
};

// The bytes of an object, piece by piece. Destroyed before the end it gives up the rest.
class ObjectStream {
public:
    class Reader {
    public:
        virtual ~Reader() = default;
        [[nodiscard]] virtual async::Task<Result<std::string>> read() = 0;
    };

    ObjectStream(ObjectInfo info, std::uint64_t first, std::uint64_t length, std::unique_ptr<Reader> reader)
        : info_(std::move(info)), first_(first), length_(length), reader_(std::move(reader)) {}

    [[nodiscard]] const ObjectInfo& info() const noexcept { return info_; }
    // What read() gives altogether: `length` bytes from `first` on. Content-Range: first-(first + length - 1)/info().size.
    [[nodiscard]] std::uint64_t first() const noexcept { return first_; }
    [[nodiscard]] std::uint64_t length() const noexcept { return length_; }
    // "" at the end, which comes only after all `length` bytes; an error is the last thing that it gives.
    [[nodiscard]] async::Task<Result<std::string>> read() { return reader_->read(); }

private:
    ObjectInfo info_;
    std::uint64_t first_;
    std::uint64_t length_;
    std::unique_ptr<Reader> reader_;
};

// ---- Signed URLs ------------------------------------------------------------------------------------------------

struct SignGet {
    std::string key;
    std::chrono::seconds lifetime{300};  // 1 s to longest_lifetime
    std::string content_disposition{};   // of the reply, instead of the object's
    std::string content_type{};          // likewise
};

// Binds size and type: whoever has the URL stores exactly `length` bytes as `content_type`, or nothing.
struct SignPut {
    std::string key;
    std::string content_type;
    std::uint64_t length = 0;
    std::chrono::seconds lifetime{900};
    bool only_if_absent = false;  // not every S3 honours it
};

// A form of a browser (multipart/form-data).
struct SignPost {
    std::string key;
    std::string content_type;
    std::uint64_t min_length = 1;
    std::uint64_t max_length = 0;
    std::chrono::seconds lifetime{900};
};

struct SignedUrl {
    std::string method;
    std::string url;
    NameValues headers{};  // to be sent exactly so, besides Content-Length
    base::Timestamp expires_at{};
};

struct SignedForm {
    std::string url;
    NameValues fields{};  // in this order, and before the last field
    std::string file_field = "file";
    base::Timestamp expires_at{};
};

// ---- Multipart uploads ------------------------------------------------------------------------------------------

// An upload in parts that has begun and not ended: its parts are paid for, and no list of objects shows them.
struct PendingUpload {
    std::string bucket;
    std::string key;
    std::string upload_id;
};

// `began` is awaited before the first part: what it keeps lets a job call Store::abort_upload() after a crash. What it throws
// ends the
// upload and is thrown on. `ended` comes once it is sure that nothing is left: completed, or aborted. What it throws is logged:
// the job
// will find an upload that is no more, which is a success.
struct UploadHooks {
    std::function<async::Task<void>(PendingUpload)> began{};
    std::function<async::Task<void>(PendingUpload)> ended{};
};

struct UploadPage {
    std::vector<PendingUpload> uploads;
    std::string next{};
};

// ---- The store --------------------------------------------------------------------------------------------------

enum class Ability : std::uint8_t {
    ranges,
    list,
    copy_if_match,
    only_if_absent,
    sign_put,  // with size and type
    sign_post,
    any_bytes,  // of any content type, given back as they are
};

class Store {
public:
    virtual ~Store() = default;

    [[nodiscard]] virtual std::string_view name() const = 0;  // "local", "s3", "cloudinary": logs and metrics
    // What it cannot do answers Fault::not_supported.
    [[nodiscard]] virtual bool can(Ability ability) const = 0;

    // What a put would fail of, as far as it shows without one: of a directory. The others say yes.
    [[nodiscard]] virtual async::Task<Result<void>> can_write(async::SteadyTime deadline);
    [[nodiscard]] virtual async::Task<Result<Stored>> put(Put put, async::SteadyTime deadline) = 0;
    // The deadline is also that of the stream's reads.
    [[nodiscard]] virtual async::Task<Result<ObjectStream>> get(Get get, async::SteadyTime deadline) = 0;
    [[nodiscard]] virtual async::Task<Result<ObjectInfo>> head(std::string key, async::SteadyTime deadline) = 0;
    // Also when there was none.
    [[nodiscard]] virtual async::Task<Result<void>> remove(std::string key, async::SteadyTime deadline) = 0;
    [[nodiscard]] virtual async::Task<Result<ListPage>> list(List list, async::SteadyTime deadline) = 0;
    // Within the store: no bytes pass through here. Size and ETag of the copy; its sha256 where the source's is kept.
    [[nodiscard]] virtual async::Task<Result<ObjectInfo>> copy(Copy copy, async::SteadyTime deadline) = 0;

    // For the public endpoint. They ask nobody: a signature says nothing about whether there is an object.
    [[nodiscard]] virtual Result<SignedUrl> sign_get(const SignGet& sign) const = 0;
    [[nodiscard]] virtual Result<SignedUrl> sign_put(const SignPut& sign) const = 0;
    [[nodiscard]] virtual Result<SignedForm> sign_post(const SignPost& sign) const = 0;

    // Success: nothing is left of it, whether this call aborted it or it had ended before. Stores without such uploads: success.
    [[nodiscard]] virtual async::Task<Result<void>> abort_upload(PendingUpload upload, async::SteadyTime deadline) = 0;
    // All that have begun and not ended, of every process: for a job that looks for what nobody has kept.
    [[nodiscard]] virtual async::Task<Result<UploadPage>> list_uploads(List list, async::SteadyTime deadline) = 0;
};

}  // namespace storage
