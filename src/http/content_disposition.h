#pragma once
// The header Content-Disposition of a reply (RFC 6266, RFC 8187). Pure; any thread.
//
//     response.header("Content-Disposition", http::content_disposition("attachment", "Bei za café.pdf"));
//     // attachment; filename="Bei za caf_.pdf"; filename*=UTF-8''Bei%20za%20caf%C3%A9.pdf
//
// Of any text a name is made that no client takes for a path or for a further parameter: control characters, slashes and
// backslashes become "_", dots in front go, 255 bytes are left. Nothing left, or no UTF-8: no name.
//
// What is too long loses whole letters in front of its ending (".pdf"), so that a name of 200 Chinese ones serves as well: both forms
// of it, percent-encoded, are within `most_bytes` of the header.

#include <cstddef>
#include <string>
#include <string_view>

namespace http {

inline constexpr std::size_t longest_disposition = 4'096;

[[nodiscard]] std::string content_disposition(std::string_view type, std::string_view file_name,
                                              std::size_t most_bytes = longest_disposition);

}  // namespace http
