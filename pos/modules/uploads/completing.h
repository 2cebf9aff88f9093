#pragma once
// An upload on its way: begun, completed, given up. The same for those that a client puts into the storage by a signed URL and for those
// that come here in pieces.
//
//     auto begun = co_await begin_upload(db, new_upload, parts);          // the row, what becomes of it, and the room that it needs
//     auto done = co_await complete_upload(db, row, parts, deadline);     // looks at what is there, once or as often as it is asked
//
// complete_upload(): the file under the pending key is looked at as one ETag; an image is made of those very bytes, a document is copied on
// condition of that ETag; then one transaction makes the row ready and ends the upload. Killed between any two steps, the next call begins
// anew and ends the same. What is put under the pending key later is nobody's, and is removed.

#include "auth/caller.h"
#include "pos/modules/files/settings.h"
#include "pos/modules/images/maker.h"
#include "pos/modules/uploads/statements.h"

namespace pos {

struct UploadParts {
    const StoredFiles* stored = nullptr;
    ImageMaker* maker = nullptr;
    Runtime* runtime = nullptr;
    const FileSettings* settings = nullptr;
    std::optional<base::Uuid> device;
};

struct UploadOrder {
    UploadId id;
    UploadPurpose purpose{};
    UploadKind kind{};
    std::string content_type;  // "": not said
    std::optional<std::string> name;
    std::int64_t bytes = 0;
    std::optional<std::string> sha256;
    std::optional<std::string> request_key;
    std::string metadata;
    base::Timestamp expires_at;
    std::optional<UserId> created_by;
};

// Media types and sizes that a purpose takes: what is wrong with the order.
[[nodiscard]] std::vector<base::Issue> faults_of(const UploadOrder& order, const UploadParts& parts);
// Throws plan.storage, upload.too_many, upload.request_used.
[[nodiscard]] async::Task<Upload> begin_upload(db::Db db, UploadOrder order, UploadParts parts);

// The type as it is called here: without parameters, in small letters, old names as new ones ("image/jpg", and what Windows says of a CSV).
// `application/octet-stream` of a tus client says nothing: "".
[[nodiscard]] std::string canonical_type(UploadPurpose purpose, std::string_view announced);

// The row at the end: completed. Throws upload.missing, upload.ended, upload.changed (all of them leave it open, but ended), and for a file
// that is not taken its error: then the upload is over, and asked again it says the same.
[[nodiscard]] async::Task<Upload> complete_upload(db::Db db, Upload row, UploadParts parts, async::SteadyTime deadline);

// Of one that was refused: why, as it was said then.
[[noreturn]] void throw_problem(const Upload& row);

// As `deleted`, `expired` or `refused`, if it is open still; its pending file goes.
struct EndUpload {
    UploadState state{};
    std::optional<std::string> problem{};
};
[[nodiscard]] async::Task<void> end_upload(db::Db db, Upload row, EndUpload how, UploadParts parts,
                                           async::SteadyTime deadline);

// products.write at one place at least, documents.write at all of them.
[[nodiscard]] bool may_upload(const auth::Caller& caller, UploadPurpose purpose);
// Throws auth.forbidden, or the code by which it is withheld; upload_walls() for the routes' `.errors`.
void require_upload(const auth::Caller& caller, UploadPurpose purpose);
[[nodiscard]] std::vector<base::ErrorCode> upload_walls();

}  // namespace pos
