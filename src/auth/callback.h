#pragma once
// A webhook: a request from outside that no token comes with. Its bytes are read first, exactly as they were sent; then a hook of the
// module tells by them and their signature whose they are, or refuses them; the handler begins with a tenant that is proved.
//
//     async::Task<base::Uuid> verify_stripe(auth::UnverifiedCallback sent) {
//         const auto account = co_await sent.db().one(stripe_account, sent.param("account"));
//         if (!account || !is_signed(sent.header("Stripe-Signature"), sent.bytes(), account->secret)) auth::refuse_callback();
//         co_return account->tenant_id;
//     }
//
//     async::Task<http::NoContent> stripe(auth::Callback<verify_stripe> callback) {
//         const auto event = schema::parse<StripeEvent>(callback.bytes(), {.lenient = true});
//         co_await callback.db().run(settle_payment, event->id);
//         ...
//     }
//     routes.post("/callbacks/stripe/{account}", stripe, {.id = "stripeCallback", ...});
//
// The hook has no database but UnverifiedDb (db/unverified.h), the handler that of the tenant. A signature is compared with
// base::constant_time_equal. The reply to a sender that is refused says nothing of why: 403 auth.callback_refused.

#include "db/unverified.h"
#include "http/handler.h"

namespace auth {

namespace errors {
inline constexpr base::ErrorCode callback_refused{"auth.callback_refused", 403, false, base::Action::contact,
                                                  "The sender of the callback is not known, or its signature is wrong"};
}  // namespace errors

// Far above what payment and messaging services send, far below what is worth a flood. Bytes.
inline constexpr std::uint64_t max_callback_bytes = 256 * 1024;

[[noreturn]] void refuse_callback();

// What was sent. A small value, valid as long as the request.
class CallbackRequest {
public:
    // As sent, behind a Content-Encoding.
    [[nodiscard]] std::string_view bytes() const { return bytes_; }
    [[nodiscard]] const http::RequestHeaders& headers() const;
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
    [[nodiscard]] std::string_view target() const;                      // path and query, as sent
    [[nodiscard]] std::string_view param(std::string_view name) const;  // of the path; "" without it
    [[nodiscard]] std::string_view client_address() const;
    template <class T>
    [[nodiscard]] T& use() const {
        return services().use<T>();
    }

protected:
    CallbackRequest(http::Context* context, std::string_view bytes) : context_(context), bytes_(bytes) {}
    [[nodiscard]] const http::Services& services() const;

    http::Context* context_;
    std::string_view bytes_;
};

// What the hook is given.
class UnverifiedCallback : public CallbackRequest {
public:
    [[nodiscard]] db::UnverifiedDb db() const;

private:
    template <async::Task<base::Uuid> (*verify)(UnverifiedCallback), std::uint64_t max_bytes>
    friend class Callback;
    UnverifiedCallback(http::Context* context, std::string_view bytes) : CallbackRequest(context, bytes) {}
};

class VerifiedCallback : public CallbackRequest {
public:
    [[nodiscard]] base::Uuid tenant() const { return tenant_; }
    // The rows of the tenant.
    [[nodiscard]] db::Db db() const;

protected:
    VerifiedCallback(http::Context* context, std::string_view bytes, base::Uuid tenant)
        : CallbackRequest(context, bytes), tenant_(tenant) {}

private:
    base::Uuid tenant_;
};

namespace detail {
async::Task<std::string_view> read_callback(http::Context& context, std::uint64_t max_bytes);
void describe_callback(http::Operation& operation);
}  // namespace detail

// The part of the handler.
template <async::Task<base::Uuid> (*verify)(UnverifiedCallback), std::uint64_t max_bytes = max_callback_bytes>
class Callback : public VerifiedCallback {
public:
    static async::Task<Callback> read(http::Context& context, http::Findings& /*findings*/) {
        const auto bytes = co_await detail::read_callback(context, max_bytes);
        const auto tenant = co_await verify(UnverifiedCallback(&context, bytes));
        co_return Callback(&context, bytes, tenant);
    }
    static void describe(http::Operation& operation) { detail::describe_callback(operation); }

private:
    using VerifiedCallback::VerifiedCallback;
};

}  // namespace auth
