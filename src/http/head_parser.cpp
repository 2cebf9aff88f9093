#include "http/head_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstring>

#include "base/strings.h"
#include "http/access.h"
#include "http/errors.h"
#include "http/host.h"

namespace http {

namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using BeastView = boost::beast::string_view;

constexpr std::size_t longest_method = 32;  // that a log line shows

std::string_view as_view(BeastView text) { return {text.data(), text.size()}; }

Head failed(const base::ErrorCode& error, const char* detail) {
    Head head;
    head.state = Head::State::failed;
    head.error = &error;
    head.detail = detail;
    return head;
}

std::optional<KnownHeader> known_field(beast_http::field field) {
    using enum KnownHeader;
    switch (field) {
        case beast_http::field::host: return host;
        case beast_http::field::connection: return connection;
        case beast_http::field::content_length: return content_length;
        case beast_http::field::content_type: return content_type;
        case beast_http::field::content_encoding: return content_encoding;
        case beast_http::field::transfer_encoding: return transfer_encoding;
        case beast_http::field::expect: return expect;
        case beast_http::field::upgrade: return upgrade;
        case beast_http::field::authorization: return authorization;
        case beast_http::field::cookie: return cookie;
        case beast_http::field::origin: return origin;
        case beast_http::field::accept: return accept;
        case beast_http::field::accept_encoding: return accept_encoding;
        case beast_http::field::if_match: return if_match;
        case beast_http::field::if_none_match: return if_none_match;
        default: return std::nullopt;
    }
}

// Fields that mean one value: a second line lets two readers of the request disagree.
bool must_be_single(KnownHeader name) {
    using enum KnownHeader;
    return name == host || name == content_length || name == transfer_encoding || name == content_type ||
           name == authorization || name == expect || name == idempotency_key;
}

// Stores what Beast's parser finds as views of the input.
class Sink final : public beast_http::basic_parser<true> {
public:
    Sink(const HeadLimits& limits, Request& request) : limits_(limits), request_(request), access_(request) {
        header_limit(static_cast<std::uint32_t>(limits.max_head_bytes + 1));
        body_limit(boost::none);
    }

