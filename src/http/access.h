#pragma once
// For this library's .cpp files: what the connection and inject() may do to a request and a reply that handlers may not.
//
//     http::RequestAccess(request).set_target("/v1/products?limit=5");

#include <utility>

#include "http/context.h"
#include "http/request.h"
#include "http/response.h"

namespace http {

struct RequestAccess {
    explicit RequestAccess(Request& target_request) : request(target_request) {}
    Request& request;

    void reset();
    void set_method(std::string_view text);
    void set_version(Version version) { request.version_ = version; }
    void set_remote(std::string_view address, std::uint16_t port) {
        request.remote_address_ = address;
        request.remote_port_ = port;
    }
    void set_host(std::string_view host) { request.host_ = host; }
    [[nodiscard]] RequestHeaders& headers() { return request.headers_; }
    void set_body(BodySource* source, bool has_body, std::optional<std::uint64_t> content_length) {
        request.source_ = source;
        request.has_body_ = has_body;
        request.content_length_ = content_length;
        request.body_complete_ = !has_body;
    }
    void set_body_budget(BodyBudget* budget) { request.body_budget_ = budget; }
    // Of a request that never became one: no link and no handler may act on what it wanted. HEAD stays, as its reply has no
    // body.
    void forget_method() {
        if (request.method_ != Method::head) request.method_ = Method::other;
    }
    // Origin-form, absolute-form or "*" (RFC 9112 §3.2), kept by view. nullptr, or what is wrong with it. Call it when
    // method and headers are known: an absolute-form target must agree with Host.
    [[nodiscard]] const char* set_target(std::string_view target);

    // Of a head that is refused: the path as it came, up to the first byte that may not stand there, at most 1 KiB; for the reply's
    // `instance` and the log alone. Nothing when `text`, which begins behind the method, has none.
    void set_refused_target(std::string_view text);

private:
    [[nodiscard]] const char* set_absolute_target(std::string_view target);
    [[nodiscard]] const char* set_path(std::string_view raw_path);
};

struct ResponseAccess {
    explicit ResponseAccess(Response& target_response) : response(target_response) {}
    Response& response;

    void reset();
    [[nodiscard]] bool closes() const { return response.close_; }
    [[nodiscard]] bool has_owner() const { return response.body_owner_ != nullptr; }
    [[nodiscard]] std::string take_body() { return std::move(response.body_); }
    [[nodiscard]] std::shared_ptr<const std::string> take_owner() { return std::move(response.body_owner_); }
    [[nodiscard]] Takeover take_takeover() { return std::exchange(response.takeover_, nullptr); }
    [[nodiscard]] bool owns_body() const { return response.body_view_.data() == response.body_.data(); }
    void run_before_send(Context& context);
    void run_after_send(Context& context, const SendResult& result) noexcept;
};

}  // namespace http
