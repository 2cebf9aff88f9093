#pragma once
// What S3 says and is told in XML. Replies are a stranger's: whatever they hold, the answer is a value or a fault. Pure functions.
//
//     const auto page = read_list(reply.body);            // std::expected, with what is wrong
//     const auto error = read_error(failure.body);        // .code "NoSuchKey"; "" where it is none
//
// No DTD is read and no entity but XML's own is known (pugixml). Texts are cut nowhere: what is too long is a fault.

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "storage/storage.h"

namespace storage {

struct S3ErrorReply {
    std::string code{};
    std::string message{};
    std::string region{};
};

// Of <Error>, wherever in a reply it stands as its root; all empty when it does not.
[[nodiscard]] S3ErrorReply read_error(std::string_view xml);
[[nodiscard]] std::expected<ListPage, std::string> read_list(std::string_view xml);
// UploadPage::next is "KEY-MARKER&UPLOAD-ID-MARKER", both percent-encoded.
[[nodiscard]] std::expected<UploadPage, std::string> read_uploads(std::string_view xml, const std::string& bucket);
[[nodiscard]] std::expected<std::string, std::string> read_upload_id(std::string_view xml);
// The ETag in CompleteMultipartUploadResult or CopyObjectResult.
[[nodiscard]] std::expected<std::string, std::string> read_etag(std::string_view xml, std::string_view root);

// Part numbers are 1, 2, 3 …
[[nodiscard]] std::string write_complete(const std::vector<std::string>& etags);

}  // namespace storage