    std::string_view target;
    const base::ErrorCode* error = nullptr;
    const char* detail = "";

private:
    void fail(const base::ErrorCode& code, const char* why, error_code& ec) {
        error = &code;
        detail = why;
        ec = beast_http::error::bad_field;
    }
    void on_request_impl(beast_http::verb, BeastView method, BeastView target_text, int version,
                         error_code& ec) override {
        access_.set_method(as_view(method));
        access_.set_version(version == 10 ? Version::http_1_0 : Version::http_1_1);
        target = as_view(target_text);
        if (target.size() > limits_.max_target_bytes) fail(errors::target_too_long, "", ec);
    }
    void on_field_impl(beast_http::field field, BeastView name, BeastView value, error_code& ec) override {
        if (request_.headers().size() >= limits_.max_header_count) {
            return fail(errors::headers_too_large, "too many header fields", ec);
        }
        const auto known = field == beast_http::field::unknown ? known_header(as_view(name)) : known_field(field);
        if (known && must_be_single(*known) && request_.headers().get(*known)) {
            return fail(errors::malformed, "a header field that may come once came twice", ec);
        }
        access_.headers().add(as_view(name), as_view(value), known);
    }
    void on_header_impl(error_code&) override {}
    void on_response_impl(int, BeastView, int, error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
    std::size_t on_body_impl(BeastView, error_code&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, BeastView, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, BeastView, error_code&) override { return 0; }
    void on_finish_impl(error_code&) override {}

    const HeadLimits& limits_;
    Request& request_;
    RequestAccess access_;
};

// method SP target SP "HTTP/" DIGIT "." DIGIT, of whatever version: one that we do not speak is no malformed line.
bool is_request_line(std::string_view line) {
    const auto first = line.find(' ');
    const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos || second == first + 1) return false;
    const auto version = line.substr(second + 1);
    return version.size() == 8 && version.starts_with("HTTP/") && base::is_ascii_digit(version[5]) &&
           version[6] == '.' && base::is_ascii_digit(version[7]);
}

Head beast_failure(const Sink& sink, const error_code& ec, std::string_view head) {
    if (sink.error != nullptr) return failed(*sink.error, sink.detail);
    if (ec == beast_http::error::bad_version) {
        return is_request_line(head.substr(0, head.find("\r\n"))) ? failed(errors::version_not_supported, "")
                                                                  : failed(errors::malformed, "malformed request line");
    }
    if (ec == beast_http::error::header_limit) return failed(errors::headers_too_large, "");
    if (ec == beast_http::error::bad_method) return failed(errors::malformed, "malformed method");
    if (ec == beast_http::error::bad_target) return failed(errors::malformed, "malformed request target");
    if (ec == beast_http::error::bad_content_length || ec == beast_http::error::multiple_content_length) {
        return failed(errors::malformed, "malformed Content-Length");
    }
    if (ec == beast_http::error::bad_transfer_encoding) return failed(errors::malformed, "malformed Transfer-Encoding");
    return failed(errors::malformed, "malformed header field");
}

// RFC 9112 §9.3: close wins over keep-alive, whatever the version; Beast's parser asks in HTTP/1.1 alone.
bool asks_for_close(const Request& request) {
    const auto all = request.headers().joined("Connection");
    return std::ranges::any_of(base::split(all, ','),
                               [](std::string_view element) { return base::iequals(base::trim(element), "close"); });
}

// RFC 9112 §3.2: exactly one in HTTP/1.1. An empty one is for targets without an authority, which http has none of.
const char* check_host(Request& request) {
    const auto host = request.headers().get(KnownHeader::host);
    if (!host) return request.version() == Version::http_1_1 ? "no Host header field" : nullptr;
    if (!is_host(*host)) return "malformed Host";
    RequestAccess(request).set_host(*host);
    return nullptr;
}

// RFC 9112 §6.1 and §6.3, without the leniencies: chunked alone, never beside Content-Length, never in HTTP/1.0.
std::optional<Head> check_framing(const Request& request, Head& head) {
    const auto coding = request.headers().get(KnownHeader::transfer_encoding);
    const auto length = request.headers().get(KnownHeader::content_length);
    if (coding && length) return failed(errors::malformed, "Transfer-Encoding beside Content-Length");
    if (coding) {
        if (request.version() == Version::http_1_0) return failed(errors::malformed, "Transfer-Encoding in HTTP/1.0");
        if (!base::iequals(*coding, "chunked")) {
            const auto last = base::trim(coding->substr(coding->rfind(',') + 1));
            const bool chunked_last =
                base::iequals(last, "chunked") && !coding->substr(0, coding->size() - 7).contains("hunked");
            return chunked_last ? failed(errors::not_implemented, "only chunked is supported")
                                : failed(errors::malformed, "the last transfer coding must be chunked, once");
        }
        head.chunked = true;
    }
    if (length) {
        if (length->contains(',')) return failed(errors::malformed, "malformed Content-Length");
        head.content_length = base::parse_integer<std::uint64_t>(*length);
        if (!head.content_length) return failed(errors::malformed, "malformed Content-Length");
    }
    return std::nullopt;
}

}  // namespace

Head HeadParser::parse(std::string_view input, Request& request) {
    if (failure_) return *failure_;
    auto head = read(input, request);
    if (head.state == Head::State::failed) failure_ = head;
    return head;
}

Head HeadParser::read(std::string_view input, Request& request) {
    const auto found = find_end(input);
    if (found.state != Head::State::complete) return found;
    auto head = interpret(input.substr(start_, found.size - start_), request);
    head.size = found.size;
    return head;
}

