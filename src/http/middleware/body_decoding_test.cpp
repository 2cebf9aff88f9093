#include "http/middleware/body_decoding.h"

#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <array>

#include "http/middleware/chain_for_test.h"
#include "http/middleware/inflate.h"
#include "http/middleware/problems.h"

namespace http {
namespace {

std::string pack(std::string_view body, int window_bits) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, body.size()) + 64, '\0');
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(body.data()));
    stream.avail_in = static_cast<uInt>(body.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(out.size() - stream.avail_out);
    deflateEnd(&stream);
    return out;
}
std::string gzip(std::string_view body) { return pack(body, 15 + 16); }

std::string brotli(std::string_view body, int window = 22) {
    auto size = BrotliEncoderMaxCompressedSize(body.size()) + 1024;
    std::string out(size, '\0');
    BrotliEncoderCompress(5, window, BROTLI_MODE_GENERIC, body.size(),
                          reinterpret_cast<const std::uint8_t*>(body.data()), &size,
                          reinterpret_cast<std::uint8_t*>(out.data()));
    out.resize(size);
    return out;
}

std::string noise(std::size_t size) {
    std::string text;
    for (std::uint32_t x = 1; text.size() < size;)
        text += static_cast<char>('a' + ((x = x * 1664525U + 1013904223U) >> 28U));
    return text;
}

async::Task<void> echo(Context& context) { context.response().body(std::string(co_await context.request().body())); }

struct BodyCase {
    std::string name;
    std::string coding;
    std::string sent;
    int status;
    std::string expected;  // the decoded body, or the code of the problem
};

TEST(BodyDecoding, Cases) {
    const auto text = noise(200'000);
    const std::string zeros(900'000, '0');
    const std::vector<BodyCase> cases{
        {"gzip", "gzip", gzip(text), 200, text},
        {"x-gzip, in capitals", "X-GZIP", gzip("hello"), 200, "hello"},
        {"two members", "gzip", gzip("hello ") + gzip("world"), 200, "hello world"},
        {"deflate is zlib", "deflate", pack(text, 15), 200, text},
        {"br", "br", brotli(text), 200, text},
        {"identity", "identity", "plain", 200, "plain"},
        {"empty body inside", "gzip", gzip(""), 200, ""},
        {"highly packed but small", "gzip", gzip(zeros), 200, zeros},
        {"unknown", "zstd", "x", 415, "request.encoding_unsupported"},
        {"a list", "gzip, br", gzip("x"), 415, "request.encoding_unsupported"},
        {"not gzip", "gzip", "plain text", 400, "request.encoding_malformed"},
        {"not br", "br", "\xff\xff\xff\xff", 400, "request.encoding_malformed"},
        {"raw deflate", "deflate", pack("hello", -15), 400, "request.encoding_malformed"},
        {"cut off", "gzip", gzip(text).substr(0, 1000), 400, "request.encoding_malformed"},
        {"cut off br", "br", brotli(text).substr(0, 1000), 400, "request.encoding_malformed"},
        {"garbage after the end", "gzip", gzip("hello") + "garbage", 400, "request.encoding_malformed"},
        {"garbage after zlib", "deflate", pack("hello", 15) + "x", 400, "request.encoding_malformed"},
        {"garbage after br", "br", brotli("hello") + "x", 400, "request.encoding_malformed"},
        {"too large inside", "gzip", gzip(noise(1'100'000)), 413, "http.body_too_large"},
        {"bomb", "gzip", gzip(std::string(20'000'000, '0')), 413, ""},
        {"br bomb", "br", brotli(std::string(20'000'000, '0')), 413, ""},
    };
    for (const auto& test : cases) {
        ChainForTest chain;
        const auto reply =
            chain.run({problems(), body_decoding()}, echo,
                      {.method = Method::post, .headers = {{"Content-Encoding", test.coding}}, .body = test.sent});
        EXPECT_EQ(reply.status, test.status) << test.name;
        if (test.status == 200) {
            EXPECT_TRUE(reply.body == test.expected) << test.name;
        } else {
            EXPECT_TRUE(reply.body.contains(test.expected)) << test.name << ' ' << reply.body;
        }
        if (test.status == 415) EXPECT_EQ(reply.header("Accept-Encoding"), "gzip, deflate, br");
    }
}

TEST(BodyDecoding, ACodingIsNoMatterWhereNobodyReadsTheBody) {
    const auto deaf = [](Context& context) -> async::Task<void> {
        context.response().body("done");
        co_return;
    };
    ChainForTest chain;
    const auto reply = chain.run({problems(), body_decoding()}, deaf,
                                 {.method = Method::del, .headers = {{"Content-Encoding", "zip"}}, .body = "x"});
    EXPECT_EQ(reply.status, 200) << reply.body;
}

TEST(BodyDecoding, RatioHoldsWhereTheRouteTakesLargeBodies) {
    ChainForTest chain;
    const auto handler = [](Context& context) {
        context.request().set_body_limit(std::uint64_t{64} << 20U);
        return echo(context);
    };
    const auto bomb = chain.run({problems(), body_decoding()}, handler,
                                {.method = Method::post,
                                 .headers = {{"Content-Encoding", "gzip"}},
                                 .body = gzip(std::string(20'000'000, '0'))});
    EXPECT_EQ(bomb.status, 413);
    EXPECT_TRUE(bomb.body.contains("request.compression_ratio"));
    const auto rows =
        chain.run({problems(), body_decoding()}, handler,
                  {.method = Method::post, .headers = {{"Content-Encoding", "gzip"}}, .body = gzip(noise(3'000'000))});
    EXPECT_EQ(rows.status, 200);
    EXPECT_EQ(rows.body.size(), 3'000'000U);
}

TEST(BodyDecoding, ADecoderThatFailedHasNeverFinished) {
    const std::vector<std::pair<BodyCoding, std::string>> broken{
        {BodyCoding::deflate, pack("hello", 15) + "x"}, {BodyCoding::gzip, gzip("hello") + "garbage"},
        {BodyCoding::br, brotli("hello") + "x"},        {BodyCoding::gzip, "no gzip at all"},
        {BodyCoding::br, "\xff\xff\xff\xff"},
    };
    for (const auto& [coding, bytes] : broken) {
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
            const auto inflate = make_inflate(coding);
            std::array<char, 64> output;
            auto result = Inflate::Result::progressed;
            for (auto part : {std::string_view(bytes).substr(0, cut), std::string_view(bytes).substr(cut)}) {
                for (int steps = 0; steps < 8; ++steps) result = inflate->decode(part, output);
            }
            EXPECT_EQ(result, Inflate::Result::failed) << static_cast<int>(coding) << ' ' << cut;
            EXPECT_FALSE(inflate->is_finished()) << static_cast<int>(coding) << ' ' << cut;
            std::string_view well = "";
            EXPECT_EQ(inflate->decode(well, output), Inflate::Result::failed);
        }
    }
}

TEST(BodyDecoding, WindowOfBrIsBounded) {
    ChainForTest chain;
    // The stream asks for 16 MiB of window; that memory is not given.
    const auto handler = [](Context& context) {
        context.request().set_body_limit(std::uint64_t{64} << 20U);
        return echo(context);
    };
    const auto reply = chain.run(
        {problems(), body_decoding()}, handler,
        {.method = Method::post, .headers = {{"Content-Encoding", "br"}}, .body = brotli(noise(9'000'000), 24)});
    EXPECT_EQ(reply.status, 400);
}

}  // namespace
}  // namespace http
