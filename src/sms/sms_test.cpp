// What every transport does by itself: numbers in one form, each person once, refusals before the wire, pace and confirm.

#include "sms/sms.h"

#include <gmock/gmock.h>

#include "async/sync.h"
#include "base/fake_clock.h"
#include "sms/outbox.h"
#include "sms/pace.h"

namespace sms {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

const auto id = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");

// Takes everything, or answers as it is told.
class Recorder : public Transport {
public:
    explicit Recorder(async::Loop* loop, Channel channel = Channel::sms, std::size_t at_once = 1,
                      std::shared_ptr<Pace> pace = nullptr)
        : Transport(loop, std::move(pace)), channel_(channel), at_once_(at_once) {}

    [[nodiscard]] std::string_view name() const override { return "recorder"; }
    [[nodiscard]] Channel channel() const override { return channel_; }

    std::vector<std::vector<std::string>> calls;
    SendResult answer{.outcome = Outcome::accepted, .provider_id = "x", .cost = Cost{"KES", 800'000}};

private:
    [[nodiscard]] std::size_t most_at_once() const override { return at_once_; }
    [[nodiscard]] async::Task<std::vector<SendResult>> deliver(const OutgoingMessage* /*message*/,
                                                               std::vector<std::string> to,
                                                               async::SteadyTime /*deadline*/) override {
        calls.push_back(to);
        co_return std::vector<SendResult>(to.size(), answer);
    }

    Channel channel_;
    std::size_t at_once_;
};

async::Task<bool> asked_less_than(std::shared_ptr<int> asked, int most) { co_return ++*asked < most; }

class SmsTest : public ::testing::Test {
protected:
    std::vector<SendResult> send(Transport& transport, OutgoingMessage message, async::Milliseconds within = 10s) {
        return async::run_until_done(loop, transport.send(std::move(message), async::Loop::now() + within));
    }
    SendResult send_text(std::string text, std::string to = "0712345678") {
        Recorder transport(&loop);
        return send(transport, {.id = id, .to = {std::move(to)}, .text = std::move(text)}).at(0);
    }
    SendResult send_template(Template one) {
        Recorder transport(&loop, Channel::whatsapp);
        return send(transport, {.id = id, .to = {"0712345678"}, .whatsapp_template = std::move(one)}).at(0);
    }

    async::Loop loop;
};

TEST_F(SmsTest, APersonUnderFourSpellingsGetsOneMessage) {
    Recorder transport(&loop);
    const auto results = send(
        transport, {.id = id,
                    .to = {"0712 345 678", "+254712345678", "254 712-345-678", "+254 (0)712345678", "0722 000 000"},
                    .text = "Habari"});
    EXPECT_THAT(transport.calls, ElementsAre(ElementsAre("+254712345678"), ElementsAre("+254722000000")));
    ASSERT_EQ(results.size(), 5U);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(results[i].outcome, Outcome::accepted);
        EXPECT_EQ(results[i].to, "+254712345678");
        EXPECT_EQ(results[i].provider_id, "x");
        EXPECT_EQ(results[i].cost.has_value(), i == 0) << "one cost";
        EXPECT_EQ(results[i].same_as, i == 0 ? std::nullopt : std::optional<std::size_t>(0));
    }
    EXPECT_EQ(results[4].to, "+254722000000");
}

TEST_F(SmsTest, ANumberThatIsNoneIsRefusedAloneAndBeforeTheWire) {
    Recorder transport(&loop, Channel::sms, 100);
    const auto results = send(transport, {.id = id, .to = {"0712345", "0712345678", "020 2222222"}, .text = "Habari"});
    EXPECT_THAT(transport.calls, ElementsAre(ElementsAre("+254712345678")));
    EXPECT_EQ(results[0].code, "bad_number");
    EXPECT_EQ(results[0].whose, Reason::recipient);
    EXPECT_EQ(results[1].outcome, Outcome::accepted);
    EXPECT_EQ(results[2].code, "not_mobile");
    EXPECT_EQ(results[2].outcome, Outcome::refused);
}

TEST_F(SmsTest, TextsThatCannotGoAreRefused) {
    EXPECT_EQ(send_text("").code, "no_text");
    EXPECT_EQ(send_text(" \n").code, "no_text");
    EXPECT_EQ(send_text("\xff").code, "bad_text");
    EXPECT_EQ(send_text("a\x01").code, "bad_text");
    EXPECT_EQ(send_text(std::string("a\0b", 3)).code, "bad_text");
    EXPECT_EQ(send_text(std::string(1'530, 'a')).outcome, Outcome::accepted);
    EXPECT_EQ(send_text(std::string(1'531, 'a')).code, "too_long");
    EXPECT_EQ(send_text("too long").whose, Reason::none);
    Recorder nameless(&loop);
    EXPECT_EQ(send(nameless, {.to = {"0712345678"}, .text = "a"}).at(0).code, "no_id");
    EXPECT_THROW(send(nameless, {.id = id, .text = "a"}), std::invalid_argument);
    EXPECT_THROW(send(nameless, {.id = id, .to = std::vector<std::string>(1'001, "0712345678"), .text = "a"}),
                 std::invalid_argument);
    EXPECT_TRUE(nameless.calls.empty());
}

TEST_F(SmsTest, TemplatesAreCheckedAsMetaDoes) {
    const auto with = [](std::string value) {
        return Template{.name = "order_ready", .language = "en", .values = {std::move(value)}};
    };
    EXPECT_EQ(send_template(with("10027")).outcome, Outcome::accepted);
    for (const auto* const wrong : {"", " ", "a\nb", "a\tb", "a     b", "\xff"})
        EXPECT_EQ(send_template(with(wrong)).code, "template_value") << wrong;
    EXPECT_EQ(send_template(with("a    b")).outcome, Outcome::accepted) << "four spaces";
    EXPECT_EQ(send_template({.name = "x"}).code, "template");
    EXPECT_EQ(send_template({.name = "code", .language = "en", .is_code = true}).code, "template_value");
    Recorder by_sms(&loop);
    EXPECT_EQ(send(by_sms, {.id = id, .to = {"0712345678"}, .whatsapp_template = with("1")}).at(0).code, "template");
    Recorder both(&loop, Channel::whatsapp);
    EXPECT_EQ(send(both, {.id = id, .to = {"0712345678"}, .text = "a", .whatsapp_template = with("1")}).at(0).code,
              "template");
}

TEST_F(SmsTest, BatchesGoInPartsAndAreConfirmedEach) {
    Recorder transport(&loop, Channel::sms, 2);
    auto asked = std::make_shared<int>(0);
    OutgoingMessage message{.id = id, .text = "Habari"};
    for (int i = 0; i < 5; ++i) message.to.push_back("071234567" + std::to_string(i));
    message.confirm = [asked] { return asked_less_than(asked, 3); };
    const auto results = send(transport, message);
    EXPECT_THAT(transport.calls, ElementsAre(ElementsAre("+254712345670", "+254712345671"),
                                             ElementsAre("+254712345672", "+254712345673")));
    EXPECT_EQ(*asked, 3);
    EXPECT_EQ(results[3].outcome, Outcome::accepted);
    EXPECT_EQ(results[4].outcome, Outcome::withdrawn);
}

TEST_F(SmsTest, WhatTheAccountIsRefusedEndsABatch) {
    Recorder transport(&loop);
    transport.answer = {.outcome = Outcome::refused, .whose = Reason::sender, .code = "http_401"};
    const auto results = send(transport, {.id = id, .to = {"0712345678", "0722345678"}, .text = "Habari"});
    EXPECT_EQ(transport.calls.size(), 1U);
    EXPECT_EQ(results[1].code, "http_401");
    EXPECT_EQ(results[1].to, "+254722345678");
    transport.answer = {.outcome = Outcome::refused, .whose = Reason::recipient};
    static_cast<void>(send(transport, {.id = id, .to = {"0712345678", "0722345678"}, .text = "Habari"}));
    EXPECT_EQ(transport.calls.size(), 3U) << "another number may be taken";
    transport.answer = {.outcome = Outcome::unknown};
    static_cast<void>(send(transport, {.id = id, .to = {"0712345678", "0722345678"}, .text = "Habari"}));
    EXPECT_EQ(transport.calls.size(), 5U);
}

TEST_F(SmsTest, MoreThanThePaceLetsThroughInTimeIsRefusedForNow) {
    const auto pace = std::make_shared<Pace>(1);
    Recorder transport(&loop, Channel::sms, 1, pace);
    const auto results = send(transport, {.id = id, .to = {"0712345678", "0722345678"}, .text = "Habari"}, 100ms);
    EXPECT_EQ(transport.calls.size(), 1U);
    EXPECT_EQ(results[0].outcome, Outcome::accepted);
    EXPECT_EQ(results[1].outcome, Outcome::refused_for_now);
    EXPECT_EQ(results[1].code, "pace");
}

// ---- The outbox -------------------------------------------------------------------------------------------------

TEST_F(SmsTest, TheOutboxKeepsTheNewestAndSomeNumbersHaveFates) {
    base::FakeClock clock;
    Outbox outbox(clock);
    CaptureTransport transport(outbox);
    const auto results = send(
        transport,
        {.id = id, .to = {"0712345678", "0700000401", "0700000406", "0700000504", "0700000500"}, .text = "Habari 🙏"});
    EXPECT_EQ(results[0].outcome, Outcome::accepted);
    EXPECT_EQ(results[1].whose, Reason::recipient);
    EXPECT_TRUE(results[2].is_opted_out);
    EXPECT_EQ(results[3].outcome, Outcome::unknown);
    EXPECT_EQ(results[4].outcome, Outcome::refused_for_now);
    ASSERT_EQ(outbox.newest().size(), 1U);
    const auto entry = outbox.last_to("+254712345678");
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->text, "Habari 🙏");
    EXPECT_EQ(entry->measure.parts, 1U);
    EXPECT_EQ(entry->provider_id, results[0].provider_id);
    for (int i = 0; i < 501; ++i)
        outbox.add({.id = id,
                    .provider_id = "",
                    .to = "+254722000000",
                    .text = std::to_string(i),
                    .measure = {},
                    .sent_at = {}});
    EXPECT_EQ(outbox.newest().size(), 500U);
    EXPECT_EQ(outbox.newest().front().text, "500");
    outbox.clear();
    EXPECT_FALSE(outbox.last_to("+254722000000"));
}

}  // namespace

}  // namespace sms
