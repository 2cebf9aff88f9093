#pragma once
// LocalStore: a directory of this machine, or one that several processes share. Loop's thread; the disk is waited for on the
// thread pool.
//
// What has been stored is on the disk: the file and its folder are synced before put() succeeds. Whole reads are compared with
// the SHA-256 that
// was stored. kill -9 at any time leaves the old object or the new one, and at most a draft, which is removed after a day.

#include <filesystem>

#include "async/blocking_pool.h"
#include "base/random.h"
#include "storage/local_urls.h"
#include "storage/storage.h"

namespace storage {

struct LocalParts {
    async::Loop& loop;
    async::BlockingPool& pool;
    const base::Clock& clock;
    base::RandomSource& random;
    LocalUrls::Options urls;
};

class LocalStore final : public Store {
public:
    LocalStore(LocalParts parts, std::filesystem::path root);

    [[nodiscard]] std::string_view name() const override { return "local"; }
    [[nodiscard]] bool can(Ability /*ability*/) const override { return true; }
    [[nodiscard]] async::Task<Result<void>> can_write(async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<Result<Stored>> put(Put put, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<Result<ObjectStream>> get(Get get, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<Result<ObjectInfo>> head(std::string key, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<Result<void>> remove(std::string key, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<Result<ListPage>> list(List list, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<Result<ObjectInfo>> copy(Copy copy, async::SteadyTime deadline) override;
    [[nodiscard]] Result<SignedUrl> sign_get(const SignGet& sign) const override;
    [[nodiscard]] Result<SignedUrl> sign_put(const SignPut& sign) const override;
    [[nodiscard]] Result<SignedForm> sign_post(const SignPost& sign) const override;
    [[nodiscard]] async::Task<Result<void>> abort_upload(PendingUpload upload, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<Result<UploadPage>> list_uploads(List list, async::SteadyTime deadline) override;

    // For the route that serves them.
    [[nodiscard]] const LocalUrls& urls() const noexcept { return urls_; }

private:
    [[nodiscard]] std::string draft_name();

    LocalParts parts_;
    std::filesystem::path root_;
    LocalUrls urls_;
    bool has_tidied_ = false;
};

}  // namespace storage
