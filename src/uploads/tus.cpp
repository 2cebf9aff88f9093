#include "uploads/tus.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/hasher.h"
#include "base/strings.h"
#include "http/context.h"
#include "http/errors.h"

namespace uploads::tus {

namespace {

constexpr std::string_view bytes_type = "application/offset+octet-stream";
constexpr std::uint64_t least_bytes_a_second = 2'048;  // as for every body: a GPRS line

[[noreturn]] void throw_malformed(std::string detail) { throw base::Failure(errors::malformed, std::move(detail)); }

// Of the protocol, General: every request but OPTIONS, and every reply.
void begin(http::Context& context) {
    context.response().before_send(
        [](http::Context& sent) { sent.response().headers().set("Tus-Resumable", version); });
    if (context.request().header("tus-resumable") == version) return;
    throw base::Failure(errors::version, "send Tus-Resumable: 1.0.0").header("Tus-Version", std::string(version));
}

std::optional<std::uint64_t> read_number(const http::Context& context, std::string_view header) {
    const auto text = context.request().header(header);
    if (!text) return std::nullopt;
    const auto number = base::parse_integer<std::int64_t>(*text);  // what a row can hold
    if (!number || *number < 0) throw_malformed(fmt::format("{} is no number of bytes", header));
    return static_cast<std::uint64_t>(*number);
}

std::optional<Checksum> read_checksum(const http::Context& context) {
    const auto text = context.request().header("upload-checksum");
    if (!text) return std::nullopt;
    const auto space = std::min(text->find(' '), text->size());
    const auto name = text->substr(0, space);
    using Algorithm = base::Hasher::Algorithm;
    Checksum checksum{};
    if (name == "sha1") {
        checksum.algorithm = Algorithm::sha1;
    } else if (name == "sha256") {
        checksum.algorithm = Algorithm::sha256;
    } else if (name == "sha512") {
        checksum.algorithm = Algorithm::sha512;
    } else {
        throw_malformed(fmt::format("Upload-Checksum: the algorithms are {}", checksum_algorithms));
    }
    auto digest = base::base64_decode(base::trim(text->substr(space)));
    if (!digest || digest->size() != base::Hasher::size_of(checksum.algorithm))
        throw_malformed("Upload-Checksum has no digest of this algorithm");
    checksum.digest = std::move(*digest);
    return checksum;
}

void require_bytes_type(const http::Context& context) {
    const auto type = context.request().header("content-type").value_or("");
    if (!base::iequals(base::trim(type.substr(0, type.find(';'))), bytes_type))
        throw base::Failure(errors::content_type);
}

void add_parameter(http::Operation& operation, const schema::Field& field) {
    operation.parameters.push_back({"header", &field, field.required()});
}

template <http::FixedString Name, class T, http::FixedString Doc, http::FixedString Example>
constexpr schema::Field documented = [] {
    auto field = http::detail::field_of_part<Name, T>;
    field.rules.doc = Doc.view();
    field.rules.example = Example.view();
    return field;
}();

void describe_version(http::Operation& operation) {
    add_parameter(operation, documented<"Tus-Resumable", std::string, "The version of the protocol.", R"("1.0.0")">);
    operation.can_fail(errors::version);
}

void describe_bytes(http::Operation& operation) {
    add_parameter(operation, documented<"Upload-Checksum", std::optional<std::string>,
                                        "sha1, sha256 or sha512, a space, and the Base64 of the body's digest.",
                                        R"("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=")">);
    operation.body_media_types = {bytes_type};
    http::detail::describe_body_bytes(operation);
    for (const auto& error : {errors::malformed, errors::content_type, errors::checksum_mismatch, errors::locked,
                              errors::too_many_pieces, errors::disk_full, errors::too_large})
        operation.can_fail(error);
}

void set_progress(http::Context& context, std::uint64_t offset, base::Timestamp expires) {
    auto& headers = context.response().headers();
    headers.set("Upload-Offset", std::to_string(offset));
    headers.set("Upload-Expires", base::format_http_date(expires));
}

base::Timestamp expiry(const To& to) { return to.clock->now() + to.options.lifetime; }

UploadRow require_row(std::optional<UploadRow> row) {
    if (!row) throw base::Failure(errors::not_found);
    return std::move(*row);
}

// Where it lies, as the client sees this server: never out of Host, or of what a proxy says.
std::string location_of(const http::Context& context, base::Uuid id, std::string_view configured) {
    const auto target = context.request().target();
    const auto path = configured.empty() ? target.substr(0, target.find('?')) : configured;
    return fmt::format("{}/{}", path, id.to_string());
}

// Bytes of one request, as the piece of one claim.
class Appending {
public:
    Appending(http::Context* context, To to, UploadRow row, std::optional<Checksum> checksum)
        : context_(context), to_(to), row_(std::move(row)), checksum_(std::move(checksum)) {
        if (checksum_) hasher_.emplace(checksum_->algorithm);
        last_commit_ = async::Loop::now();
    }

