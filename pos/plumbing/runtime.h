#pragma once
// What handlers need besides the database: the time, new ids, the outbox, and which idempotency keys are under way on this loop.
// One a loop, a service: http::Service<Runtime>.

#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

#include "base/random.h"
#include "base/time.h"
#include "base/uuid.h"
#include "jobs/outbox.h"
#include "pos/plumbing/public_files.h"

namespace pos {

class Runtime {
public:
    Runtime(const base::Clock& clock, base::RandomSource& random, jobs::Outbox& outbox, const PublicFiles& files)
        : clock_(clock), ids_(clock, random), outbox_(outbox), files_(files) {}

    [[nodiscard]] base::Timestamp now() const { return clock_.now(); }
    template <class Id>
    [[nodiscard]] Id new_id() {
        return Id(ids_.next());
    }

    // Jobs and events that leave with a batch: runtime->outbox().emit(batch, sale_created, {...}).
    [[nodiscard]] jobs::Outbox& outbox() const noexcept { return outbox_; }

    // Of the picture that a row shows; none without one.
    [[nodiscard]] std::optional<std::string> image_url(base::Uuid tenant, std::optional<ImageId> image) const {
        return image ? std::optional(files_.image_url(tenant, *image)) : std::nullopt;
    }

    // Holds a key while its request runs; empty when another request of this loop holds it.
    class KeyGuard {
    public:
        KeyGuard() = default;
        KeyGuard(std::unordered_set<std::string>& running, std::string key)
            : running_(&running), key_(std::move(key)) {}
        KeyGuard(KeyGuard&& other) noexcept
            : running_(std::exchange(other.running_, nullptr)), key_(std::move(other.key_)) {}
        KeyGuard& operator=(KeyGuard&&) = delete;
        ~KeyGuard() {
            if (running_ != nullptr) running_->erase(key_);
        }
        explicit operator bool() const { return running_ != nullptr; }

    private:
        std::unordered_set<std::string>* running_ = nullptr;
        std::string key_;
    };
    [[nodiscard]] KeyGuard hold(std::string key) {
        if (!running_.insert(key).second) return {};
        return {running_, std::move(key)};
    }

private:
    const base::Clock& clock_;
    base::UuidGenerator ids_;
    jobs::Outbox& outbox_;
    const PublicFiles& files_;
    std::unordered_set<std::string> running_;
};

[[nodiscard]] inline std::unique_ptr<Runtime> make_runtime(const base::Clock& clock, base::SecureRandom& random,
                                                           jobs::Outbox& outbox, const PublicFiles& files) {
    return std::make_unique<Runtime>(clock, random, outbox, files);
}

}  // namespace pos
