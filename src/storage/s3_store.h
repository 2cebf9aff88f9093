#pragma once
// S3Store: a bucket of Amazon S3, R2, MinIO, Spaces, B2 and their like. Loop's thread.
//
// An object of up to a part (8 MiB) is one PutObject; a larger one is uploaded in parts, of which one is in memory. Each body is
// signed with its
// SHA-256, so that it arrives whole or not at all, also over plain HTTP.

#include <memory>
#include <string>

#include "async/sync.h"
#include "base/random.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "storage/s3_api.h"

namespace storage {

class Pieces;

struct S3Parts {
    async::Loop& loop;
    client::Client& http;
    const base::Clock& clock;
    base::RandomSource& random;
    logging::Logger logger{};
    observe::Counter aborts_failed{};  // storage_aborts_failed_total
    UploadHooks hooks{};
    async::Milliseconds pause{400};  // before a second attempt; each further one waits twice as long
};

class S3Store final : public Store {
public:
    static constexpr std::size_t most_puts = 32;  // at once; others wait for their deadline

    S3Store(S3Parts parts, S3Url url, std::string public_endpoint);

    [[nodiscard]] std::string_view name() const override { return "s3"; }
    [[nodiscard]] bool can(Ability ability) const override;
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

private:
    // An upload in parts, as far as it has come.
    struct Multipart {
        PendingUpload upload;
        std::string mark;  // ours, kept with the object: proof that it is this one
        std::vector<std::string> etags;
        std::uint64_t size = 0;
        bool may_be_complete = false;
    };
    [[nodiscard]] std::string new_mark();
    [[nodiscard]] NameValues headers_of(const Put& put, const std::string& mark) const;
    [[nodiscard]] async::Task<Result<Stored>> put_whole(Put* put, Pieces* pieces, async::SteadyTime deadline);
    [[nodiscard]] async::Task<Result<Stored>> put_in_parts(Put* put, Pieces* pieces, async::SteadyTime deadline);
    [[nodiscard]] async::Task<Result<void>> begin(const Put* put, Multipart* multipart, async::SteadyTime deadline);
    [[nodiscard]] async::Task<Result<std::string>> upload_all(Put* put, Pieces* pieces, Multipart* multipart,
                                                              async::SteadyTime deadline);
    struct Again {
        bool also_lost = false;  // what may have happened
    };
    [[nodiscard]] async::Task<Result<S3Reply>> send_again(S3Call call, Again again, async::SteadyTime deadline);
    [[nodiscard]] async::Task<Result<void>> upload_part(std::string bytes, Multipart* multipart,
                                                        async::SteadyTime deadline);
    [[nodiscard]] async::Task<Result<std::string>> complete(const Put* put, Multipart* multipart,
                                                            async::SteadyTime deadline);
    [[nodiscard]] async::Task<std::optional<std::string>> proven(const Multipart* multipart,
                                                                 async::SteadyTime deadline);
    [[nodiscard]] async::Task<Result<void>> clean_up(Multipart* multipart);
    [[nodiscard]] async::Task<void> tell_ended(PendingUpload upload);
    [[nodiscard]] async::Task<std::expected<S3Reply, S3Failure>> head_of(std::string key, async::SteadyTime deadline);

    [[nodiscard]] async::Milliseconds pause_after(int attempt) const { return parts_.pause * (1 << (attempt - 1)); }

    S3Parts parts_;
    S3Api api_;
    async::Semaphore places_;
};

}  // namespace storage
