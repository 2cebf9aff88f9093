// MAIL_URL: what it means, and what is said of one that means nothing.

#include "mail/mail_url.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "mail/settings.h"

namespace mail {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

template <class T>
T read_as(std::string_view url) {
    const auto read = parse_mail_url(url);
    EXPECT_TRUE(read) << url << ": " << (read ? "" : read.error());
    return read ? std::get<T>(*read) : T{};
}

std::string fault_of(std::string_view url) {
    const auto read = parse_mail_url(url);
    return read ? "" : read.error();
}

TEST(MailUrl, OfSmtpHasNodemailersNames) {
    const auto options = read_as<SmtpOptions>(
        "smtps://sh%40p:p%2Fs%3As%25@Mail.Example:2465/"
        "?pool=true&maxConnections=7&maxMessages=20&rateLimit=5&rateDelta=2000"
        "&name=back.example&authMethod=LOGIN");
    EXPECT_EQ(options.host, "mail.example");
    EXPECT_EQ(options.port, 2465);
    EXPECT_EQ(options.user, "sh@p");
    EXPECT_EQ(options.password, "p/s:s%");
    EXPECT_EQ(options.tls, SmtpOptions::Tls::implicit);
    EXPECT_TRUE(options.pool);
    EXPECT_EQ(options.max_connections, 7U);
    EXPECT_EQ(options.max_messages, 20U);
    EXPECT_EQ(options.rate_limit, 5U);
    EXPECT_EQ(options.rate_delta, 2000ms);
    EXPECT_EQ(options.client_name, "back.example");
    EXPECT_EQ(options.auth, SmtpOptions::Auth::login);
}

TEST(MailUrl, OfSmtpIsEncryptedUnlessItSaysOtherwise) {
    const auto plain = read_as<SmtpOptions>("smtp://mail.example");
    EXPECT_EQ(plain.port, 587);
    EXPECT_EQ(plain.tls, SmtpOptions::Tls::required);
    EXPECT_EQ(read_as<SmtpOptions>("smtps://mail.example").port, 465);
    EXPECT_EQ(read_as<SmtpOptions>("smtp://localhost:25?opportunisticTLS=true").tls, SmtpOptions::Tls::opportunistic);
    EXPECT_EQ(read_as<SmtpOptions>("smtp://[::1]:2525").host, "::1");
    EXPECT_THAT(fault_of("smtp://u:p@mail.example?opportunisticTLS=true"), HasSubstr("without a password"));
    EXPECT_THAT(fault_of("smtps://mail.example?opportunisticTLS=true"), HasSubstr("first byte"));
}

TEST(MailUrl, WhatAPasswordMustNotHoldIsNamed) {
    EXPECT_THAT(fault_of("smtps://u:p?w@host:465/?pool=true"), HasSubstr("%3F"));
    EXPECT_EQ(read_as<SmtpOptions>("smtps://u:p%3Fw@host:465/?pool=true").password, "p?w");
}

TEST(MailUrl, OfTheOthers) {
    EXPECT_EQ(read_as<SendgridUrl>("sendgrid://SG.a-b_c@default").key, "SG.a-b_c");
    EXPECT_TRUE(read_as<SendgridUrl>("sendgrid://SG.a@default?region=eu").is_eu);
    const auto mailgun = read_as<MailgunUrl>("mailgun://key-1:MG.example.com@default?region=eu");
    EXPECT_EQ(mailgun.key, "key-1");
    EXPECT_EQ(mailgun.domain, "mg.example.com");
    EXPECT_TRUE(mailgun.is_eu);
    EXPECT_EQ(read_as<FileUrl>("file:///var/spool/my%20mails").directory, "/var/spool/my mails");
    read_as<MailboxUrl>("mailbox:");
}

TEST(MailUrl, SaysWhatIsWrongAndRepeatsNoSecret) {
    const struct {
        std::string_view url;
        std::string_view says;
    } cases[] = {
        {"", "begin with"},
        {"hunter2", "begin with"},
        {"http://mail.example", "begin with"},
        {"mailbox://x", "begin with"},
        {"smtp:mail.example", "//"},
        {"smtp://", "host"},
        {"smtp://u:hunter2@", "host"},
        {"smtp://u:hun/ter2@x:587", ""},
        {"smtp://u:hunter2%zz@mail.example", "%25"},
        {"smtp://u:hunter2%0d%0a@mail.example", "line break"},
        {"smtp://hunter2@mail.example", "password"},
        {"smtp://u:hunter2@mail.example:0", "port"},
        {"smtp://u:hunter2@mail.example:99999", "port"},
        {"smtp://u:hunter2@mail example", "host"},
        {"smtp://mail.example?maxConnections=0", "maxConnections is a number from 1 to 100"},
        {"smtp://mail.example?maxConnections=many", "maxConnections"},
        {"smtp://mail.example?pool=yes", "true or false"},
        {"smtp://mail.example?secure=true", "known are"},
        {"smtp://mail.example?pool", "names and values"},
        {"smtp://mail.example?authMethod=CRAM-MD5", "PLAIN or LOGIN"},
        {"smtp://mail.example?name=a%0d%0ab", "calls itself"},
        {"sendgrid://hunter2@api.sendgrid.com", "default"},
        {"sendgrid://default", "key"},
        {"sendgrid://hunter2@default?region=mars", "us or eu"},
        {"mailgun://hunter2@default", "domain"},
        {"mailgun://hunter2:a%2Fb@default", "domain"},
        {"file://relative", "directory"},
        {"file:///", "directory"},
    };
    for (const auto& one : cases) {
        const auto fault = fault_of(one.url);
        if (one.says.empty()) continue;
        EXPECT_THAT(fault, HasSubstr(std::string(one.says))) << one.url;
        EXPECT_THAT(fault, Not(HasSubstr("hunter2"))) << one.url;
    }
}

TEST(MailSettings, AreCheckedAsAWhole) {
    const auto issues_of = [](const Settings& settings, bool in_production) {
        schema::Issues issues("environment");
        check(settings, in_production, issues);
        std::string all;
        for (const auto& issue : issues.list()) all += issue.pointer + " ";
        return all;
    };
    EXPECT_EQ(issues_of({}, false), "");
    EXPECT_EQ(issues_of({}, true), "");
    EXPECT_EQ(issues_of({.url = "mailbox:"}, true), "/MAIL_URL /MAIL_FROM ");
    EXPECT_EQ(issues_of({.url = "smtps://mail.example", .from = "Example <no-reply@mail.example>"}, true), "");
    EXPECT_EQ(issues_of({.fallback_url = "file:///tmp/mails"}, false), "/MAIL_FALLBACK_URL ");
    EXPECT_EQ(issues_of({.from = "nobody"}, false), "/MAIL_FROM ");
    EXPECT_EQ(Settings{.from = "Example <no-reply@mail.example>"}.sender().name(), "Example");
}

TEST(MailSettings, NameAKeyThatSigns) {
    const auto directory = std::filesystem::path(::testing::TempDir()) / "mail_settings_dkim";
    std::filesystem::create_directories(directory);
    const auto file_of = [&](std::string_view name, std::string_view content) {
        std::ofstream(directory / name, std::ios::binary) << content;
        return (directory / name).string();
    };
    // Of no one: RFC 8410's example of an Ed25519 key.
    const auto key = file_of("key.pem",
                             "-----BEGIN PRIVATE KEY-----\n"
                             "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                             "-----END PRIVATE KEY-----\n");
    const auto issues_of = [](std::string file, std::string selector) {
        schema::Issues issues("environment");
        check({.from = "Example <no-reply@mail.example>",
               .dkim_key_file = std::move(file),
               .dkim_selector = std::move(selector)},
              true, issues);
        std::string all;
        for (const auto& issue : issues.list()) all += issue.pointer + " " + issue.message + "\n";
        return all;
    };
    EXPECT_EQ(issues_of(key, "mail2026"), "");
    EXPECT_THAT(issues_of(key, ""), HasSubstr("/MAIL_DKIM_SELECTOR "));
    EXPECT_THAT(issues_of("", "mail2026"), HasSubstr("/MAIL_DKIM_KEY_FILE "));
    EXPECT_THAT(issues_of("/nowhere/key.pem", "mail2026"), HasSubstr("the file cannot be read: No such file"));
    EXPECT_THAT(issues_of(directory.string(), "mail2026"), HasSubstr("the file is a folder"));
    EXPECT_THAT(issues_of("/dev/zero", "mail2026"), HasSubstr("the file is a device"));
    EXPECT_THAT(issues_of(file_of("large.pem", std::string(20'000, 'k')), "mail2026"),
                HasSubstr("is larger than 16384 bytes"));
    const auto pipe = directory / "pipe.pem";
    std::filesystem::remove(pipe);
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    EXPECT_THAT(issues_of(pipe.string(), "mail2026"), HasSubstr("the file is a pipe"));
    EXPECT_THAT(issues_of(file_of("no.pem", "no key"), "mail2026"), HasSubstr("/MAIL_DKIM_KEY_FILE "));
    EXPECT_THAT(issues_of(key, "mail 2026"), HasSubstr("/MAIL_DKIM_KEY_FILE "));
    const Settings settings{.from = "no-reply@Mail.Example", .dkim_key_file = key, .dkim_selector = "mail2026"};
    ASSERT_EQ(settings.dkim_keys().size(), 1U);
    EXPECT_EQ(settings.dkim_keys()[0].record_name(), "mail2026._domainkey.mail.example");
    EXPECT_TRUE(Settings().dkim_keys().empty());
}

}  // namespace

}  // namespace mail
