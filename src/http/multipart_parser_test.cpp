// Bodies of several parts, whole, cut at every place, and changed at every byte.

#include "http/multipart_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace http {
namespace {

using Fault = MultipartParser::Fault;
using testing::ElementsAre;

struct ParsedPart {
    std::string name;
    std::optional<std::string> file_name;
    std::string media_type;
    std::string data;
    bool ended = false;

    friend bool operator==(const ParsedPart&, const ParsedPart&) = default;
};

struct Parsed {
    std::vector<ParsedPart> parts;
    Fault fault = Fault::none;
    bool done = false;

    friend bool operator==(const Parsed&, const Parsed&) = default;
};

void feed(MultipartParser& parser, std::string_view input, Parsed& into) {
    while (!input.empty()) {
        const auto step = parser.parse(input);
        if (step.kind == MultipartParser::Kind::failed) {
            into.fault = parser.fault();
            return;
        }
        if (step.kind == MultipartParser::Kind::part)
            into.parts.push_back({parser.head().name, parser.head().file_name, parser.head().media_type, {}});
        if (step.kind == MultipartParser::Kind::data) into.parts.back().data += step.data;
        if (step.kind == MultipartParser::Kind::part_end) into.parts.back().ended = true;
        input.remove_prefix(step.consumed);
    }
}

Parsed parse(std::vector<std::string_view> pieces, const MultipartLimits& limits = {}) {
    MultipartParser parser("AaB03x", limits);
    Parsed parsed;
    for (const auto piece : pieces) feed(parser, piece, parsed);
    parsed.done = parser.done();
    return parsed;
}
Parsed parse(std::string_view body, const MultipartLimits& limits = {}) { return parse(std::vector{body}, limits); }

const std::string three_parts =
    "--AaB03x\r\n"
    "Content-Disposition: form-data; name=\"note\"\r\n"
    "\r\n"
    "Habari\r\n"
    "--AaB03x\r\n"
    "Content-Disposition: form-data; name=\"picture\"; filename=\"a.png\"\r\n"
    "Content-Type: image/png\r\n"
    "\r\n"
    "\r\n--AaB03\r\r\n\r\n-\r\n--AaB03X\r\n\r\n"
    "--AaB03x\r\n"
    "content-disposition: form-data; name=empty\r\n"
    "\r\n"
    "\r\n"
    "--AaB03x--\r\n";

const Parsed three_parsed{{{"note", std::nullopt, "text/plain", "Habari", true},
                           {"picture", "a.png", "image/png", "\r\n--AaB03\r\r\n\r\n-\r\n--AaB03X\r\n", true},
                           {"empty", std::nullopt, "text/plain", "", true}},
                          Fault::none,
                          true};

std::string part(std::string_view head, std::string_view data = "x") {
    return std::string("--AaB03x\r\n").append(head).append("\r\n\r\n").append(data).append("\r\n--AaB03x--\r\n");
}
std::string disposition(std::string_view parameters) {
    return part(std::string("Content-Disposition: form-data").append(parameters));
}

TEST(MultipartParser, TakesPartsApart) {
    EXPECT_EQ(parse(three_parts), three_parsed);
    EXPECT_EQ(parse("\r\n" + three_parts), three_parsed);
    EXPECT_EQ(parse(three_parts.substr(0, three_parts.size() - 2)), three_parsed);
    EXPECT_TRUE(parse("--AaB03x--").done);
}

TEST(MultipartParser, GivesTheSameWhereverTheBytesAreCut) {
    const std::string_view body = three_parts;
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
        EXPECT_EQ(parse({body.substr(0, cut), body.substr(cut)}), three_parsed) << cut;
        for (const std::size_t width : {1UL, 2UL, 7UL}) {
            const auto second = std::min(body.size(), cut + width);
            EXPECT_EQ(parse({body.substr(0, cut), body.substr(cut, second - cut), body.substr(second)}), three_parsed);
        }
    }
    std::vector<std::string_view> bytes;
    for (std::size_t at = 0; at < body.size(); ++at) bytes.push_back(body.substr(at, 1));
    EXPECT_EQ(parse(bytes), three_parsed);
}

