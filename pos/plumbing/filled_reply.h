#pragma once
// A reply that its handler has filled itself, of a media type that the document says.
//
//     using Html = Filled<"text/html">;
//     async::Task<Html> show(http::Context& context) { send_page(context.response(), 200, …); co_return Html{}; }

#include "http/handler.h"

namespace pos {

template <http::FixedString MediaType>
struct Filled {
    static void send(http::Context& /*context*/, Filled&& /*reply*/) {}
    static void describe(http::Operation& operation) {
        operation.can_answer({.status = 200, .media_type = MediaType.view()});
    }
};

}  // namespace pos
