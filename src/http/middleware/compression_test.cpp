#include "http/middleware/compression.h"

#include <brotli/decode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "http/middleware/chain_for_test.h"
#include "http/middleware/conditional.h"
#include "http/middleware/encoder.h"

namespace http {
namespace {

std::string gunzip(std::string_view bytes) {
    z_stream stream{};
    inflateInit2(&stream, 15 + 16);
    std::string out(8 << 20, '\0');
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(out.size() - stream.avail_out);
    inflateEnd(&stream);
    return out;
}

std::string unbrotli(std::string_view bytes) {
    std::string out(8 << 20, '\0');
    auto size = out.size();
    EXPECT_EQ(BrotliDecoderDecompress(bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()), &size,
                                      reinterpret_cast<std::uint8_t*>(out.data())),
              BROTLI_DECODER_RESULT_SUCCESS);
    out.resize(size);
    return out;
}

std::string unzstd(std::string_view bytes) {
    auto* context = ZSTD_createDCtx();
    std::string out(8 << 20, '\0');
    ZSTD_inBuffer source{bytes.data(), bytes.size(), 0};
    ZSTD_outBuffer target{out.data(), out.size(), 0};
    EXPECT_EQ(ZSTD_decompressStream(context, &target, &source), 0U);
    out.resize(target.pos);
    ZSTD_freeDCtx(context);
    return out;
}

std::string decode(std::string_view coding, std::string_view bytes) {
    if (coding == "gzip") return gunzip(bytes);
    if (coding == "br") return unbrotli(bytes);
    return coding == "zstd" ? unzstd(bytes) : std::string(bytes);
}

std::string some_json(std::size_t size) {
    std::string json = "[";
    for (int i = 0; json.size() < size; ++i)
        json += R"({"id":)" + std::to_string(i * 7919) + R"(,"name":"Sugar 1kg","price":15000},)";
    json.resize(size);
    return json;
}

TEST(NegotiateCoding, FollowsTheWeights) {
    const std::vector<Coding> preference{Coding::zstd, Coding::br, Coding::gzip};
    const std::vector<std::pair<const char*, std::optional<Coding>>> cases{
        {"", std::nullopt},
        {"gzip", Coding::gzip},
        {"gzip, deflate, br, zstd", Coding::zstd},
        {"gzip, deflate, br", Coding::br},
        {"GZIP;Q=0.5", Coding::gzip},
        {"br;q=0.5, gzip;q=0.8", Coding::gzip},
        {"br;q=0, gzip", Coding::gzip},
        {"zstd ; q=0.001", Coding::zstd},
        {"*", Coding::gzip},
        {"*;q=0", std::nullopt},
        {"gzip;q=0, *", std::nullopt},
        {"identity, br;q=0.5", std::nullopt},
        {"identity;q=0.5, br;q=0.5", Coding::br},
        {"identity;q=0", std::nullopt},
        {"br;q=nonsense", std::nullopt},
        {"br;q=1.9", Coding::br},
        {"deflate, compress", std::nullopt},
        {"x-gzip", Coding::gzip},
        {",,;,", std::nullopt},
    };
    for (const auto& [header, expected] : cases) EXPECT_EQ(negotiate_coding(header, preference), expected) << header;
}

TEST(Compression, EveryCodingAndItsETag) {
    const auto body = some_json(5000);
    for (const std::string coding : {"zstd", "br", "gzip"}) {
        ChainForTest chain;
        const auto reply = chain.run(
            {compression()}, Replies{.body = body, .content_type = "application/json", .headers = {{"ETag", "\"7\""}}},
            {.headers = {{"Accept-Encoding", coding}}});
        EXPECT_EQ(reply.header("Content-Encoding"), coding);
        EXPECT_EQ(reply.header("ETag"), "\"7-" + coding + "\"");
        EXPECT_EQ(reply.header("Vary"), "Accept-Encoding");
        EXPECT_EQ(reply.header("Content-Length"), std::to_string(reply.body.size()));
        EXPECT_LT(reply.body.size(), 1500U);
        EXPECT_EQ(decode(coding, reply.body), body);
    }
}

struct SkipCase {
    const char* name;
    Replies reply;
    std::string accept = "br";
    Method method = Method::get;
};

TEST(Compression, LeavesAloneWhatItShould) {
    const auto big = some_json(4000);
    std::string noise;
    for (unsigned i = 0, x = 1; i < 3000; ++i) noise += static_cast<char>((x = x * 1664525U + 1013904223U) >> 24U);
    const std::vector<SkipCase> cases{
        {"small", {.body = some_json(1023), .content_type = "application/json"}},
        {"image", {.body = big, .content_type = "image/png"}},
        {"no type", {.body = big, .content_type = ""}},
        {"events", {.body = big, .content_type = "text/event-stream; charset=utf-8"}},
        {"already coded", {.body = big, .content_type = "text/css", .headers = {{"Content-Encoding", "gzip"}}}},
        {"no-transform",
         {.body = big, .content_type = "text/css", .headers = {{"Cache-Control", "public, no-transform"}}}},
        {"partial",
         {.body = big, .content_type = "text/css", .headers = {{"Content-Range", "bytes 0-9/99"}}, .status = 206}},
        {"not accepted", {.body = big, .content_type = "text/css"}, "identity"},
        {"nothing to win", {.body = noise, .content_type = "text/plain"}},
    };
    for (const auto& test : cases) {
        ChainForTest chain;
        const auto reply = chain.run({compression()}, test.reply,
                                     {.method = test.method, .headers = {{"Accept-Encoding", test.accept}}});
        EXPECT_EQ(reply.body, test.reply.body) << test.name;
        EXPECT_EQ(reply.header("Vary"), "Accept-Encoding") << test.name;
        if (std::string_view(test.name) != "already coded") EXPECT_FALSE(reply.header("Content-Encoding")) << test.name;
    }
}

TEST(Compression, HeadAndRoutesThatOptOut) {
    const Replies page{.body = some_json(4000), .content_type = "application/json", .headers = {{"ETag", "W/\"7\""}}};
    ChainForTest chain;
    EXPECT_FALSE(chain.run({compression()}, page, {.method = Method::head, .headers = {{"Accept-Encoding", "br"}}})
                     .header("Content-Encoding"));
    EXPECT_FALSE(chain.run({compression(), never_compress()}, page, {.headers = {{"Accept-Encoding", "br"}}})
                     .header("Content-Encoding"));
    EXPECT_FALSE(chain.run({compression(), never_compress()}, page, {.headers = {{"Accept-Encoding", "br"}}})
                     .header("Vary"));  // the same for all
    const auto weak = chain.run({compression()}, page, {.headers = {{"Accept-Encoding", "br"}}});
    EXPECT_EQ(weak.header("Content-Encoding"), "br");
    EXPECT_EQ(weak.header("ETag"), "W/\"7\"");
}

TEST(Compression, NotModifiedComesBeforeCompressingAndKeepsTheCodedTag) {
    ChainForTest chain;
    const Replies page{.body = some_json(4000), .content_type = "application/json", .headers = {{"ETag", "\"7\""}}};
    const auto first = chain.run({compression(), conditional_get()}, page, {.headers = {{"Accept-Encoding", "br"}}});
    const auto again =
        chain.run({compression(), conditional_get()}, page,
                  {.headers = {{"Accept-Encoding", "br"}, {"If-None-Match", std::string(*first.header("ETag"))}}});
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.header("ETag"), first.header("ETag"));
    EXPECT_EQ(again.header("Vary"), "Accept-Encoding");
}