TEST(MultipartParser, IsNotDoneBeforeTheLastBoundary) {
    for (std::size_t length = 0; length + 2 < three_parts.size(); ++length)
        EXPECT_FALSE(parse(std::string_view(three_parts).substr(0, length)).done) << length;
    EXPECT_FALSE(parse(three_parts.substr(0, three_parts.size() - 1)).done);  // half a CRLF
}

TEST(MultipartParser, NoChangedBoundaryGivesTheSameParts) {
    for (std::size_t at = three_parts.find("--AaB03x"); at != std::string::npos;
         at = three_parts.find("--AaB03x", at + 1)) {
        const auto first = at == 0 ? 0 : at - 2;
        for (auto byte = first; byte < at + 8; ++byte) {
            auto changed = three_parts;
            changed[byte] = static_cast<char>(changed[byte] ^ 0x01);
            EXPECT_NE(parse(changed), three_parsed) << byte;
            changed.erase(byte, 1);
            EXPECT_NE(parse(changed), three_parsed) << byte;
        }
    }
    // The last one: nothing is handed on as whole.
    const auto last = three_parts.rfind("--AaB03x");
    for (auto byte = last - 2; byte < last + 10; ++byte) {
        auto changed = three_parts;
        changed[byte] = static_cast<char>(changed[byte] ^ 0x01);
        EXPECT_FALSE(parse(changed).done) << byte;
    }
}

TEST(MultipartParser, RefusesWhatTwoReadersCouldReadInTwoWays) {
    struct Case {
        std::string body;
        Fault fault;
    };
    const std::string tail = "\r\n\r\nx\r\n--AaB03x--\r\n";
    const std::vector<Case> cases{
        {"preamble\r\n" + three_parts, Fault::no_boundary},
        {"--AaB03x \r\nA: b" + tail, Fault::no_boundary},
        {"--AaB03x\nA: b" + tail, Fault::no_boundary},
        {"--AaB03x-\r\n", Fault::no_boundary},
        {three_parts + "x", Fault::bytes_behind_end},
        {three_parts + three_parts, Fault::bytes_behind_end},
        {three_parts + "\r\n", Fault::bytes_behind_end},
        {"--AaB03x\r\n\r\nx\r\n--AaB03x--\r\n", Fault::no_disposition},
        {part("Content-Type: text/plain"), Fault::no_disposition},
        {part("Content-Disposition: attachment; name=\"a\""), Fault::no_disposition},
        {disposition("; filename=\"a\""), Fault::no_disposition},
        {disposition("; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\""), Fault::no_disposition},
        {disposition("; name=\"a\"\r\n--AaB03x--"), Fault::malformed_head},
        {disposition("; name=\"a\"\r\n folded: x"), Fault::malformed_head},
        {disposition("; name=\"a\"\r\nA : x"), Fault::malformed_head},
        {disposition("; name=\"a\"\r\nA: x\ny"), Fault::malformed_head},
        {disposition("; name=\"a\"\r\nA: x\ry"), Fault::malformed_head},
        {disposition(std::string_view("; name=\"a\0\"", 11)), Fault::malformed_head},
        {disposition("; name=\"a"), Fault::malformed_head},
        {disposition("; name="), Fault::malformed_head},
        {disposition("; name=\"a\" filename=\"b\""), Fault::malformed_head},
        {disposition(";"), Fault::malformed_head},
        {disposition("; name=\"a\"; NAME=\"b\""), Fault::malformed_name},
        {disposition("; name=\"a\"; filename=\"a\"; filename=\"b\""), Fault::malformed_name},
        {disposition("; name=\"a\"; filename=\"caf\xe9\""), Fault::malformed_name},
        {disposition("; name=\"a\"; filename=\"b\"; filename*=iso-8859-1''caf%E9"), Fault::malformed_name},
        {disposition("; name=\"a\"; filename*=UTF-8''caf%E9"), Fault::malformed_name},
        {disposition("; name=\"a\"\r\nContent-Type: text"), Fault::malformed_head},
        {disposition("; name=\"a\"\r\nContent-Type: a/b\r\nContent-Type: a/b"), Fault::malformed_head},
        {disposition("; name=\"a\"\r\nContent-Transfer-Encoding: base64"), Fault::transfer_encoding},
    };
    for (const auto& one : cases) {
        const auto parsed = parse(one.body);
        EXPECT_EQ(parsed.fault, one.fault) << one.body;
        EXPECT_FALSE(parsed.done) << one.body;
        EXPECT_FALSE(to_string(one.fault).empty());
    }
}

