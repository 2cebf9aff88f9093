#include "storage/s3_api.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/strings.h"
#include "storage/s3_xml.h"

namespace storage {

namespace {

using namespace std::chrono_literals;

// Regions that a bucket was said to be in. A server that names one after the other is not believed for ever.
constexpr std::size_t most_targets = 4;
// Amazon allows 15 minutes; a difference below this one is not what was refused.
constexpr auto least_skew = 1min;

template <std::size_t N>
bool is_among(std::string_view code, const std::array<std::string_view, N>& codes) {
    return std::ranges::find(codes, code) != codes.end();
}

Fault fault_of_code(std::string_view code, Fault otherwise) {
    constexpr std::array<std::string_view, 3> missing{"NoSuchKey", "NoSuchUpload", "NoSuchVersion"};
    constexpr std::array<std::string_view, 11> denied{"AccessDenied",
                                                      "InvalidAccessKeyId",
                                                      "SignatureDoesNotMatch",
                                                      "AccountProblem",
                                                      "ExpiredToken",
                                                      "InvalidToken",
                                                      "NoSuchBucket",
                                                      "RequestTimeTooSkewed",
                                                      "TokenRefreshRequired",
                                                      "AllAccessDisabled",
                                                      "AuthorizationHeaderMalformed"};
    constexpr std::array<std::string_view, 2> conflicts{"ConditionalRequestConflict", "OperationAborted"};
    constexpr std::array<std::string_view, 7> passing{
        "SlowDown",   "ServiceUnavailable",       "InternalError", "RequestTimeout", "BadDigest",
        "ServerBusy", "XAmzContentSHA256Mismatch"};
    if (is_among(code, missing)) return Fault::not_found;
    if (is_among(code, denied)) return Fault::denied;
    if (is_among(code, conflicts)) return Fault::conflict;
    if (is_among(code, passing)) return Fault::unavailable;
    if (code == "PreconditionFailed") return Fault::precondition_failed;
    if (code == "InvalidRange") return Fault::bad_range;
    if (code == "EntityTooLarge") return Fault::too_large;
    if (code == "KeyTooLongError") return Fault::bad_key;
    if (code == "NotImplemented") return Fault::not_supported;
    return otherwise;
}

Fault fault_of_status(int status) {
    switch (status) {
        case 401:
        case 403: return Fault::denied;
        case 404: return Fault::not_found;
        case 409: return Fault::conflict;
        case 412: return Fault::precondition_failed;
        case 413: return Fault::too_large;
        case 416: return Fault::bad_range;
        case 429: return Fault::unavailable;
        case 501: return Fault::not_supported;
        case 507: return Fault::disk_full;
        default: return status >= 500 || status == 408 ? Fault::unavailable : Fault::refused;
    }
}

std::string hash_of(std::string_view bytes) { return base::hex_encode(base::as_chars(base::sha256(bytes))); }

std::string amazon_endpoint(std::string_view region) {
    return fmt::format("https://s3.{}.amazonaws.com{}", region, region.starts_with("cn-") ? ".cn" : "");
}

// Of the bucket itself: "/bucket", which all servers read alike, or "/".
std::string path_at(const std::string& prefix, const std::string& key) {
    return key.empty() && !prefix.empty() ? prefix : prefix + "/" + key;
}

bool is_region(std::string_view name) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return !name.empty() && name.size() <= 40 && name.find_first_not_of(allowed) == std::string_view::npos;
}

}  // namespace

Fault fault_of(int status, std::string_view code) { return fault_of_code(code, fault_of_status(status)); }

bool is_passing(int status, std::string_view code) {
    const auto fault = fault_of(status, code);
    return fault == Fault::unavailable || fault == Fault::conflict;
}

S3Api::S3Api(client::Client& http, S3Url url, std::string public_endpoint, const base::Clock& clock)
    : http_(http),
      url_(std::move(url)),
      public_endpoint_(std::move(public_endpoint)),
      clock_(clock),
      region_(url_.region) {}

