#include "base/uuid.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>
#include <type_traits>
#include <unordered_set>

#include "base/fake_clock.h"
#include "base/random.h"

namespace base {
namespace {

static_assert(std::is_trivially_copyable_v<Uuid>);
static_assert(sizeof(Uuid) == 16);

struct ProductTag;
struct CustomerTag;
using ProductId = Id<ProductTag>;
static_assert(!std::is_convertible_v<Uuid, ProductId>);
static_assert(!std::is_constructible_v<ProductId, Id<CustomerTag>>);
static_assert(std::is_trivially_copyable_v<ProductId>);

constexpr std::string_view sample = "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01";

TEST(Uuid, ReadsAndWritesTheCanonicalForm) {
    const auto uuid = Uuid::from_string(sample);
    ASSERT_TRUE(uuid);
    EXPECT_EQ(uuid->to_string(), sample);
    EXPECT_EQ(uuid->version(), 7);
    EXPECT_TRUE(uuid->has_rfc_variant());
    EXPECT_EQ(uuid->bytes()[0], 0x01);
    EXPECT_EQ(uuid->bytes()[15], 0x01);
    std::string out = "id=";
    uuid->append_to(out);
    EXPECT_EQ(out, "id=" + std::string{sample});
}

TEST(Uuid, ReadsUpperCaseAndWritesLowerCase) {
    const auto uuid = Uuid::from_string("0197F0C2-7A5E-7C3B-9D10-2F6F8F1F0A01");
    ASSERT_TRUE(uuid);
    EXPECT_EQ(uuid->to_string(), sample);
}

TEST(Uuid, NilIsAllZero) {
    EXPECT_EQ(Uuid{}, Uuid::nil());
    EXPECT_TRUE(Uuid{}.is_nil());
    EXPECT_EQ(Uuid{}.to_string(), "00000000-0000-0000-0000-000000000000");
    EXPECT_EQ(Uuid::from_string("00000000-0000-0000-0000-000000000000"), Uuid::nil());
}

TEST(Uuid, RefusesEverythingElse) {
    const std::string_view cases[] = {
        "",
        "-",
        "0197f0c2",
        "0197f0c27a5e7c3b9d102f6f8f1f0a01",
        "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a0",
        "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a011",
        "{0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01}",
        "urn:uuid:0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01",
        "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a0g",
        "0197f0c2-7a5e-7c3b-9d10_2f6f8f1f0a01",
        "0197f0c27-a5e-7c3b-9d10-2f6f8f1f0a01",
        "------------------------------------",
        " 197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01",
        "+197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01",
        "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a0\xff",
        std::string_view{"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a0\0", 36},
    };
    for (const auto text : cases) EXPECT_FALSE(Uuid::from_string(text)) << text;
}

TEST(Uuid, ReadsEveryPairOfHexDigits) {
    for (int byte = 0; byte < 256; ++byte) {
        Uuid::Bytes bytes{};
        bytes.fill(static_cast<std::uint8_t>(byte));
        const Uuid uuid{bytes};
        EXPECT_EQ(Uuid::from_string(uuid.to_string()), uuid);
    }
}

TEST(Uuid, EveryOtherByteIsRefusedAsADigit) {
    for (int byte = 0; byte < 256; ++byte) {
        const bool is_digit = std::isxdigit(byte) != 0;
        std::string text{sample};
        text[35] = static_cast<char>(byte);
        EXPECT_EQ(Uuid::from_string(text).has_value(), is_digit) << byte;
    }
}

TEST(Uuid, Version7HoldsTheMillisecondsOfRfc9562Appendix) {
    // RFC 9562 appendix A.6: 2022-02-22T19:22:22.000Z is 017F22E2-79B0.
    SeededRandom random{1};
    const auto uuid = uuid_v7(Timestamp{std::chrono::milliseconds{1645557742000}}, random);
    EXPECT_EQ(uuid.to_string().substr(0, 15), "017f22e2-79b0-7");
    EXPECT_TRUE(uuid.has_rfc_variant());
}

TEST(Uuid, Version7BeforeTheEpochCountsAsTheEpoch) {
    SeededRandom random{1};
    const auto uuid = uuid_v7(Timestamp{std::chrono::milliseconds{-5}}, random);
    EXPECT_EQ(uuid.to_string().substr(0, 15), "00000000-0000-7");
}

TEST(Uuid, Version4IsMarkedAsSuch) {
    SeededRandom random{1};
    const auto uuid = uuid_v4(random);
    EXPECT_EQ(uuid.version(), 4);
    EXPECT_TRUE(uuid.has_rfc_variant());
    EXPECT_NE(uuid, uuid_v4(random));
}

TEST(Uuid, HashSpreadsIdsOfOneMillisecond) {
    SeededRandom random{7};
    const FakeClock clock;
    UuidGenerator generator{clock, random};
    std::set<std::size_t> buckets;
    for (int i = 0; i < 4096; ++i) buckets.insert(std::hash<Uuid>{}(generator.next()) % 4096);
    // 4096 balls into 4096 bins leave about 2589 bins taken.
    EXPECT_GT(buckets.size(), 2400U);
}

TEST(UuidGenerator, IncreasesWhileTheClockStandsStill) {
    SeededRandom random{1};
    const FakeClock clock;
    UuidGenerator generator{clock, random};
    auto previous = generator.next();
    for (int i = 0; i < 100'000; ++i) {
        const auto next = generator.next();
        ASSERT_LT(previous, next);
        ASSERT_EQ(next.version(), 7);
        ASSERT_TRUE(next.has_rfc_variant());
        previous = next;
    }
}

TEST(UuidGenerator, IncreasesWhenTheClockStepsBack) {
    SeededRandom random{1};
    FakeClock clock;
    UuidGenerator generator{clock, random};
    auto previous = generator.next();
    for (int i = 0; i < 10'000; ++i) {
        clock.advance(std::chrono::milliseconds{i % 7 == 0 ? -50 : 3});
        const auto next = generator.next();
        ASSERT_LT(previous, next);
        previous = next;
    }
}

// Always all ones, so that the counter starts at the top of its seed range.
class OnesRandom final : public RandomSource {
public:
    void fill(std::span<std::uint8_t> out) override { std::ranges::fill(out, std::uint8_t{0xFF}); }
};

TEST(UuidGenerator, RunsAheadOfTheClockWhenTheCounterIsUsedUp) {
    OnesRandom random;
    const FakeClock clock;
    UuidGenerator generator{clock, random};
    const auto first = generator.next();
    auto previous = first;
    constexpr int used_up = 1 << 25;
    for (int i = 0; i < used_up; ++i) {
        const auto next = generator.next();
        if (!(previous < next)) FAIL() << i;
        previous = next;
    }
    EXPECT_NE(first.to_string().substr(0, 13), generator.next().to_string().substr(0, 13));
}

TEST(UuidGenerator, ThreadsDoNotMeet) {
    std::vector<std::vector<Uuid>> made(4);
    {
        std::vector<std::jthread> threads;
        for (auto& ids : made) {
            threads.emplace_back([&ids] {
                SecureRandom random;
                UuidGenerator generator{system_clock(), random};
                for (int i = 0; i < 20'000; ++i) ids.push_back(generator.next());
            });
        }
    }
    std::unordered_set<Uuid> all;
    for (const auto& ids : made) all.insert(ids.begin(), ids.end());
    EXPECT_EQ(all.size(), 80'000U);
}

TEST(Id, WrapsAUuid) {
    const auto id = ProductId::from_string(sample);
    ASSERT_TRUE(id);
    EXPECT_EQ(id->to_string(), sample);
    EXPECT_EQ(id->uuid(), *Uuid::from_string(sample));
    EXPECT_FALSE(ProductId::from_string("x"));
    EXPECT_TRUE(ProductId{}.is_nil());
    EXPECT_LT(ProductId{}, *id);
    EXPECT_EQ(std::unordered_set<ProductId>({*id, *id, ProductId{}}).size(), 2U);
}

}  // namespace
}  // namespace base
