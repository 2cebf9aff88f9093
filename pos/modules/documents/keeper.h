#pragma once
// From a file that lies in the storage under a pending key to a document: looked at, copied under a key that is made of its digest, on
// condition that it is still what was looked at, and ready by one row.
//
//     const auto seen = co_await inspect_document(stored, {.key = pending, .etag = info.etag, .max_bytes = …}, deadline);
//     co_await keep_document(stored, {.tenant = …, .id = …, .from = pending, .etag = info.etag, .seen = seen}, deadline);
//     co_await db.transaction([&](db::Db tx) { return finish_document(tx, …); });
//
// Each step may be repeated, at the same time as well: the row decides.

#include <functional>
#include <string>

#include "pos/modules/documents/statements.h"
#include "pos/modules/files/stored_files.h"
#include "pos/plumbing/feed.h"

namespace pos {

struct SeenDocument {
    std::string media_type;
    std::string sha256;
    std::uint64_t bytes = 0;
};

// Throws document.unsupported_type, and the storage's errors.
[[nodiscard]] async::Task<SeenDocument> inspect_document(const StoredFiles* stored, StoredFiles::Inspect what,
                                                         async::SteadyTime deadline);

// The row, if it is of these bytes; else idempotency.key_reused.
[[nodiscard]] Document same_document(Document row, std::string_view sha256);

struct KeepDocument {
    base::Uuid tenant;
    DocumentId id;
    std::string from;
    std::string etag;
    SeenDocument seen;
};
// Throws storage.precondition_failed when another file lies there by now.
[[nodiscard]] async::Task<void> keep_document(const StoredFiles* stored, KeepDocument what, async::SteadyTime deadline);

struct FinishDocument {
    DocumentId id;
    const SeenDocument* seen = nullptr;
    base::Timestamp now;
    std::optional<base::Uuid> device;
    std::int64_t quota = 0;
    std::function<void(db::Batch&)> more = {};
};
// As finish_image() (modules/images/maker.h). Throws idempotency.key_reused for one that is ready with other bytes.
[[nodiscard]] async::Task<Document> finish_document(db::Db tx, FinishDocument what);

}  // namespace pos
