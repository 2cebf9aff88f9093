#pragma once
// A request body that is taken piece by piece, for imports that would not fit, or need not lie, in memory. The client is read only
// as fast as the handler asks; no more than a piece is held.
//
//     async::Task<Report> import(Permitted<"products.write"> caller, http::BodyStream<"text/csv"> body, db::Db db) {
//         while (const auto piece = co_await body.next())                       // at most 64 KiB, valid until the next one
//             co_await take(db.with_deadline(body.deadline()), *piece);
//         …
//     }
//     routes.post("/products/import", import, {.options = {.body_limit = 64 << 20, .body_time = 10min}});
//
// With no media types, any; else 415 request.unsupported_media_type. gzip, deflate and br are undone by body_decoding as for every
// body. next() throws as Request::read_some() does: 413, 408, 400, 503. What is not read is read away up to 64 KiB, else the
// connection ends. `Expect: 100-continue` is answered by the first next(). Loop's thread.

#include <algorithm>
#include <array>
#include <string_view>

#include "http/context.h"
#include "http/handler.h"

namespace http {

namespace detail {
void require_media_type(const Context& context, std::span<const std::string_view> known);
void describe_body_stream(Operation& operation, std::span<const std::string_view> media_types);
}  // namespace detail

template <FixedString... MediaTypes>
class BodyStream {
public:
    // nullopt: the end.
    [[nodiscard]] async::Task<std::optional<std::string_view>> next() { return next_of(context_); }
    // Of the handler, as it moves with each piece: what was given a deadline before needs this one.
    [[nodiscard]] async::SteadyTime deadline() const { return context_->deadline(); }

    static BodyStream read(Context& context, Findings&) {
        if constexpr (sizeof...(MediaTypes) > 0) detail::require_media_type(context, media_types);
        return BodyStream(context);
    }
    static void describe(Operation& operation) { detail::describe_body_stream(operation, media_types); }

private:
    static constexpr std::array<std::string_view, sizeof...(MediaTypes)> media_types{MediaTypes.view()...};
    // Here and not in the connection: a piece may have lain in its buffer, or in a decoder's.
    static async::Task<std::optional<std::string_view>> next_of(Context* context) {
        auto piece = co_await context->request().read_some();
        if (piece) context->mark_body_arrived(async::Loop::now());
        co_return piece;
    }
    explicit BodyStream(Context& context) : context_(&context) {}
    Context* context_;
};

}  // namespace http
