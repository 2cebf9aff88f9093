#pragma once
// Waiters: how many wait for changes, in this process and of each tenant. A service of the process; thread-safe.
//
//     const auto place = waiters.enter(tenant);            // throws 429 sync.too_many_waiters; given back when destroyed

#include <cstddef>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "base/uuid.h"
#include "observe/metrics.h"
#include "pos/modules/sync/errors.h"
#include "pos/modules/sync/settings.h"

namespace pos {

class Waiters {
public:
    Waiters(const SyncSettings& settings, observe::Metrics& metrics)
        : gauge_(metrics.gauge("sync_waiters", "Requests and streams of events that wait for changes.")),
          most_(static_cast<std::size_t>(settings.waiters)),
          most_of_a_tenant_(static_cast<std::size_t>(settings.tenant_waiters)) {}

    class Place {
    public:
        Place(Waiters& owner, base::Uuid tenant) : owner_(&owner), tenant_(tenant) {}
        Place(Place&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), tenant_(other.tenant_) {}
        Place& operator=(Place&&) = delete;
        ~Place() {
            if (owner_ != nullptr) owner_->leave(tenant_);
        }

    private:
        Waiters* owner_;
        base::Uuid tenant_;
    };

    [[nodiscard]] Place enter(base::Uuid tenant) {
        const std::scoped_lock lock(mutex_);
        const auto found = of_tenants_.find(tenant);
        const auto of_tenant = found == of_tenants_.end() ? 0 : found->second;
        if (all_ >= most_ || of_tenant >= most_of_a_tenant_)
            throw base::Failure(errors::too_many_waiters).retry_after(5'000);
        ++all_;
        gauge_.add(1);
        of_tenants_[tenant] = of_tenant + 1;
        return {*this, tenant};
    }
    [[nodiscard]] std::size_t count() {
        const std::scoped_lock lock(mutex_);
        return all_;
    }

private:
    void leave(base::Uuid tenant) {
        const std::scoped_lock lock(mutex_);
        --all_;
        gauge_.add(-1);
        const auto found = of_tenants_.find(tenant);
        if (--found->second == 0) of_tenants_.erase(found);
    }

    observe::Gauge gauge_;
    const std::size_t most_;
    const std::size_t most_of_a_tenant_;
    std::mutex mutex_;
    std::size_t all_ = 0;
    std::unordered_map<base::Uuid, std::size_t> of_tenants_;
};

[[nodiscard]] inline std::unique_ptr<Waiters> make_waiters(const SyncSettings& settings, observe::Metrics& metrics) {
    return std::make_unique<Waiters>(settings, metrics);
}

}  // namespace pos