TEST(MultipartParser, AFaultIsFinal) {
    MultipartParser parser("AaB03x", {});
    EXPECT_EQ(parser.parse("--AaB03y").kind, MultipartParser::Kind::failed);
    EXPECT_EQ(parser.parse(three_parts).kind, MultipartParser::Kind::failed);
    EXPECT_EQ(parser.parse(three_parts).consumed, 0);
    EXPECT_FALSE(parser.done());
}

TEST(MultipartParser, ReadsNamesAsBrowsersAndOldClientsWriteThem) {
    struct Case {
        std::string parameters;
        std::string name;
        std::optional<std::string> file_name;
    };
    const std::vector<Case> cases{
        {"; name=\"a\"", "a", std::nullopt},
        {";name=a ;\tfilename=b.txt", "a", "b.txt"},
        {"; name=\"a[b].c\"; filename=\"\"", "a[b].c", ""},
        {"; name=\"__proto__\"", "__proto__", std::nullopt},
        {"; name=\"\xff\"", "\xff", std::nullopt},
        {"; name=\"a%22b%0D%0ac%20\"", "a\"b\r\nc%20", std::nullopt},
        {R"(; name="a"; filename="x\"y\\z.txt")", "a", "x\"y\\z.txt"},
        {R"(; name="a"; filename="C:\dir\x.txt")", "a", R"(C:\dir\x.txt)"},
        {R"(; name="a"; filename="x\")", "a", "x\\"},
        {"; name=\"a\"; filename=\"caf\xc3\xa9 \xe2\x84\x96 \xf0\x9f\x8d\x85.pdf\"", "a",
         "caf\xc3\xa9 \xe2\x84\x96 \xf0\x9f\x8d\x85.pdf"},
        {"; name=\"a\"; filename=\"b\"; filename*=utf-8'sw'caf%C3%A9.pdf", "a", "caf\xc3\xa9.pdf"},
        {"; name=\"a\"; filename*=UTF-8''x; filename=\"b\"", "a", "x"},
    };
    for (const auto& one : cases) {
        const auto parsed = parse(disposition(one.parameters));
        EXPECT_EQ(parsed.fault, Fault::none) << one.parameters;
        ASSERT_EQ(parsed.parts.size(), 1) << one.parameters;
        EXPECT_EQ(parsed.parts[0].name, one.name) << one.parameters;
        EXPECT_EQ(parsed.parts[0].file_name, one.file_name) << one.parameters;
    }
}

TEST(MultipartParser, TheHeadOfAPartIsBounded) {
    const MultipartLimits limits{.head_bytes = 200, .head_fields = 3};
    EXPECT_EQ(parse(disposition("; name=\"" + std::string(100, 'a') + "\""), limits).fault, Fault::none);
    EXPECT_EQ(parse(disposition("; name=\"" + std::string(200, 'a') + "\""), limits).fault, Fault::head_too_large);
    EXPECT_EQ(parse(disposition("; name=a\r\nA: 1\r\nB: 2"), limits).fault, Fault::none);
    EXPECT_EQ(parse(disposition("; name=a\r\nA: 1\r\nB: 2\r\nC: 3"), limits).fault, Fault::head_too_large);
    // One that never ends is not kept either.
    EXPECT_EQ(parse("--AaB03x\r\n" + std::string(1000, 'a'), limits).fault, Fault::head_too_large);
}

