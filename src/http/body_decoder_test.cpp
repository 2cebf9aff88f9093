#include "http/body_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace http {
namespace {

struct Decoded {
    std::string data;
    std::string rest;
    bool done = false;
    bool failed = false;
};

// In pieces that end where `cuts` says. Both flags are looked at after every step, and a decoder that has ended is asked once
// more: neither may change its mind.
Decoded decode(BodyDecoder decoder, std::string_view input, const std::vector<std::size_t>& cuts) {
    Decoded result;
    std::size_t at = 0;
    for (std::size_t next = 0; next <= cuts.size(); ++next) {
        auto part = input.substr(at, (next < cuts.size() ? cuts[next] : input.size()) - at);
        while (!part.empty() && !decoder.done() && !decoder.failed()) {
            const auto step = decoder.decode(part);
            EXPECT_EQ(step.failed, decoder.failed());
            result.data += step.data;
            part.remove_prefix(step.consumed);
            at += step.consumed;
        }
    }
    result.done = decoder.done();
    result.failed = decoder.failed();
    EXPECT_FALSE(result.done && result.failed);
    const auto again = decoder.decode("0\r\n\r\n");
    if (result.done || result.failed) EXPECT_EQ(again.consumed, 0U);
    EXPECT_EQ(again.failed, decoder.failed());
    if (result.failed) EXPECT_FALSE(decoder.done());
    result.rest = std::string(input.substr(at));
    return result;
}

std::vector<std::size_t> every(std::size_t piece, std::size_t size) {
    std::vector<std::size_t> cuts;
    for (std::size_t at = piece; at < size; at += piece) cuts.push_back(at);
    return cuts;
}

Decoded decode(const BodyDecoder& decoder, std::string_view input, std::size_t piece) {
    return decode(decoder, input, every(piece, input.size()));
}

// ---- The grammar, once more: RFC 9112 §7.1 read off by recursive descent over whole text, without BWS ------------------

class Oracle {
public:
    explicit Oracle(std::string_view text) : text_(text) {}

    enum class Verdict : std::uint8_t { whole, broken, unfinished };
    Verdict read() {
        const bool well = chunks() && trailers();
        if (well) return Verdict::whole;
        return at_ == text_.size() ? Verdict::unfinished : Verdict::broken;
    }
    [[nodiscard]] std::size_t size() const { return at_; }
    [[nodiscard]] const std::string& data() const { return data_; }

private:
    [[nodiscard]] bool sees(std::string_view set) const {
        return at_ < text_.size() && set.find(text_[at_]) != std::string_view::npos;
    }
    bool take(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    bool line_end() { return take('\r') && take('\n'); }
    std::size_t take_all(std::string_view set) {
        const auto begin = at_;
        while (sees(set)) ++at_;
        return at_ - begin;
    }
    bool chunks() {
        for (;;) {
            const auto begin = at_;
            const auto digits = take_all("0123456789abcdefABCDEF");
            if (digits == 0 || digits > 15) return false;
            const auto size = std::stoull(std::string(text_.substr(begin, digits)), nullptr, 16);
            while (take(';')) {
                if (!extension()) return false;
            }
            if (!line_end()) return false;
            if (size == 0) return true;
            const auto present = std::min<std::size_t>(size, text_.size() - at_);
            data_ += text_.substr(at_, present);
            at_ += present;
            if (present < size || !line_end()) return false;
        }
    }
    bool extension() {
        if (take_all(token) == 0) return false;
        if (!take('=')) return true;
        if (!take('"')) return take_all(token) > 0;
        while (at_ < text_.size() && text_[at_] != '"') {
            if (text_[at_] == '\\' && ++at_ == text_.size()) return false;
            if (!is_text(text_[at_])) return false;
            ++at_;
        }
        return take('"');
    }
    bool trailers() {
        while (take_all(token) > 0) {
            if (!take(':')) return false;
            while (at_ < text_.size() && is_text(text_[at_])) ++at_;
            if (!line_end()) return false;
        }
        return line_end();
    }
    static bool is_text(char c) { return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != '\x7f'); }

    static constexpr std::string_view token =
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::string_view text_;
    std::size_t at_ = 0;
    std::string data_;
};

void expect_as_the_grammar(const std::string& input, std::size_t piece) {
    Oracle oracle(input);
    const auto verdict = oracle.read();
    const auto result = decode(BodyDecoder::chunked(), input, piece);
    ASSERT_EQ(result.done, verdict == Oracle::Verdict::whole) << testing::PrintToString(input);
    ASSERT_EQ(result.failed, verdict == Oracle::Verdict::broken) << testing::PrintToString(input);
    if (!result.done) return;
    ASSERT_EQ(result.data, oracle.data()) << testing::PrintToString(input);
    ASSERT_EQ(result.rest, input.substr(oracle.size())) << testing::PrintToString(input);
}

const std::string well_formed =
    "5\r\nhello\r\n0A;name=\"v\\\"x\";flag;k=t\r\n0123456789\r\n0;x\r\nTrailer: 1\r\nOther:\t2 \r\n\r\nGET / "
    "HTTP/1.1\r\n";

// A carriage return and any byte but a line feed, wherever a line ends: what follows was once read as a request.
TEST(BodyDecoder, ACarriageReturnAloneEndsNothing) {
    for (int byte = 0; byte < 256; ++byte) {
        if (byte == '\n') continue;
        const std::string bad{'\r', static_cast<char>(byte)};
        for (const auto& input : {"0\r\n" + bad + "GET / HTTP/1.1", "0" + bad + "\r\n", "0\r\nA: b\r\n" + bad + "GET",
                                  "0\r\nA: b" + bad + "\r\n", "1\r\nx" + bad + "0\r\n\r\n", "1" + bad + "x"}) {
            for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, input.size()}) {
                const auto result = decode(BodyDecoder::chunked(), input, piece);
                EXPECT_TRUE(result.failed) << byte << ' ' << piece << ' ' << testing::PrintToString(input);
                EXPECT_FALSE(result.done) << byte;
            }
        }
    }
}

