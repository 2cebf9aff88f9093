#pragma once
// ImageMaker: from the bytes that somebody sent to an image that is shown: rendered in a process of its own (src/images), stored under keys
// that no other image has, and ready by one row. One a loop, its thread.
//
//     const auto hold = maker->hold(tenant, size);                                   // room in memory, or 503
//     auto made = co_await maker->render(tenant, std::move(bytes));              // nothing is stored yet
//     co_await maker->store(tenant, id, made, deadline);                             // nothing is shown yet
//     co_await db.transaction([&](db::Db tx) { return finish_image(tx, …); });       // now it is
//
// Killed between any two of these, nothing is shown that is not whole; the request that is repeated does them again, over the same keys,
// and what nobody repeats is cleaned up (modules/uploads).

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/body_budget.h"
#include "images/images.h"
#include "pos/modules/files/stored_files.h"
#include "pos/modules/images/statements.h"
#include "pos/plumbing/feed.h"
#include "pos/plumbing/runtime.h"

namespace pos {

struct MadeImage {
    std::string sha256;
    std::string content_type;
    std::int32_t width = 0;
    std::int32_t height = 0;
    std::string colour;
    std::int64_t bytes = 0;
    std::vector<ImageFile> files;
    std::vector<std::string> contents;  // of the files, in their order; empty once they are stored

    // What a row says of it; its id, status and meta stay.
    void write_to(Image& row, const PublicFiles& public_files, base::Uuid tenant) const;
};

class ImageMaker {
public:
    struct Parts {
        images::Images& images;
        const StoredFiles& stored;
        const PublicFiles& public_files;
        std::uint64_t max_bytes;
    };
    explicit ImageMaker(Parts parts) : parts_(parts) {}

    [[nodiscard]] std::uint64_t max_bytes() const noexcept { return parts_.max_bytes; }
    [[nodiscard]] const PublicFiles& public_files() const noexcept { return parts_.public_files; }
    [[nodiscard]] const StoredFiles& stored() const noexcept { return parts_.stored; }

    // For as long as the bytes are in memory: 64 MiB of a loop, half of it of one tenant. Throws http.bodies_full.
    [[nodiscard]] std::unique_ptr<http::BodyLease> hold(base::Uuid tenant, std::uint64_t bytes);

    // Throws the errors of images/errors.h.
    [[nodiscard]] async::Task<MadeImage> render(base::Uuid tenant, std::string bytes) const;
    // Repeatable. Throws those of storage/errors.h.
    [[nodiscard]] async::Task<void> store(base::Uuid tenant, ImageId id, MadeImage made,
                                          async::SteadyTime deadline) const;

private:
    Parts parts_;
    http::BodyBudget budget_{{.total = std::size_t{64} << 20U, .per_caller = std::size_t{32} << 20U}};
};

// Best effort; true: nothing is left.
[[nodiscard]] async::Task<bool> remove_image_files(const StoredFiles* stored, base::Uuid tenant, ImageId id,
                                                   std::string sha256, async::SteadyTime deadline);

// The row, if it is of these bytes; else idempotency.key_reused.
[[nodiscard]] Image same_image(Image row, std::string_view sha256);

struct FinishImage {
    ImageId id;
    const MadeImage* made = nullptr;
    const PublicFiles* public_files = nullptr;
    base::Timestamp now;
    std::optional<base::Uuid> device;
    std::int64_t quota = 0;                     // of a shop whose plan says nothing
    std::function<void(db::Batch&)> more = {};  // of the same transaction
};
// In a transaction: the image becomes what was made, if it waits for that; one that is ready stays as it is, and `more` is not asked.
// Throws row_not_found for one that was deleted meanwhile, idempotency.key_reused for one that is ready with other bytes, and plan.storage.
[[nodiscard]] async::Task<Image> finish_image(db::Db tx, FinishImage what);

[[nodiscard]] std::unique_ptr<images::Images> make_images(const images::Settings& settings,
                                                          const app::LoopParts& parts);
[[nodiscard]] std::unique_ptr<ImageMaker> make_image_maker(images::Images& images, const StoredFiles& stored,
                                                           const PublicFiles& public_files,
                                                           const images::Settings& settings);

}  // namespace pos
