#include "http/body_decoder.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace http {
namespace {

struct Decoded {
    std::string data;
    std::string rest;
    bool done = false;
    bool failed = false;
};

Decoded decode(BodyDecoder decoder, std::string_view input, std::size_t piece) {
    Decoded result;
    while (!input.empty() && !decoder.done()) {
        auto part = input.substr(0, piece);
        input.remove_prefix(part.size());
        while (!part.empty() && !decoder.done()) {
            const auto step = decoder.decode(part);
            if (step.failed) return {.failed = true};
            result.data += step.data;
            part.remove_prefix(step.consumed);
        }
        if (decoder.done()) result.rest = std::string(part) + std::string(input);
    }
    result.done = decoder.done();
    return result;
}

TEST(BodyDecoder, ReadsChunksHoweverTheyArrive) {
    const std::string input = "5\r\nhello\r\n0A;name=\"v\"\r\n0123456789\r\n000;x\r\nTrailer: 1\r\nOther: 2\r\n\r\nGET";
    for (std::size_t piece = 1; piece <= input.size(); ++piece) {
        const auto result = decode(BodyDecoder::chunked(), input, piece);
        EXPECT_TRUE(result.done) << piece;
        EXPECT_EQ(result.data, "hello0123456789") << piece;
        EXPECT_EQ(result.rest, "GET") << piece;
    }
}

TEST(BodyDecoder, ReadsALength) {
    const auto result = decode(BodyDecoder::with_length(5), "helloGET", 3);
    EXPECT_TRUE(result.done);
    EXPECT_EQ(result.data, "hello");
    EXPECT_EQ(result.rest, "GET");
    EXPECT_TRUE(BodyDecoder::with_length(0).done());
    EXPECT_EQ(BodyDecoder::with_length(7).remaining(), 7U);
}

TEST(BodyDecoder, RefusesWhatOthersCouldReadDifferently) {
    for (const std::string& input : {
             std::string("\r\n"),
             std::string("g\r\n"),
             std::string(";x\r\n"),
             std::string("-1\r\n"),
             std::string("0x5\r\n"),
             std::string("5 \r\nhello\r\n"),
             std::string(" 5\r\n"),
             std::string("5\nhello"),
             std::string("5\r5"),
             std::string("5\r\nhelloX"),
             std::string("5\r\nhello\n"),
             std::string("5\r\nhello\rX"),
             std::string("5;a\nb\r\nhello"),
             std::string("5;\x01\r\n"),
             std::string("0\r\n\n"),
             std::string("0\r\nA: b\nC"),
             std::string("0\r\n fold\r\n"),
             std::string("0\r\n: b\r\n"),
             std::string("1000000000000000\r\n"),
             "5;" + std::string(BodyDecoder::max_extension_bytes, 'x'),
             "0\r\n" + std::string(BodyDecoder::max_trailer_bytes + 1, 'x'),
         }) {
        EXPECT_TRUE(decode(BodyDecoder::chunked(), input, 1000).failed) << input.substr(0, 40);
    }
}

TEST(BodyDecoder, BoundsExtensionsOfAllChunksTogether) {
    std::string input;
    for (int i = 0; i < 100; ++i) input += "1;" + std::string(60, 'x') + "\r\na\r\n";
    EXPECT_TRUE(decode(BodyDecoder::chunked(), input, 500).failed);
}

}  // namespace
}  // namespace http