TEST(BodyDecoder, EveryChangeOfOneByteIsJudgedAsTheGrammarDoes) {
    for (std::size_t at = 0; at < well_formed.size(); ++at) {
        for (int byte = 0; byte < 256; ++byte) {
            auto changed = well_formed;
            changed[at] = static_cast<char>(byte);
            expect_as_the_grammar(changed, changed.size());
            expect_as_the_grammar(changed, 1);
            auto longer = well_formed;
            longer.insert(at, 1, static_cast<char>(byte));
            expect_as_the_grammar(longer, 3);
        }
        auto shorter = well_formed;
        shorter.erase(at, 1);
        expect_as_the_grammar(shorter, 2);
        expect_as_the_grammar(well_formed.substr(0, at), 1);
        if (HasFatalFailure()) return;
    }
}

TEST(BodyDecoder, NoSplitChangesWhatIsRead) {
    const std::vector<std::string> inputs{well_formed, "3\r\nabc\r\n0\r\n\rGET / HTTP/1.1\r\n\r\n",
                                          "0\r\nA: b\rX\r\n\r\n"};
    for (const auto& input : inputs) {
        const auto whole = decode(BodyDecoder::chunked(), input, input.size());
        for (std::size_t first = 1; first < input.size(); ++first) {
            for (std::size_t second = first; second < input.size(); ++second) {
                const auto split = decode(BodyDecoder::chunked(), input, {first, second});
                ASSERT_EQ(split.done, whole.done) << first << ' ' << second;
                ASSERT_EQ(split.failed, whole.failed) << first << ' ' << second;
                ASSERT_EQ(split.data, whole.data) << first << ' ' << second;
                ASSERT_EQ(split.rest, whole.rest) << first << ' ' << second;
            }
        }
    }
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
             std::string("5;\r\nhello"),
             std::string("5;;a\r\nhello"),
             std::string("5;=x\r\nhello"),
             std::string("5;a=\r\nhello"),
             std::string("5;a=\"x\r\nhello"),
             std::string("5;a=\"x\"y\r\nhello"),
             std::string("5;a b\r\nhello"),
             std::string("5;a,b\r\nhello"),
             std::string("5;bad[=x\r\nhello"),
             std::string("5 ;a\r\nhello"),
             std::string("5; a\r\nhello"),
             std::string("5;a =b\r\nhello"),
             std::string("5;a= b\r\nhello"),
             std::string("5;a=b \r\nhello"),
             std::string("0\r\nfoo\r\n\r\n"),
             std::string("0\r\nfoo : b\r\n\r\n"),
             std::string("0\r\nf[o: b\r\n\r\n"),
             std::string("0\r\nfoo: \x01\r\n\r\n"),
             std::string("0\r\nfoo: b\r\n fold\r\n\r\n"),
         }) {
        EXPECT_TRUE(decode(BodyDecoder::chunked(), input, 1000).failed) << input.substr(0, 40);
        EXPECT_TRUE(decode(BodyDecoder::chunked(), input, 1).failed) << input.substr(0, 40);
    }
}

TEST(BodyDecoder, BoundsExtensionsAndTrailersOfAllChunksTogether) {
    const auto read = [](const std::string& input) { return decode(BodyDecoder::chunked(), input + "0\r\n\r\n", 500); };
    const auto chunks = [](std::size_t count, const std::string& extension) {
        std::string input;
        for (std::size_t i = 0; i < count; ++i) input += "1" + extension + "\r\na\r\n";
        return input;
    };
    EXPECT_TRUE(read(chunks(BodyDecoder::max_extensions, ";x")).done);
    EXPECT_TRUE(read(chunks(BodyDecoder::max_extensions + 1, ";x")).failed);
    EXPECT_TRUE(read("1;" + std::string(BodyDecoder::max_extension_bytes - 1, 'x') + "\r\na\r\n").done);
    EXPECT_TRUE(read("1;" + std::string(BodyDecoder::max_extension_bytes, 'x') + "\r\na\r\n").failed);
    EXPECT_TRUE(read(chunks(60, ";" + std::string(80, 'x'))).failed);

    const auto trailers = [](std::size_t count, std::size_t size) {
        std::string input = "0\r\n";
        for (std::size_t i = 0; i < count; ++i) input += "A:" + std::string(size, 'x') + "\r\n";
        return decode(BodyDecoder::chunked(), input + "\r\n", 500);
    };
    EXPECT_TRUE(trailers(BodyDecoder::max_trailers, 1).done);
    EXPECT_TRUE(trailers(BodyDecoder::max_trailers + 1, 1).failed);
    EXPECT_TRUE(trailers(1, BodyDecoder::max_trailer_bytes - 2).done);
    EXPECT_TRUE(trailers(1, BodyDecoder::max_trailer_bytes - 1).failed);
    EXPECT_TRUE(trailers(10, 500).failed);
}

}  // namespace
}  // namespace http