TEST(Compression, LargeBodiesGoPieceByPiece) {
    const auto body = std::make_shared<const std::string>(some_json(3'000'000));
    const std::vector<std::pair<const char*, Handler>> handlers{
        {"own",
         [body](this auto, Context& context) -> async::Task<void> {
             context.response().body(*body).content_type("application/json");
             co_return;
         }},
        {"static",
         [body](this auto, Context& context) -> async::Task<void> {
             context.response().static_body(*body).content_type("application/json");
             co_return;
         }},
        {"shared", [body](this auto, Context& context) -> async::Task<void> {
             context.response().shared_body(body).content_type("application/json");
             co_return;
         }}};
    for (const std::string coding : {"zstd", "br", "gzip"}) {
        for (const auto& [name, handler] : handlers) {
            ChainForTest chain;
            const auto reply = chain.run({compression()}, handler, {.headers = {{"Accept-Encoding", coding}}});
            EXPECT_TRUE(reply.complete) << name;
            EXPECT_FALSE(reply.header("Content-Length")) << name;
            EXPECT_EQ(decode(coding, reply.body), *body) << name << ' ' << coding;
        }
    }
}

TEST(Compression, StreamsAreFlushedWhenTheyAsk) {
    for (const std::string coding : {"zstd", "br", "gzip"}) {
        ChainForTest chain;
        const auto handler = [](Context& context) -> async::Task<void> {
            context.response().content_type("application/x-ndjson").stream([](BodyWriter& out) -> async::Task<void> {
                for (int i = 0; i < 100; ++i) {
                    if (!co_await out.write("{\"row\":1}\n")) co_return;
                    if (i == 50 && !co_await out.flush()) co_return;
                }
            });
            co_return;
        };
        const auto reply = chain.run({compression()}, handler, {.headers = {{"Accept-Encoding", coding}}});
        EXPECT_EQ(reply.header("Content-Encoding"), coding);
        std::string expected;
        for (int i = 0; i < 100; ++i) expected += "{\"row\":1}\n";
        EXPECT_EQ(decode(coding, reply.body), expected) << coding;
    }
}

TEST(Encoder, FlushBringsAllThatWasWritten) {
    for (const auto coding : {Coding::zstd, Coding::br, Coding::gzip}) {
        const auto encoder = make_encoder(coding, {});
        std::string out;
        encoder->append(out, "first line\n", Encoder::Step::run);
        encoder->append(out, "", Encoder::Step::flush);
        const auto flushed = out.size();
        EXPECT_GT(flushed, 10U) << to_string(coding);
        encoder->append(out, "", Encoder::Step::finish);
        EXPECT_EQ(decode(to_string(coding), out), "first line\n");
    }
}

}  // namespace
}  // namespace http