// Line by line, so that a bare LF, a fold, or a first byte that no method starts with is refused when it arrives and not
// at the deadline.
Head HeadParser::find_end(std::string_view input) {
    // RFC 9112 §2.2: one empty line before the request line is ignored.
    if (start_ == 0 && input.starts_with("\r\n")) start_ = line_ = scanned_ = 2;
    const bool split_line_end = start_ == 0 && input == "\r";
    if (input.size() > start_ && !is_token(input.substr(start_, 1)) && !split_line_end) {
        return failed(errors::malformed, "malformed method");
    }
    for (;;) {
        if (line_ > start_ && line_ < input.size() && (input[line_] == ' ' || input[line_] == '\t')) {
            return failed(errors::malformed, "folded header field");
        }
        const auto end = input.find('\n', scanned_);
        if (end == std::string_view::npos) break;
        if (end == 0 || input[end - 1] != '\r') return failed(errors::malformed, "line feed without carriage return");
        scanned_ = end + 1;
        const bool empty_line = end - 1 == line_;
        line_ = end + 1;
        if (!empty_line) continue;
        if (line_ - start_ > limits_.max_head_bytes) return too_large(input);
        Head found;
        found.state = Head::State::complete;
        found.size = line_;
        return found;
    }
    scanned_ = input.size();
    return input.size() - start_ > limits_.max_head_bytes ? too_large(input) : Head{};
}

Head HeadParser::too_large(std::string_view input) const {
    const auto first_line_end = input.find('\n', start_);
    const bool in_first_line = first_line_end == std::string_view::npos || first_line_end > limits_.max_head_bytes;
    if (in_first_line && !input.substr(start_).contains(' ')) return failed(errors::malformed, "malformed method");
    return in_first_line ? failed(errors::target_too_long, "") : failed(errors::headers_too_large, "");
}

Head HeadParser::interpret(std::string_view bytes, Request& request) const {
    Sink sink(limits_, request);
    error_code ec;
    static_cast<void>(sink.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec));
    if (ec || !sink.is_header_done()) return beast_failure(sink, ec, bytes);

    Head head;
    if (const char* detail = check_host(request)) return failed(errors::malformed, detail);
    if (auto failure = check_framing(request, head)) return *failure;
    if (const char* detail = RequestAccess(request).set_target(sink.target)) return failed(errors::malformed, detail);
    if (const auto expect = request.headers().get(KnownHeader::expect);
        expect && request.version() == Version::http_1_1) {
        if (!base::iequals(*expect, "100-continue")) return failed(errors::expectation_failed, "");
        head.expects_continue = head.chunked || head.content_length.value_or(0) > 0;
    }
    head.state = Head::State::complete;
    head.keep_alive = sink.keep_alive() && (request.version() == Version::http_1_1 || !asks_for_close(request));
    return head;
}

namespace {

// "Name: value", else nothing.
std::optional<Header> field_of(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return std::nullopt;
    const auto value = base::trim(line.substr(colon + 1));
    if (!is_field_value(value)) return std::nullopt;
    return Header{line.substr(0, colon), value};
}

}  // namespace

void read_refused_head(std::string_view input, const HeadLimits& limits, Request& request) {
    RequestAccess access(request);
    if (input.starts_with("\r\n")) input.remove_prefix(2);
    const auto method = input.substr(0, input.find(' '));
    if (method.size() <= longest_method && is_token(method)) {
        access.set_method(method);
        if (method.size() < input.size()) access.set_refused_target(input.substr(method.size() + 1));
    }
    access.forget_method();
    // What stands behind the last line feed may go on.
    for (bool first = true; input.contains('\n'); first = false) {
        const auto end = input.find('\n');
        auto line = input.substr(0, end);
        input.remove_prefix(end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || request.headers().size() >= limits.max_header_count) return;
        if (const auto field = first ? std::nullopt : field_of(line)) access.headers().add(field->name, field->value);
    }
}

}  // namespace http
