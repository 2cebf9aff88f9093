#pragma once
// For the tests of tus: rows in memory, which several servers may share. As a table would, it decides under a lock.

#include <map>
#include <mutex>
#include <vector>

#include "base/failure.h"
#include "uploads/rows.h"

namespace uploads {

namespace errors {
inline constexpr base::ErrorCode quota_for_test{"test.quota", 413, false, base::Action::pay, "The quota is used up"};
}

class MemoryRows final : public Rows {
public:
    struct Kept {
        UploadRow row;
        std::vector<Piece> pieces;
        int finished = 0;
    };

    async::Task<void> create(NewUpload upload, async::SteadyTime /*deadline*/) override {
        const std::lock_guard lock(mutex_);
        std::uint64_t reserved = upload.length;
        for (const auto& [id, kept] : rows_) reserved += kept.row.length;
        if (reserved > quota) throw base::Failure(errors::quota_for_test);
        rows_[upload.id] = {.row = {.id = upload.id,
                                    .length = upload.length,
                                    .metadata = std::move(upload.metadata),
                                    .expires = upload.expires}};
        co_return;
    }
    async::Task<std::optional<UploadRow>> claim(base::Uuid id, std::optional<std::uint64_t> at,
                                                async::SteadyTime /*deadline*/) override {
        const std::lock_guard lock(mutex_);
        const auto found = rows_.find(id);
        if (found == rows_.end()) co_return std::nullopt;
        auto& row = found->second.row;
        if (!at || *at == row.offset) ++row.fence;
        co_return row;
    }
    async::Task<std::optional<UploadRow>> find(base::Uuid id, async::SteadyTime /*deadline*/) override {
        const std::lock_guard lock(mutex_);
        const auto found = rows_.find(id);
        if (found == rows_.end()) co_return std::nullopt;
        co_return found->second.row;
    }
    async::Task<bool> move(Progress progress, async::SteadyTime /*deadline*/) override {
        const std::lock_guard lock(mutex_);
        const auto found = rows_.find(progress.id);
        if (found == rows_.end()) co_return false;
        auto& [row, pieces, finished] = found->second;
        if (row.fence != progress.fence || row.offset != progress.from) co_return false;
        if (pieces.empty() || pieces.back().fence != progress.fence) {
            pieces.push_back({.first = progress.from, .length = 0, .fence = progress.fence});
            ++row.pieces;
        }
        pieces.back().length += progress.to - progress.from;
        row.offset = progress.to;
        row.expires = progress.expires;
        ++moves;
        co_return true;
    }
    async::Task<void> finish(UploadRow upload, async::SteadyTime /*deadline*/) override {
        const std::lock_guard lock(mutex_);
        if (fail_finishing) throw base::Failure(errors::disk_full);
        auto& kept = rows_.at(upload.id);
        if (kept.row.finished) co_return;
        kept.row.finished = true;
        ++kept.finished;
    }
    async::Task<bool> terminate(base::Uuid id, async::SteadyTime /*deadline*/) override {
        const std::lock_guard lock(mutex_);
        co_return rows_.erase(id) > 0;
    }

    [[nodiscard]] Kept kept(base::Uuid id) const {
        const std::lock_guard lock(mutex_);
        return rows_.at(id);
    }
    [[nodiscard]] std::vector<base::Uuid> ids() const {
        const std::lock_guard lock(mutex_);
        std::vector<base::Uuid> all;
        for (const auto& [id, kept] : rows_) all.push_back(id);
        return all;
    }

    std::uint64_t quota = std::uint64_t{1} << 40U;
    std::atomic<bool> fail_finishing = false;
    std::atomic<int> moves = 0;

private:
    mutable std::mutex mutex_;
    std::map<base::Uuid, Kept> rows_;
};

}  // namespace uploads
