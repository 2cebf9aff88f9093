#include "images/header.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "images/pictures_for_test.h"

namespace images {
namespace {

using namespace std::string_literals;
using test::big;
using test::little;

struct Named {
    std::string name;
    std::string bytes;
};

TEST(Header, TypesByTheirContentAlone) {
    const auto scene = test::scene(12, 9);
    EXPECT_EQ(sniff(test::jpeg(scene)), Type::jpeg);
    EXPECT_EQ(sniff(test::png(scene)), Type::png);
    EXPECT_EQ(sniff(test::webp(scene)), Type::webp);
    EXPECT_EQ(sniff(test::gif(scene)), Type::gif);
}

TEST(Header, OtherTypesAreNotTaken) {
    const Named files[] = {
        {"nothing", ""},
        {"HEIC", big(24) + "ftypheic" + big(0) + "mif1heic"},
        {"AVIF", big(24) + "ftypavif" + big(0) + "avifmif1"},
        {"TIFF", "II*\0\10\0\0\0"s},
        {"BMP", "BM\x46\0\0\0\0\0\0\0"s},
        {"SVG", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>"},
        {"HTML", "<!doctype html><script>alert(1)</script>"},
        {"PDF", "%PDF-1.7"},
        {"JPEG XL", "\xFF\x0A"},
        {"JPEG 2000", "\0\0\0\xCjP  \r\n\x87\n"s},
        {"a WAVE file", "RIFF"s + little(4) + "WAVE"},
        {"half a signature", "\x89PNG\r\n"},
    };
    for (const auto& file : files) {
        const auto header = read_header(file.bytes);
        ASSERT_FALSE(header) << file.name;
        EXPECT_EQ(header.error(), HeaderError::unsupported) << file.name;
    }
}

TEST(Header, SizesOfAllForms) {
    const auto scene = test::scene(37, 21);
    const Named files[] = {
        {"JPEG", test::jpeg(scene)},
        {"progressive JPEG", test::jpeg(scene, {.is_progressive = true})},
        {"grey JPEG", test::jpeg(scene, {.is_grey = true})},
        {"PNG", test::png(scene)},
        {"interlaced PNG", test::png(scene, {.is_interlaced = true})},
        {"lossless WebP", test::webp(scene, true)},
        {"lossy WebP", test::webp(scene, false)},
        {"WebP with a canvas", test::webp(scene, false, test::tiff(1))},
        {"GIF", test::gif(scene)},
        {"interlaced GIF", test::gif(scene, {.is_interlaced = true})},
    };
    for (const auto& file : files) {
        const auto header = read_header(file.bytes);
        ASSERT_TRUE(header) << file.name;
        EXPECT_EQ(header->width, 37U) << file.name;
        EXPECT_EQ(header->height, 21U) << file.name;
        EXPECT_EQ(header->frames, 1U) << file.name;
        EXPECT_EQ(header->orientation, 1U) << file.name;
        EXPECT_EQ(header->pixels(), 37U * 21U) << file.name;
    }
}

TEST(Header, CountsFramesWithoutDecodingThem) {
    const auto scene = test::scene(16, 16);
    EXPECT_EQ(read_header(test::gif(scene, {.frames = 400}))->frames, 400U);
    EXPECT_EQ(read_header(test::gif(scene, {.frames = 400}))->pixels(), 256U) << "the first is read";
    EXPECT_EQ(read_header(test::animated_webp(scene, {64, 64}, 10, 20, 3))->frames, 3U);
    const auto animated_png =
        test::png_head(8, 8) + test::png_chunk("acTL", big(9) + big(0)) + test::png_chunk("IEND", "");
    EXPECT_EQ(read_header(animated_png)->frames, 9U);
}

TEST(Header, SaysWhereTheFirstFrameOfAnAnimationIs) {
    const auto file = test::animated_webp(test::scene(16, 12), {64, 48}, 10, 20, 2);
    const auto header = read_header(file);
    ASSERT_TRUE(header);
    EXPECT_EQ(header->width, 64U);
    EXPECT_EQ(header->height, 48U);
    EXPECT_EQ(header->first_frame.x, 10U);
    EXPECT_EQ(header->first_frame.y, 20U);
    EXPECT_EQ(header->first_frame.width, 16U);
    EXPECT_EQ(header->first_frame.height, 12U);
    EXPECT_EQ(file.substr(header->first_frame.offset, 4), "VP8L");
}

TEST(Header, CanvasOfAGifGrowsToItsFirstFrame) {
    const auto header = read_header(test::gif(test::scene(40, 30), {.x = 5, .y = 7, .canvas = {20, 20}}));
    ASSERT_TRUE(header);
    EXPECT_EQ(header->width, 45U);
    EXPECT_EQ(header->height, 37U);
}

TEST(Header, BillionsOfPixelsInAFewBytesAreSeen) {
    EXPECT_EQ(read_header(test::jpeg_of_size(64'250, 64'250))->pixels(), 64'250ULL * 64'250);
    EXPECT_EQ(read_header(test::png_head(100'000, 100'000))->pixels(), 10'000'000'000ULL);
    EXPECT_EQ(read_header(test::png_head(1, 100'000))->height, 100'000U);
    Header largest{.type = Type::gif, .width = ~0U, .height = ~0U, .frames = ~0U};
    EXPECT_EQ(largest.pixels(), 0xFFFF'FFFE'0000'0001ULL);
}

TEST(Header, NamesWhatIsNotTaken) {
    using namespace std::string_literals;
    const std::pair<std::string, std::string_view> rows[] = {
        {"\0\0\0\x18"
         "ftypheic"s,
         "HEIC"},
        {"\0\0\0\x18"
         "ftypavif"s,
         "AVIF"},
        {"\0\0\0\x18"
         "ftypisom"s,
         "a video"},
        {"II*\0"s, "TIFF, or a camera's raw picture"},
        {"%PDF-1.7", "a PDF"},
        {"<svg>", "text (SVG, HTML)"},
        {"", ""},
        {"\0"s, ""},
        {"abc", ""},
    };
    for (const auto& [bytes, kind] : rows) EXPECT_EQ(other_kind(bytes), kind) << bytes;
}

TEST(Header, OrientationOfEachFormat) {
    const auto scene = test::scene(12, 8);
    for (std::uint16_t orientation = 1; orientation <= 8; ++orientation) {
        for (const bool is_little : {true, false}) {
            EXPECT_EQ(orientation_of(test::tiff(orientation, is_little)), orientation);
            EXPECT_EQ(read_header(test::jpeg(scene, {.exif = test::exif(orientation, is_little)}))->orientation,
                      orientation);
            EXPECT_EQ(read_header(test::png(scene, {.exif = test::tiff(orientation, is_little)}))->orientation,
                      orientation);
            EXPECT_EQ(read_header(test::webp(scene, true, test::tiff(orientation, is_little)))->orientation,
                      orientation);
            EXPECT_EQ(read_header(test::webp(scene, true, test::exif(orientation, is_little)))->orientation,
                      orientation);
        }
    }
}

TEST(Header, OrientationThatIsNoneCountsAsOne) {
    for (const std::uint16_t wrong : {0, 9, 255, 65'535}) EXPECT_EQ(orientation_of(test::tiff(wrong)), 1U);
    const auto good = test::tiff(6);
    for (std::size_t cut = 0; cut < 8 + 2 + 12; ++cut) EXPECT_EQ(orientation_of(good.substr(0, cut)), 1U) << cut;
    EXPECT_EQ(orientation_of("II*\0\xFF\xFF\xFF\xFF"s), 1U);
    EXPECT_EQ(orientation_of("MM\0*\0\0\0\x08\xFF\xFF"s), 1U);
    auto of_another_type = good;
    of_another_type[8 + 2 + 2] = 4;
    EXPECT_EQ(orientation_of(of_another_type), 1U);
}

// Cut anywhere, a file says what the whole one says, or nothing.
TEST(Header, NothingIsMadeUpOfAFileThatIsCut) {
    const auto scene = test::scene(24, 16);
    for (const auto& whole : {test::jpeg(scene, {.exif = test::exif(6)}), test::png(scene, {.exif = test::tiff(6)}),
                              test::webp(scene, true, test::tiff(6)), test::gif(scene, {.frames = 2})}) {
        for (std::size_t cut = 0; cut < whole.size(); ++cut) {
            const auto header = read_header(std::string_view(whole).substr(0, cut));
            if (!header) continue;
            EXPECT_EQ(header->width, 24U) << cut;
            EXPECT_EQ(header->height, 16U) << cut;
            EXPECT_LE(header->frames, 2U) << cut;
        }
    }
}

// Whoever looks at a head has other work.
TEST(Header, MillionsOfPartsAreNotLookedAt) {
    constexpr std::size_t size = 20'000'000;
    const auto repeated = [](std::string_view part) {
        std::string bytes;
        while (bytes.size() < size) bytes += part;
        return bytes;
    };
    const Named files[] = {
        {"JPEG of zeros", "\xFF\xD8\xFF\xE0\0\2"s + std::string(size, '\0')},
        {"JPEG of fill bytes", "\xFF\xD8\xFF\xE0\0\2"s + std::string(size, '\xFF')},
        {"JPEG of empty segments", "\xFF\xD8"s + repeated("\xFF\xE0\0\2"s)},
        {"PNG of empty chunks", test::png_head(9, 9) + repeated("\0\0\0\0tEXt\0\0\0\0"s)},
        {"WebP of empty chunks", test::riff(test::webp_canvas(9, 9, 0) + repeated("XMP \0\0\0\0"s))},
        {"GIF of blocks of a byte", test::gif(test::scene(9, 9)).substr(0, 13 + 768) + "!\xFE"s + repeated("\1x")},
        {"GIF of empty frames",
         test::gif(test::scene(9, 9)).substr(0, 13 + 768) + repeated(",\0\0\0\0\1\0\1\0\0\2\0"s)},
    };
    for (const auto& file : files) {
        const auto begin = std::chrono::steady_clock::now();
        const auto header = read_header(file.bytes);
        ASSERT_FALSE(header) << file.name;
        EXPECT_EQ(header.error(), HeaderError::damaged) << file.name;
        EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500)) << file.name;
    }
}

TEST(Header, DamagedOnes) {
    const Named files[] = {
        {"JPEG without a frame", "\xFF\xD8\xFF\xD9"s},
        {"JPEG of two frames", test::jpeg(test::scene(8, 8)).insert(2, "\xFF\xC0\0\x0B\x08\0\1\0\1\1\1\x11\0"s)},
        {"JPEG whose segment has no length", "\xFF\xD8\xFF\xE0\0\1"s},
        {"JPEG whose height comes later", test::jpeg_of_size(16, 0)},
        {"PNG without a head", std::string(test::png_signature) + test::png_chunk("IDAT", "")},
        {"PNG of no width", test::png_head(0, 5)},
        {"WebP that is shorter than it says", "RIFF"s + little(1'000) + "WEBPVP8L"},
        {"WebP without a picture", test::riff("")},
        {"WebP whose frame is outside", test::animated_webp(test::scene(16, 16), {20, 20}, 10, 10, 1)},
        {"GIF without a frame", "GIF89a\5\0\5\0\0\0\0;"s},
    };
    for (const auto& file : files) {
        const auto header = read_header(file.bytes);
        ASSERT_FALSE(header) << file.name;
        EXPECT_EQ(header.error(), HeaderError::damaged) << file.name;
    }
}

}  // namespace
}  // namespace images
