#pragma once
// Where an SMTP server is and how it is used; mail/mail_url.h reads it from MAIL_URL. A value.

#include <chrono>
#include <cstdint>
#include <string>

namespace mail {

struct SmtpOptions {
    // `opportunistic`: what a server without STARTTLS gets is unencrypted. Never with a password, and never a mail that is_security.
    enum class Tls : std::uint8_t { implicit, required, opportunistic };
    enum class Auth : std::uint8_t { any, plain, login };

    std::string host;
    std::uint16_t port = 587;
    Tls tls = Tls::required;
    std::string user{};  // "": no authentication
    std::string password{};
    Auth auth = Auth::any;      // PLAIN where both are offered
    std::string client_name{};  // of EHLO; "": the machine's
    std::string ca_file{};      // who is believed; "": the system's authorities

    // Of each loop.
    bool pool = true;  // connections are kept
    std::size_t max_connections = 5;
    std::size_t max_messages = 100;  // of one connection
    std::uint32_t rate_limit = 0;    // messages in rate_delta; 0: none
    std::chrono::milliseconds rate_delta{1'000};

    std::chrono::milliseconds connect_timeout{10'000};  // name and TCP
    std::chrono::milliseconds reply_timeout{60'000};    // each reply but the last, which has until the deadline
    std::chrono::milliseconds idle_timeout{30'000};     // then a kept connection says QUIT
};

}  // namespace mail
