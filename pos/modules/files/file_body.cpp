#include "pos/modules/files/file_body.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "http/errors.h"
#include "schema/shown_name.h"

namespace pos {

namespace {

bool is_form(const http::Context& context) {
    const auto type = context.request().header("content-type").value_or("");
    return base::ascii_lower(type).starts_with("multipart/form-data");
}

// A file within something else, which is no file: a client that sends JSON with Base64 in it would believe that its file is kept.
bool is_wrapped(std::string_view type) {
    return type == "application/json" || type.ends_with("+json") || type == "application/x-www-form-urlencoded" ||
           type.starts_with("multipart/");
}

void require_bytes(std::string_view content_type) {
    const auto type = http::detail::media_type_of_bytes(content_type);
    if (type.empty() || is_wrapped(type))
        throw base::Failure(
            http::errors::unsupported_media_type,
            fmt::format("\"{}\": send the bytes of the file, as application/octet-stream or by their type, "
                        "or a multipart/form-data with the field \"file\"",
                        schema::shown_name(type)));
}

}  // namespace

async::Task<FileBody> FileBody::read(http::Context& context, http::Findings& findings) {
    return read_of(&context, &findings);
}

async::Task<FileBody> FileBody::read_of(http::Context* context, http::Findings* findings) {
    FileBody body(*context);
    if (is_form(*context)) {
        body.form_ = co_await Form::read(*context, *findings);
    } else {
        // Nothing at all is no file.
        require_bytes(context->request().header("content-type").value_or(""));
        body.bytes_ = Bytes::read(*context, *findings);
    }
    co_return body;
}

void FileBody::describe(http::Operation& operation) {
    Bytes::describe(operation);
    Form::describe(operation);
    operation.can_fail(http::errors::unsupported_media_type);
}

async::Task<void> FileBody::begin() {
    if (!form_) co_return;
    const auto file = co_await form_->next_file();
    if (file) name_ = file->name;
}

async::Task<std::optional<std::string_view>> FileBody::next() {
    if (bytes_) co_return co_await bytes_->next();
    if (const auto piece = co_await form_->next()) co_return piece;
    // Whole is the form behind its last boundary alone.
    while (co_await form_->next_file()) {}
    co_return std::nullopt;
}

async::Task<std::string> FileBody::read_all(std::uint64_t most, base::ErrorCode too_large) {
    if (bytes_ && length().value_or(0) > most) throw base::Failure(too_large);
    co_await begin();
    std::string all;
    while (const auto piece = co_await next()) {
        if (all.size() + piece->size() > most) throw base::Failure(too_large);
        all += *piece;
    }
    co_return all;
}

std::optional<std::uint64_t> FileBody::length() const { return context_->request().content_length(); }

async::SteadyTime FileBody::deadline() const { return context_->deadline(); }

}  // namespace pos
