#pragma once
// SignedBody<Scheme>: a part of a handler: the bytes of a request from outside that no token comes with, exactly as they were
// sent, and signed as the scheme says. What is not is refused before the handler begins.
//
//     struct FromPartner {                                             // a scheme
//         static async::Task<void> verify(http::Context* context, std::string_view bytes);       // throws base::Failure
//         static void describe(http::Operation& operation);                                      // its errors, its needs
//     };
//     async::Task<http::NoContent> receive(http::SignedBody<FromPartner> body) {
//         const auto event = schema::parse<PartnerEvent>(body.bytes(), {.lenient = true});
//
// Standard Webhooks are webhooks::StandardWebhook (webhooks/signed_request.h). Where the signature says whose tenant's a request
// is, the part is auth::Callback. The bytes are as valid as the request.

#include <cstdint>
#include <string_view>

#include "http/context.h"
#include "http/errors.h"
#include "http/handler.h"

namespace http {

inline constexpr std::uint64_t max_signed_body_bytes = 256 * 1024;

template <class Scheme, std::uint64_t max_bytes = max_signed_body_bytes>
class SignedBody {
public:
    [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }

    static async::Task<SignedBody> read(Context& context, Findings& /*findings*/) {
        context.request().set_body_limit(max_bytes);
        const auto bytes = co_await context.request().body();
        co_await Scheme::verify(&context, bytes);
        co_return SignedBody(bytes);
    }
    static void describe(Operation& operation) {
        for (const auto& error :
             {errors::body_too_large, errors::body_malformed, errors::request_timeout, errors::bodies_full})
            operation.can_fail(error);
        Scheme::describe(operation);
    }

private:
    explicit SignedBody(std::string_view bytes) : bytes_(bytes) {}
    std::string_view bytes_;
};

}  // namespace http
