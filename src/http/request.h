#pragma once
// One request as the handler sees it. It belongs to its Context and lives as long; every view it gives points into the
// connection's buffer and stays valid until the request has been answered. Loop's thread only.
//
//     auto id = context.request().headers().get("x-request-id");
//     std::string_view json = co_await context.request().body();        // whole, at most body_limit() bytes
//     while (auto piece = co_await context.request().read_some()) { ... }  // or piece by piece, with back-pressure
//
// Nothing of the body is read before somebody asks; `Expect: 100-continue` is answered then. body() and read_some() throw
// base::Failure: http.body_too_large (413), http.request_timeout (408), http.body_malformed (400), http.bodies_full (503). A
// body that has failed once stays failed: asking again throws the same.
//
// path() is percent-decoded once. Refused with 400 before a handler runs: %00, %2F (a front proxy may read it as a
// separator), "." and ".." segments however they are written, broken escapes, and bytes that are not UTF-8.

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "http/body_budget.h"
#include "http/headers.h"
#include "http/method.h"

namespace http {

enum class Version : std::uint8_t { http_1_0, http_1_1 };

// Where a body comes from: the connection, memory (inject), or a decoder that a middleware puts in front of it.
class BodySource {
public:
    virtual ~BodySource() = default;
    // The next piece, valid until the next call; nullopt at the end. Throws base::Failure.
    virtual async::Task<std::optional<std::string_view>> read_some() = 0;
    // All that is left as one view when it is here already, so that a small body costs no copy; else nullopt.
    virtual std::optional<std::string_view> take_buffered() { return std::nullopt; }
};

class Request {
public:
    static constexpr std::uint64_t default_body_limit = 1024 * 1024;

    [[nodiscard]] Method method() const { return method_; }
    // As sent; what `Method::other` stands for.
    [[nodiscard]] std::string_view method_text() const { return method_text_; }
    [[nodiscard]] Version version() const { return version_; }
    // The request target as sent, of an absolute-form target the part after the authority.
    [[nodiscard]] std::string_view target() const { return target_; }
    // Percent-decoded, starts with '/', "*" for OPTIONS *.
    [[nodiscard]] std::string_view path() const { return path_; }
    // After the '?', still encoded; "" when there is none.
    [[nodiscard]] std::string_view query() const { return query_; }
    [[nodiscard]] const RequestHeaders& headers() const { return headers_; }
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const { return headers_.get(name); }
    // The Host field (or the authority of an absolute-form target), "" in HTTP/1.0 without one.
    [[nodiscard]] std::string_view host() const { return host_; }

    // The other end of the socket.
    [[nodiscard]] std::string_view remote_address() const { return remote_address_; }
    [[nodiscard]] std::uint16_t remote_port() const { return remote_port_; }
    // Who asks, once a middleware has judged the proxies; the remote address until then.
    [[nodiscard]] std::string_view client_address() const {
        return client_address_.empty() ? remote_address_ : std::string_view(client_address_);
    }
    void set_client_address(std::string_view address) { client_address_.assign(address); }
    // True when the client's side spoke TLS: with us, with the balancer by its PROXY header, or with a proxy by the same middleware.
    [[nodiscard]] bool is_secure() const { return secure_; }
    void set_secure(bool secure) { secure_ = secure; }

    [[nodiscard]] bool has_body() const { return has_body_; }
    // nullopt for a chunked body and for none.
    [[nodiscard]] std::optional<std::uint64_t> content_length() const { return content_length_; }
    // In bytes, before and after a decoder. The route sets it before the handler.
    [[nodiscard]] std::uint64_t body_limit() const { return body_limit_; }
    void set_body_limit(std::uint64_t bytes) { body_limit_ = bytes; }

    // Whose share of the memory for bodies this one is held in, beside that of the client's address; the address alone unless a
    // link knows better. Before the body is read.
    void charge_body_to(base::Uuid identity) { body_caller_ = BodyCaller::of_identity(identity); }
    // For whatever keeps bytes of the body, or works on them: counts `bytes` more until the request ends. Throws bodies_full.
    void hold_body_memory(std::size_t bytes);

    // The whole body; later calls give the same bytes.
    [[nodiscard]] async::Task<std::string_view> body();
    // The next piece of at most 64 KiB, valid until the next call; nullopt at the end. Not to be mixed with body().
    [[nodiscard]] async::Task<std::optional<std::string_view>> read_some();

    // Puts a decoder in front: it is read instead, and kept until the request ends. It may read body_source().
    [[nodiscard]] BodySource* body_source() const { return source_; }
    void set_body_source(std::unique_ptr<BodySource> source);

private:
    friend struct RequestAccess;

    void check_limit(std::uint64_t size) const;
    void make_room(std::size_t bytes);
    [[noreturn]] void fail_body();

    Method method_ = Method::get;
    Version version_ = Version::http_1_1;
    bool has_body_ = false;
    bool body_complete_ = false;
    bool secure_ = false;
    std::uint16_t remote_port_ = 0;
    std::string_view method_text_;
    std::string_view target_;
    std::string_view path_;
    std::string_view query_;
    std::string_view host_;
    std::string_view remote_address_;
    std::optional<std::uint64_t> content_length_;
    std::uint64_t body_limit_ = default_body_limit;
    std::uint64_t body_read_ = 0;
    RequestHeaders headers_;
    std::string decoded_path_;
    std::string client_address_;
    std::string_view body_;
    std::string body_bytes_;
    std::exception_ptr body_failure_;
    BodyBudget* body_budget_ = nullptr;
    std::optional<BodyCaller> body_caller_;
    BodyLease body_lease_;
    BodySource* source_ = nullptr;
    std::unique_ptr<BodySource> owned_source_;
    std::vector<std::unique_ptr<BodySource>> replaced_sources_;
};

}  // namespace http
