// multipart/form-data: a body gives the same parts wherever it is cut, a fault is final, nothing is read twice, and a name that
// is kept is no path. The first byte says how it is cut.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "http/multipart_parser.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check_name(const http::PartHead& head) {
    if (!head.file_name) return;
    require(base::is_utf8(*head.file_name));
    const auto kept = http::clean_file_name(*head.file_name);
    require(base::is_utf8(kept) && kept.size() <= 255 && !kept.starts_with('.'));
    require(kept.find_first_of(std::string_view("/\\\r\n\0", 5)) == std::string::npos);
    require(http::clean_file_name(kept) == kept);
}

// All that a body says, as one text.
std::string told(std::string_view body, std::size_t width) {
    http::MultipartParser parser("AaB03x", {});
    std::string text;
    std::size_t data = 0;
    while (!body.empty()) {
        auto piece = body.substr(0, width);
        body.remove_prefix(piece.size());
        while (!piece.empty()) {
            const auto step = parser.parse(piece);
            if (step.kind == http::MultipartParser::Kind::failed) {
                require(!parser.done() && !to_string(parser.fault()).empty());
                require(parser.parse(piece).kind == http::MultipartParser::Kind::failed);
                return text + "|failed";
            }
            require(step.consumed > 0 || !step.data.empty());
            require(step.consumed <= piece.size());
            if (step.kind == http::MultipartParser::Kind::part) {
                check_name(parser.head());
                text += "|part " + parser.head().name + "|" + parser.head().file_name.value_or("-") + "|";
            }
            if (step.kind == http::MultipartParser::Kind::part_end) text += "|end";
            text += step.data;
            data += step.data.size();
            piece.remove_prefix(step.consumed);
        }
    }
    require(data <= text.size());
    return text + (parser.done() ? "|done" : "|open");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const auto whole = told(body, body.size() + 1);
    require(told(body, 1) == whole);
    require(told(body, 1U + data[0]) == whole);
    const auto boundary = http::multipart_boundary(body);
    require(!boundary || (!boundary->empty() && boundary->size() <= 70));
    require(body.size() > 300 || http::clean_file_name(body).size() <= 255);
    return 0;
}
