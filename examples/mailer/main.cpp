// Letters as lines of JSON are sent by MAIL_URL; each line's outcome is a line. See README.md.
#include <chrono>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <utility>

#include "async/loop.h"
#include "client/client.h"
#include "config/config.h"
#include "log/log.h"
#include "log/sink.h"
#include "mail/open_transport.h"
#include "observe/metrics.h"

namespace {

using namespace std::chrono_literals;
using schema::field;
constexpr auto raw = schema::Text::raw;

struct Letter {
    base::Uuid id;
    std::string from;
    std::string to;
    std::string subject;
    std::string text;
    std::string html;
    std::string file;
    std::int64_t breaks_at = 0;
    bool security = false;

    friend constexpr auto describe(Letter*) {
        return schema::object<Letter>("Letter", field<&Letter::id>("id"), field<&Letter::from>("from", {.text = raw}),
                                      field<&Letter::to>("to", {.text = raw}),
                                      field<&Letter::subject>("subject", {.text = raw, .defaulted = true}),
                                      field<&Letter::text>("text", {.text = raw, .defaulted = true}),
                                      field<&Letter::html>("html", {.text = raw, .defaulted = true}),
                                      field<&Letter::file>("file", {.text = raw, .defaulted = true}),
                                      field<&Letter::breaks_at>("breaksAt", {.min = 0, .defaulted = true}),
                                      field<&Letter::security>("security", {.defaulted = true}));
    }
};

struct Outcome {
    std::string id;
    std::string outcome;
    std::string whose;
    std::string provider_id;
    std::string reply;

    friend constexpr auto describe(Outcome*) {
        return schema::object<Outcome>("Outcome", field<&Outcome::id>("id"), field<&Outcome::outcome>("outcome"),
                                       field<&Outcome::whose>("whose"), field<&Outcome::provider_id>("providerId"),
                                       field<&Outcome::reply>("reply"));
    }
};

// A server would read it off the loop (async::offload).
class FileReader final : public mail::ContentReader {
public:
    FileReader(const std::string& path, std::uint64_t readable) : stream_(path, std::ios::binary), readable_(readable) {
        if (!stream_) throw std::runtime_error("cannot read " + path);
    }
    async::Task<std::size_t> read(std::span<char> out) override {
        stream_.read(out.data(), static_cast<std::streamsize>(out.size()));
        const auto count = static_cast<std::size_t>(stream_.gcount());
        if (stream_.bad() || (readable_ != 0 && (given_ += count) > readable_))
            throw std::runtime_error("the file cannot be read to its end");
        co_return count;
    }

private:
    std::ifstream stream_;
    std::uint64_t readable_;
    std::uint64_t given_ = 0;
};

mail::Attachment attachment_of(const Letter& letter) {
    std::ifstream file(letter.file, std::ios::binary | std::ios::ate);
    if (!file) throw std::runtime_error("cannot read " + letter.file);
    const auto readable = static_cast<std::uint64_t>(letter.breaks_at);
    return {.filename = letter.file.substr(letter.file.rfind('/') + 1),
            .content = mail::Stream{
                .size = static_cast<std::uint64_t>(file.tellg()),
                .open = [path = letter.file, readable] { return std::make_unique<FileReader>(path, readable); }}};
}

mail::Address address_of(const std::string& text) {
    auto address = mail::Address::parse(text);
    if (!address) throw std::runtime_error("no address: " + text);
    return *std::move(address);
}

mail::OutgoingMail mail_of(const Letter& letter) {
    mail::Message message{.id = letter.id,
                          .date = base::system_clock().now(),
                          .from = address_of(letter.from),
                          .to = {address_of(letter.to)},
                          .subject = letter.subject,
                          .text = letter.text,
                          .html = letter.html};
    if (!letter.file.empty()) message.attachments.push_back(attachment_of(letter));
    return {.message = std::move(message), .is_security = letter.security};
}

std::string line_of(const Letter& letter, const mail::SendResult& result) {
    return schema::to_json(Outcome{.id = letter.id.to_string(),
                                   .outcome = std::string(to_string(result.outcome)),
                                   .whose = std::string(to_string(result.whose)),
                                   .provider_id = result.provider_id,
                                   .reply = result.reply});
}

int serve(const mail::Settings& settings, const client::Settings& calls) {
    logging::Log log({.level = logging::Level::warn},
                     std::make_shared<logging::AsyncSink>(logging::AsyncSinkOptions{.descriptor = 2}));
    observe::Metrics metrics;
    async::Loop loop;
    client::Client http({.loop = loop, .logger = log.logger(), .metrics = metrics, .settings = calls});
    mail::Mailbox mailbox(base::system_clock());
    const auto transport = mail::open_transport(
        settings,
        {.loop = loop, .http = http, .mailbox = mailbox, .ca_file = calls.ca_file, .dkim = settings.dkim_keys()});
    for (std::string line; std::getline(std::cin, line);) {
        const auto letter = schema::parse<Letter>(line);
        if (!letter) {
            std::cerr << letter.error().detail << '\n';
            return 2;
        }
        const auto result = async::run_until_done(loop, transport->send(mail_of(*letter), async::Loop::now() + 2min));
        std::cout << line_of(*letter, result) << std::endl;
    }
    async::run_until_done(loop, http.stop(async::Loop::now()));
    return 0;
}

// Both kinds of settings, as a service's modules would have them.
struct Settings {
    mail::Settings mail;
    client::Settings calls;

    static void check(const Settings& settings, schema::Issues& issues) { mail::check(settings.mail, false, issues); }
    friend constexpr auto describe(Settings*) {
        return schema::object<Settings>("Settings", schema::flatten<&Settings::mail>(),
                                        schema::flatten<&Settings::calls>(), schema::refine<&Settings::check>());
    }
};

}  // namespace

int main(int, char**, char** environment) {
    const auto settings = config::load<Settings>(config::environment_of(environment));
    if (!settings) {
        std::cerr << config::report(settings.error());
        return config::exit_code;
    }
    try {
        return serve(settings->mail, settings->calls);
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
