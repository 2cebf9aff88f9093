#pragma once
// Where everybody may read what a shop shows to everybody: the pictures of its goods. A picture's URL is made of ids alone, so that a
// product is written without reading its image first; an image's bytes never change (modules/images).
//
//     row.image_url = runtime.image_url(tenant, row.fields.image_id);
//     // https://files.example/v1/files/<tenant>/<image>/320.webp

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/settings.h"
#include "pos/ids.h"

namespace pos {

struct PublicFileSettings {
    std::optional<std::string> files_public_url;

    friend constexpr auto describe(PublicFileSettings*) {
        return schema::object<PublicFileSettings>(
            "PublicFileSettings",
            schema::field<&PublicFileSettings::files_public_url>(
                "FILES_PUBLIC_URL",
                {.max_length = 300,
                 .format = schema::Format::url,
                 .doc =
                     "The origin of public pictures, without a slash at the end: that of a CDN, or another host "
                     "name of this service, so that what somebody uploads is not of the origin of the API. Not set: "
                     "PUBLIC_URL. Rows keep the URL that they were written with: after a change run `backend-api files "
                     "rewrite-urls`, and let the old name lead here until tills have followed."}));
    }
};

void check_public_files(const PublicFileSettings& settings, const app::Settings& app, schema::Issues& issues);

// Where clients reach this service, for URLs in replies: PUBLIC_URL. Without it, outside of production, this machine's own address;
// in production "", so that a URL is a path.
[[nodiscard]] std::string own_url(const app::Settings& app);

inline constexpr std::string_view public_files_path = "/v1/files";
inline constexpr std::string_view usual_image_file = "320.webp";

// Without a base (neither setting is there): the path alone.
[[nodiscard]] std::string public_image_url(std::string_view base, base::Uuid tenant, ImageId image,
                                           std::string_view file = usual_image_file);

// In the URLs that are stored with rows. Of the process.
class PublicFiles {
public:
    explicit PublicFiles(std::string base) : base_(std::move(base)) {}

    [[nodiscard]] const std::string& base() const noexcept { return base_; }
    [[nodiscard]] std::string image_url(base::Uuid tenant, ImageId image,
                                        std::string_view file = usual_image_file) const {
        return public_image_url(base_, tenant, image, file);
    }

private:
    std::string base_;
};
[[nodiscard]] std::unique_ptr<PublicFiles> make_public_files(const PublicFileSettings& settings,
                                                             const app::Settings& app);

}  // namespace pos
