#include "storage/s3_store.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/strings.h"
#include "log/exception_text.h"
#include "schema/schema.h"
#include "storage/pieces.h"
#include "storage/s3_xml.h"

namespace storage {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_parts = 10'000;
constexpr int most_attempts = 4;  // of what the client cannot repeat by itself
// What is left of a failed upload costs money: an abort has time of its own, behind the put's deadline.
constexpr auto abort_time = 5s;
constexpr std::string_view mark_header = "x-amz-meta-upload";
constexpr std::string_view hash_header = "x-amz-meta-sha256";
constexpr std::string_view xml_type = "application/xml";

std::unexpected<Error> failed(Fault fault, std::string detail) {
    return std::unexpected(Error{.fault = fault, .detail = std::move(detail)});
}

// Nothing can have been done by a question.
std::unexpected<Error> unanswered(Error error) {
    if (error.fault == Fault::outcome_unknown) error.fault = Fault::unavailable;
    return std::unexpected(std::move(error));
}

std::string text_of(const http::Headers& headers, std::string_view name) {
    return std::string(headers.get(name).value_or(""));
}

std::string range_text(const Range& range) {
    return range.last ? fmt::format("bytes={}-{}", range.first, *range.last) : fmt::format("bytes={}-", range.first);
}

// "bytes 0-99/1234"
struct ContentRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t size = 0;
};

std::optional<ContentRange> parse_content_range(std::string_view text) {
    if (!text.starts_with("bytes ")) return std::nullopt;
    text.remove_prefix(6);
    const auto dash = text.find('-');
    const auto slash = text.find('/');
    if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) return std::nullopt;
    const auto first = base::parse_integer<std::uint64_t>(text.substr(0, dash));
    const auto last = base::parse_integer<std::uint64_t>(text.substr(dash + 1, slash - dash - 1));
    const auto size = base::parse_integer<std::uint64_t>(text.substr(slash + 1));
    if (!first || !last || !size || *first > *last || *last >= *size) return std::nullopt;
    return ContentRange{.first = *first, .last = *last, .size = *size};
}

Result<ObjectInfo> info_of(std::string key, const http::Headers& headers) {
    const auto size = base::parse_integer<std::uint64_t>(text_of(headers, "content-length"));
    if (!size) return failed(Fault::refused, "a reply that does not say how long the object is");
    ObjectInfo info{.key = std::move(key),
                    .size = *size,
                    .etag = text_of(headers, "etag"),
                    .content_type = text_of(headers, "content-type"),
                    .cache_control = text_of(headers, "cache-control"),
                    .content_disposition = text_of(headers, "content-disposition")};
    info.modified = base::parse_http_date(text_of(headers, "last-modified")).value_or(base::Timestamp());
    base::Digest256 sha256{};
    if (parse_hex(text_of(headers, hash_header), sha256)) info.sha256 = sha256;
    return info;
}

// What has come is counted, and hashed where the whole has a hash.
class S3Reader final : public ObjectStream::Reader {
public:
    S3Reader(client::ReplyStream stream, std::uint64_t length, std::optional<base::Digest256> sha256)
        : stream_(std::move(stream)), left_(length), sha256_(sha256) {}

    async::Task<Result<std::string>> read() override {
        auto piece = co_await stream_.read();
        if (!piece)
            co_return failed(Fault::unavailable,
                             fmt::format("{}: {}", client::to_string(piece.error().cause), piece.error().detail));
        if (piece->size() > left_ || (piece->empty() && left_ > 0))
            co_return failed(Fault::unavailable, "another number of bytes than was said");
        left_ -= piece->size();
        if (sha256_) hash_.add(*piece);
        if (piece->empty() && sha256_ && !std::exchange(is_checked_, true) && hash_.finish() != *sha256_)
            co_return failed(Fault::corrupt, "the bytes are not those that had been stored");
        co_return *std::move(piece);
    }

private:
    client::ReplyStream stream_;
    std::uint64_t left_;
    std::optional<base::Digest256> sha256_;
    Sha256Stream hash_;
    bool is_checked_ = false;
};

