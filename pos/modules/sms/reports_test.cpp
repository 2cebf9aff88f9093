// Where a message is after each report, and what follows a refusal: without a database.
#include "pos/modules/sms/reports.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

namespace {

using namespace pos;
using State = NotificationState;
using sms::Delivery;
using ::testing::ElementsAre;

constexpr Delivery all_news[] = {Delivery::unknown, Delivery::queued,    Delivery::sent, Delivery::failed,
                                 Delivery::expired, Delivery::delivered, Delivery::read};

State after(State known, Delivery news) { return state_after(known, news).value_or(known); }

TEST(MessageStates, EachReportMovesOneWay) {
    const struct {
        State known;
        std::vector<State> after;  // in the order of all_news
    } cases[] = {
        {State::queued,
         {State::queued, State::sent, State::sent, State::failed, State::failed, State::delivered, State::read}},
        {State::sent,
         {State::sent, State::sent, State::sent, State::failed, State::failed, State::delivered, State::read}},
        {State::unknown,
         {State::unknown, State::sent, State::sent, State::failed, State::failed, State::delivered, State::read}},
        {State::delivered,
         {State::delivered, State::delivered, State::delivered, State::delivered, State::delivered, State::delivered,
          State::read}},
        {State::read, std::vector(7, State::read)},
        {State::failed, std::vector(7, State::failed)},
        {State::bounced, std::vector(7, State::bounced)},
    };
    for (const auto& one : cases) {
        for (std::size_t i = 0; i < std::size(all_news); ++i)
            EXPECT_EQ(after(one.known, all_news[i]), one.after[i])
                << schema::name_of(one.known) << ' ' << sms::to_string(all_news[i]);
    }
}

// A report that changes nothing is not written.
TEST(MessageStates, WhatIsKnownIsNoNews) {
    for (const auto news : all_news) EXPECT_FALSE(state_after(State::failed, news));
    EXPECT_FALSE(state_after(State::delivered, Delivery::delivered));
    EXPECT_FALSE(state_after(State::sent, Delivery::queued));
    EXPECT_FALSE(state_after(State::queued, Delivery::unknown));
}

// Of the two ends, the first one stands, and `read` says more than `delivered`: whatever the order and however often.
TEST(MessageStates, InAnyOrderTheEndIsTheSame) {
    std::vector<Delivery> news{Delivery::queued, Delivery::sent, Delivery::delivered, Delivery::read};
    std::ranges::sort(news);
    do {
        auto state = State::sent;
        for (const auto one : news) state = after(state, one);
        for (const auto one : news) state = after(state, one);
        EXPECT_EQ(state, State::read);
    } while (std::ranges::next_permutation(news).found);
}

Notification refused(Channel channel, NotificationKind kind, std::optional<MessageForm> form, bool has_secret) {
    Notification row;
    row.channel = channel;
    row.kind = kind;
    row.form = form;
    if (has_secret) row.secret = schema::Bytes{"sealed"};
    return row;
}

std::string next_of(const Notification& row, sms::Instead instead) {
    const auto next = next_message(row, instead);
    if (!next) return "nothing";
    return std::string(schema::name_of(next->channel)) + (next->form == MessageForm::from_template ? " template" : "");
}

TEST(NextMessages, OnlyWhatsappHasOne) {
    using Kind = NotificationKind;
    using sms::Instead;
    const auto receipt = refused(Channel::whatsapp, Kind::receipt, MessageForm::text, false);
    EXPECT_EQ(next_of(receipt, Instead::nothing), "nothing");
    EXPECT_EQ(next_of(receipt, Instead::whatsapp_template), "whatsapp template");
    EXPECT_EQ(next_of(receipt, Instead::sms), "sms");
    const auto templated = refused(Channel::whatsapp, Kind::receipt, MessageForm::from_template, false);
    EXPECT_EQ(next_of(templated, Instead::whatsapp_template), "nothing") << "it was one";
    EXPECT_EQ(next_of(templated, Instead::sms), "sms");
    for (const auto instead : {Instead::nothing, Instead::whatsapp_template, Instead::sms})
        EXPECT_EQ(next_of(refused(Channel::sms, Kind::receipt, std::nullopt, false), instead), "nothing");
}

// A code without its digits, an invitation without its link: nobody is sent that.
TEST(NextMessages, WhatHasLostItsSecretHasNone) {
    for (const auto kind : {NotificationKind::phone_code, NotificationKind::invite}) {
        const auto form = MessageForm::from_template;
        EXPECT_EQ(next_of(refused(Channel::whatsapp, kind, form, true), sms::Instead::sms), "sms");
        EXPECT_EQ(next_of(refused(Channel::whatsapp, kind, form, false), sms::Instead::sms), "nothing");
    }
}

TEST(MessageDetails, AreOneLineOfAscii) {
    EXPECT_EQ(message_detail("", ""), std::nullopt);
    EXPECT_EQ(message_detail("406", ""), "406");
    EXPECT_EQ(message_detail("406", "UserInBlacklist"), "406: UserInBlacklist");
    EXPECT_EQ(message_detail("", "no\x1b[31m\r\nroute é"), "no [31m  route   ");
    EXPECT_EQ(message_detail("1", std::string(900, 'x'))->size(), 500U);
}

}  // namespace
