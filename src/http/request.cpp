#include "http/request.h"

#include <algorithm>

#include "base/failure.h"
#include "base/strings.h"
#include "http/access.h"
#include "http/errors.h"
#include "http/host.h"

namespace http {

namespace {

constexpr std::size_t kept_body = 4096;  // capacity that may stay with an idle connection, and is not counted
constexpr std::size_t longest_refused_target = 1024;

bool is_unencoded(char c) {
    const auto byte = static_cast<unsigned char>(c);
    // RFC 3986 §2, plus what browsers send raw in a query (WHATWG URL: [ ] | ^ ` { }).
    return byte > 0x20 && byte < 0x7f && c != '"' && c != '#' && c != '<' && c != '>' && c != '\\';
}

bool has_dot_segment(std::string_view path) {
    for (std::size_t at = path.find("/."); at != std::string_view::npos; at = path.find("/.", at + 1)) {
        const auto rest = path.substr(at + 2);
        if (rest.empty() || rest[0] == '/') return true;
        if (rest[0] == '.' && (rest.size() == 1 || rest[1] == '/')) return true;
    }
    return false;
}

std::size_t count_of(std::string_view text, char c) { return static_cast<std::size_t>(std::ranges::count(text, c)); }

}  // namespace

void RequestAccess::reset() {
    request.method_ = Method::get;
    request.method_text_ = "GET";
    request.version_ = Version::http_1_1;
    request.has_body_ = false;
    request.body_complete_ = false;
    request.secure_ = false;
    request.content_length_.reset();
    request.body_limit_ = Request::default_body_limit;
    request.body_read_ = 0;
    request.headers_.clear();
    request.client_address_.clear();
    request.host_ = {};
    request.path_ = {};
    request.query_ = {};
    request.target_ = {};
    request.body_ = {};
    if (request.body_bytes_.capacity() > kept_body) request.body_bytes_ = {};
    request.body_bytes_.clear();
    if (request.body_failure_) request.body_failure_ = nullptr;
    request.body_caller_.reset();
    request.body_lease_.release();
    request.source_ = nullptr;
    request.owned_source_.reset();
    request.replaced_sources_.clear();
}

void RequestAccess::set_method(std::string_view text) {
    request.method_text_ = text;
    request.method_ = method_from(text);
}

const char* RequestAccess::set_target(std::string_view target) {
    if (!std::ranges::all_of(target, is_unencoded)) return "character not allowed in the request target";
    request.target_ = target;
    if (target == "*") {
        request.path_ = target;
        return request.method_ == Method::options ? nullptr : "the target * is for OPTIONS alone";
    }
    if (!target.starts_with('/')) return set_absolute_target(target);
    const auto question = target.find('?');
    if (question != std::string_view::npos) request.query_ = target.substr(question + 1);
    return set_path(target.substr(0, question));
}

// RFC 9112 §3.2.2. A front proxy may have routed by either authority, so they must agree.
const char* RequestAccess::set_absolute_target(std::string_view target) {
    const auto scheme_end = target.find("://");
    if (scheme_end == std::string_view::npos) return "the request target must start with /";
    const auto scheme = target.substr(0, scheme_end);
    if (!base::iequals(scheme, "http") && !base::iequals(scheme, "https"))
        return "unknown scheme in the request target";
    const auto rest = target.substr(scheme_end + 3);
    const auto authority = rest.substr(0, rest.find_first_of("/?"));
    if (!is_host(authority)) return "malformed authority in the request target";
    if (request.host_.empty() && request.version_ == Version::http_1_0) request.host_ = authority;
    if (!base::iequals(authority, request.host_)) return "the request target names another host than Host does";
    const auto origin = rest.substr(authority.size());
    if (origin.empty() || origin[0] == '?') {
        request.target_ = origin.empty() ? std::string_view("/") : origin;
        request.path_ = "/";
        if (!origin.empty()) request.query_ = origin.substr(1);
        return nullptr;
    }
    return set_target(origin);
}

const char* RequestAccess::set_path(std::string_view raw_path) {
    request.path_ = raw_path;
    if (raw_path.contains('%')) {
        auto decoded = base::percent_decode(raw_path);
        if (!decoded) return "broken percent-encoding in the path";
        if (decoded->contains('\0')) return "NUL in the path";
        // As many slashes as before decoding: else one of them was written %2F.
        if (count_of(*decoded, '/') != count_of(raw_path, '/')) return "an encoded slash in the path";
        if (!base::is_utf8(*decoded)) return "the path is not UTF-8";
        request.decoded_path_ = std::move(*decoded);
        request.path_ = request.decoded_path_;
    }
    return has_dot_segment(request.path_) ? "dot segments in the path" : nullptr;
}

void RequestAccess::set_refused_target(std::string_view text) {
    const auto scheme_end = text.find("://");
    if (scheme_end < text.find_first_of(" /?")) {
        text.remove_prefix(scheme_end + 3);
        text.remove_prefix(std::min(text.find_first_of(" /?"), text.size()));
    }
    if (!text.starts_with('/')) return;
    text = text.substr(0, longest_refused_target);
    const auto* end = std::ranges::find_if_not(text, [](char c) { return is_unencoded(c) && c != '?'; });
    request.target_ = request.path_ = text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

void Request::set_body_source(std::unique_ptr<BodySource> source) {
    source_ = source.get();
    // The one in front may read the one behind it until the request ends.
    if (owned_source_) replaced_sources_.push_back(std::move(owned_source_));
    owned_source_ = std::move(source);
}

void Request::check_limit(std::uint64_t size) const {
    if (size <= body_limit_) return;
    throw base::Failure(errors::body_too_large, "more than " + std::to_string(body_limit_) + " bytes");
}

void Request::hold_body_memory(std::size_t bytes) {
    if (body_budget_ == nullptr) return;
    const auto address = BodyCaller::of_address(client_address());
    body_lease_.grow(*body_budget_, {.caller = body_caller_.value_or(address), .address = address}, bytes);
}

// Counted before it is allocated, and no more of it than the client has announced.
void Request::make_room(std::size_t bytes) {
    const auto needed = body_bytes_.size() + bytes;
    const auto present = body_bytes_.capacity();
    if (needed <= present) return;
    auto wanted = std::max({needed, 2 * present, kept_body});
    if (content_length_ && *content_length_ >= needed) wanted = std::min<std::uint64_t>(wanted, *content_length_);
    if (wanted > kept_body) hold_body_memory(wanted - (present > kept_body ? present : 0));
    body_bytes_.reserve(wanted);
}

// Whoever catches a failure and asks again must not be given the bytes behind it as if nothing were missing.
void Request::fail_body() {
    body_failure_ = std::current_exception();
    throw;
}

async::Task<std::string_view> Request::body() {
    if (body_failure_) std::rethrow_exception(body_failure_);
    if (body_complete_) co_return body_;
    try {
        // What announces too much is refused before any of it is read (and before 100 Continue).
        if (content_length_) check_limit(*content_length_);
        if (const auto whole = source_->take_buffered()) {
            check_limit(whole->size());
            body_ = *whole;
        } else {
            while (const auto piece = co_await source_->read_some()) {
                check_limit(body_bytes_.size() + piece->size());
                make_room(piece->size());
                body_bytes_.append(*piece);
            }
            body_ = body_bytes_;
        }
    } catch (...) {
        fail_body();
    }
    body_complete_ = true;
    co_return body_;
}

async::Task<std::optional<std::string_view>> Request::read_some() {
    if (body_failure_) std::rethrow_exception(body_failure_);
    if (body_complete_) co_return std::nullopt;
    try {
        if (content_length_) check_limit(*content_length_);
        const auto piece = co_await source_->read_some();
        if (piece) {
            body_read_ += piece->size();
            check_limit(body_read_);
            co_return piece;
        }
    } catch (...) {
        fail_body();
    }
    body_complete_ = true;
    co_return std::nullopt;
}

}  // namespace http
