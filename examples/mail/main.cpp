// A message as JSON on standard input becomes an e-mail on standard output, signed when it names keys. See README.md.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "async/loop.h"
#include "base/strings.h"
#include "mail/rendered.h"
#include "schema/schema.h"

namespace {

using schema::field;
constexpr auto raw = schema::Text::raw;

constexpr std::size_t max_input_bytes = std::size_t{64} << 20U;

struct File {
    std::string filename;
    std::string content_type = "application/octet-stream";
    std::string content_id;
    std::string base64;
    // Instead of `base64`: a file that is read while the message is written.
    std::string path;

    friend constexpr auto describe(File*) {
        return schema::object<File>("File", field<&File::filename>("filename", {.text = raw, .defaulted = true}),
                                    field<&File::content_type>("contentType", {.text = raw, .defaulted = true}),
                                    field<&File::content_id>("contentId", {.text = raw, .defaulted = true}),
                                    field<&File::base64>("base64", {.text = raw, .defaulted = true}),
                                    field<&File::path>("path", {.text = raw, .defaulted = true}));
    }
};

struct HeaderLine {
    std::string name;
    std::string value;

    friend constexpr auto describe(HeaderLine*) {
        return schema::object<HeaderLine>("HeaderLine", field<&HeaderLine::name>("name", {.text = raw}),
                                          field<&HeaderLine::value>("value", {.text = raw}));
    }
};

struct Key {
    std::string domain;
    std::string selector;
    std::string pem;

    friend constexpr auto describe(Key*) {
        return schema::object<Key>("Key", field<&Key::domain>("domain", {.text = raw}),
                                   field<&Key::selector>("selector", {.text = raw}),
                                   field<&Key::pem>("pem", {.text = raw}));
    }
};

// A mailbox, and a name of any bytes.
struct Person {
    std::string name;
    std::string address;

    friend constexpr auto describe(Person*) {
        return schema::object<Person>("Person", field<&Person::name>("name", {.text = raw, .defaulted = true}),
                                      field<&Person::address>("address", {.text = raw}));
    }
};

struct Letter {
    base::Uuid id;
    base::Timestamp date;
    std::vector<Person> from;
    std::vector<Person> sender;
    std::vector<Person> reply_to;
    std::vector<Person> to;
    std::vector<Person> cc;
    std::vector<Person> bcc;
    std::string subject;
    std::string text;
    std::string html;
    std::vector<File> attachments;
    std::string unsubscribe_url;
    std::string unsubscribe_address;
    std::string auto_submitted;
    std::string priority;
    std::string in_reply_to;
    std::vector<std::string> references;
    std::vector<HeaderLine> headers;
    std::vector<Key> dkim;

    friend constexpr auto describe(Letter*) {
        return schema::object<Letter>(
            "Letter", field<&Letter::id>("id"), field<&Letter::date>("date"),
            field<&Letter::from>("from", {.min_items = 1, .max_items = 1}),
            field<&Letter::sender>("sender", {.max_items = 1, .defaulted = true}),
            field<&Letter::reply_to>("replyTo", {.defaulted = true}), field<&Letter::to>("to", {.defaulted = true}),
            field<&Letter::cc>("cc", {.defaulted = true}), field<&Letter::bcc>("bcc", {.defaulted = true}),
            field<&Letter::subject>("subject", {.text = raw, .defaulted = true}),
            field<&Letter::text>("text", {.text = raw, .defaulted = true}),
            field<&Letter::html>("html", {.text = raw, .defaulted = true}),
            field<&Letter::attachments>("attachments", {.defaulted = true}),
            field<&Letter::unsubscribe_url>("unsubscribeUrl", {.text = raw, .defaulted = true}),
            field<&Letter::unsubscribe_address>("unsubscribeAddress", {.text = raw, .defaulted = true}),
            field<&Letter::auto_submitted>("autoSubmitted", {.text = raw, .defaulted = true}),
            field<&Letter::priority>("priority", {.text = raw, .defaulted = true}),
            field<&Letter::in_reply_to>("inReplyTo", {.text = raw, .defaulted = true}),
            field<&Letter::references>("references", {.items = {.text = raw}, .defaulted = true}),
            field<&Letter::headers>("headers", {.defaulted = true}), field<&Letter::dkim>("dkim", {.defaulted = true}));
    }
};

// What is not in memory is read while the message goes out. A server would read it off the loop (async::offload).
class FileReader final : public mail::ContentReader {
public:
    explicit FileReader(const std::string& path) : stream_(path, std::ios::binary) {
        if (!stream_) throw std::runtime_error("cannot read " + path);
    }
    async::Task<std::size_t> read(std::span<char> out) override {
        stream_.read(out.data(), static_cast<std::streamsize>(out.size()));
        if (stream_.bad()) throw std::runtime_error("the file cannot be read to its end");
        co_return static_cast<std::size_t>(stream_.gcount());
    }

private:
    std::ifstream stream_;
};

mail::Stream stream_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) throw std::runtime_error("cannot read " + path);
    return {.size = static_cast<std::uint64_t>(file.tellg()),
            .open = [path] { return std::make_unique<FileReader>(path); }};
}

