#include "storage/cloudinary_store.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/random.h"
#include "base/strings.h"
#include "schema/schema.h"
#include "storage/digests.h"
#include "storage/pieces.h"
#include "storage/sigv4.h"

namespace storage {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view access = "authenticated";

std::unexpected<Error> failed(Fault fault, std::string detail) {
    return std::unexpected(Error{.fault = fault, .detail = std::move(detail)});
}

// What a key is called there: of an image its ending is a format, and no part of its name.
struct Name {
    std::string kind;
    std::string public_id;
    std::string format;
};

Result<Name> name_of(const std::string& key) {
    if (const auto fault = key_fault(key); !fault.empty()) return failed(Fault::bad_key, std::string(fault));
    if (key.find_first_of("?&#%<>+") != std::string::npos || key.size() > 255)
        return failed(Fault::bad_key, "Cloudinary's names have at most 255 bytes, and none of ? & # % < > +");
    constexpr std::array<std::string_view, 8> images{"jpg", "jpeg", "png", "webp", "gif", "avif", "heic", "svg"};
    const auto dot = key.rfind('.');
    const auto end = dot == std::string::npos ? "" : key.substr(dot + 1);
    const bool is_image = std::ranges::find(images, end) != images.end();
    if (!is_image) return Name{.kind = "raw", .public_id = key, .format = ""};
    return Name{.kind = "image", .public_id = key.substr(0, dot), .format = end};
}

// Of replies to uploads.
struct Uploaded {
    std::string public_id;
    std::int64_t bytes = -1;
    std::string etag;

    friend constexpr auto describe(Uploaded*) {
        using schema::field;
        return schema::object<Uploaded>("CloudinaryUpload", field<&Uploaded::public_id>("public_id"),
                                        field<&Uploaded::bytes>("bytes"), field<&Uploaded::etag>("etag"));
    }
};

struct Destroyed {
    std::string result;