    // The row as it is then. What is thrown leaves what has been committed.
    async::Task<UploadRow> run() {
        auto failure = co_await receive_all();
        // The client has gone, and what had come counts: it goes on behind it.
        if (failure && reading_ && !checksum_) {
            context_->mark_body_arrived(async::Loop::now());  // the wait for it has used up the handler's time
            co_await commit_all();
        }
        if (!failure) failure = co_await complete();
        if (writer_) co_await writer_->close(kept_);
        if (failure) co_await explain(std::move(failure));
        row_.offset += committed_;
        co_return row_;
    }

private:
    async::Task<std::exception_ptr> receive_all() {
        try {
            co_await receive();
        } catch (...) {
            co_return std::current_exception();
        }
        co_return nullptr;
    }

    async::Task<void> receive() {
        while (true) {
            reading_ = true;
            const auto piece = co_await context_->request().read_some();
            reading_ = false;
            if (!piece) co_return;
            context_->mark_body_arrived(async::Loop::now());
            if (piece->empty()) continue;
            if (piece->size() > row_.length - row_.offset - written_) {
                throw base::Failure(errors::too_large,
                                    fmt::format("more bytes than Upload-Length said: {}", row_.length));
            }
            co_await write(*piece);
        }
    }

    async::Task<void> write(std::string_view bytes) {
        if (!writer_) {
            if (row_.pieces >= to_.options.pieces_anyway + row_.length / to_.options.least_piece)
                throw base::Failure(errors::too_many_pieces, "send more bytes in a request");
            writer_ = co_await to_.pieces->open(
                &context_->loop(), {.id = row_.id, .fence = row_.fence, .left = row_.length - row_.offset});
        }
        if (hasher_) hasher_->add(bytes);
        co_await writer_->write(bytes);
        written_ += bytes.size();
        const bool due = written_ - committed_ >= to_.options.commit_bytes ||
                         async::Loop::now() - last_commit_ >= to_.options.commit_time;
        if (due && !checksum_) co_await commit();
    }

    // Durable first, and true then.
    async::Task<void> commit() {
        if (written_ == committed_) co_return;
        co_await writer_->sync();
        kept_ = written_;  // whatever becomes of the answer
        const bool moved = co_await to_.rows->move({.id = row_.id,
                                                    .fence = row_.fence,
                                                    .from = row_.offset + committed_,
                                                    .to = row_.offset + written_,
                                                    .expires = expiry(to_)},
                                                   context_->deadline());
        if (!moved) {
            kept_ = committed_;
            throw base::Failure(errors::locked);
        }
        committed_ = written_;
        last_commit_ = async::Loop::now();
    }

    async::Task<void> commit_all() {
        try {
            co_await commit();
        } catch (const std::exception& error) {
            context_->logger().warn("the last bytes of a broken upload are not kept", {{"error", error.what()}});
        }
    }

    async::Task<std::exception_ptr> complete() {
        try {
            if (hasher_ && hasher_->finish() != checksum_->digest) throw base::Failure(errors::checksum_mismatch);
            co_await commit();
        } catch (...) {
            co_return std::current_exception();
        }
        co_return nullptr;
    }

    // Throws it; of a lock, with the offset that is true now.
    async::Task<void> explain(std::exception_ptr failure) {
        bool lost = false;
        try {
            std::rethrow_exception(failure);
        } catch (const base::Failure& thrown) {
            lost = thrown.code() == errors::locked;
        } catch (...) {
            lost = false;
        }
        if (!lost) std::rethrow_exception(failure);
        const auto row = require_row(co_await to_.rows->find(row_.id, context_->deadline()));
        throw base::Failure(errors::locked).header("Upload-Offset", std::to_string(row.offset));
    }