// ---- Where ------------------------------------------------------------------------------------------------------

S3Api::Place S3Api::place(std::string_view endpoint) const {
    const auto amazon = endpoint.empty() ? amazon_endpoint(region_) : std::string();
    const auto origin = endpoint.empty() ? std::string_view(amazon) : endpoint;
    const auto host = origin.find("//") + 2;
    if (url_.path_style)
        return {.origin = std::string(origin), .host = std::string(origin.substr(host)), .prefix = "/" + url_.bucket};
    const auto bucket_host = fmt::format("{}.{}", url_.bucket, origin.substr(host));
    return {.origin = fmt::format("{}{}", origin.substr(0, host), bucket_host), .host = bucket_host, .prefix = ""};
}

const client::Target& S3Api::target() {
    const auto origin = place(url_.endpoint).origin;
    const auto found = targets_.find(origin);
    if (found != targets_.end()) return found->second;
    client::Target target{.name = "storage",
                          .base_url = origin,
                          // A part's upload counts as waiting for the first byte.
                          .deadlines = {.connect = 5s, .first_byte = 2min, .whole = 1h},
                          .concurrency = 64,
                          .queue = 512,
                          .max_reply_bytes = std::size_t{16} << 20U};
    return targets_.emplace(origin, std::move(target)).first->second;
}

// ---- What -------------------------------------------------------------------------------------------------------

S3Request S3Api::request_of(const S3Call& call) const {
    const auto at = place(url_.endpoint);
    S3Request request{.method = call.method,
                      .path = path_at(at.prefix, call.key),
                      .query = call.query,
                      .headers = call.headers,
                      .payload_hash = hash_of(call.body),
                      .at = now()};
    request.headers.emplace_back("host", at.host);
    request.headers.emplace_back("x-amz-content-sha256", request.payload_hash);
    request.headers.emplace_back("x-amz-date", amz_date(request.at));
    if (!url_.credentials.session_token.empty())
        request.headers.emplace_back("x-amz-security-token", url_.credentials.session_token);
    if (!call.content_type.empty()) request.headers.emplace_back("content-type", call.content_type);
    return request;
}

std::string S3Api::path_of(const S3Request& request) const {
    const auto query = encoded_query(request.query);
    return encoded_path(request.path) + (query.empty() ? "" : "?" + query);
}

client::Call S3Api::call_of(const S3Request& request, const S3Call& call, async::SteadyTime deadline) const {
    client::Call out{.repeatable = call.repeatable, .deadline = deadline, .max_reply_bytes = call.max_reply_bytes};
    for (const auto& [name, value] : request.headers)
        if (name != "host" && name != "content-type") out.headers.emplace_back(name, value);
    out.headers.emplace_back("authorization", signer().authorization(request));
    return out;
}

async::Task<std::expected<S3Reply, S3Failure>> S3Api::send(S3Call call, async::SteadyTime deadline) {
    Tried tried;
    for (;;) {
        begin(tried);
        const auto request = request_of(call);
        auto reply = co_await http_.send<std::string>(call.method, target(), path_of(request),
                                                      client::bytes(call.body, call.content_type),
                                                      call_of(request, call, deadline));
        if (reply) co_return S3Reply{.headers = std::move(reply->headers), .body = std::move(reply->body)};
        auto failure = judge(reply.error(), tried);
        if (failure) co_return std::unexpected(*std::move(failure));
    }
}

async::Task<std::expected<client::ReplyStream, S3Failure>> S3Api::open(S3Call call, async::SteadyTime deadline) {
    Tried tried;
    call.max_reply_bytes = 0;
    for (;;) {
        begin(tried);
        const auto request = request_of(call);
        auto reply = co_await http_.open(call.method, target(), path_of(request), {}, call_of(request, call, deadline));
        if (reply) co_return *std::move(reply);
        auto failure = judge(reply.error(), tried);
        if (failure) co_return std::unexpected(*std::move(failure));
    }
}

