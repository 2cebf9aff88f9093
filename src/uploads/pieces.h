#pragma once
// Pieces: the bytes of uploads that are under way, by the id of the upload and the fence of whoever wrote them. What counts of them
// a row says (uploads/rows.h). One for all loops; it outlives what it gives. Calls may run at the same time.
//
//     co_await pieces->reserve(loop, id, length);                    // throws uploads.disk_full
//     auto piece = co_await pieces->open(loop, {.id = id, .fence = row.fence, .left = row.length - row.offset});
//     co_await piece->write(bytes);
//     co_await piece->sync();                                        // now the row may say so: Rows::move()
//     co_await piece->close(kept);                                   // bytes of it that a row counts; the rest goes
//
//     auto bytes = uploads::read_pieces(loop, pieces, id, std::move(list));    // all of them, in order: an upload's whole content
//     while (true) { auto text = co_await bytes(); if (text.empty()) break; … }
//
// Of DiskPieces (disk_pieces.h): a directory that every instance has under its path.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "base/time.h"
#include "base/uuid.h"
#include "uploads/rows.h"

namespace uploads {

// Destroyed without close(): as close(what was synced).
class PieceWriter {
public:
    virtual ~PieceWriter() = default;
    // Throws uploads.disk_full. `bytes` stay valid until it has ended.
    [[nodiscard]] virtual async::Task<void> write(std::string_view bytes) = 0;
    // What has been written survives a crash of the machine.
    [[nodiscard]] virtual async::Task<void> sync() = 0;
    // Keeps the first `kept` bytes; with 0, nothing is left of the piece. Throws nothing.
    [[nodiscard]] virtual async::Task<void> close(std::uint64_t kept) = 0;
};

struct OpenPiece {
    base::Uuid id;
    std::int64_t fence = 0;
    std::uint64_t left = 0;  // of the upload: what stays reserved for it
};

class Pieces {
public:
    virtual ~Pieces() = default;

    // Room for an upload, kept free for it until its bytes are there or remove(). Throws uploads.disk_full.
    [[nodiscard]] virtual async::Task<void> reserve(async::Loop* loop, base::Uuid id, std::uint64_t length) = 0;
    // A piece that is not there yet.
    [[nodiscard]] virtual async::Task<std::unique_ptr<PieceWriter>> open(async::Loop* loop, OpenPiece piece) = 0;
    // Of a piece, from `first` on, at most `size` bytes; fewer than asked for means that it is shorter.
    [[nodiscard]] virtual async::Task<std::string> read(async::Loop* loop, base::Uuid id, std::int64_t fence,
                                                        std::uint64_t first, std::size_t size) = 0;
    // All that an upload has. It needs no room, and may be repeated.
    [[nodiscard]] virtual async::Task<void> remove(async::Loop* loop, base::Uuid id) = 0;
    // Uploads that have something here and got nothing new for `spared`, in no order.
    [[nodiscard]] virtual async::Task<std::vector<base::Uuid>> list(async::Loop* loop, std::chrono::seconds spared) = 0;
    // Whose the place is: some text that its owner has written there, or nullopt.
    [[nodiscard]] virtual async::Task<std::optional<std::string>> mark(async::Loop* loop) = 0;
    [[nodiscard]] virtual async::Task<void> set_mark(async::Loop* loop, std::string mark) = 0;
};

// The bytes of these pieces, 64 KiB at a time, "" at the end: fits storage's and client's sources. Pieces that do not follow each
// other from 0 on, or that are shorter than their row says, throw: what is handed on as whole is whole.
[[nodiscard]] std::move_only_function<async::Task<std::string>()> read_pieces(async::Loop* loop, Pieces* pieces,
                                                                              base::Uuid id, std::vector<Piece> list);

// Removes what no row owns: left by a process that was killed between two steps, or when the row was gone before the bytes were. At
// start, and now and then. `owned` gets ids of the directory and gives those that have a row, of any tenant. The row is made before
// the bytes, so that what has none never gets one. What got something within `spared` is left alone. How many uploads went.
using OwnedIds = std::move_only_function<async::Task<std::vector<base::Uuid>>(std::vector<base::Uuid>)>;
[[nodiscard]] async::Task<std::size_t> sweep(async::Loop* loop, Pieces* pieces, OwnedIds owned,
                                             std::chrono::seconds spared = {});

}  // namespace uploads