    http::Context* context_;
    To to_;
    UploadRow row_;
    std::optional<Checksum> checksum_;
    std::optional<base::Hasher> hasher_;
    std::unique_ptr<PieceWriter> writer_;
    bool reading_ = false;
    // Of the piece.
    std::uint64_t written_ = 0;
    std::uint64_t committed_ = 0;
    std::uint64_t kept_ = 0;  // that a row counts, or may count
    async::SteadyTime last_commit_;
};

async::Task<void> finish_if_whole(http::Context* context, To to, UploadRow row) {
    if (row.whole() && !row.finished) co_await to.rows->finish(std::move(row), context->deadline());
}

async::Task<std::exception_ptr> why_not_finished(http::Context* context, To to, UploadRow row) {
    try {
        co_await finish_if_whole(context, to, std::move(row));
    } catch (...) {
        co_return std::current_exception();
    }
    co_return nullptr;
}

// All bytes are here, whatever is in the way of their end: nobody needs to send them again.
[[noreturn]] void throw_with_offset(const std::exception_ptr& failure, std::uint64_t offset) {
    try {
        std::rethrow_exception(failure);
    } catch (base::Failure& known) {
        throw base::Failure(known).header("Upload-Offset", std::to_string(offset));
    }
}

// Claimed already.
async::Task<std::uint64_t> take_bytes(http::Context* context, To to, UploadRow row, std::optional<Checksum> checksum) {
    Appending appending(context, to, std::move(row), std::move(checksum));
    auto after = co_await appending.run();
    const auto offset = after.offset;
    co_await finish_if_whole(context, to, std::move(after));
    co_return offset;
}

// A row whose room cannot be kept goes again.
async::Task<void> reserve(http::Context* context, To to, base::Uuid id, std::uint64_t length) {
    std::exception_ptr failure;
    try {
        co_await to.pieces->reserve(&context->loop(), id, length);
    } catch (...) {
        failure = std::current_exception();
    }
    if (!failure) co_return;
    static_cast<void>(co_await to.rows->terminate(id, context->deadline()));
    std::rethrow_exception(failure);
}

async::Task<void> answer_discovery(http::Context* context, Options options) {
    auto& headers = context->response().headers();
    context->response().status(204);
    headers.set("Allow", "POST, GET, HEAD, PATCH, DELETE, OPTIONS");
    headers.set("Tus-Resumable", version);
    headers.set("Tus-Version", version);
    headers.set("Tus-Extension", extensions);
    headers.set("Tus-Checksum-Algorithm", checksum_algorithms);
    headers.set("Tus-Max-Size", std::to_string(options.most_bytes));
    co_return;
}

}  // namespace

http::RouteOptions append_options(const Options& options) {
    const auto seconds = static_cast<std::int64_t>(options.most_bytes / least_bytes_a_second) + 60;
    return {.body_limit = options.most_bytes, .deadline = {}, .body_time = std::chrono::seconds(seconds)};
}

Resumable Resumable::read(http::Context& context, http::Findings& /*findings*/) {
    begin(context);
    return {&context};
}

void Resumable::describe(http::Operation& operation) {
    describe_version(operation);
    operation.can_fail(errors::not_found);
}

Creation Creation::read(http::Context& context, http::Findings& /*findings*/) {
    begin(context);
    const auto& request = context.request();
    const auto length = read_number(context, "upload-length");
    if (!length) throw_malformed("Upload-Length is missing (Upload-Defer-Length is not understood)");
    Creation creation{.context = &context, .length = *length};
    creation.metadata_text = request.headers().joined("upload-metadata");
    auto metadata = Metadata::parse(creation.metadata_text);
    if (!metadata) {
        throw_malformed(fmt::format("Upload-Metadata has names, each with a Base64 value, at most {} and {} bytes",
                                    Metadata::most_pairs, Metadata::most_bytes));
    }
    creation.metadata = std::move(*metadata);
    creation.with_bytes = request.has_body() && request.content_length() != 0U;
    if (creation.with_bytes) {
        require_bytes_type(context);
        creation.checksum = read_checksum(context);
    }
    return creation;
}

void Creation::describe(http::Operation& operation) {
    describe_version(operation);
    add_parameter(operation, documented<"Upload-Length", std::int64_t, "Bytes of the whole upload.", "3000000">);
    add_parameter(operation, documented<"Upload-Metadata", std::optional<std::string>,
                                        "Names, each with a space and a value in Base64, separated by commas.",
                                        R"("purpose ZG9jdW1lbnQ=,filename c3RvY2suY3N2")">);
    describe_bytes(operation);
}

Append Append::read(http::Context& context, http::Findings& /*findings*/) {
    begin(context);
    const auto& request = context.request();
    // For clients behind what lets no PATCH through.
    if (request.method() == http::Method::post && request.header("x-http-method-override") != "PATCH")
        throw_malformed("a POST to an upload needs X-HTTP-Method-Override: PATCH");
    const auto offset = read_number(context, "upload-offset");
    if (!offset) throw_malformed("Upload-Offset is missing");
    require_bytes_type(context);
    return {.context = &context, .offset = *offset, .checksum = read_checksum(context)};
}

void Append::describe(http::Operation& operation) {
    describe_version(operation);
    add_parameter(operation, documented<"Upload-Offset", std::int64_t, "Where these bytes belong.", "1048576">);
    describe_bytes(operation);
    operation.can_fail(errors::not_found);
    operation.can_fail(errors::offset_conflict);
}

void Created::send(http::Context& context, const Created& result) {
    context.response().status(201).header("Location", result.location);
    set_progress(context, result.offset, result.expires);
}

void Created::describe(http::Operation& operation) {
    operation.can_answer({.status = 201, .headers = {"Location", "Upload-Offset", "Upload-Expires", "Tus-Resumable"}});
}

void Appended::send(http::Context& context, const Appended& result) {
    context.response().status(204);
    set_progress(context, result.offset, result.expires);
}

void Appended::describe(http::Operation& operation) {
    operation.can_answer({.status = 204, .headers = {"Upload-Offset", "Upload-Expires", "Tus-Resumable"}});
}

void Offset::send(http::Context& context, const Offset& result) {
    context.response().status(204);
    set_progress(context, result.row.offset, result.row.expires);
    auto& headers = context.response().headers();
    headers.set("Upload-Length", std::to_string(result.row.length));
    if (!result.row.metadata.empty()) headers.set("Upload-Metadata", result.row.metadata);
    headers.set("Cache-Control", "no-store");
}

void Offset::describe(http::Operation& operation) {
    operation.can_answer({.status = 204,
                          .headers = {"Upload-Offset", "Upload-Length", "Upload-Metadata", "Upload-Expires",
                                      "Cache-Control", "Tus-Resumable"}});
}

async::Task<Created> create(Creation creation, base::Uuid id, To to) {
    auto* context = creation.context;
    if (creation.length > to.options.most_bytes) {
        throw base::Failure(errors::too_large, fmt::format("more than {} bytes", to.options.most_bytes))
            .header("Tus-Max-Size", std::to_string(to.options.most_bytes));
    }
    Created created{.location = location_of(*context, id, to.options.location), .expires = expiry(to), .id = id};
    // The row comes first: what lies on the disk always has one, or goes (sweep()).
    co_await to.rows->create({.id = id,
                              .length = creation.length,
                              .metadata = std::move(creation.metadata_text),
                              .expires = created.expires},
                             context->deadline());
    co_await reserve(context, to, id, creation.length);
    if (!creation.with_bytes && creation.length > 0) co_return created;
    auto row = require_row(co_await to.rows->claim(id, 0, context->deadline()));
    created.offset = co_await take_bytes(context, to, std::move(row), std::move(creation.checksum));
    co_return created;
}

async::Task<Offset> show(Resumable request, base::Uuid id, To to) {
    auto* context = request.context;
    // HEAD is asked by who goes on: so whoever was before is over.
    const bool goes_on = context->request().method() == http::Method::head;
    auto row = require_row(goes_on ? co_await to.rows->claim(id, std::nullopt, context->deadline())
                                   : co_await to.rows->find(id, context->deadline()));
    const auto failure = co_await why_not_finished(context, to, row);
    if (failure) throw_with_offset(failure, row.offset);
    co_return Offset{std::move(row)};
}

async::Task<Appended> append(Append append, base::Uuid id, To to) {
    auto* context = append.context;
    auto row = require_row(co_await to.rows->claim(id, append.offset, context->deadline()));
    if (row.offset != append.offset) {
        throw base::Failure(errors::offset_conflict, fmt::format("it continues at {}", row.offset))
            .header("Upload-Offset", std::to_string(row.offset));
    }
    if (row.refused) co_await to.rows->finish(row, context->deadline());
    const auto offset = co_await take_bytes(context, to, std::move(row), std::move(append.checksum));
    co_return Appended{.offset = offset, .expires = expiry(to)};
}

async::Task<void> terminate(Resumable request, base::Uuid id, To to) {
    auto* context = request.context;
    if (!co_await to.rows->terminate(id, context->deadline())) throw base::Failure(errors::not_found);
    co_await to.pieces->remove(&context->loop(), id);
}

void discovery(http::RouteGroup group, std::string_view path, const Options& options) {
    const auto handler = [options](http::Context& context) { return answer_discovery(&context, options); };
    group.add(http::Method::options, path, {.handler = handler});
    group.add(http::Method::options, std::string(path) + "/{id}", {.handler = handler});
}

}  // namespace uploads::tus
