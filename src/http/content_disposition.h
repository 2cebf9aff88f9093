#pragma once
// The header Content-Disposition of a reply (RFC 6266, RFC 8187). Pure; any thread.
//
//     response.header("Content-Disposition", http::content_disposition("attachment", "Bei za café.pdf"));
//     // attachment; filename="Bei za caf_.pdf"; filename*=UTF-8''Bei%20za%20caf%C3%A9.pdf
//
// Of any text a name is made that no client takes for a path or for a further parameter: control characters, slashes and
// backslashes become "_", dots in front go, 255 bytes are left. Nothing left, or no UTF-8: no name.

#include <string>
#include <string_view>

namespace http {

[[nodiscard]] std::string content_disposition(std::string_view type, std::string_view file_name);

}  // namespace http