TEST(MultipartParser, AMegabyteOfBeginningsIsReadInOneGo) {
    std::string data;
    while (data.size() < (1U << 20U)) data += "\r\n--AaB03";
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(parse(part("Content-Disposition: form-data; name=a", data)).parts[0].data, data);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(MultipartBoundary, IsByTheGrammarAndThereOnce) {
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=AaB03x"), "AaB03x");
    EXPECT_EQ(multipart_boundary("multipart/form-data; charset=utf-8; BOUNDARY=\"a b:c\""), "a b:c");
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=----WebKitFormBoundaryABC"),
              "----WebKitFormBoundaryABC");
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + std::string(70, 'a')), std::string(70, 'a'));
    for (const std::string type :
         {"multipart/form-data", "multipart/form-data;", "multipart/form-data; boundary",
          "multipart/form-data; boundary=", "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=\"a ",
          "multipart/form-data; boundary=\"a \"", "multipart/form-data; boundary=a; boundary=b",
          "multipart/form-data; boundary=\"a\rb\"", "multipart/form-data; boundary=\"a;b\"",
          "multipart/form-data boundary=a"})
        EXPECT_EQ(multipart_boundary(type), std::nullopt) << type;
    EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + std::string(71, 'a')), std::nullopt);
}

TEST(CleanFileName, IsNoPathAndHasNothingInvisible) {
    struct Case {
        std::string sent;
        std::string kept;
    };
    const std::vector<Case> cases{
        {"a.pdf", "a.pdf"},
        {"C:\\Users\\amina\\a.pdf", "a.pdf"},
        {"/etc/passwd", "passwd"},
        {"../../a.pdf", "a.pdf"},
        {"..", ""},
        {"a/", ""},
        {" .htaccess. ", "htaccess"},
        {"", ""},
        {"caf\xe9.pdf", ""},
        {"cafe\xcc\x81.pdf", "caf\xc3\xa9.pdf"},
        {"caf\xc3\xa9.pdf", "caf\xc3\xa9.pdf"},
        {"\xe2\x84\x96 7 \xf0\x9f\x8d\x85.pdf", "\xe2\x84\x96 7 \xf0\x9f\x8d\x85.pdf"},
        {"a\r\nb\x01.pdf", "a b.pdf"},
        {"gpj\xe2\x80\xae"
         "exe.pdf",
         "gpjexe.pdf"},
        {"\xe2\x80\x8b", ""},
        {std::string("be\0i.csv", 8), "bei.csv"},
        {std::string("\0", 1), ""},
        {std::string(300, 'a') + ".pdf", std::string(251, 'a') + ".pdf"},
        {"a." + std::string(300, 'b'), "a." + std::string(253, 'b')},
    };
    for (const auto& one : cases) {
        const auto kept = clean_file_name(one.sent);
        EXPECT_EQ(kept, one.kept) << one.sent;
        EXPECT_EQ(clean_file_name(kept), kept) << one.sent;
    }
    std::string tomatoes;
    for (int i = 0; i < 100; ++i) tomatoes += "\xf0\x9f\x8d\x85";
    EXPECT_EQ(clean_file_name(tomatoes + ".png").size(), 62 * 4 + 4);  // no half letters
}

TEST(MultipartLimits, EachIsANumber) {
    const MultipartLimits limits;
    // A member more, and this does not compile: it needs a number too.
    const auto& [boundary, head, head_fields, field, fields_bytes, fields, files, file, total] = limits;
    for (const std::uint64_t number :
         std::vector<std::uint64_t>{boundary, head, head_fields, field, fields_bytes, fields, files, file, total}) {
        EXPECT_GT(number, 0);
        EXPECT_LE(number, std::uint64_t{64} << 20U);
    }
}

}  // namespace
}  // namespace http
