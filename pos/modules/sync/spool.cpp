#include "pos/modules/sync/spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <unordered_map>

#include "pos/modules/sync/errors.h"

namespace pos::sync {

namespace {

[[noreturn]] void throw_errno(std::string_view what) {
    const auto reason = std::generic_category().message(errno);
    throw base::Failure(errors::spool_unavailable).retry_after(30'000).cause(fmt::format("{}: {}", what, reason));
}

// Not every file system has files without a name.
base::Descriptor open_unnamed(const std::string& directory) {
    base::Descriptor file(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (file) return file;
    auto name = directory + "/sync-snapshot-XXXXXX";
    file = base::Descriptor(::mkostemp(name.data(), O_CLOEXEC));
    if (!file) throw_errno("sync: a file in SYNC_SPOOL_DIRECTORY");
    ::unlink(name.c_str());
    return file;
}

}  // namespace

SpoolFile::SpoolFile(const std::string& directory) : file_(open_unnamed(directory)) {}

void SpoolFile::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(size_));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) throw_errno("sync: write a snapshot");
        size_ += static_cast<std::uint64_t>(written);
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

std::string SpoolFile::read(std::uint64_t offset, std::size_t size) const {
    std::string bytes(size, '\0');
    std::size_t have = 0;
    while (have < size) {
        const auto got = ::pread(file_.get(), bytes.data() + have, size - have, static_cast<off_t>(offset + have));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) throw_errno("sync: read a snapshot");
        have += static_cast<std::size_t>(got);
    }
    return bytes;
}

void Spool::drop_old(async::SteadyTime now) {
    while (!kept_.empty() && now - kept_.front()->made_at >= snapshot_time) {
        bytes_ -= kept_.front()->size();
        kept_.pop_front();
    }
}

Spool::Kept::iterator Spool::first_to_go(bool by_bytes) {
    std::unordered_map<base::Uuid, std::uint64_t> held;
    for (const auto& snapshot : kept_) held[snapshot->tenant] += by_bytes ? snapshot->size() : 1;
    auto first = kept_.end();
    for (auto at = kept_.begin(); at != kept_.end(); ++at) {
        // One that is being sent keeps its file for as long as that takes: dropping it would free nothing.
        if (at->use_count() > 1) continue;
        if (first == kept_.end() || held[(*at)->tenant] > held[(*first)->tenant]) first = at;
    }
    return first;
}

std::shared_ptr<const Snapshot> Spool::keep(Snapshot snapshot, async::SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    drop_old(now);
    const auto size = snapshot.size();
    while (bytes_ + size > most_bytes_ || kept_.size() >= most_snapshots) {
        const auto gone = first_to_go(bytes_ + size > most_bytes_);
        if (gone == kept_.end()) throw base::Failure(errors::snapshots_full).retry_after(30'000);
        bytes_ -= (*gone)->size();
        kept_.erase(gone);
    }
    snapshot.made_at = now;
    bytes_ += size;
    kept_.push_back(std::make_shared<const Snapshot>(std::move(snapshot)));
    return kept_.back();
}

std::shared_ptr<const Snapshot> Spool::find(base::Uuid tenant, base::Uuid id, async::SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    drop_old(now);
    const auto found = std::ranges::find_if(
        kept_, [&](const auto& snapshot) { return snapshot->tenant == tenant && snapshot->id == id; });
    return found == kept_.end() ? nullptr : *found;
}

std::shared_ptr<const Snapshot> Spool::find_same(base::Uuid tenant, std::string_view scope, std::int64_t seq,
                                                 async::SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    drop_old(now);
    const auto found = std::ranges::find_if(kept_, [&](const auto& snapshot) {
        return snapshot->tenant == tenant && snapshot->seq == seq && snapshot->scope == scope;
    });
    return found == kept_.end() ? nullptr : *found;
}

std::unique_ptr<Spool> make_spool(const SyncSettings& settings) { return std::make_unique<Spool>(settings); }

}  // namespace pos::sync
