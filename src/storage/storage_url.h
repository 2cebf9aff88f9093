#pragma once
// STORAGE_URL: where files are kept, as one line. A fault says what to write, and repeats nothing of the URL, which may hold a
// secret. Pure
// functions.
//
//     file:///var/lib/backend/files                                                  a directory
//     s3://KEY:SECRET@bucket?region=eu-west-1                                        Amazon S3
//     s3://KEY:SECRET@bucket?region=auto&endpoint=https://ACCOUNT.r2.cloudflarestorage.com
//     s3://KEY:SECRET@bucket?endpoint=http://127.0.0.1:9000&path-style=true          MinIO
//     cloudinary://KEY:SECRET@cloud                                                  as Cloudinary's console shows it
//
// Keys and secrets are percent-encoded: %2F is '/', %2B is '+'. Members of s3: region (us-east-1), endpoint (Amazon's),
// path-style (true with an
// endpoint, else false), token (of temporary credentials), part-size (MiB of a part, 5 to 512, default 8).

#include <cstddef>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

#include "storage/sigv4.h"

namespace storage {

struct DirectoryUrl {
    std::filesystem::path directory;
};
struct S3Url {
    std::string bucket;
    S3Credentials credentials;
    std::string region = "us-east-1";
    std::string endpoint{};  // "https://host[:port]"; "": Amazon's of the region
    bool path_style = false;
    std::size_t part_bytes = std::size_t{8} << 20U;
};
struct CloudinaryUrl {
    std::string cloud;
    std::string api_key;
    std::string api_secret;
    std::string endpoint = "https://api.cloudinary.com";
    std::string delivery = "https://res.cloudinary.com";
};
using StorageUrl = std::variant<DirectoryUrl, S3Url, CloudinaryUrl>;

[[nodiscard]] std::expected<StorageUrl, std::string> parse_storage_url(std::string_view text);

// "https://host[:port]" in lower case and without the scheme's own port, or what to write instead.
[[nodiscard]] std::expected<std::string, std::string> parse_origin(std::string_view text);

}  // namespace storage
