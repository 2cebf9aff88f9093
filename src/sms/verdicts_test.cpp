// Every row of the providers' tables, as what is done about it.

#include "sms/verdicts.h"

#include <gtest/gtest.h>

#include <array>

namespace sms {

namespace {

std::string shown(const std::optional<Verdict>& verdict) {
    if (!verdict) return "none";
    auto text = std::string(to_string(verdict->outcome)) + "/" + std::string(to_string(verdict->whose));
    return verdict->is_opted_out ? text + " stop" : text;
}

constexpr auto accepted = "accepted/none";
constexpr auto later = "refused_for_now/sender";
constexpr auto sender = "refused/sender";
constexpr auto recipient = "refused/recipient";
constexpr auto message = "refused/message";
constexpr auto stop = "refused/recipient stop";

TEST(Verdicts, OfAfricasTalking) {
    constexpr auto rows =
        std::to_array<std::pair<std::string_view, std::string_view>>({{"100", accepted},
                                                                      {"101", accepted},
                                                                      {"102", accepted},
                                                                      {"401", sender},
                                                                      {"402", sender},
                                                                      {"403", recipient},
                                                                      {"404", recipient},
                                                                      {"405", later},
                                                                      {"406", stop},
                                                                      {"407", "refused_for_now/recipient"},
                                                                      {"409", recipient},
                                                                      {"500", later},
                                                                      {"501", later},
                                                                      {"502", sender},
                                                                      {"999", "none"},
                                                                      {"", "none"}});
    for (const auto& [code, expected] : rows) EXPECT_EQ(shown(africastalking_verdict(code)), expected) << code;
}

TEST(Verdicts, OfTwilio) {
    constexpr auto rows = std::to_array<std::pair<std::int64_t, std::string_view>>(
        {{20003, sender},    {20404, sender},    {20429, later},     {20500, later},     {20503, later},
         {21211, recipient}, {21212, sender},    {21408, message},   {21602, message},   {21606, sender},
         {21608, message},   {21609, sender},    {21610, stop},      {21611, later},     {21612, message},
         {21614, recipient}, {21617, message},   {21620, sender},    {21705, sender},    {30001, sender},
         {30002, sender},    {30003, recipient}, {30004, recipient}, {30005, recipient}, {30006, recipient},
         {30007, message},   {30008, sender},    {30034, sender},    {99999, "none"}});
    for (const auto& [code, expected] : rows) EXPECT_EQ(shown(twilio_verdict(code)), expected) << code;
}

TEST(Verdicts, OfWhatsapp) {
    constexpr auto rows =
        std::to_array<std::pair<std::int64_t, std::string_view>>({{0, sender},
                                                                  {190, sender},
                                                                  {3, sender},
                                                                  {10, sender},
                                                                  {200, sender},
                                                                  {299, sender},
                                                                  {1, later},
                                                                  {2, later},
                                                                  {131000, later},
                                                                  {131016, later},
                                                                  {133004, later},
                                                                  {4, later},
                                                                  {80007, later},
                                                                  {130429, later},
                                                                  {131048, sender},
                                                                  {131049, recipient},
                                                                  {131050, stop},
                                                                  {33, message},
                                                                  {100, message},
                                                                  {131008, message},
                                                                  {131009, message},
                                                                  {131021, message},
                                                                  {131026, recipient},
                                                                  {131030, sender},
                                                                  {131047, message},
                                                                  {131042, sender},
                                                                  {131031, sender},
                                                                  {368, sender},
                                                                  {131051, message},
                                                                  {131052, message},
                                                                  {131053, message},
                                                                  {132000, message},
                                                                  {132001, message},
                                                                  {132005, message},
                                                                  {132007, message},
                                                                  {132012, message},
                                                                  {132015, message},
                                                                  {132016, message},
                                                                  {133010, sender},
                                                                  {7, "none"},
                                                                  {131056, "refused_for_now/recipient"}});
    for (const auto& [code, expected] : rows) EXPECT_EQ(shown(whatsapp_verdict(code)), expected) << code;
    EXPECT_EQ(whatsapp_verdict(131056)->retry_after, std::chrono::seconds(4));
    EXPECT_EQ(whatsapp_verdict(80007)->retry_after, std::chrono::seconds(60));
}

TEST(Verdicts, SayWhatMayGoInsteadOfWhatsapp) {
    EXPECT_EQ(whatsapp_instead(131047, false), Instead::whatsapp_template);
    EXPECT_EQ(whatsapp_instead(100, false), Instead::whatsapp_template);
    EXPECT_EQ(whatsapp_instead(131047, true), Instead::sms) << "a template a second time would be refused as well";
    EXPECT_EQ(whatsapp_instead(100, true), Instead::sms);
    EXPECT_EQ(whatsapp_instead(131026, false), Instead::sms);
    EXPECT_EQ(whatsapp_instead(132001, true), Instead::sms);
    EXPECT_EQ(whatsapp_instead(131050, true), Instead::nothing);
}

client::Error error_of(int status, std::string body = {}) {
    return {.outcome = client::Outcome::refused,
            .cause = client::Cause::status,
            .detail = "the server said no",
            .status = status,
            .body = std::move(body)};
}

TEST(Verdicts, OfAStatusWithoutABodyThatWeKnow) {
    constexpr auto rows = std::to_array<std::pair<int, Outcome>>({{400, Outcome::refused},
                                                                  {401, Outcome::refused},
                                                                  {403, Outcome::refused},
                                                                  {404, Outcome::refused},
                                                                  {408, Outcome::unknown},
                                                                  {429, Outcome::refused_for_now},
                                                                  {500, Outcome::unknown},
                                                                  {502, Outcome::unknown},
                                                                  {503, Outcome::refused_for_now},
                                                                  {504, Outcome::unknown}});
    for (const auto& [status, expected] : rows) EXPECT_EQ(judge(error_of(status)).outcome, expected) << status;
    EXPECT_EQ(judge(error_of(400)).whose, Reason::message);
    EXPECT_EQ(judge(error_of(401)).whose, Reason::sender);
    EXPECT_EQ(judge({.outcome = client::Outcome::unknown, .cause = client::Cause::timeout, .detail = "30 s"}).outcome,
              Outcome::unknown);
    const auto unsent =
        judge({.outcome = client::Outcome::not_sent, .cause = client::Cause::connect, .detail = "refused"});
    EXPECT_EQ(unsent.outcome, Outcome::refused_for_now);
    EXPECT_EQ(unsent.code, "connect");
}

TEST(Verdicts, QuoteLittleAndNoNumbers) {
    EXPECT_EQ(judge(error_of(400, "to: +254712345678 is wrong")).reply, "to: +2547****5678 is wrong");
    EXPECT_LE(judge(error_of(400, std::string(5'000, 'x'))).reply.size(), 300U);
    EXPECT_EQ(judge(error_of(400, "\xff\xfe")).reply, "");
}

}  // namespace

}  // namespace sms
