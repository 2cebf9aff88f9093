#include "sms/settings.h"

#include <gtest/gtest.h>

#include <map>

namespace sms {

namespace {

using Variables = std::map<std::string, std::string>;

Settings read(const Variables& variables) {
    std::vector<schema::TextField> fields;
    for (const auto& [name, value] : variables) fields.push_back({name, value});
    const auto settings = schema::parse_text<Settings>(fields);
    EXPECT_TRUE(settings) << settings.error().issues.at(0).pointer << " " << settings.error().issues.at(0).message;
    return settings.value_or(Settings{});
}

std::string faults(const Variables& variables, bool in_production = false) {
    schema::Issues issues;
    check(read(variables), in_production, issues);
    std::string all;
    for (const auto& issue : issues.list()) all += issue.pointer + " ";
    return all;
}

const Variables twilio{{"SMS_PROVIDER", "twilio"},
                       {"TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef"},
                       {"TWILIO_AUTH_TOKEN", "secret"},
                       {"TWILIO_SENDER", "+15005550006"}};
const Variables africastalking{{"SMS_PROVIDER", "africastalking"},
                               {"AFRICASTALKING_USERNAME", "sandbox"},
                               {"AFRICASTALKING_API_KEY", "atsk_1"},
                               {"AFRICASTALKING_CALLBACK_TOKEN", "token-token-token-token"}};
const Variables whatsapp{{"WHATSAPP_PHONE_NUMBER_ID", "106540352242922"},
                         {"WHATSAPP_TOKEN", "EAAG"},
                         {"WHATSAPP_APP_SECRET", "app_secret"},
                         {"WHATSAPP_VERIFY_TOKEN", "verify-verify-verify"}};

Variables with(Variables variables, const Variables& more) {
    for (const auto& [name, value] : more) variables[name] = value;
    return variables;
}

TEST(SmsSettings, WithoutAnyCaptureInDevelopmentAndSendNothingInProduction) {
    EXPECT_EQ(faults({}), "");
    EXPECT_EQ(faults({}, true), "");
    EXPECT_EQ(provider_of(*Settings().sms_account(false)), "capture");
    EXPECT_FALSE(Settings().sms_account(true));
    EXPECT_FALSE(Settings().whatsapp_account());
    EXPECT_EQ(faults({{"SMS_PROVIDER", "capture"}}, true), "/SMS_PROVIDER ");
}

TEST(SmsSettings, NameTheVariableOfEachSecretThatIsMissing) {
    EXPECT_EQ(faults(twilio, true), "");
    EXPECT_EQ(faults(africastalking, true), "");
    EXPECT_EQ(faults(whatsapp, true), "");
    for (const auto& [all, names] :
         {std::pair(twilio, std::vector<std::string>{"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_SENDER"}),
          std::pair(africastalking, std::vector<std::string>{"AFRICASTALKING_USERNAME", "AFRICASTALKING_API_KEY",
                                                             "AFRICASTALKING_CALLBACK_TOKEN"}),
          std::pair(whatsapp, std::vector<std::string>{"WHATSAPP_TOKEN", "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN",
                                                       "WHATSAPP_PHONE_NUMBER_ID"})}) {
        for (const auto& name : names) {
            auto some = all;
            some.erase(name);
            EXPECT_EQ(faults(some), "/" + name + " ");
        }
    }
    EXPECT_EQ(faults(with(twilio, {{"TWILIO_API_KEY_SID", "SK0123456789abcdef0123456789abcdef"}})),
              "/TWILIO_API_KEY_SECRET ");
    EXPECT_EQ(faults(with(africastalking, {{"AFRICASTALKING_CALLBACK_TOKEN", "short"}})),
              "/AFRICASTALKING_CALLBACK_TOKEN ");
}

TEST(SmsSettings, HavePricesInOneCurrency) {
    EXPECT_EQ(faults({{"SMS_PRICES", "254:0.8"}}), "/SMS_PRICES ");
    EXPECT_EQ(faults({{"WHATSAPP_PRICES", "KES"}}), "/WHATSAPP_PRICES ");
    EXPECT_EQ(faults({{"SMS_PRICES", "USD 254:0.02"}}), "") << "there is no WhatsApp";
    EXPECT_EQ(faults(with(whatsapp, {{"SMS_PRICES", "USD 254:0.02"}})), "/WHATSAPP_PRICES ");
    EXPECT_EQ(read({{"SMS_PRICES", "USD 254:0.02"}}).tariff(Channel::sms).cost_of("+254712345678", 2),
              (Cost{"USD", 40'000}));
}

TEST(SmsSettings, MakeAccounts) {
    const auto settings =
        read(with(with(twilio, whatsapp), {{"SMS_PER_SECOND", "3"}, {"TWILIO_BASE_URL", "http://127.0.0.1:1"}}));
    const auto account = settings.sms_account(true);
    ASSERT_TRUE(account);
    EXPECT_EQ(provider_of(*account), "twilio");
    EXPECT_EQ(shown(*account), "AC01…cdef");
    EXPECT_EQ(std::get<TwilioAccount>(*account).per_second, 3);
    EXPECT_EQ(settings.endpoints().twilio, "http://127.0.0.1:1");
    EXPECT_EQ(channel_of(*settings.whatsapp_account()), Channel::whatsapp);
    EXPECT_EQ(std::get<WhatsappAccount>(*settings.whatsapp_account()).version, "v23.0");
}

TEST(SmsAccounts, AreReadAndWritten) {
    const auto account = read_account(
        "africastalking", R"({"username":"amani","apiKey":"atsk_1","callbackToken":"token-token-token-token"})");
    ASSERT_TRUE(account);
    EXPECT_EQ(shown(*account), "amani");
    const auto again = read_account("africastalking", to_json(*account));
    ASSERT_TRUE(again);
    EXPECT_EQ(std::get<AfricasTalkingAccount>(*again).callback_token, "token-token-token-token");
    const auto wrong = read_account("twilio", R"({"accountSid":"AC1","authToken":"secret-secret","sender":"x"})");
    ASSERT_FALSE(wrong);
    for (const auto& issue : wrong.error().issues) EXPECT_EQ(issue.message.find("secret-secret"), std::string::npos);
    EXPECT_FALSE(read_account("whatsapp", "{}"));
    EXPECT_THROW((void)read_account("pigeon", "{}"), std::invalid_argument);
}

}  // namespace

}  // namespace sms
