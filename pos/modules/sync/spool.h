#pragma once
// Spool: snapshots that were written once and are sent any number of times, from anywhere in them, for 30 minutes: in files without a
// name, which end with the process. A service of the process; thread-safe.
//
//     SpoolFile file = spool.create();                                  // blocking, as what writes and reads it: on a pool
//     const auto snapshot = spool.keep({.tenant = tenant, .scope = hash, .seq = 91822, …}, now);     // 503 sync.snapshots_full
//     if (const auto known = spool.find(tenant, id, now)) …             // nullptr: gone, or another tenant's
//
// Whose snapshots take the most makes room for new ones, the oldest of them first; what is being sent stays until it is sent.

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "async/loop.h"
#include "base/descriptor.h"
#include "base/uuid.h"
#include "pos/modules/sync/settings.h"

namespace pos::sync {

inline constexpr std::chrono::minutes snapshot_time{30};
inline constexpr std::size_t most_snapshots = 512;  // each is an open file

class SpoolFile {
public:
    // Throws 503 sync.spool_unavailable, as what follows.
    explicit SpoolFile(const std::string& directory);
    void append(std::string_view bytes);
    // Exactly so many.
    [[nodiscard]] std::string read(std::uint64_t offset, std::size_t size) const;
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

private:
    base::Descriptor file_;
    std::uint64_t size_ = 0;
};

// A snapshot: its first line, what is in the file, its last line. What it is made of does not change any more.
struct Snapshot {
    base::Uuid id;
    base::Uuid tenant;
    std::string scope;
    std::int64_t seq = 0;
    base::Uuid epoch;
    std::string head;
    std::unique_ptr<SpoolFile> rows;
    std::string tail;
    async::SteadyTime made_at;

    [[nodiscard]] std::uint64_t size() const { return head.size() + rows->size() + tail.size(); }
};

class Spool {
public:
    explicit Spool(const SyncSettings& settings)
        : directory_(settings.spool_directory),
          most_bytes_(static_cast<std::uint64_t>(settings.spool_mb) << 20),
          most_of_one_(std::min(most_bytes_, static_cast<std::uint64_t>(settings.snapshot_mb) << 20)) {}

    [[nodiscard]] std::unique_ptr<SpoolFile> create() const { return std::make_unique<SpoolFile>(directory_); }
    [[nodiscard]] std::uint64_t most_bytes_of_one() const noexcept { return most_of_one_; }

    std::shared_ptr<const Snapshot> keep(Snapshot snapshot, async::SteadyTime now);
    [[nodiscard]] std::shared_ptr<const Snapshot> find(base::Uuid tenant, base::Uuid id, async::SteadyTime now);
    // One of the same rows, made at the same place of the feed.
    [[nodiscard]] std::shared_ptr<const Snapshot> find_same(base::Uuid tenant, std::string_view scope, std::int64_t seq,
                                                            async::SteadyTime now);

private:
    using Kept = std::list<std::shared_ptr<const Snapshot>>;

    void drop_old(async::SteadyTime now);
    [[nodiscard]] Kept::iterator first_to_go(bool by_bytes);

    const std::string directory_;
    const std::uint64_t most_bytes_;
    const std::uint64_t most_of_one_;
    std::mutex mutex_;
    Kept kept_;  // oldest first
    std::uint64_t bytes_ = 0;
};

[[nodiscard]] std::unique_ptr<Spool> make_spool(const SyncSettings& settings);

}  // namespace pos::sync
