// The bytes of a connection, without its socket: heads, bodies, pipelines. However they are cut into reads, the same
// requests must come out; and what comes out must hold what handlers rely on.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "async/loop.h"
#include "base/strings.h"
#include "http/body_decoder.h"
#include "http/context.h"
#include "http/head_parser.h"

namespace {

constexpr int max_requests = 8;

void require(bool condition) {
    if (!condition) std::abort();
}

void check_request(const http::Request& request, const http::Head& head) {
    require(request.headers().size() <= http::HeadLimits{}.max_header_count);
    require(!(head.chunked && head.content_length));
    require(!request.path().empty() && (request.path()[0] == '/' || request.path() == "*"));
    require(request.path().find('\0') == std::string_view::npos && base::is_utf8(request.path()));
    require(request.path().find("/../") == std::string_view::npos && !request.path().ends_with("/.."));
    require(request.target().size() <= http::HeadLimits{}.max_target_bytes);
    for (const auto& [name, value] : request.headers()) {
        require(http::is_token(name) && http::is_field_value(value));
        require(base::trim(value).size() == value.size());
    }
    require(request.version() == http::Version::http_1_0 || request.headers().count("host") == 1);
}

// One connection's worth, as text that two ways of reading can be compared by.
class Reader {
public:
    Reader(async::Loop& loop, const http::Services& services) : context_(loop, services, {}) {}

    std::string read(std::string_view all, std::size_t piece) {
        context_.reset();
        std::string told;
        std::size_t begin = 0;
        std::size_t end = 0;
        http::HeadParser parser({});
        for (int requests = 0; requests < max_requests;) {
            const auto head = parser.parse(all.substr(begin, end - begin), context_.request());
            if (head.state == http::Head::State::failed) return told + "!" + std::string(head.error->code);
            if (head.state == http::Head::State::complete) {
                check_request(context_.request(), head);
                told.append(context_.request().target()).append("\n");
                begin += head.size;
                if (!read_body(head, all, piece, begin, end, told)) return told + "!body";
                parser.next();
                context_.reset();
                ++requests;
            } else if (end == all.size()) {
                return told + "...";
            } else {
                end = std::min(all.size(), end + piece);
            }
        }
        return told;
    }

private:
    static bool read_body(const http::Head& head, std::string_view all, std::size_t piece, std::size_t& begin,
                          std::size_t& end, std::string& told) {
        auto decoder = head.chunked ? http::BodyDecoder::chunked()
                                    : http::BodyDecoder::with_length(head.content_length.value_or(0));
        while (!decoder.done()) {
            if (begin == end) {
                if (end == all.size()) return true;
                end = std::min(all.size(), end + piece);
            }
            const auto step = decoder.decode(all.substr(begin, end - begin));
            require(step.consumed <= end - begin);
            require(step.failed == decoder.failed() && !(decoder.failed() && decoder.done()));
            if (step.failed) return false;
            require(step.consumed > 0);
            begin += step.consumed;
            told.append(step.data);
        }
        return true;
    }

    http::Context context_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static async::Loop loop;
    static const http::Services services;
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    // The views of a request point into `all`, which both ways share: only the moment of reading differs.
    const auto whole = Reader(loop, services).read(all, std::max<std::size_t>(size, 1));
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}}) {
        require(Reader(loop, services).read(all, piece) == whole);
    }
    return 0;
}
