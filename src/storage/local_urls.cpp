#include "storage/local_urls.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/strings.h"
#include "storage/pieces.h"
#include "storage/sigv4.h"

namespace storage {

namespace {

constexpr std::string_view signature_name = "signature";
constexpr std::string_view expiry_name = "expires";
constexpr std::size_t most_members = 8;

std::unexpected<Error> failed(Fault fault, std::string detail) {
    return std::unexpected(Error{.fault = fault, .detail = std::move(detail)});
}

base::Timestamp whole_seconds(base::Timestamp time) { return std::chrono::floor<std::chrono::seconds>(time); }

std::string seconds_of(base::Timestamp time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

// The one of that name: nullptr when there is none, or more than one.
const std::string* only(const NameValues& members, std::string_view name) {
    const std::string* found = nullptr;
    for (const auto& [other, value] : members) {
        if (other != name) continue;
        if (found != nullptr) return nullptr;
        found = &value;
    }
    return found;
}

std::uint64_t number(const std::string* text) {
    return text == nullptr ? 0 : base::parse_integer<std::uint64_t>(*text).value_or(0);
}

std::string text(const std::string* value) { return value == nullptr ? std::string() : *value; }

}  // namespace

LocalUrls::LocalUrls(const Options& options)
    : base_url_(options.base_url), key_(base::hkdf_sha256(options.secret, "", "storage: signed URLs of files")) {
    while (base_url_.ends_with('/')) base_url_.pop_back();
}

// ---- Signing ----------------------------------------------------------------------------------------------------

// Each part is encoded, so that no two lists of members have one text.
std::string LocalUrls::signature(std::string_view method, std::string_view key, const NameValues& members) const {
    const auto signed_text = fmt::format("{}\n{}\n{}", method, base::percent_encode(key), encoded_query(members));
    return base::base64url_encode(base::as_chars(base::hmac_sha256(base::as_chars(key_), signed_text)));
}

SignedUrl LocalUrls::url(std::string method, std::string_view key, NameValues query, base::Timestamp expires_at) const {
    query.emplace_back(expiry_name, seconds_of(expires_at));
    auto mac = signature(method, key, query);
    query.emplace_back(signature_name, std::move(mac));
    auto whole = fmt::format("{}/{}?{}", base_url_, encoded_path(key), encoded_query(query));
    return {.method = std::move(method), .url = std::move(whole), .headers = {}, .expires_at = expires_at};
}

Result<SignedUrl> LocalUrls::sign_get(const SignGet& sign, base::Timestamp now) const {
    if (auto fault = lifetime_fault(sign.key, sign.lifetime)) return std::unexpected(*std::move(fault));
    if (!is_header_text(sign.content_type) || !is_header_text(sign.content_disposition))
        return failed(Fault::bad_value, "a content type or a disposition that no header has");
    NameValues query;
    if (!sign.content_type.empty()) query.emplace_back("type", sign.content_type);
    if (!sign.content_disposition.empty()) query.emplace_back("disposition", sign.content_disposition);
    return url("GET", sign.key, std::move(query), whole_seconds(now + sign.lifetime));
}

Result<SignedUrl> LocalUrls::sign_put(const SignPut& sign, base::Timestamp now) const {
    if (auto fault = lifetime_fault(sign.key, sign.lifetime)) return std::unexpected(*std::move(fault));
    if (!is_header_text(sign.content_type) || sign.content_type.empty())
        return failed(Fault::bad_value, "a content type that no header has");
    if (sign.length > most_bytes) return failed(Fault::too_large, "more than 5 GiB");
    NameValues query{{"type", sign.content_type}, {"length", std::to_string(sign.length)}};
    if (sign.only_if_absent) query.emplace_back("absent", "true");
    auto signed_url = url("PUT", sign.key, std::move(query), whole_seconds(now + sign.lifetime));
    signed_url.headers = {{"Content-Type", sign.content_type}};
    return signed_url;
}

Result<SignedForm> LocalUrls::sign_post(const SignPost& sign, base::Timestamp now) const {
    if (auto fault = lifetime_fault(sign.key, sign.lifetime)) return std::unexpected(*std::move(fault));
    if (!is_header_text(sign.content_type) || sign.content_type.empty())
        return failed(Fault::bad_value, "a content type that no header has");
    if (sign.max_length > most_bytes || sign.min_length > sign.max_length)
        return failed(Fault::bad_value, "from min_length to max_length, at most 5 GiB");
    SignedForm form{.url = base_url_, .expires_at = whole_seconds(now + sign.lifetime)};
    form.fields = {{"key", sign.key},
                   {"type", sign.content_type},
                   {"min", std::to_string(sign.min_length)},
                   {"max", std::to_string(sign.max_length)},
                   {std::string(expiry_name), seconds_of(form.expires_at)}};
    auto mac = signature("POST", sign.key, form.fields);
    form.fields.emplace_back(signature_name, std::move(mac));
    return form;
}

// ---- Verifying --------------------------------------------------------------------------------------------------

Result<LocalGrant> LocalUrls::grant(std::string_view method, std::string_view key, const NameValues& members,
                                    base::Timestamp now) const {
    const auto* mac = only(members, signature_name);
    const auto* expires = only(members, expiry_name);
    if (mac == nullptr || expires == nullptr || members.size() > most_members || !key_fault(key).empty())
        return failed(Fault::bad_signature, "no signature, or one too many");
    NameValues rest;
    for (const auto& member : members)
        if (member.first != signature_name) rest.push_back(member);
    if (!base::constant_time_equal(*mac, signature(method, key, rest)))
        return failed(Fault::bad_signature, "the signature is another one");
    const auto seconds = base::parse_integer<std::int64_t>(*expires).value_or(0);
    LocalGrant grant{.method = std::string(method),
                     .key = std::string(key),
                     .expires_at = base::Timestamp(std::chrono::seconds(seconds)),
                     .content_type = text(only(members, "type")),
                     .content_disposition = text(only(members, "disposition")),
                     .min_length = number(only(members, method == "PUT" ? "length" : "min")),
                     .max_length = number(only(members, method == "PUT" ? "length" : "max")),
                     .only_if_absent = only(members, "absent") != nullptr};
    if (now >= grant.expires_at) return failed(Fault::expired, "the URL has expired");
    return grant;
}

Result<LocalGrant> LocalUrls::verify(std::string_view method, std::string_view key, const NameValues& query,
                                     base::Timestamp now) const {
    if (method == "HEAD") method = "GET";
    if (method != "GET" && method != "PUT") return failed(Fault::bad_signature, "no URL allows this method");
    return grant(method, key, query, now);
}

Result<LocalGrant> LocalUrls::verify_form(const NameValues& fields, base::Timestamp now) const {
    const auto* key = only(fields, "key");
    if (key == nullptr) return failed(Fault::bad_signature, "no key, or more than one");
    return grant("POST", *key, fields, now);
}

std::optional<Error> LocalUrls::check_upload(const LocalGrant& grant, std::string_view content_type,
                                             std::uint64_t length) {
    if (content_type != grant.content_type)
        return Error{.fault = Fault::bad_signature, .detail = "another content type than was signed"};
    if (length > grant.max_length)
        return Error{.fault = Fault::too_large, .detail = fmt::format("more than {} bytes", grant.max_length)};
    if (length < grant.min_length)
        return Error{.fault = Fault::wrong_length, .detail = fmt::format("fewer than {} bytes", grant.min_length)};
    return std::nullopt;
}

}  // namespace storage
