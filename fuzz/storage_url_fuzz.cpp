// STORAGE_URL and its neighbours as somebody types them, and keys. A URL that is taken has parts that are what they are to be;
// one that is not
// says why, and nothing of its own.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "base/strings.h"
#include "storage/local_files.h"
#include "storage/storage_url.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

struct Check {
    void operator()(const storage::DirectoryUrl& url) const { require(url.directory.is_absolute()); }
    void operator()(const storage::S3Url& url) const {
        require(url.bucket.size() >= 3 && url.bucket.size() <= 63 && !url.bucket.contains('/'));
        require(!url.credentials.access_key.empty() && !url.credentials.secret_key.empty());
        require(!url.credentials.access_key.contains('\n') && !url.credentials.session_token.contains('\n'));
        require(url.endpoint.empty() || storage::parse_origin(url.endpoint) == url.endpoint);
        require(url.part_bytes >= std::size_t{5} << 20U);
    }
    void operator()(const storage::CloudinaryUrl& url) const {
        require(!url.cloud.empty() && !url.cloud.contains('/') && !url.api_key.empty() && !url.api_secret.empty());
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto url = storage::parse_storage_url(text);
    if (url) std::visit(Check(), *url);
    require(url || (!url.error().empty() && base::is_utf8(url.error())));
    if (const auto origin = storage::parse_origin(text)) require(storage::parse_origin(*origin) == *origin);
    if (!storage::key_fault(text).empty()) return 0;
    const auto path = storage::path_of("/root", text);
    require(path.lexically_normal() == path && path.native().starts_with("/root/") && path.native().ends_with(".file"));
    return 0;
}
