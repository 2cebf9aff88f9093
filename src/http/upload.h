#pragma once
// A body that is a file's bytes, taken piece by piece and checked against the digest that the client sends with it: Content-Digest
// (RFC 9530), sha-256 or sha-512.
//
//     async::Task<http::NoContent> put(Permitted<"files.write"> caller, http::Path<"id", FileId> id,
//                                      http::Upload<"image/png", "image/jpeg"> upload, db::Db db) {
//         while (const auto piece = co_await upload.next())              // at most 64 KiB, valid until the next one
//             co_await keep(db.with_deadline(upload.deadline()), *piece);
//         …                                                              // here, and not before, the bytes are those that were meant
//     }
//     routes.put("/files/{id}/content", put, {.options = {.body_limit = 64 << 20, .body_time = 30min}});
//
// With no media types, any. next() throws as BodyStream's does; instead of the last nullopt also 400 upload.digest_mismatch, behind
// which nothing of the bytes may be kept. A Content-Digest with neither algorithm, or that is not by the grammar, is
// 400 upload.digest_malformed, as is one of a body with a Content-Encoding: it would be the digest of other bytes. Loop's thread.

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/body_stream.h"

namespace http {

namespace errors {
inline constexpr base::ErrorCode digest_mismatch{"upload.digest_mismatch", 400, true, base::Action::retry,
                                                 "The bytes that arrived are not those of Content-Digest"};
inline constexpr base::ErrorCode digest_malformed{"upload.digest_malformed", 400, false, base::Action::fix,
                                                  "The digest of the body cannot be read or checked"};
}  // namespace errors

namespace detail {

class DigestCheck {
public:
    // Throws digest_malformed. nullptr: none was sent.
    [[nodiscard]] static std::unique_ptr<DigestCheck> of(const Request& request);
    virtual ~DigestCheck() = default;
    virtual void add(std::string_view bytes) = 0;
    // Throws digest_mismatch.
    virtual void finish() = 0;
};

async::Task<std::optional<std::string_view>> next_checked(Context* context, DigestCheck* check);
void describe_upload(Operation& operation, std::span<const std::string_view> media_types);

}  // namespace detail

template <FixedString... MediaTypes>
class Upload {
public:
    // nullopt: the end, and the digest was right.
    [[nodiscard]] async::Task<std::optional<std::string_view>> next() {
        return detail::next_checked(context_, check_.get());
    }
    // As sent, in small letters and without parameters; "" where there is none.
    [[nodiscard]] const std::string& media_type() const { return media_type_; }
    // What the client announces; nullopt for a chunked body.
    [[nodiscard]] std::optional<std::uint64_t> length() const {
        const auto& request = context_->request();
        return request.has_body() ? request.content_length() : std::optional<std::uint64_t>(0);
    }
    [[nodiscard]] async::SteadyTime deadline() const { return context_->deadline(); }

    static Upload read(Context& context, Findings&) {
        if constexpr (sizeof...(MediaTypes) > 0) detail::require_media_type(context, media_types);
        return Upload(context);
    }
    static void describe(Operation& operation) { detail::describe_upload(operation, media_types); }

private:
    static constexpr std::array<std::string_view, sizeof...(MediaTypes)> media_types{MediaTypes.view()...};
    explicit Upload(Context& context)
        : context_(&context),
          check_(detail::DigestCheck::of(context.request())),
          media_type_(detail::media_type_of_bytes(context.request().header("content-type").value_or(""))) {}

    Context* context_;
    std::unique_ptr<detail::DigestCheck> check_;
    std::string media_type_;
};

}  // namespace http
