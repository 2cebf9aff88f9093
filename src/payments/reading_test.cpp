// Providers' JSON and words, as they come: numbers and texts in each other's place, amounts to the cent, and sentences that mean something.

#include "payments/reading.h"

#include <gmock/gmock.h>

#include "payments/common_sayings.h"

namespace payments {

namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

schema::Json json(std::string_view text) { return {std::string(text)}; }

TEST(Reading, ScalarsAreTextsAndNumbers) {
    EXPECT_EQ(scalar(json("4193428")), "4193428");
    EXPECT_EQ(scalar(json(R"("4193428")")), "4193428");
    EXPECT_EQ(scalar(json("-1")), "-1");
    for (const auto* none : {"", "null", "true", "[]", "{}", R"({"a":1})"}) EXPECT_EQ(scalar(json(none)), "") << none;
}

TEST(Reading, AmountsAreExact) {
    const struct {
        std::string_view text;
        std::string_view currency;
        std::optional<std::int64_t> minor;
    } cases[] = {
        {"150", "KES", 15000},
        {"150.5", "KES", 15050},
        {"150.50", "KES", 15050},
        {"150.500", "KES", 15050},
        {R"("150.05")", "KES", 15005},
        {"0", "KES", 0},
        {"0.01", "KES", 1},
        {"1500", "UGX", 1500},
        {"1500.00", "UGX", 1500},
        {"1.234", "KWD", 1234},
        {"70.10", "XXX", 7010},
        {"9999999999.99", "KES", 999'999'999'999},
        {"150.005", "KES", {}},
        {"1500.5", "UGX", {}},
        {"-1", "KES", {}},
        {"1e3", "KES", {}},
        {"1.", "KES", {}},
        {R"(".5")", "KES", {}},
        {R"("1,500")", "KES", {}},
        {R"(" 1")", "KES", {}},
        {R"("")", "KES", {}},
        {"null", "KES", {}},
        {"true", "KES", {}},
        {R"({"amount":1})", "KES", {}},
        {"99999999999999999999", "KES", {}},
    };
    for (const auto& one : cases) {
        const auto read = from_major(json(one.text), one.currency);
        EXPECT_EQ(read.has_value(), one.minor.has_value()) << one.text;
        if (read && one.minor) EXPECT_EQ(read->minor, *one.minor) << one.text;
    }
    EXPECT_EQ(to_major({15000}, "KES"), "150");
    EXPECT_EQ(to_major({15005}, "KES"), "150.05");
    EXPECT_EQ(to_major({1}, "KES"), "0.01");
    EXPECT_EQ(to_major({1500}, "UGX"), "1500");
    EXPECT_EQ(to_major({1234}, "KWD"), "1.234");
    for (std::int64_t minor = 0; minor < 100'000; minor += 37)
        EXPECT_EQ(from_major(json(to_major({minor}, "KES")), "KES"), base::Money{minor});
}

TEST(Reading, CodesAndNumbersAreWhatTheyAre) {
    EXPECT_EQ(code("Duplicate_Reference"), "duplicate_reference");
    EXPECT_EQ(code("completed-momo"), "completed-momo");
    for (const std::string& none :
         {std::string(), std::string("two words"), std::string("a/b"), std::string("é"), std::string(61, 'a')})
        EXPECT_EQ(code(none), "") << none;
    EXPECT_TRUE(is_number("285959875"));
    for (const auto* none : {"", "0", "07", "-1", "1.0", "1/verify", "285959875285959875285"})
        EXPECT_FALSE(is_number(none)) << none;
}

TEST(Reading, WordsHaveNoNumbersOfPhonesAndAnEnd) {
    EXPECT_THAT(words("Sent to 254712345678"), Not(HasSubstr("254712345678")));
    EXPECT_LE(words(std::string(10'000, 'x')).size(), longest_words);
    EXPECT_EQ(cut("né", 2), "n");
    EXPECT_EQ(cut("né", 3), "né");
}

TEST(Reading, SentencesOfFailuresHaveReasons) {
    const struct {
        std::string_view words;
        std::string_view reason;
    } cases[] = {
        {"Insufficient Funds", "insufficient_funds"},
        {"The balance is insufficient for the transaction.", "insufficient_funds"},
        {"Request cancelled by user", "cancelled_by_payer"},
        {"DS timeout user cannot be reached", "payer_timeout"},
        {"Transaction timed out", "payer_timeout"},
        {"The initiator information is invalid.", "wrong_pin"},
        {"Wrong PIN", "wrong_pin"},
        {"Daily limit reached", "limit_reached"},
        {"Declined by Financial Institution", ""},
        {"", ""},
    };
    for (const auto& one : cases) EXPECT_EQ(reason_of(one.words), one.reason) << one.words;
}

TEST(CommonSayings, AreThereForEveryCodeInBothLanguages) {
    for (const std::string_view code :
         {"success",          "pending",         "insufficient_funds", "cancelled_by_payer",
          "payer_timeout",    "page_expired",    "wrong_pin",          "limit_reached",
          "connect",          "rate_limit",      "unreadable",         "http_502",
          "amount_not_taken", "phone_not_taken", "page_needed",        "authentication_error",
          "not_found",        "reversed",        "not_enough_balance", "nobody_knows_this"}) {
        const auto english = common_saying(code, "en", "Paystack");
        const auto swahili = common_saying(code, "sw", "Paystack");
        EXPECT_THAT(english.text, Not(IsEmpty())) << code;
        EXPECT_NE(english.text, swahili.text) << code;
        EXPECT_THAT(english.text + swahili.text, Not(HasSubstr("{"))) << code;
        EXPECT_EQ(english.may_try_again, swahili.may_try_again) << code;
    }
    EXPECT_THAT(common_saying("connect", "en", "Paystack").text, HasSubstr("Paystack"));
    // What may have been paid is not to be paid again.
    for (const auto* const code : {"timeout", "http_504", "unreadable", "duplicate_reference", "success", "pending"})
        EXPECT_FALSE(common_saying(code, "en", "Paystack").may_try_again) << code;
}

}  // namespace

}  // namespace payments
