#pragma once
// Small pages for people: without script, fit for a phone, with forms that post to this service. Pure functions, but for send_page().
//
//     send_page(context.response(), 200, "Reset", "<h1>Reset</h1>" + escaped(text));

#include <cstdint>
#include <string>
#include <string_view>

namespace http {
class Response;
}

namespace pos {

[[nodiscard]] std::string escaped(std::string_view text);
// … with its own links, to be followed.
[[nodiscard]] std::string linked(std::string_view text);
// `title` is text, `main` is HTML. Kept by nobody and told to nobody: no-store, no referrer.
void send_page(http::Response& response, std::uint16_t status, std::string_view title, std::string_view main,
               std::string_view language = "en");

}  // namespace pos
