#include "storage/sigv4.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/hash.h"
#include "base/strings.h"

namespace storage {

namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";

std::string day_of(base::Timestamp time) { return amz_date(time).substr(0, 8); }

std::string hex(const base::Digest256& digest) { return base::hex_encode(base::as_chars(digest)); }

std::string_view bytes_of(const base::Digest256& digest) { return base::as_chars(digest); }

// Without spaces at its ends, and one where there are several.
std::string trimmed(std::string_view value) {
    std::string text;
    for (const char c : base::trim(value))
        if (c != ' ' || !text.ends_with(' ')) text += c;
    return text;
}

struct CanonicalHeaders {
    std::string lines;
    std::string names;
};

CanonicalHeaders canonical(const NameValues& headers) {
    std::vector<std::pair<std::string, std::string>> sorted;
    sorted.reserve(headers.size());
    for (const auto& [name, value] : headers) sorted.emplace_back(base::ascii_lower(name), trimmed(value));
    std::ranges::sort(sorted);
    CanonicalHeaders result;
    for (const auto& [name, value] : sorted) {
        result.lines += fmt::format("{}:{}\n", name, value);
        result.names += (result.names.empty() ? "" : ";") + name;
    }
    return result;
}

std::string canonical_request(const S3Request& request, const CanonicalHeaders& headers) {
    return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, encoded_path(request.path),
                       encoded_query(request.query), headers.lines, headers.names, request.payload_hash);
}

}  // namespace

std::string encoded_path(std::string_view path) {
    if (path.empty()) return "/";
    std::string text;
    for (std::size_t at = 0;; ++at) {
        const auto slash = path.find('/', at);
        text += base::percent_encode(path.substr(at, slash - at));
        if (slash == std::string_view::npos) return text;
        text += '/';
        at = slash;
    }
}

std::string encoded_query(const NameValues& query) {
    std::vector<std::pair<std::string, std::string>> sorted;
    sorted.reserve(query.size());
    for (const auto& [name, value] : query)
        sorted.emplace_back(base::percent_encode(name), base::percent_encode(value));
    std::ranges::sort(sorted);
    std::string text;
    for (const auto& [name, value] : sorted) text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
    return text;
}

std::string amz_date(base::Timestamp time) {
    const auto text = base::format_timestamp(time);  // 2013-05-24T00:00:00.000Z
    return fmt::format("{}{}{}T{}{}{}Z", text.substr(0, 4), text.substr(5, 2), text.substr(8, 2), text.substr(11, 2),
                       text.substr(14, 2), text.substr(17, 2));
}

std::string Signer::credential(base::Timestamp now) const {
    return fmt::format("{}/{}/{}/s3/aws4_request", credentials_.access_key, day_of(now), region_);
}

std::string Signer::signature(std::string_view text, base::Timestamp now) const {
    const auto of_day = base::hmac_sha256("AWS4" + credentials_.secret_key, day_of(now));
    const auto of_region = base::hmac_sha256(bytes_of(of_day), region_);
    const auto of_service = base::hmac_sha256(bytes_of(of_region), "s3");
    const auto key = base::hmac_sha256(bytes_of(of_service), "aws4_request");
    return hex(base::hmac_sha256(bytes_of(key), text));
}

std::string Signer::signature_of(std::string_view canonical_request, base::Timestamp now) const {
    return signature(fmt::format("{}\n{}\n{}/{}/s3/aws4_request\n{}", algorithm, amz_date(now), day_of(now), region_,
                                 hex(base::sha256(canonical_request))),
                     now);
}

std::string Signer::authorization(const S3Request& request) const {
    const auto headers = canonical(request.headers);
    return fmt::format("{} Credential={}, SignedHeaders={}, Signature={}", algorithm, credential(request.at),
                       headers.names, signature_of(canonical_request(request, headers), request.at));
}

std::string Signer::presigned_query(S3Request request, std::chrono::seconds lifetime, base::Timestamp now) const {
    const auto headers = canonical(request.headers);
    auto& query = request.query;
    query.emplace_back("X-Amz-Algorithm", algorithm);
    query.emplace_back("X-Amz-Credential", credential(now));
    query.emplace_back("X-Amz-Date", amz_date(now));
    query.emplace_back("X-Amz-Expires", std::to_string(lifetime.count()));
    query.emplace_back("X-Amz-SignedHeaders", headers.names);
    if (!credentials_.session_token.empty()) query.emplace_back("X-Amz-Security-Token", credentials_.session_token);
    request.payload_hash = unsigned_payload;
    return encoded_query(query) + "&X-Amz-Signature=" + signature_of(canonical_request(request, headers), now);
}

}  // namespace storage
