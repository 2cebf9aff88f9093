#pragma once
// MAIL_URL: which transport, and how it is used, as one line. A fault says what to write, and repeats nothing of the URL, which may hold
// a password. Pure functions.
//
//     mailbox:                                                            the development mailbox
//     file:///var/spool/outgoing                                          a file for each mail
//     smtp://user:pass@mail.example                                       port 587, STARTTLS or no mail
//     smtps://user:pass@mail.example:465/?maxConnections=10               TLS from the first byte
//     sendgrid://SG.key@default            ?region=eu
//     mailgun://key:mg.example.com@default ?region=eu
//
// Users, passwords and keys are percent-encoded: %40 is '@', %2F is '/'.

#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>

#include "mail/smtp_options.h"

namespace mail {

struct MailboxUrl {};
struct FileUrl {
    std::filesystem::path directory;
};
struct SendgridUrl {
    std::string key;
    bool is_eu = false;
};
struct MailgunUrl {
    std::string key;
    std::string domain;
    bool is_eu = false;
};
using MailUrl = std::variant<MailboxUrl, FileUrl, SmtpOptions, SendgridUrl, MailgunUrl>;

[[nodiscard]] std::expected<MailUrl, std::string> parse_mail_url(std::string_view text);

}  // namespace mail
