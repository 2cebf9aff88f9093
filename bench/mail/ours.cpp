// src/mail under measurement: mails over a pool of SMTP connections. For each line, a number, it sends so many, as many at once as
// CONNECTIONS of the environment, to SMTP_PORT, and answers {"mails":…,"microseconds":…}.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/sync.h"
#include "base/random.h"
#include "base/strings.h"
#include "mail/smtp_transport.h"

namespace {

using namespace std::chrono_literals;

std::size_t setting(const char* name) {
    const char* value = std::getenv(name);
    return base::parse_integer<std::size_t>(value == nullptr ? "" : value).value_or(0);
}

std::string page() {
    std::string rows;
    for (int i = 0; i < 8; ++i)
        rows += "<tr><td>Sugar 1 kg, bag " + std::to_string(i) + "</td><td>KES 150.00</td></tr>";
    return "<h1>Duka la Amina</h1><p>Asante, Amina – risiti № 10027.</p><table>" + rows +
           "</table><p><a href=\"https://duka.example/receipts/10027\">Open</a></p>";
}

class Program {
public:
    Program(async::Loop& loop, std::uint16_t port, std::size_t connections)
        : connections_(connections),
          transport_(loop, {.host = "127.0.0.1",
                            .port = port,
                            .tls = mail::SmtpOptions::Tls::opportunistic,
                            .max_connections = connections,
                            .max_messages = 1'000'000}) {}

    async::Task<long> send(std::size_t mails) {
        const auto began = async::Loop::now();
        left_ = mails;
        std::vector<async::Task<bool>> lanes;
        for (std::size_t i = 0; i < connections_; ++i) lanes.push_back(lane());
        for (const bool is_whole : co_await async::when_all(std::move(lanes)))
            if (!is_whole) co_return -1;
        co_return std::chrono::duration_cast<std::chrono::microseconds>(async::Loop::now() - began).count();
    }

private:
    async::Task<bool> lane() {
        while (left_ > 0) {
            --left_;
            const auto result = co_await transport_.send({.message = letter()}, async::Loop::now() + 60s);
            if (result.outcome == mail::Outcome::accepted) continue;
            std::cerr << result.reply << '\n';
            co_return false;
        }
        co_return true;
    }

    mail::Message letter() {
        return {.id = ids_.next(),
                .date = base::system_clock().now(),
                .from = from_,
                .to = {to_},
                .subject = "Risiti yako № 10027",
                .text = "Duka la Amina\n\nAsante, Amina – risiti № 10027.\n\nhttps://duka.example/receipts/10027\n",
                .html = page_,
                .auto_submitted = mail::AutoSubmitted::generated};
    }

    std::size_t connections_;
    std::size_t left_ = 0;
    std::string page_ = page();
    base::SecureRandom random_;
    base::UuidGenerator ids_{base::system_clock(), random_};
    mail::Address from_ = *mail::Address::parse("Duka la Amina <no-reply@duka.example>");
    mail::Address to_ = *mail::Address::parse("amina@example.org");
    mail::SmtpTransport transport_;
};

}  // namespace

int main() {
    async::Loop loop;
    Program program(loop, static_cast<std::uint16_t>(setting("SMTP_PORT")), setting("CONNECTIONS"));
    for (std::string line; std::getline(std::cin, line);) {
        const auto mails = base::parse_integer<std::size_t>(line).value_or(0);
        const auto microseconds = async::run_until_done(loop, program.send(mails));
        if (microseconds < 0) return 1;
        std::cout << "{\"mails\":" << mails << ",\"microseconds\":" << microseconds << '}' << std::endl;
    }
    return 0;
}