    friend constexpr auto describe(Destroyed*) {
        return schema::object<Destroyed>("CloudinaryDestroy", schema::field<&Destroyed::result>("result"));
    }
};

Error error_of(const client::Error& error) {
    Error out{.detail = fmt::format("{}: {}", client::to_string(error.cause), error.detail),
              .retry_after = error.retry_after};
    if (error.outcome != client::Outcome::refused) {
        out.fault = error.outcome == client::Outcome::not_sent ? Fault::unavailable : Fault::outcome_unknown;
        return out;
    }
    out.provider_code = std::to_string(error.status);
    switch (error.status) {
        case 401:
        case 403: out.fault = Fault::denied; break;
        case 404: out.fault = Fault::not_found; break;
        case 412: out.fault = Fault::precondition_failed; break;
        case 413: out.fault = Fault::too_large; break;
        case 416: out.fault = Fault::bad_range; break;
        case 420:  // its own for "too many"
        case 429: out.fault = Fault::unavailable; break;
        default: out.fault = error.status >= 500 ? Fault::unavailable : Fault::refused;
    }
    return out;
}

// Nothing can have been done by a question.
std::unexpected<Error> unanswered(Error error) {
    if (error.fault == Fault::outcome_unknown) error.fault = Fault::unavailable;
    return std::unexpected(std::move(error));
}

std::string multipart_body(const NameValues& fields, std::string_view boundary, std::string_view bytes,
                           std::string_view content_type) {
    std::string body;
    body.reserve(bytes.size() + 2'000);
    for (const auto& [name, value] : fields)
        body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", boundary, name, value);
    body += fmt::format(
        "--{}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n"
        "Content-Type: {}\r\n\r\n",
        boundary, content_type);
    body.append(bytes).append(fmt::format("\r\n--{}--\r\n", boundary));
    return body;
}

class DeliveryReader final : public ObjectStream::Reader {
public:
    DeliveryReader(client::ReplyStream stream, std::uint64_t length) : stream_(std::move(stream)), left_(length) {}

    async::Task<Result<std::string>> read() override {
        auto piece = co_await stream_.read();
        if (!piece) co_return failed(Fault::unavailable, piece.error().detail);
        if (piece->size() > left_ || (piece->empty() && left_ > 0))
            co_return failed(Fault::unavailable, "another number of bytes than was said");
        left_ -= piece->size();
        co_return *std::move(piece);
    }

private:
    client::ReplyStream stream_;
    std::uint64_t left_;
};

std::string text_of(const http::Headers& headers, std::string_view name) {
    return std::string(headers.get(name).value_or(""));
}

Result<ObjectInfo> info_of(std::string key, const http::Headers& headers) {
    const auto size = base::parse_integer<std::uint64_t>(text_of(headers, "content-length"));
    if (!size) return failed(Fault::refused, "a reply that does not say how long the object is");
    ObjectInfo info{.key = std::move(key),
                    .size = *size,
                    .etag = text_of(headers, "etag"),
                    .content_type = text_of(headers, "content-type")};
    info.modified = base::parse_http_date(text_of(headers, "last-modified")).value_or(base::Timestamp());
    return info;
}

client::Target target_of(std::string name, const std::string& origin) {
    return {.name = std::move(name),
            .base_url = origin,
            .deadlines = {.connect = 5s, .first_byte = 2min, .whole = 10min},
            .hides_path = true};
}

}  // namespace

std::string cloudinary_signature(NameValues parameters, std::string_view secret) {
    std::ranges::sort(parameters);
    std::string text;
    for (const auto& [name, value] : parameters)
        if (!value.empty()) text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
    return base::hex_encode(sha1(text + std::string(secret)));
}

CloudinaryStore::CloudinaryStore(Parts parts, CloudinaryUrl url)
    : parts_(parts),
      url_(std::move(url)),
      api_(target_of("cloudinary", url_.endpoint)),
      delivery_(target_of("cloudinary-delivery", url_.delivery)) {}

std::string CloudinaryStore::seconds_now() const {
    return std::to_string(std::chrono::floor<std::chrono::seconds>(parts_.clock.now()).time_since_epoch().count());
}

std::string CloudinaryStore::api_path(std::string_view kind, std::string_view what) const {
    return fmt::format("/v1_1/{}/{}/{}", url_.cloud, kind, what);
}

NameValues CloudinaryStore::signed_parameters(NameValues parameters) const {
    auto signature = cloudinary_signature(parameters, url_.api_secret);
    parameters.emplace_back("signature", std::move(signature));
    parameters.emplace_back("api_key", url_.api_key);
    return parameters;
}

async::Task<Result<Stored>> CloudinaryStore::put(Put put, async::SteadyTime deadline) {
    if (auto fault = put_fault(put)) co_return std::unexpected(*std::move(fault));
    if (put.only_if_absent) co_return failed(Fault::not_supported, "Cloudinary has no condition for uploads");
    const auto name = name_of(put.key);
    if (!name) co_return std::unexpected(name.error());
    put.max_bytes = std::min(put.max_bytes, most_cloudinary_bytes);
    if (put.length.value_or(0) > put.max_bytes) co_return failed(Fault::too_large, "more than 20 MB");
    Pieces pieces(&put);
    if (auto fault = co_await pieces.fill(most_cloudinary_bytes, deadline))
        co_return std::unexpected(*std::move(fault));
    std::array<std::uint8_t, 16> random{};
    parts_.random.fill(random);
    const auto boundary = base::hex_encode(base::as_chars(random));
    const auto fields = signed_parameters({{"invalidate", "true"},
                                           {"overwrite", "true"},
                                           {"public_id", name->public_id},
                                           {"timestamp", seconds_now()},
                                           {"type", std::string(access)}});
    auto body = multipart_body(fields, boundary, pieces.take(SIZE_MAX), put.content_type);
    const auto reply =
        co_await parts_.http.post<Uploaded>(api_, api_path(name->kind, "upload"),
                                            client::bytes(std::move(body), "multipart/form-data; boundary=" + boundary),
                                            {.repeatable = true, .deadline = deadline});
    if (!reply) co_return std::unexpected(error_of(reply.error()));
    if (reply->body.public_id != name->public_id || std::cmp_not_equal(reply->body.bytes, pieces.size()))
        co_return failed(Fault::outcome_unknown, "another file was stored than was sent");
    co_return Stored{.etag = "\"" + reply->body.etag + "\"", .size = pieces.size(), .sha256 = pieces.sha256()};
}

async::Task<Result<void>> CloudinaryStore::remove(std::string key, async::SteadyTime deadline) {
    const auto name = name_of(key);
    if (!name) co_return std::unexpected(name.error());
    const auto fields = signed_parameters({{"invalidate", "true"},
                                           {"public_id", name->public_id},
                                           {"timestamp", seconds_now()},
                                           {"type", std::string(access)}});
    const auto reply = co_await parts_.http.post<Destroyed>(api_, api_path(name->kind, "destroy"), client::form(fields),
                                                            {.repeatable = true, .deadline = deadline});
    if (!reply) co_return std::unexpected(error_of(reply.error()));
    if (reply->body.result != "ok" && reply->body.result != "not found")
        co_return failed(Fault::refused, "it was not destroyed");
    co_return {};
}

async::Task<Result<ObjectStream>> CloudinaryStore::get(Get get, async::SteadyTime deadline) {
    const auto url = delivery_url(get.key);
    if (!url) co_return std::unexpected(url.error());
    client::Call call{.deadline = deadline};
    const bool is_range = get.range.has_value();
    const auto first = is_range ? get.range->first : 0;
    if (is_range && get.range->last.value_or(UINT64_MAX) < first)
        co_return failed(Fault::bad_range, "a range that ends before it begins");
    if (is_range)
        call.headers.emplace_back(
            "range", fmt::format("bytes={}-{}", first, get.range->last ? std::to_string(*get.range->last) : ""));
    if (!get.if_match.empty()) call.headers.emplace_back("if-match", get.if_match);
    auto stream = co_await parts_.http.open("GET", delivery_, url->substr(url_.delivery.size()), {}, std::move(call));
    if (!stream) co_return unanswered(error_of(stream.error()));
    auto info = info_of(get.key, stream->headers());
    if (!info) co_return std::unexpected(std::move(info.error()));
    const auto length = info->size;
    if (is_range) {
        const auto range = text_of(stream->headers(), "content-range");
        const auto size = base::parse_integer<std::uint64_t>(range.substr(std::min(range.size(), range.find('/') + 1)));
        const auto expected = fmt::format("bytes {}-{}/", first, first + length - 1);
        if (stream->status() != 206 || !range.starts_with(expected) || !size)
            co_return failed(Fault::refused, "a reply of another range than was asked for");
        info->size = *size;
    }
    if (!get.if_match.empty() && info->etag != get.if_match)
        co_return failed(Fault::precondition_failed, "the object has another ETag");
    co_return ObjectStream(*std::move(info), first, length,
                           std::make_unique<DeliveryReader>(*std::move(stream), length));
}

async::Task<Result<ObjectInfo>> CloudinaryStore::head(std::string key, async::SteadyTime deadline) {
    const auto url = delivery_url(key);
    if (!url) co_return std::unexpected(url.error());
    const auto reply = co_await parts_.http.send<std::string>("HEAD", delivery_, url->substr(url_.delivery.size()), {},
                                                              {.deadline = deadline});
    if (!reply) co_return unanswered(error_of(reply.error()));
    co_return info_of(std::move(key), reply->headers);
}

Result<std::string> CloudinaryStore::delivery_url(const std::string& key) const {
    const auto name = name_of(key);
    if (!name) return std::unexpected(name.error());
    const auto source = name->public_id + (name->format.empty() ? "" : "." + name->format);
    // Of the name as it stands in the URL.
    const auto encoded = encoded_path(source);
    const auto signature = base::base64url_encode(sha1(encoded + url_.api_secret)).substr(0, 8);
    return fmt::format("{}/{}/{}/{}/s--{}--/{}", url_.delivery, url_.cloud, name->kind, access, signature, encoded);
}

Result<SignedUrl> CloudinaryStore::sign_get(const SignGet& sign) const {
    if (auto fault = lifetime_fault(sign.key, sign.lifetime)) return std::unexpected(*std::move(fault));
    const auto name = name_of(sign.key);
    if (!name) return std::unexpected(name.error());
    const auto expires_at =
        base::Timestamp(std::chrono::floor<std::chrono::seconds>(parts_.clock.now() + sign.lifetime));
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(expires_at.time_since_epoch()).count();
    NameValues parameters{{"timestamp", seconds_now()}, {"public_id", name->public_id}};
    if (!name->format.empty()) parameters.emplace_back("format", name->format);
    parameters.emplace_back("type", access);
    if (sign.content_disposition.starts_with("attachment")) parameters.emplace_back("attachment", "true");
    parameters.emplace_back("expires_at", std::to_string(seconds));
    std::string query;
    for (const auto& [parameter, value] : signed_parameters(std::move(parameters)))
        query += fmt::format("{}{}={}", query.empty() ? "?" : "&", parameter, base::percent_encode(value));
    return SignedUrl{.method = "GET",
                     .url = url_.endpoint + api_path(name->kind, "download") + query,
                     .headers = {},
                     .expires_at = expires_at};
}

// ---- What it cannot do ------------------------------------------------------------------------------------------

async::Task<Result<ListPage>> CloudinaryStore::list(List /*list*/, async::SteadyTime /*deadline*/) {
    co_return failed(Fault::not_supported, "Cloudinary does not list by keys");
}
async::Task<Result<ObjectInfo>> CloudinaryStore::copy(Copy /*copy*/, async::SteadyTime /*deadline*/) {
    co_return failed(Fault::not_supported, "Cloudinary does not copy on condition");
}
Result<SignedUrl> CloudinaryStore::sign_put(const SignPut& /*sign*/) const {
    return failed(Fault::not_supported,
                  "Cloudinary's signatures bind neither size nor type: upload through the service");
}
Result<SignedForm> CloudinaryStore::sign_post(const SignPost& /*sign*/) const {
    return failed(Fault::not_supported,
                  "Cloudinary's signatures bind neither size nor type: upload through the service");
}
async::Task<Result<void>> CloudinaryStore::abort_upload(PendingUpload /*upload*/, async::SteadyTime /*deadline*/) {
    co_return {};
}
async::Task<Result<UploadPage>> CloudinaryStore::list_uploads(List /*list*/, async::SteadyTime /*deadline*/) {
    co_return UploadPage{};
}

}  // namespace storage