template <class T>
T require(std::optional<T> value, const std::string& what) {
    if (!value) throw std::runtime_error(what);
    return *std::move(value);
}

mail::Address address_of(const Person& person) {
    const auto address = require(mail::Address::parse(person.address), "no address: " + person.address);
    return person.name.empty() ? address : address.named(person.name);
}

std::vector<mail::Address> addresses_of(const std::vector<Person>& people) {
    std::vector<mail::Address> all;
    for (const Person& person : people) all.push_back(address_of(person));
    return all;
}

mail::Attachment attachment_of(const File& file) {
    mail::Attachment attachment{
        .filename = file.filename, .content_type = file.content_type, .content_id = file.content_id};
    if (file.path.empty()) {
        attachment.content = require(base::base64_decode(file.base64), "no base64: the content of " + file.filename);
    } else {
        attachment.content = stream_of(file.path);
    }
    return attachment;
}

mail::MessageId message_id_of(const std::string& text) {
    return require(mail::MessageId::parse(text), "no Message-ID: " + text);
}

mail::Message message_of(const Letter& letter) {
    mail::Message message{.id = letter.id,
                          .date = letter.date,
                          .from = address_of(letter.from.front()),
                          .reply_to = addresses_of(letter.reply_to),
                          .to = addresses_of(letter.to),
                          .cc = addresses_of(letter.cc),
                          .bcc = addresses_of(letter.bcc),
                          .subject = letter.subject,
                          .text = letter.text,
                          .html = letter.html};
    if (!letter.sender.empty()) message.sender = address_of(letter.sender.front());
    for (const File& file : letter.attachments) message.attachments.push_back(attachment_of(file));
    if (!letter.unsubscribe_url.empty()) message.unsubscribe = mail::Unsubscribe{.url = letter.unsubscribe_url};
    if (!letter.unsubscribe_address.empty() && message.unsubscribe) {
        message.unsubscribe->address = address_of({.name = {}, .address = letter.unsubscribe_address});
    }
    if (letter.auto_submitted == "auto-generated") message.auto_submitted = mail::AutoSubmitted::generated;
    if (letter.auto_submitted == "auto-replied") message.auto_submitted = mail::AutoSubmitted::replied;
    if (letter.priority == "high") message.priority = mail::Priority::high;
    if (letter.priority == "low") message.priority = mail::Priority::low;
    if (!letter.in_reply_to.empty()) message.in_reply_to = message_id_of(letter.in_reply_to);
    for (const std::string& id : letter.references) message.references.push_back(message_id_of(id));
    for (const HeaderLine& header : letter.headers) message.headers.emplace_back(header.name, header.value);
    return message;
}

std::vector<mail::DkimKey> keys_of(const Letter& letter) {
    std::vector<mail::DkimKey> keys;
    for (const Key& key : letter.dkim) {
        auto read = mail::DkimKey::from_pem(key.pem, key.domain, key.selector);
        if (!read) throw std::runtime_error("the key of " + key.selector + ": " + read.error());
        // What the name server of the domain has to tell: TXT.
        std::cerr << read->record_name() << ' ' << read->record() << '\n';
        keys.push_back(*std::move(read));
    }
    return keys;
}

async::Task<> write(Letter letter) {
    auto rendered = co_await mail::render(message_of(letter), keys_of(letter));
    for (;;) {
        const std::string_view piece = co_await rendered.next();
        if (piece.empty()) co_return;
        std::cout << piece;
    }
}

}  // namespace

int main() {
    const std::string input{std::istreambuf_iterator<char>(std::cin), {}};
    auto letter = schema::parse<Letter>(input, {.max_bytes = max_input_bytes});
    if (!letter) {
        std::cerr << letter.error().detail << '\n';
        for (const auto& issue : letter.error().issues) std::cerr << issue.pointer << ": " << issue.message << '\n';
        return 2;
    }
    try {
        async::Loop loop;
        async::run_until_done(loop, write(*std::move(letter)));
        return 0;
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
