#pragma once
// Pieces in a directory of a file system: a directory for each upload, a file in it for each piece, and one that keeps the room
// which is still needed (fallocate; where the file system has none, the free room is compared and no more). Instances that share
// uploads share the directory. File work runs on the pool.
//
//     uploads::DiskPieces pieces(&pool, {.directory = "data/uploads", .keep_free = 512 << 20});
//
// Thread-safe. The pool outlives it.

#include <cstdint>
#include <string>

#include "uploads/pieces.h"

namespace async {
class BlockingPool;
}

namespace uploads {

struct DiskPiecesOptions {
    std::string directory;                                // made when it is missing
    std::uint64_t keep_free = std::uint64_t{512} << 20U;  // bytes of the file system that uploads leave to all others
};

class DiskPieces final : public Pieces {
public:
    // Throws std::system_error when the directory can be neither made nor written.
    DiskPieces(async::BlockingPool* pool, DiskPiecesOptions options);

    [[nodiscard]] async::Task<void> reserve(async::Loop* loop, base::Uuid id, std::uint64_t length) override;
    [[nodiscard]] async::Task<std::unique_ptr<PieceWriter>> open(async::Loop* loop, OpenPiece piece) override;
    [[nodiscard]] async::Task<std::string> read(async::Loop* loop, base::Uuid id, std::int64_t fence,
                                                std::uint64_t first, std::size_t size) override;
    [[nodiscard]] async::Task<void> remove(async::Loop* loop, base::Uuid id) override;
    [[nodiscard]] async::Task<std::vector<base::Uuid>> list(async::Loop* loop, std::chrono::seconds spared) override;
    [[nodiscard]] async::Task<std::optional<std::string>> mark(async::Loop* loop) override;
    [[nodiscard]] async::Task<void> set_mark(async::Loop* loop, std::string mark) override;

private:
    async::BlockingPool* pool_;
    DiskPiecesOptions options_;
};

}  // namespace uploads
