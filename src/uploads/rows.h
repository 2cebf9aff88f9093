#pragma once
// Rows: what is true of uploads, in a store that all instances share and that decides: a table of PostgreSQL (the service brings
// it). The bytes lie in Pieces; which of them count, the row says. An object of it is for one caller and one request: what this
// caller may not see is not there.
//
// The lock. Whoever goes on with an upload claims it: its fence grows by one, and whoever had claimed it before can move it no
// more. Nobody waits, and a connection that died holds nothing. Each claim writes a piece of its own, called by its fence, so that
// late bytes of a former owner lie where nobody reads.
//
//     update uploads set fence = fence + 1 where id = $1 and ($2::int8 is null or byte_offset = $2) …            -- claim()
//     update uploads set byte_offset = $4 where id = $1 and fence = $2 and byte_offset = $3                      -- move()
//     insert into upload_pieces … on conflict (upload_id, fence) do update set length = upload_pieces.length + …  -- same transaction
//
// Each call is one transaction, ends by its deadline, and throws base::Failure. Repeating claim() is safe.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "base/time.h"
#include "base/uuid.h"

namespace uploads {

// Bytes that one claim has added: `length` bytes of the upload from `first` on are the beginning of the piece of this fence.
struct Piece {
    std::uint64_t first = 0;
    std::uint64_t length = 0;
    std::int64_t fence = 0;

    friend bool operator==(const Piece&, const Piece&) = default;
};

struct UploadRow {
    base::Uuid id;
    std::uint64_t length = 0;  // declared when it was created; 0 is a length
    std::uint64_t offset = 0;  // bytes that are durable
    std::int64_t fence = 0;
    std::string metadata;  // Upload-Metadata as sent
    base::Timestamp expires{};
    bool refused = false;      // over, with all its bytes: finish() throws why
    bool finished = false;     // finish() has succeeded
    std::uint64_t pieces = 0;  // how many there are

    [[nodiscard]] bool whole() const { return offset == length; }
};

struct NewUpload {
    base::Uuid id;
    std::uint64_t length = 0;
    std::string metadata;
    base::Timestamp expires{};
};

// Bytes from `from` to `to` of the piece of this fence are durable.
struct Progress {
    base::Uuid id;
    std::int64_t fence = 0;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    base::Timestamp expires{};
};

class Rows {
public:
    virtual ~Rows() = default;

    // Reserves the declared length against the quota: throws whatever says that it does not fit, and then there is no row. Fence 0.
    [[nodiscard]] virtual async::Task<void> create(NewUpload upload, async::SteadyTime deadline) = 0;

    // The row as it is now; with `at`, the fence grows only if that is its offset (the caller compares). Without, it always grows.
    // nullopt: there is none for this caller, it has expired, or was terminated; whoever may not have it moves nothing.
    [[nodiscard]] virtual async::Task<std::optional<UploadRow>> claim(base::Uuid id, std::optional<std::uint64_t> at,
                                                                      async::SteadyTime deadline) = 0;

    // The same without a claim: it changes nothing.
    [[nodiscard]] virtual async::Task<std::optional<UploadRow>> find(base::Uuid id, async::SteadyTime deadline) = 0;

    // Moves the offset, if fence and `from` are those of the row, and adds to the piece of this fence, in one transaction; false:
    // they are not, and nothing has changed. The process may die between the last byte and finish(): rows that are whole and not
    // finished are for the service to look for. A failure that leaves the outcome unknown is thrown.
    [[nodiscard]] virtual async::Task<bool> move(Progress progress, async::SteadyTime deadline) = 0;

    // All bytes are there, and the client has not heard it yet: move them to where they stay, compare size and hash of what is
    // stored, mark the row, remove the pieces. Called again by whatever finds the row whole and not finished, at the same time too:
    // one effect. What it throws the client hears, and asks again.
    [[nodiscard]] virtual async::Task<void> finish(UploadRow upload, async::SteadyTime deadline) = 0;

    // The row and its reservation go; Pieces::remove() follows. False: there was none.
    [[nodiscard]] virtual async::Task<bool> terminate(base::Uuid id, async::SteadyTime deadline) = 0;
};

}  // namespace uploads
