#include "images/render_picture.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "images/codecs.h"
#include "images/pictures_for_test.h"

namespace images {
namespace {

using namespace std::string_literals;

Request request_of(std::vector<std::uint32_t> sides, std::uint64_t max_pixels = 50'000'000) {
    Request request{.max_pixels = max_pixels};
    request.plan = {.side_count = static_cast<std::uint32_t>(sides.size()),
                    .is_webp = 1,
                    .is_jpeg = 1,
                    .webp_quality = 90,
                    .jpeg_quality = 95};
    std::ranges::copy(sides, request.plan.sides.begin());
    return request;
}

Status status_of(std::string_view file) { return render_picture(file, request_of({96})).reply.status; }

class Rows final : public RowSink {
public:
    void begin(Size size) override { raster = {size.width, size.height, {}}; }
    void add_row(std::span<const std::uint8_t> rgba) override {
        raster.pixels.insert(raster.pixels.end(), rgba.begin(), rgba.end());
    }
    Raster raster;
};

// A rendition, read again.
Raster read_again(std::string_view file) {
    Rows rows;
    const auto header = read_header(file);
    EXPECT_TRUE(header);
    if (!header) return {};
    const Source source{file, *header, longest_side};
    EXPECT_TRUE(header->type == Type::jpeg ? decode_jpeg(source, rows) : decode_webp(source, rows));
    return std::move(rows.raster);
}

// The mean difference of a channel; of pictures of two sizes, more than there can be.
double difference(const Raster& left, const Raster& right) {
    if (left.width != right.width || left.height != right.height || left.pixels.empty()) return 1'000;
    double sum = 0;
    for (std::size_t i = 0; i < left.pixels.size(); ++i)
        sum += std::abs(static_cast<int>(left.pixels[i]) - static_cast<int>(right.pixels[i]));
    return sum / static_cast<double>(left.pixels.size());
}

struct Named {
    std::string name;
    std::string bytes;
};

std::vector<Named> all_forms(const Raster& raster) {
    return {{"JPEG", test::jpeg(raster)},
            {"progressive JPEG", test::jpeg(raster, {.is_progressive = true})},
            {"PNG", test::png(raster)},
            {"16-bit PNG", test::png(raster, {.bits = 16})},
            {"interlaced PNG", test::png(raster, {.is_interlaced = true})},
            {"16-bit interlaced PNG", test::png(raster, {.bits = 16, .is_interlaced = true})},
            {"lossless WebP", test::webp(raster, true)},
            {"lossy WebP", test::webp(raster, false)},
            {"animated WebP", test::animated_webp(raster, {raster.width, raster.height}, 0, 0, 2)}};
}

TEST(RenderPicture, EveryFormGivesTheSamePicture) {
    const auto scene = test::scene(200, 150);
    const auto expected = scene;
    for (const auto& form : all_forms(scene)) {
        const auto rendered = render_picture(form.bytes, request_of({960, 50}));
        ASSERT_EQ(rendered.reply.status, Status::rendered) << form.name;
        ASSERT_EQ(rendered.reply.count, 4U);
        EXPECT_EQ(reply_fault(rendered.reply, request_of({960, 50})), "") << form.name;
        for (std::size_t i = 0; i < 4; ++i)
            EXPECT_TRUE(is_rendition(rendered.reply.entries[i], rendered.renditions[i]));
        for (const std::size_t i : {0U, 1U})
            EXPECT_LT(difference(read_again(rendered.renditions[i]), expected), 3) << form.name;
        EXPECT_EQ(rendered.reply.entries[2].width, 50U);
        EXPECT_EQ(rendered.reply.entries[2].height, 38U);
        EXPECT_EQ(rendered.reply.has_alpha, 0U) << form.name;
    }
}

TEST(RenderPicture, PalettesGreyAndInks) {
    const auto scene = test::scene(120, 90);
    for (const auto& [name, bytes] :
         {Named{"palette PNG", test::png(scene, {.has_palette = true})},
          Named{"interlaced palette PNG", test::png(scene, {.has_palette = true, .is_interlaced = true})},
          Named{"GIF", test::gif(scene)}, Named{"interlaced GIF", test::gif(scene, {.is_interlaced = true})}}) {
        const auto rendered = render_picture(bytes, request_of({960}));
        ASSERT_EQ(rendered.reply.status, Status::rendered) << name;
        EXPECT_LT(difference(read_again(rendered.renditions[1]), scene), 25) << name;
    }
    for (const auto& [name, bytes] : {Named{"grey PNG", test::png(scene, {.is_grey = true})},
                                      Named{"16-bit grey PNG", test::png(scene, {.bits = 16, .is_grey = true})},
                                      Named{"grey JPEG", test::jpeg(scene, {.is_grey = true})}}) {
        const auto rendered = render_picture(bytes, request_of({960}));
        ASSERT_EQ(rendered.reply.status, Status::rendered) << name;
        const auto again = read_again(rendered.renditions[1]);
        EXPECT_NEAR(again.at(60, 45)[0], again.at(60, 45)[2], 2) << name;
    }
    // Without black, inverted inks are the colours themselves.
    const auto inks = render_picture(test::jpeg(scene, {.is_cmyk = true}), request_of({960}));
    ASSERT_EQ(inks.reply.status, Status::rendered);
    EXPECT_LT(difference(read_again(inks.renditions[1]), scene), 4);
}

TEST(RenderPicture, UprightPixelsAreTheSameInAllOrientations) {
    const auto scene = test::scene(150, 90);
    for (std::uint8_t orientation = 1; orientation <= 8; ++orientation) {
        const auto stored = test::stored_as(scene, orientation);
        ASSERT_EQ(upright(stored, orientation), scene);
        for (const auto& [name, bytes] :
             {Named{"JPEG",
                    test::jpeg(stored, {.quality = 98, .is_full_colour = true, .exif = test::exif(orientation)})},
              Named{"PNG", test::png(stored, {.exif = test::tiff(orientation)})},
              Named{"WebP", test::webp(stored, true, test::tiff(orientation))}}) {
            const auto rendered = render_picture(bytes, request_of({960, 75}));
            ASSERT_EQ(rendered.reply.status, Status::rendered);
            EXPECT_EQ(rendered.reply.width, 150U) << name << " " << int{orientation};
            EXPECT_EQ(rendered.reply.height, 90U);
            EXPECT_EQ(rendered.reply.entries[2].width, 75U);
            for (const std::size_t i : {0U, 1U})
                EXPECT_LT(difference(read_again(rendered.renditions[i]), scene), 3) << name << " " << int{orientation};
            EXPECT_EQ(read_header(rendered.renditions[2])->orientation, 1U);
        }
    }
}

TEST(RenderPicture, BrokenOrientationsCountAsOne) {
    const auto scene = test::scene(60, 40);
    for (const auto& exif : {test::exif(0), test::exif(9), test::exif(6).substr(0, 20), "Exif\0\0garbage"s}) {
        const auto rendered = render_picture(test::jpeg(scene, {.exif = exif}), request_of({960}));
        ASSERT_EQ(rendered.reply.status, Status::rendered);
        EXPECT_EQ(rendered.reply.width, 60U);
        EXPECT_LT(difference(read_again(rendered.renditions[0]), scene), 4);
    }
}

TEST(RenderPicture, NothingButPixelsIsLeft) {
    const auto scene = test::scene(60, 40);
    const auto hidden = "<script>alert(1)</script>"s + "PK\3\4" + "GPS-SECRET-PLACE";
    auto commented = test::jpeg(scene, {.exif = test::exif(3)});
    commented.insert(2, "\xFF\xFE" + test::big(static_cast<std::uint32_t>(hidden.size() + 2), 2) + hidden);
    const Named files[] = {
        {"JPEG with a place, a comment and more behind it", commented + hidden},
        {"PNG with a place, a text and more behind it",
         test::png(scene, {.exif = test::tiff(3), .text = hidden}) + hidden},
        {"WebP with a place", test::webp(scene, true, test::tiff(3))},
        {"GIF with more behind it", test::gif(scene) + hidden},
    };
    for (const auto& file : files) {
        ASSERT_TRUE(file.bytes.contains("GPS-SECRET-PLACE"));
        const auto rendered = render_picture(file.bytes, request_of({960, 32}));
        ASSERT_EQ(rendered.reply.status, Status::rendered) << file.name;
        for (const auto& rendition : rendered.renditions) {
            for (const auto* trace : {"GPS", "Exif", "EXIF", "<script", "PK\3\4", "ICC", "XMP"})
                EXPECT_FALSE(rendition.contains(trace)) << file.name << " " << trace;
        }
    }
}

TEST(RenderPicture, TransparencyStaysInWebpAndIsWhiteInJpeg) {
    const auto half = test::half_transparent(80, 60);
    for (const auto& file : {test::png(half), test::webp(half), test::png(half, {.is_interlaced = true})}) {
        const auto rendered = render_picture(file, request_of({40}));
        ASSERT_EQ(rendered.reply.status, Status::rendered);
        EXPECT_EQ(rendered.reply.has_alpha, 1U);
        const auto webp = read_again(rendered.renditions[0]);
        EXPECT_LE(webp.at(5, 15)[3], 2);
        EXPECT_GE(webp.at(35, 15)[3], 253);
        const auto jpeg = read_again(rendered.renditions[1]);
        for (int channel = 0; channel < 3; ++channel) EXPECT_GE(jpeg.at(5, 15)[channel], 250);
        EXPECT_LT(jpeg.at(38, 25)[2], 160);
    }
}

TEST(RenderPicture, FirstFrameOnItsCanvas) {
    const auto scene = test::scene(20, 16);
    const auto webp = render_picture(test::animated_webp(scene, {60, 40}, 10, 8, 3), request_of({960}));
    const auto gif =
        render_picture(test::gif(scene, {.frames = 3, .x = 10, .y = 8, .canvas = {60, 40}}), request_of({960}));
    for (const auto& rendered : {webp, gif}) {
        ASSERT_EQ(rendered.reply.status, Status::rendered);
        EXPECT_EQ(rendered.reply.width, 60U);
        EXPECT_EQ(rendered.reply.has_alpha, 1U);
        const auto again = read_again(rendered.renditions[0]);
        EXPECT_LE(again.at(2, 2)[3], 2);
        EXPECT_LE(again.at(40, 30)[3], 2);
        EXPECT_GE(again.at(20, 16)[3], 253);
    }
    const auto see_through = render_picture(test::gif(scene, {.transparent = 1}), request_of({960}));
    EXPECT_EQ(see_through.reply.status, Status::rendered);
}

TEST(RenderPicture, NeverEnlarges) {
    const auto rendered = render_picture(test::png(test::scene(50, 40)), request_of({96, 320, 960}));
    ASSERT_EQ(rendered.reply.count, 6U);
    for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(rendered.reply.entries[i].width, 50U);
}

TEST(RenderPicture, CutAnywhereItIsRefusedOrWhole) {
    const auto scene = test::scene(32, 24);
    for (const auto& form : all_forms(scene)) {
        const auto whole = read_again(render_picture(form.bytes, request_of({960})).renditions[0]);
        for (std::size_t cut = 0; cut < form.bytes.size(); ++cut) {
            const auto rendered = render_picture(std::string_view(form.bytes).substr(0, cut), request_of({960}));
            if (rendered.reply.status != Status::rendered) continue;
            EXPECT_EQ(read_again(rendered.renditions[0]), whole)
                << form.name << " " << cut << " of " << form.bytes.size();
        }
    }
}

// Whatever a byte becomes, the answer is a picture or a refusal.
TEST(RenderPicture, EveryByteChangedOnce) {
    const auto scene = test::scene(12, 9);
    auto forms = all_forms(scene);
    forms.push_back({"GIF", test::gif(scene)});
    for (const auto& form : forms) {
        for (std::size_t at = 0; at < form.bytes.size(); at += form.bytes.size() / 150 + 1) {
            auto changed = form.bytes;
            changed[at] = static_cast<char>(changed[at] ^ 0xFF);
            const auto request = request_of({8}, 1'000'000);
            EXPECT_EQ(reply_fault(render_picture(changed, request).reply, request), "") << form.name << " " << at;
        }
    }
}

TEST(RenderPicture, AFewBytesThatClaimBillionsOfPixelsAreRefusedAtOnce) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(status_of(test::jpeg_of_size(64'250, 64'250)), Status::too_large);
    EXPECT_EQ(status_of(test::png_head(100'000, 100'000)), Status::too_large);
    EXPECT_EQ(status_of(test::png_head(1, 100'000)), Status::too_large);
    EXPECT_EQ(status_of(test::png_head(0x7FFF'FFFF, 0x7FFF'FFFF)), Status::too_large);
    EXPECT_EQ(status_of(test::gif(test::scene(16, 16), {.canvas = {8'000, 8'000}})), Status::too_large);
    // Of many frames the first alone is read.
    EXPECT_EQ(status_of(test::gif(test::scene(16, 16), {.frames = 400, .canvas = {400, 400}})), Status::rendered);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1'000));
}

TEST(RenderPicture, PixelsWithoutEndAreNotInflated) {
    // A sane head, and zeros that never stop.
    const auto endless = test::png_head(1'000, 10) +
                         test::png_chunk("IDAT", test::deflated(std::string(100'000'000, '\0'))) +
                         test::png_chunk("IEND", "");
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(status_of(endless), Status::unreadable);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(500));
    // So few that they may be a picture's: what the head says is read, and no more.
    const auto short_one = test::png_head(1'000, 10) +
                           test::png_chunk("IDAT", test::deflated(std::string(50'000'000, '\0'))) +
                           test::png_chunk("IEND", "");
    const auto again = std::chrono::steady_clock::now();
    EXPECT_EQ(status_of(short_one), Status::rendered);
    EXPECT_LT(std::chrono::steady_clock::now() - again, std::chrono::milliseconds(500));
}

TEST(RenderPicture, ProgressiveScansAreCounted) {
    auto file = test::jpeg(test::scene(64, 64), {.is_progressive = true});
    const auto last = file.rfind("\xFF\xDA");
    const auto scan = file.substr(last, file.size() - 2 - last);
    auto many = file.substr(0, last);
    for (int i = 0; i < 200; ++i) many += scan;
    EXPECT_EQ(status_of(many + "\xFF\xD9"), Status::unreadable);
}

TEST(RenderPicture, OnePixel) {
    for (const auto& form : all_forms(test::scene(1, 1))) {
        const auto rendered = render_picture(form.bytes, request_of({96}));
        ASSERT_EQ(rendered.reply.status, Status::rendered) << form.name;
        EXPECT_EQ(rendered.reply.entries[0].width, 1U);
    }
}

TEST(RenderPicture, LargePicturesAreReducedWhileTheyAreRead) {
    const auto scene = test::scene(1'600, 1'201);
    for (const auto& [name, bytes] :
         {Named{"JPEG", test::jpeg(scene)}, Named{"WebP", test::webp(scene, false)}, Named{"PNG", test::png(scene)}}) {
        const auto rendered = render_picture(bytes, request_of({100}));
        ASSERT_EQ(rendered.reply.status, Status::rendered) << name;
        EXPECT_EQ(rendered.reply.width, 1'600U);
        EXPECT_EQ(rendered.reply.entries[0].width, 100U);
        EXPECT_EQ(rendered.reply.entries[0].height, 75U);
        EXPECT_LT(difference(read_again(rendered.renditions[1]), test::scene(100, 75)), 6) << name;
    }
}

TEST(RenderPicture, AReplyThatCannotBeIsNotTaken) {
    const auto request = request_of({96, 32});
    const auto good = render_picture(test::png(test::scene(120, 80)), request).reply;
    ASSERT_EQ(reply_fault(good, request), "");
    using Change = void (*)(Reply&);
    const Change changes[] = {[](Reply& reply) { reply.mark = 0; },
                              [](Reply& reply) { reply.status = static_cast<Status>(9); },
                              [](Reply& reply) { reply.type = 4; },
                              [](Reply& reply) { reply.width = 0; },
                              [](Reply& reply) { reply.width = 70'000; },
                              [](Reply& reply) {
                                  reply.width = 65'000;
                                  reply.height = 65'000;
                              },
                              [](Reply& reply) { reply.count = 3; },
                              [](Reply& reply) { reply.count = 5; },
                              [](Reply& reply) { reply.count = 1'000'000; },
                              [](Reply& reply) { reply.colour = 0x1000000; },
                              [](Reply& reply) { reply.has_alpha = 2; },
                              [](Reply& reply) { reply.entries[0].width = 97; },
                              [](Reply& reply) { reply.entries[1].size = 1ULL << 40U; },
                              [](Reply& reply) { reply.entries[1].size = 0; },
                              [](Reply& reply) { reply.entries[1].is_jpeg = 0; },
                              [](Reply& reply) { reply.entries[2].side = 96; }};
    for (const auto change : changes) {
        auto reply = good;
        change(reply);
        EXPECT_NE(reply_fault(reply, request), "");
    }
}

}  // namespace
}  // namespace images
