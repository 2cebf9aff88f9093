#include "images/resample.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "images/pictures_for_test.h"

namespace images {
namespace {

std::vector<Raster> shrink(const Raster& raster, std::vector<std::uint32_t> sides) {
    Shrinker shrinker({.width = raster.width, .height = raster.height, .sides = std::move(sides)});
    const auto row = std::size_t{4} * raster.width;
    for (std::uint32_t y = 0; y < raster.height; ++y) shrinker.add_row(std::span(raster.pixels).subspan(y * row, row));
    EXPECT_TRUE(shrinker.is_complete());
    return shrinker.take();
}

Raster flat(std::uint32_t width, std::uint32_t height, std::vector<std::uint8_t> colour) {
    Raster raster{width, height, {}};
    for (std::size_t i = 0; i < std::size_t{width} * height; ++i)
        raster.pixels.insert(raster.pixels.end(), colour.begin(), colour.end());
    return raster;
}

TEST(Resample, FitKeepsTheShapeAndNeverEnlarges) {
    struct Case {
        Size from;
        std::uint32_t side;
        Size to;
    };
    constexpr Case cases[] = {
        {{4000, 3000}, 960, {960, 720}}, {{3000, 4000}, 96, {72, 96}},  {{50, 40}, 96, {50, 40}},
        {{960, 1}, 960, {960, 1}},       {{1, 100'000}, 960, {1, 960}}, {{65'535, 1}, 96, {96, 1}},
        {{97, 97}, 96, {96, 96}},        {{1, 1}, 1, {1, 1}},
    };
    for (const auto& one : cases)
        EXPECT_EQ(fit(one.from, one.side), one.to) << one.from.width << "x" << one.from.height;
}

TEST(Resample, EveryValueComesBackWhereNothingIsReduced) {
    Raster raster{256, 3, {}};
    for (unsigned y = 0; y < 3; ++y) {
        for (unsigned x = 0; x < 256; ++x) {
            for (const auto value : {x, 255 - x, x / 2, 255U})
                raster.pixels.push_back(static_cast<std::uint8_t>(value));
        }
    }
    EXPECT_EQ(shrink(raster, {960}).front(), raster);
}

TEST(Resample, AFlatPictureStaysFlatAtAnySize) {
    for (const auto& colour :
         {std::vector<std::uint8_t>{1, 2, 3, 255}, {250, 128, 4, 255}, {255, 255, 255, 255}, {90, 200, 30, 128}}) {
        for (const auto& raster : shrink(flat(1'237, 411, colour), {960, 320, 96, 7, 1})) {
            for (std::size_t i = 0; i < raster.pixels.size(); ++i)
                ASSERT_NEAR(raster.pixels[i], colour[i % 4], 1) << raster.width << " " << i;
        }
    }
}

// Black and white lines are grey of half the light, not of half the number.
TEST(Resample, LightIsAddedUp) {
    Raster raster{512, 512, {}};
    for (unsigned i = 0; i < 512 * 512; ++i)
        for (int channel = 0; channel < 4; ++channel) raster.pixels.push_back(channel == 3 || i % 2 == 0 ? 255 : 0);
    const auto small = shrink(raster, {64}).front();
    EXPECT_NEAR(small.at(32, 32)[0], 188, 2);
    EXPECT_EQ(small.at(32, 32)[3], 255);
}

TEST(Resample, WhatIsTransparentLendsNoColour) {
    auto raster = flat(400, 400, {255, 0, 0, 0});  // red, and not to be seen
    for (std::size_t i = 0; i < raster.pixels.size(); i += 4) {
        if (i / 4 % 400 < 200) continue;
        raster.pixels[i] = 0;
        raster.pixels[i + 2] = 255;
        raster.pixels[i + 3] = 255;
    }
    const auto small = shrink(raster, {50}).front();
    for (std::size_t i = 0; i < small.pixels.size(); i += 4) {
        EXPECT_LE(small.pixels[i], 1) << i;
        if (small.pixels[i + 3] > 8) EXPECT_GE(small.pixels[i + 2], 250) << i;
    }
}

TEST(Resample, TurnsAreThoseOfExif) {
    // 1 2 3
    // 4 5 6
    Raster stored{3, 2, {}};
    for (std::uint8_t i = 1; i <= 6; ++i) stored.pixels.insert(stored.pixels.end(), {i, 0, 0, 255});
    const auto turned = [&](std::uint8_t orientation) {
        const auto raster = upright(stored, orientation);
        std::string text;
        for (std::uint32_t y = 0; y < raster.height; ++y) {
            for (std::uint32_t x = 0; x < raster.width; ++x) text.push_back(static_cast<char>('0' + *raster.at(x, y)));
            text.push_back('/');
        }
        return text;
    };
    EXPECT_EQ(turned(0), "123/456/");
    EXPECT_EQ(turned(1), "123/456/");
    EXPECT_EQ(turned(2), "321/654/");
    EXPECT_EQ(turned(3), "654/321/");
    EXPECT_EQ(turned(4), "456/123/");
    EXPECT_EQ(turned(5), "14/25/36/");
    EXPECT_EQ(turned(6), "41/52/63/");
    EXPECT_EQ(turned(7), "63/52/41/");
    EXPECT_EQ(turned(8), "36/25/14/");
    EXPECT_EQ(turned(9), "123/456/");
}

TEST(Resample, ColourIsTheAverageOnWhite) {
    const auto colour_of = [](const Raster& raster) {
        Shrinker shrinker({.width = raster.width, .height = raster.height, .sides = {10}});
        const auto row = std::size_t{4} * raster.width;
        for (std::uint32_t y = 0; y < raster.height; ++y)
            shrinker.add_row(std::span(raster.pixels).subspan(y * row, row));
        return shrinker.colour();
    };
    EXPECT_EQ(colour_of(flat(40, 30, {0x12, 0x34, 0x56, 255})), 0x123456U);
    EXPECT_EQ(colour_of(flat(40, 30, {0x12, 0x34, 0x56, 0})), 0xFFFFFFU);
    EXPECT_EQ(colour_of(flat(40, 30, {0, 0, 0, 128})) & 0xFFU, 187U);
}

TEST(Resample, ThinPicturesKeepAPixel) {
    const auto high = shrink(flat(1, 65'535, {9, 99, 199, 255}), {960, 96});
    EXPECT_EQ(high[0].width, 1U);
    EXPECT_EQ(high[0].height, 960U);
    const auto wide = shrink(flat(65'535, 1, {9, 99, 199, 255}), {960, 96});
    EXPECT_EQ(wide[1].width, 96U);
    EXPECT_EQ(wide[1].height, 1U);
    EXPECT_EQ(wide[1].pixels[0], 9);
}

}  // namespace
}  // namespace images
