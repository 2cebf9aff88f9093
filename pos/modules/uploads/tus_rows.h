#pragma once
// TusRows: the rows of uploads that come in pieces (src/uploads/rows.h), as one caller sees them, in one request.

#include "auth/caller.h"
#include "pos/modules/uploads/completing.h"
#include "uploads/rows.h"
#include "uploads/tus.h"

namespace pos {

// Of a loop: where the pieces lie.
struct TusParts {
    uploads::Pieces* pieces = nullptr;
    uploads::tus::Options options;
    UploadParts upload;
};

class TusRows final : public uploads::Rows {
public:
    TusRows(auth::Caller caller, db::Db db, TusParts parts)
        : caller_(std::move(caller)), db_(std::move(db)), parts_(parts) {}

    // Upload-Metadata: `purpose` ("image", "document"), `filename`, `filetype`, `sha256`. Throws 422, 403.
    [[nodiscard]] async::Task<void> create(uploads::NewUpload upload, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<std::optional<uploads::UploadRow>> claim(base::Uuid id, std::optional<std::uint64_t> at,
                                                                       async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<std::optional<uploads::UploadRow>> find(base::Uuid id,
                                                                      async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<bool> move(uploads::Progress progress, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<void> finish(uploads::UploadRow upload, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<bool> terminate(base::Uuid id, async::SteadyTime deadline) override;

private:
    auth::Caller caller_;
    db::Db db_;
    TusParts parts_;
};

// Of an upload whose bytes are all here: what it becomes, and its pieces go. Called again, or twice at once: one effect. Throws
// as complete_upload().
[[nodiscard]] async::Task<void> finish_pieces(db::Db db, UploadId id, TusParts parts, async::SteadyTime deadline);

}  // namespace pos
