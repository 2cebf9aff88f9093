// Replies of an S3 server as a broken or hostile one sends them. The first byte chooses what was asked for. What is taken out of
// them is
// whole and has its limits, and reading never costs more than the reply is long.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "storage/s3_xml.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

bool is_word(std::string_view text, std::size_t most) {
    for (const char c : text)
        if (c < ' ' || c > '~') return false;
    return text.size() <= most;
}

void check_list(std::string_view xml) {
    const auto page = storage::read_list(xml);
    if (!page) return;
    require(page->next.size() <= 4'096);
    for (const auto& object : page->objects) {
        require(!object.key.empty() && object.key.size() <= 4'096);
        require(is_word(object.etag, 200));
    }
}

void check_uploads(std::string_view xml) {
    const auto page = storage::read_uploads(xml, "bucket");
    if (!page) return;
    require(page->next.empty() || page->next.contains('&'));
    for (const auto& upload : page->uploads) require(!upload.key.empty() && !upload.upload_id.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view xml(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 4) {
        case 0: check_list(xml); break;
        case 1: check_uploads(xml); break;
        case 2: {
            const auto etag = storage::read_etag(xml, "CopyObjectResult");
            require(!etag || is_word(*etag, 202));
            static_cast<void>(storage::read_upload_id(xml));
            break;
        }
        default: {
            const auto error = storage::read_error(xml);
            require(is_word(error.code, 100) && is_word(error.message, 500) && is_word(error.region, 100));
        }
    }
    return 0;
}