Result<ObjectStream> stream_of(const Get& get, client::ReplyStream stream) {
    auto info = info_of(get.key, stream.headers());
    if (!info) return std::unexpected(std::move(info.error()));
    const auto length = info->size;
    if (!get.range) {
        const auto sha256 = info->sha256;
        return ObjectStream(*std::move(info), 0, length, std::make_unique<S3Reader>(std::move(stream), length, sha256));
    }
    const auto range = parse_content_range(text_of(stream.headers(), "content-range"));
    if (stream.status() != 206 || !range || range->first != get.range->first ||
        range->last - range->first + 1 != length || (get.range->last && range->last > *get.range->last))
        return failed(Fault::refused, "a reply of another range than was asked for");
    info->size = range->size;
    return ObjectStream(*std::move(info), range->first, length,
                        std::make_unique<S3Reader>(std::move(stream), length, std::nullopt));
}

}  // namespace

S3Store::S3Store(S3Parts parts, S3Url url, std::string public_endpoint)
    : parts_(std::move(parts)),
      api_(parts_.http, std::move(url), std::move(public_endpoint), parts_.clock),
      places_(parts_.loop, {.permits = most_puts, .max_waiting = 1'000}) {}

bool S3Store::can(Ability ability) const {
    // R2 has no forms.
    return ability != Ability::sign_post || !api_.url().endpoint.ends_with(".r2.cloudflarestorage.com");
}

std::string S3Store::new_mark() {
    std::array<std::uint8_t, 16> bytes{};
    parts_.random.fill(bytes);
    return base::hex_encode(base::as_chars(bytes));
}

// ---- Put --------------------------------------------------------------------------------------------------------

NameValues S3Store::headers_of(const Put& put, const std::string& mark) const {
    NameValues headers{{std::string(mark_header), mark}};
    if (put.sha256) headers.emplace_back(hash_header, hex_of(*put.sha256));
    if (!put.cache_control.empty()) headers.emplace_back("cache-control", put.cache_control);
    if (!put.content_disposition.empty()) headers.emplace_back("content-disposition", put.content_disposition);
    return headers;
}

namespace {

async::SteadyTime after_source(const Put& put, async::SteadyTime deadline) {
    return put.after_source ? std::min(deadline, async::Loop::now() + *put.after_source) : deadline;
}

}  // namespace

async::Task<Result<Stored>> S3Store::put(Put put, async::SteadyTime deadline) {
    if (auto fault = put_fault(put)) co_return std::unexpected(*std::move(fault));
    const auto place = co_await places_.acquire(deadline);
    if (!place) co_return failed(Fault::unavailable, "as many files are stored at once as may");
    Pieces pieces(&put);
    if (auto fault = co_await pieces.fill(api_.url().part_bytes, deadline))
        co_return std::unexpected(*std::move(fault));
    if (pieces.has_ended()) deadline = after_source(put, deadline);
    const bool is_small = pieces.has_ended() && pieces.waiting() <= api_.url().part_bytes;
    co_return is_small ? co_await put_whole(&put, &pieces, deadline) : co_await put_in_parts(&put, &pieces, deadline);
}

async::Task<Result<Stored>> S3Store::put_whole(Put* put, Pieces* pieces, async::SteadyTime deadline) {
    put->sha256 = pieces->sha256();
    Multipart self{.upload = {.key = put->key}, .mark = new_mark(), .size = pieces->size()};
    S3Call call{.method = "PUT",
                .key = put->key,
                .headers = headers_of(*put, self.mark),
                .content_type = put->content_type,
                .body = pieces->take(SIZE_MAX)};
    if (put->only_if_absent) call.headers.emplace_back("if-none-match", "*");
    const auto reply = co_await api_.send(std::move(call), deadline);
    Stored stored{.size = pieces->size(), .sha256 = pieces->sha256()};
    if (reply) {
        stored.etag = text_of(reply->headers, "etag");
        if (stored.etag.empty()) co_return failed(Fault::refused, "a reply without an ETag");
        co_return stored;
    }
    const auto& failure = reply.error();
    // An attempt whose answer was lost may have stored what the next one found.
    const bool may_be_ours = failure.error.fault == Fault::precondition_failed && failure.attempts > 1;
    if (failure.may_have_happened || may_be_ours) {
        if (auto etag = co_await proven(&self, std::max(deadline, async::Loop::now() + 1s))) {
            stored.etag = *std::move(etag);
            co_return stored;
        }
    }
    co_return std::unexpected(failure.error);
}

async::Task<Result<Stored>> S3Store::put_in_parts(Put* put, Pieces* pieces, async::SteadyTime deadline) {
    Multipart multipart{.upload = {.bucket = api_.url().bucket, .key = put->key}, .mark = new_mark()};
    if (auto begun = co_await begin(put, &multipart, deadline); !begun) co_return std::unexpected(begun.error());
    Result<std::string> etag = failed(Fault::unavailable, "");
    std::exception_ptr thrown;
    try {
        if (parts_.hooks.began) co_await parts_.hooks.began(multipart.upload);
        etag = co_await upload_all(put, pieces, &multipart, deadline);
    } catch (...) {
        thrown = std::current_exception();
    }
    if (!etag || thrown) {
        const auto aborted = co_await clean_up(&multipart);
        if (thrown) std::rethrow_exception(std::move(thrown));
        if (etag.error().fault != Fault::outcome_unknown) co_return std::unexpected(std::move(etag.error()));
        // Its completion may have come through behind our back: then there was nothing to abort.
        auto late = co_await proven(&multipart, async::Loop::now() + 1s);
        if (!late && aborted) etag.error().fault = Fault::unavailable;
        if (!late) co_return std::unexpected(std::move(etag.error()));
        etag = *std::move(late);
    }
    co_await tell_ended(multipart.upload);
    co_return Stored{.etag = *std::move(etag), .size = pieces->size(), .sha256 = pieces->sha256()};
}

async::Task<Result<void>> S3Store::begin(const Put* put, Multipart* multipart, async::SteadyTime deadline) {
    S3Call call{.method = "POST",
                .key = put->key,
                .query = {{"uploads", ""}},
                .headers = headers_of(*put, multipart->mark),
                .content_type = put->content_type,
                // A second one would be a second upload, of which nobody knows.
                .repeatable = false};
    // Only what was refused for now: an answer that was lost may have begun an upload, which list_uploads() alone shows.
    const auto reply = co_await send_again(std::move(call), {.also_lost = false}, deadline);
    if (!reply) {
        auto error = reply.error();
        if (error.fault == Fault::outcome_unknown) error.fault = Fault::unavailable;
        co_return std::unexpected(std::move(error));
    }
    auto id = read_upload_id(reply->body);
    if (!id) co_return failed(Fault::refused, id.error());
    multipart->upload.upload_id = *std::move(id);
    co_return {};
}

async::Task<Result<std::string>> S3Store::upload_all(Put* put, Pieces* pieces, Multipart* multipart,
                                                     async::SteadyTime deadline) {
    const auto part_bytes = api_.url().part_bytes;
    while (pieces->waiting() > 0) {
        if (multipart->etags.size() == most_parts)
            co_return failed(Fault::too_large, "more than 10,000 parts: a larger part-size in STORAGE_URL");
        if (auto part = co_await upload_part(pieces->take(part_bytes), multipart, deadline); !part)
            co_return std::unexpected(std::move(part.error()));
        if (auto fault = co_await pieces->fill(part_bytes, deadline)) co_return std::unexpected(*std::move(fault));
    }
    multipart->size = pieces->size();
    co_return co_await complete(put, multipart, after_source(*put, deadline));
}

async::Task<Result<void>> S3Store::upload_part(std::string bytes, Multipart* multipart, async::SteadyTime deadline) {
    S3Call call{.method = "PUT",
                .key = multipart->upload.key,
                .query = {{"partNumber", std::to_string(multipart->etags.size() + 1)},
                          {"uploadId", multipart->upload.upload_id}},
                .body = std::move(bytes)};
    const auto reply = co_await send_again(std::move(call), {.also_lost = true}, deadline);
    if (!reply) {
        auto error = reply.error();
        // Of the upload, not of an object: somebody has aborted it.
        if (error.fault == Fault::not_found || error.fault == Fault::outcome_unknown) error.fault = Fault::unavailable;
        co_return std::unexpected(std::move(error));
    }
    multipart->etags.push_back(text_of(reply->headers, "etag"));
    if (multipart->etags.back().empty()) co_return failed(Fault::refused, "a part without an ETag");
    co_return {};
}

async::Task<Result<S3Reply>> S3Store::send_again(S3Call call, Again again, async::SteadyTime deadline) {
    for (int attempt = 1;; ++attempt) {
        auto reply = co_await api_.send(call, deadline);
        if (reply) co_return *std::move(reply);
        auto& failure = reply.error();
        const bool was_refused = failure.error.fault == Fault::unavailable && !failure.error.provider_code.empty();
        const bool may_pass =
            again.also_lost ? failure.error.fault == Fault::unavailable || failure.may_have_happened : was_refused;
        const auto pause = std::max(pause_after(attempt), failure.error.retry_after.value_or(0ms));
        if (!may_pass || attempt == most_attempts || async::Loop::now() + pause >= deadline)
            co_return std::unexpected(std::move(failure.error));
        co_await async::sleep(&parts_.loop, pause);
    }
}

// ---- The end of a multipart upload ------------------------------------------------------------------------------

async::Task<Result<std::string>> S3Store::complete(const Put* put, Multipart* multipart, async::SteadyTime deadline) {
    S3Call call{.method = "POST",
                .key = multipart->upload.key,
                .query = {{"uploadId", multipart->upload.upload_id}},
                .content_type = std::string(xml_type),
                .body = write_complete(multipart->etags),
                .repeatable = false};
    if (put->only_if_absent) call.headers.emplace_back("if-none-match", "*");
    Error last;
    for (int attempt = 1;; ++attempt) {
        const auto reply = co_await api_.send(call, deadline);
        if (reply) {
            if (auto etag = read_etag(reply->body, "CompleteMultipartUploadResult")) co_return *std::move(etag);
            const auto said = read_error(reply->body);
            multipart->may_be_complete |= said.code.empty();
            last = {.fault = said.code.empty() ? Fault::outcome_unknown : fault_of(400, said.code),
                    .detail = said.code.empty() ? "a reply that cannot be read" : said.message,
                    .provider_code = said.code};
        } else {
            multipart->may_be_complete |= reply.error().may_have_happened;
            last = reply.error().error;
        }
        // NoSuchUpload: an earlier attempt has completed it, or somebody has aborted it. What is there tells which.
        const bool is_asked = last.fault == Fault::not_found || last.fault == Fault::precondition_failed;
        if (is_asked && (multipart->may_be_complete || last.fault == Fault::not_found))
            if (auto etag = co_await proven(multipart, deadline)) co_return *std::move(etag);
        const bool may_pass =
            last.fault == Fault::unavailable || last.fault == Fault::conflict || last.fault == Fault::outcome_unknown;
        const auto pause = std::max(pause_after(attempt), last.retry_after.value_or(0ms));
        if (!may_pass || attempt == most_attempts || async::Loop::now() + pause >= deadline) break;
        co_await async::sleep(&parts_.loop, pause);
    }
    if (last.fault == Fault::not_found) last.fault = Fault::unavailable;  // of the upload, not of what is stored
    if (!multipart->may_be_complete) co_return std::unexpected(last);
    if (auto etag = co_await proven(multipart, async::Loop::now() + 1s)) co_return *std::move(etag);
    last.fault = Fault::outcome_unknown;
    co_return std::unexpected(last);
}

// The ETag of what is stored, if it is this upload: by our mark, or where a server has kept none by what its ETag is made of.
// That something is
// there proves nothing.
async::Task<std::optional<std::string>> S3Store::proven(const Multipart* multipart, async::SteadyTime deadline) {
    const auto reply = co_await head_of(multipart->upload.key, deadline);
    if (!reply) co_return std::nullopt;
    auto etag = text_of(reply->headers, "etag");
    if (const auto mark = reply->headers.get(mark_header)) {
        if (*mark != multipart->mark || etag.empty()) co_return std::nullopt;
        co_return etag;
    }
    std::string digests;
    for (const auto& part : multipart->etags) {
        const auto digest = base::hex_decode(base::trim(part).size() == 34 ? part.substr(1, 32) : part);
        if (!digest || digest->size() != 16) co_return std::nullopt;
        digests += *digest;
    }
    const bool has_parts = !multipart->etags.empty();
    const bool is_ours = has_parts && text_of(reply->headers, "content-length") == std::to_string(multipart->size) &&
                         etag == fmt::format("\"{}-{}\"", md5_hex(digests), multipart->etags.size());
    if (!is_ours) co_return std::nullopt;
    co_return etag;
}

async::Task<Result<void>> S3Store::clean_up(Multipart* multipart) {
    const auto deadline = async::Loop::now() + abort_time;
    Result<void> aborted;
    for (int attempt = 1;; ++attempt) {
        aborted = co_await abort_upload(multipart->upload, deadline);
        if (aborted) break;
        const bool may_pass = aborted.error().fault != Fault::denied && aborted.error().fault != Fault::refused;
        if (!may_pass || async::Loop::now() + pause_after(attempt) >= deadline) break;
        co_await async::sleep(&parts_.loop, pause_after(attempt));
    }
    if (aborted) co_await tell_ended(multipart->upload);
    co_return aborted;
}

async::Task<void> S3Store::tell_ended(PendingUpload upload) {
    if (!parts_.hooks.ended) co_return;
    std::string problem;
    try {
        co_await parts_.hooks.ended(upload);
    } catch (...) {
        problem = logging::message_of(std::current_exception());
    }
    if (!problem.empty())
        parts_.logger.warn("the end of an upload in parts was not kept", {{"key", upload.key}, {"reason", problem}});
}

async::Task<Result<void>> S3Store::abort_upload(PendingUpload upload, async::SteadyTime deadline) {
    if (upload.bucket != api_.url().bucket)
        co_return failed(Fault::not_supported, "an upload of another bucket than that of STORAGE_URL");
    const auto reply = co_await api_.send(
        {.method = "DELETE", .key = upload.key, .query = {{"uploadId", upload.upload_id}}}, deadline);
    if (reply || reply.error().error.fault == Fault::not_found) co_return {};
    parts_.aborts_failed.increment();
    parts_.logger.warn("an upload in parts was not aborted",
                       {{"key", upload.key}, {"reason", reply.error().error.detail}});
    co_return std::unexpected(reply.error().error);
}

async::Task<Result<UploadPage>> S3Store::list_uploads(List list, async::SteadyTime deadline) {
    S3Call call{.method = "GET",
                .query = {{"uploads", ""}, {"encoding-type", "url"}, {"max-uploads", std::to_string(list.limit)}},
                .max_reply_bytes = std::size_t{16} << 20U};
    if (!list.prefix.empty()) call.query.emplace_back("prefix", list.prefix);
    if (!list.after.empty()) {
        const auto cut = list.after.find('&');
        const auto key = base::percent_decode(list.after.substr(0, cut));
        const auto id = base::percent_decode(cut == std::string::npos ? "" : list.after.substr(cut + 1));
        if (!key || !id) co_return failed(Fault::bad_value, "no page of this list");
        call.query.emplace_back("key-marker", *key);
        if (!id->empty()) call.query.emplace_back("upload-id-marker", *id);
    }
    const auto reply = co_await api_.send(std::move(call), deadline);
    if (!reply) co_return unanswered(reply.error().error);
    auto page = read_uploads(reply->body, api_.url().bucket);
    if (!page) co_return failed(Fault::refused, page.error());
    if (!page->next.empty() && page->next == list.after) co_return failed(Fault::refused, "a list without an end");
    co_return *std::move(page);
}

// ---- The rest ---------------------------------------------------------------------------------------------------

async::Task<Result<ObjectStream>> S3Store::get(Get get, async::SteadyTime deadline) {
    if (const auto fault = key_fault(get.key); !fault.empty()) co_return failed(Fault::bad_key, std::string(fault));
    if (get.range && get.range->last && *get.range->last < get.range->first)
        co_return failed(Fault::bad_range, "a range that ends before it begins");
    S3Call call{.method = "GET", .key = get.key};
    if (get.range) call.headers.emplace_back("range", range_text(*get.range));
    if (!get.if_match.empty()) call.headers.emplace_back("if-match", get.if_match);
    auto reply = co_await api_.open(std::move(call), deadline);
    if (!reply) co_return unanswered(reply.error().error);
    co_return stream_of(get, *std::move(reply));
}

async::Task<std::expected<S3Reply, S3Failure>> S3Store::head_of(std::string key, async::SteadyTime deadline) {
    co_return co_await api_.send({.method = "HEAD", .key = std::move(key)}, deadline);
}

async::Task<Result<ObjectInfo>> S3Store::head(std::string key, async::SteadyTime deadline) {
    if (const auto fault = key_fault(key); !fault.empty()) co_return failed(Fault::bad_key, std::string(fault));
    const auto reply = co_await head_of(key, deadline);
    if (!reply) co_return unanswered(reply.error().error);
    co_return info_of(std::move(key), reply->headers);
}

async::Task<Result<void>> S3Store::remove(std::string key, async::SteadyTime deadline) {
    if (const auto fault = key_fault(key); !fault.empty()) co_return failed(Fault::bad_key, std::string(fault));
    const auto reply = co_await api_.send({.method = "DELETE", .key = std::move(key)}, deadline);
    if (reply || reply.error().error.fault == Fault::not_found) co_return {};
    co_return std::unexpected(reply.error().error);
}

async::Task<Result<ListPage>> S3Store::list(List list, async::SteadyTime deadline) {
    if (list.limit == 0 || list.limit > most_listed) co_return failed(Fault::bad_value, "1 to 1,000 of a list");
    S3Call call{.method = "GET",
                .query = {{"list-type", "2"}, {"encoding-type", "url"}, {"max-keys", std::to_string(list.limit)}},
                .max_reply_bytes = std::size_t{16} << 20U};
    if (!list.prefix.empty()) call.query.emplace_back("prefix", list.prefix);
    if (!list.after.empty()) call.query.emplace_back("continuation-token", list.after);
    const auto reply = co_await api_.send(std::move(call), deadline);
    if (!reply) co_return unanswered(reply.error().error);
    auto page = read_list(reply->body);
    if (!page) co_return failed(Fault::refused, page.error());
    if (!page->next.empty() && page->next == list.after) co_return failed(Fault::refused, "a list without an end");
    // What is another's is no answer to this.
    const auto is_foreign = [&](const ListedObject& object) { return !object.key.starts_with(list.prefix); };
    if (std::ranges::any_of(page->objects, is_foreign))
        co_return failed(Fault::refused, "a list of keys that do not begin as was asked");
    co_return *std::move(page);
}

async::Task<Result<ObjectInfo>> S3Store::copy(Copy copy, async::SteadyTime deadline) {
    if (auto fault = copy_fault(copy)) co_return std::unexpected(*std::move(fault));
    S3Call call{.method = "PUT",
                .key = copy.to,
                .headers = {{"x-amz-copy-source", encoded_path("/" + api_.url().bucket + "/" + copy.from)},
                            {"x-amz-metadata-directive", copy.content_type ? "REPLACE" : "COPY"}}};
    if (!copy.if_match.empty()) call.headers.emplace_back("x-amz-copy-source-if-match", copy.if_match);
    if (copy.content_type) {
        call.content_type = *copy.content_type;
        if (copy.sha256) call.headers.emplace_back(hash_header, hex_of(*copy.sha256));
        if (!copy.cache_control.empty()) call.headers.emplace_back("cache-control", copy.cache_control);
        if (!copy.content_disposition.empty())
            call.headers.emplace_back("content-disposition", copy.content_disposition);
    }
    std::optional<std::string> etag;
    for (int attempt = 1; !etag; ++attempt) {
        const auto reply = co_await api_.send(call, deadline);
        if (!reply) co_return std::unexpected(reply.error().error);
        if (auto read = read_etag(reply->body, "CopyObjectResult")) {
            etag = *std::move(read);
            break;
        }
        // A status of 200 is sent before the copying has ended.
        const auto said = read_error(reply->body);
        Error error{.fault = said.code.empty() ? Fault::outcome_unknown : fault_of(400, said.code),
                    .detail = said.message,
                    .provider_code = said.code};
        const bool may_pass = said.code.empty() || is_passing(400, said.code);
        if (!may_pass || attempt == most_attempts || async::Loop::now() + pause_after(attempt) >= deadline)
            co_return std::unexpected(std::move(error));
        co_await async::sleep(&parts_.loop, pause_after(attempt));
    }
    auto info = co_await head(copy.to, deadline);
    if (info && info->etag != *etag) co_return failed(Fault::conflict, "the copy was written over at once");
    co_return info;
}

// ---- Signed URLs ------------------------------------------------------------------------------------------------

Result<SignedUrl> S3Store::sign_get(const SignGet& sign) const {
    if (auto fault = lifetime_fault(sign.key, sign.lifetime)) return std::unexpected(*std::move(fault));
    if (!is_header_text(sign.content_type) || !is_header_text(sign.content_disposition))
        return failed(Fault::bad_value, "a content type or a disposition that no header has");
    S3Call call{.method = "GET", .key = sign.key};
    if (!sign.content_type.empty()) call.query.emplace_back("response-content-type", sign.content_type);
    if (!sign.content_disposition.empty())
        call.query.emplace_back("response-content-disposition", sign.content_disposition);
    return api_.presign(std::move(call), sign.lifetime);
}

Result<SignedUrl> S3Store::sign_put(const SignPut& sign) const {
    if (auto fault = lifetime_fault(sign.key, sign.lifetime)) return std::unexpected(*std::move(fault));
    if (!is_header_text(sign.content_type) || sign.content_type.empty())
        return failed(Fault::bad_value, "a content type that no header has");
    if (sign.length > most_bytes) return failed(Fault::too_large, "more than 5 GiB");
    NameValues headers{{"Content-Type", sign.content_type}};
    if (sign.only_if_absent) headers.emplace_back("If-None-Match", "*");
    S3Call call{.method = "PUT", .key = sign.key, .headers = headers};
    call.headers.emplace_back("content-length", std::to_string(sign.length));
    auto url = api_.presign(std::move(call), sign.lifetime);
    url.headers = std::move(headers);
    return url;
}

Result<SignedForm> S3Store::sign_post(const SignPost& sign) const {
    if (!can(Ability::sign_post)) return failed(Fault::not_supported, "R2 has no forms: sign_put() instead");
    if (auto fault = lifetime_fault(sign.key, sign.lifetime)) return std::unexpected(*std::move(fault));
    if (!is_header_text(sign.content_type) || sign.content_type.empty())
        return failed(Fault::bad_value, "a content type that no header has");
    if (sign.key.contains("${")) return failed(Fault::bad_key, "${ stands for something in forms");
    if (sign.max_length > most_bytes || sign.min_length > sign.max_length)
        return failed(Fault::bad_value, "from min_length to max_length, at most 5 GiB");
    const auto signer = api_.signer();
    const auto now = api_.now();
    SignedForm form{.url = api_.public_bucket_url(), .expires_at = now + sign.lifetime};
    form.fields = {{"key", sign.key},
                   {"Content-Type", sign.content_type},
                   {"x-amz-algorithm", "AWS4-HMAC-SHA256"},
                   {"x-amz-credential", signer.credential(now)},
                   {"x-amz-date", amz_date(now)}};
    if (!signer.credentials().session_token.empty())
        form.fields.emplace_back("x-amz-security-token", signer.credentials().session_token);
    std::string conditions = R"({"bucket":)";
    schema::write_json_string(api_.url().bucket, conditions);
    conditions += "}";
    for (const auto& [name, value] : form.fields) {
        conditions += ",{";
        schema::write_json_string(name, conditions);
        conditions += ":";
        schema::write_json_string(value, conditions);
        conditions += "}";
    }
    const auto policy = base::base64_encode(
        fmt::format(R"({{"expiration":"{}","conditions":[{},["content-length-range",{},{}]]}})",
                    base::format_timestamp(form.expires_at), conditions, sign.min_length, sign.max_length));
    form.fields.emplace_back("policy", policy);
    form.fields.emplace_back("x-amz-signature", signer.signature(policy, now));
    return form;
}

}  // namespace storage