// ---- What is learned of a refusal -------------------------------------------------------------------------------

void S3Api::begin(Tried& tried) const {
    tried.signed_region = region_;
    tried.signed_skew = skew_;
}

std::optional<S3Failure> S3Api::judge(const client::Error& error, Tried& tried) {
    const bool is_answer = error.outcome == client::Outcome::refused;
    auto said = is_answer ? read_error(error.body) : S3ErrorReply();
    if (is_answer && correct(error, said.code, std::move(said.region), tried)) return std::nullopt;
    S3Failure failure{.may_have_happened = error.may_have_happened(), .attempts = error.attempts};
    failure.error.retry_after = error.retry_after;
    failure.error.provider_code = said.code;
    if (is_answer) {
        failure.error.fault = fault_of(error.status, said.code);
        failure.error.detail = fmt::format("status {} {}", error.status, said.message);
        if (said.code == "NoSuchUpload" || said.code == "PreconditionFailed") failure.may_have_happened = false;
        return failure;
    }
    failure.error.fault = error.outcome == client::Outcome::not_sent ? Fault::unavailable : Fault::outcome_unknown;
    failure.error.detail = fmt::format("{}: {}", client::to_string(error.cause), error.detail);
    return failure;
}

bool S3Api::correct(const client::Error& error, std::string_view code, std::string region, Tried& tried) {
    const bool is_elsewhere = error.status == 301 || error.status == 307 || code == "AuthorizationHeaderMalformed" ||
                              code == "PermanentRedirect" || code == "IllegalLocationConstraintException";
    if (const auto header = error.headers.get("x-amz-bucket-region")) region = *header;
    // HEAD has no body to say why.
    const bool may_be_elsewhere = is_elsewhere || (error.status == 400 && code.empty());
    if (may_be_elsewhere && !std::exchange(tried.region, true) && learn_region(std::move(region), tried)) return true;
    const bool may_be_late = code == "RequestTimeTooSkewed" || (error.status == 403 && code.empty());
    return may_be_late && !std::exchange(tried.clock, true) && learn_clock(error, tried);
}

// The host is ours to say: a reply's Location or Endpoint would be sent what is signed.
bool S3Api::learn_region(std::string region, const Tried& tried) {
    if (!is_region(region) || region == tried.signed_region) return false;
    if (region == region_) return true;
    if (targets_.size() >= most_targets) return false;
    region_ = std::move(region);
    return true;
}

bool S3Api::learn_clock(const client::Error& error, const Tried& tried) {
    const auto date = error.headers.get("date");
    const auto theirs = date ? base::parse_http_date(*date) : std::nullopt;
    if (!theirs) return false;
    const auto skew = *theirs - clock_.now();
    if (std::chrono::abs(skew - tried.signed_skew) < least_skew) return false;
    skew_ = skew;
    return true;
}

// ---- Signed URLs ------------------------------------------------------------------------------------------------

SignedUrl S3Api::presign(S3Call call, std::chrono::seconds lifetime) const {
    const auto at = place(public_endpoint_.empty() ? std::string_view(url_.endpoint) : public_endpoint_);
    S3Request request{.method = call.method,
                      .path = at.prefix + "/" + call.key,
                      .query = std::move(call.query),
                      .headers = std::move(call.headers)};
    request.headers.emplace_back("host", at.host);
    const auto time = now();
    auto url = fmt::format("{}{}?", at.origin, encoded_path(request.path));
    url += signer().presigned_query(request, lifetime, time);
    return {.method = call.method, .url = std::move(url), .headers = {}, .expires_at = time + lifetime};
}

std::string S3Api::public_bucket_url() const {
    const auto at = place(public_endpoint_.empty() ? std::string_view(url_.endpoint) : public_endpoint_);
    return at.origin + at.prefix + "/";
}

}  // namespace storage
