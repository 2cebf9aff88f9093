#pragma once
// A result that sends the client on, with Location:
//
//     303  go on there with GET: from a form, a sign-in, an OAuth callback; the method and the body are done with
//     307  repeat the same request there, this once (a download at an object store, for as long as its address is signed)
//     308  … and from now on
//
//     async::Task<http::Redirect<303>> sign_in_with(http::Service<Provider> provider) {
//         co_return http::Redirect<303>::to_url(provider->authorize_url());
//     }
//     async::Task<http::Redirect<303>> come_back(http::Query<Callback> callback) {
//         co_return http::Redirect<303>::to_path("/app/orders");
//     }
//
// to_path() stays on this host, whatever the text: "//other.example" and "/\other.example", which browsers take for another host, are
// refused. to_url() leads anywhere: what a client sent goes there only when a list of ours has it. What is no such text, line breaks
// among it, is a std::invalid_argument, so a 500: percent-encode the parts first.

#include <string>
#include <utility>

#include "http/handler.h"

namespace http {

namespace detail {
// Give the text back; throw std::invalid_argument.
[[nodiscard]] std::string require_path(std::string path);
[[nodiscard]] std::string require_url(std::string url);
}  // namespace detail

template <std::uint16_t Status>
class Redirect {
    static_assert(Status == 303 || Status == 307 || Status == 308,
                  "http: a redirect is 303, 307 or 308; 301 and 302 leave it to the client whether a POST stays one");

public:
    // "/v1/orders?page=2": a path of this host, its query and fragment.
    [[nodiscard]] static Redirect to_path(std::string path) { return Redirect(detail::require_path(std::move(path))); }
    // "https://accounts.example/authorize?…", "com.example.app:/signed-in"; no javascript:, data: and the like.
    [[nodiscard]] static Redirect to_url(std::string url) { return Redirect(detail::require_url(std::move(url))); }

    static void send(Context& context, const Redirect& result) {
        context.response().status(Status).header("Location", result.location_);
    }
    static void describe(Operation& operation) {
        operation.can_answer({.status = Status, .media_type = {}, .headers = {"Location"}});
    }

private:
    explicit Redirect(std::string location) : location_(std::move(location)) {}
    std::string location_;
};

}  // namespace http
