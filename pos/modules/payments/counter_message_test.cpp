#include "pos/modules/payments/counter_message.h"

#include <gmock/gmock.h>

#include "payments/mpesa/answers.h"
#include "pos/testing/scripted_provider.h"

namespace {

using namespace pos;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

// What M-Pesa's table says, without M-Pesa.
class Table : public pos::testing::ScriptedProvider {
public:
    using ScriptedProvider::ScriptedProvider;
    [[nodiscard]] ::payments::Saying saying(std::string_view code, std::string_view language) const override {
        return ::payments::mpesa::saying_of(code, language);
    }
};

const base::Timestamp created{std::chrono::hours(500'000)};

PaymentIntent intent(IntentState state, std::optional<std::string> code = {}) {
    PaymentIntent made;
    made.provider = "mpesa";
    made.state = state;
    made.result_code = std::move(code);
    made.created_at = created;
    return made;
}

constexpr auto states = {IntentState::created,   IntentState::sent,    IntentState::pending,
                         IntentState::succeeded, IntentState::failed,  IntentState::cancelled,
                         IntentState::expired,   IntentState::unknown, IntentState::refunded};

TEST(CounterMessage, PaidIsSaidOfASuccessAlone) {
    for (const auto* const name : {"mpesa", "stripe"}) {
        const Table provider(name);
        for (const auto state : states) {
            std::vector<std::optional<std::string>> codes{std::nullopt, "response:0", "response:1", "nonsense"};
            for (const auto& row : ::payments::mpesa::rows()) codes.emplace_back(row.code);
            for (const auto& code : codes) {
                // The code of a success is stored with its credit alone.
                const bool is_told_by_code = state == IntentState::failed || state == IntentState::cancelled ||
                                             state == IntentState::expired ||
                                             (state == IntentState::pending && provider.traits().name == "stripe");
                if (code == "0" && is_told_by_code) continue;
                for (const auto& [language, word] : {std::pair("en", "Paid."), std::pair("sw", "Imelipwa.")}) {
                    const auto said = counter_message(intent(state, code), &provider, language, created + 1s);
                    EXPECT_FALSE(said.text.empty());
                    EXPECT_EQ(said.text == word, state == IntentState::succeeded)
                        << name << " " << schema::name_of(state) << " " << code.value_or("-");
                    if (!::payments::is_final(state)) EXPECT_FALSE(said.may_try_again) << schema::name_of(state);
                }
            }
        }
    }
}

TEST(CounterMessage, WhatGoesBackIsNotPaid) {
    const auto said = [](std::int64_t refunded, std::int64_t held, std::optional<IntentConcern> concern = {}) {
        auto made = intent(IntentState::succeeded);
        made.amount.minor = 10'000;
        made.refunded.minor = refunded;
        made.refund_held.minor = held;
        made.concern = concern;
        return counter_message(made, nullptr, "en", created).text;
    };
    EXPECT_EQ(said(0, 0), "Paid.");
    EXPECT_THAT(said(0, 10'000), HasSubstr("on its way back"));
    EXPECT_THAT(said(4'000, 6'000), HasSubstr("hand nothing out"));
    EXPECT_THAT(said(4'000, 0), HasSubstr("A part of it"));
    EXPECT_THAT(said(0, 4'000), HasSubstr("A part of it"));
    EXPECT_THAT(said(0, 0, IntentConcern::paid_after_end), HasSubstr("came late"));
    auto contested = intent(IntentState::succeeded);
    contested.disputed = true;
    contested.concern = IntentConcern::subject_paid;
    EXPECT_THAT(counter_message(contested, nullptr, "en", created).text, HasSubstr("disputes"));
    EXPECT_THAT(said(0, 0, IntentConcern::subject_unfit), HasSubstr("takes it no more"));
}

TEST(CounterMessage, APhoneRingsWhereThereIsOne) {
    const Table provider("mpesa");
    auto made = intent(IntentState::pending);
    EXPECT_EQ(counter_message(made, &provider, "en", created).text, "Waiting for the payer.") << "on a page";
    made.phone = "+254712345678";
    EXPECT_THAT(counter_message(made, &provider, "en", created).text, HasSubstr("The phone rings"));
}

TEST(CounterMessage, WhyItEndedIsTheProvidersSentence) {
    const Table provider("mpesa");
    EXPECT_THAT(counter_message(intent(IntentState::failed, "1"), &provider, "en", created).text,
                HasSubstr("not enough money"));
    EXPECT_TRUE(counter_message(intent(IntentState::failed, "1"), &provider, "en", created).may_try_again);
    // The answer to our request, whose numbers are others.
    const auto refused = counter_message(intent(IntentState::failed, "response:1"), &provider, "en", created);
    EXPECT_THAT(refused.text, HasSubstr("did not accept the request"));
    EXPECT_FALSE(refused.may_try_again);
    EXPECT_THAT(counter_message(intent(IntentState::failed, "1"), nullptr, "sw", created).text,
                HasSubstr("Hakuna pesa iliyotoka"));
}

TEST(CounterMessage, WhatNobodyKnowsMayBeTriedAgainWhenThePhoneIsFree) {
    const Table provider("mpesa");
    for (const auto state : {IntentState::sent, IntentState::unknown}) {
        const auto now = counter_message(intent(state, "http_503"), &provider, "en", created + 1min);
        EXPECT_THAT(now.text, HasSubstr("not known yet"));
        EXPECT_FALSE(now.may_try_again);
        EXPECT_EQ(now.after, 4min);
        EXPECT_TRUE(counter_message(intent(state, "http_503"), &provider, "en", created + 5min).may_try_again);
    }
    auto other = intent(IntentState::unknown, "0");
    other.concern = IntentConcern::amount_differs;
    EXPECT_THAT(counter_message(other, &provider, "en", created).text, HasSubstr("Other money came"));
}

TEST(CounterMessage, MoneyThatNothingTakesIsNotCalledPaid) {
    const Table provider("mpesa");
    auto late = intent(IntentState::succeeded, "0");
    late.concern = IntentConcern::paid_after_end;
    EXPECT_THAT(counter_message(late, &provider, "en", created).text, HasSubstr("paid back"));
    auto twice = intent(IntentState::succeeded, "0");
    twice.concern = IntentConcern::subject_paid;
    EXPECT_THAT(counter_message(twice, &provider, "en", created).text, HasSubstr("paid back"));
    twice.purpose = PaymentPurpose::subscription;
    EXPECT_EQ(counter_message(twice, &provider, "en", created).text, "Paid.") << "it is the shop's credit";
}

}  // namespace
