#pragma once
// CloudinaryStore: images, videos and other files at Cloudinary, stored as `authenticated`: who has no signed URL gets nothing.
// Loop's thread.
//
// Keys that end with an image's name (.jpg .png .webp .gif .avif .heic .svg) are images, which Cloudinary can also transform;
// all others are
// `raw`. What it cannot do answers Fault::not_supported: lists, copies, uploads by others (its signature binds neither size nor
// type), and
// only_if_absent. Keys hold none of ? & # % < > \ +. A put is read into memory: 20 MB at most.
//
// https://cloudinary.com/documentation/authentication_signatures, .../image_upload_api_reference, .../control_access_to_media

#include <string>
#include <string_view>

#include "client/client.h"
#include "storage/storage.h"
#include "storage/storage_url.h"

namespace storage {

inline constexpr std::uint64_t most_cloudinary_bytes = 20'000'000;

// SHA-1 over "a=1&b=2" in the order of names, with the secret behind. Empty values do not count.
[[nodiscard]] std::string cloudinary_signature(NameValues parameters, std::string_view secret);

class CloudinaryStore final : public Store {
public:
    struct Parts {
        client::Client& http;
        const base::Clock& clock;
        base::RandomSource& random;
    };

    CloudinaryStore(Parts parts, CloudinaryUrl url);

    [[nodiscard]] std::string_view name() const override { return "cloudinary"; }
    [[nodiscard]] bool can(Ability ability) const override { return ability == Ability::ranges; }
    [[nodiscard]] async::Task<Result<Stored>> put(Put put, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<Result<ObjectStream>> get(Get get, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<Result<ObjectInfo>> head(std::string key, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<Result<void>> remove(std::string key, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<Result<ListPage>> list(List list, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<Result<ObjectInfo>> copy(Copy copy, async::SteadyTime deadline) override;
    // A download by Cloudinary's API, which ends with its lifetime. Types and names of the reply cannot be chosen.
    [[nodiscard]] Result<SignedUrl> sign_get(const SignGet& sign) const override;
    [[nodiscard]] Result<SignedUrl> sign_put(const SignPut& sign) const override;
    [[nodiscard]] Result<SignedForm> sign_post(const SignPost& sign) const override;
    [[nodiscard]] async::Task<Result<void>> abort_upload(PendingUpload upload, async::SteadyTime deadline) override;
    [[nodiscard]] async::Task<Result<UploadPage>> list_uploads(List list, async::SteadyTime deadline) override;

    // A delivery URL by the content network: it does not expire, and is given to nobody who may lose the right to see the file.
    [[nodiscard]] Result<std::string> delivery_url(const std::string& key) const;

private:
    [[nodiscard]] std::string seconds_now() const;
    [[nodiscard]] std::string api_path(std::string_view kind, std::string_view what) const;
    [[nodiscard]] NameValues signed_parameters(NameValues parameters) const;

    Parts parts_;
    CloudinaryUrl url_;
    client::Target api_;
    client::Target delivery_;
};

}  // namespace storage
