#include "mail/sendgrid_body.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/strings.h"
#include "mail/html_text.h"
#include "mail/rendered.h"
#include "schema/schema.h"

namespace mail {

namespace sendgrid {

using schema::field;
using schema::Maybe;

struct Person {
    std::string email;
    Maybe<std::string> name{};

    friend constexpr auto describe(Person*) {
        return schema::object<Person>("Person", field<&Person::email>("email"), field<&Person::name>("name"));
    }
};

struct Personalization {
    std::vector<Person> to;
    Maybe<std::vector<Person>> cc{};
    Maybe<std::vector<Person>> bcc{};
    std::map<std::string, std::string> custom_args;

    friend constexpr auto describe(Personalization*) {
        using P = Personalization;
        return schema::object<P>("Personalization", field<&P::to>("to"), field<&P::cc>("cc"), field<&P::bcc>("bcc"),
                                 field<&P::custom_args>("custom_args"));
    }
};

struct Part {
    std::string type;
    std::string value;

    friend constexpr auto describe(Part*) {
        return schema::object<Part>("Part", field<&Part::type>("type"), field<&Part::value>("value"));
    }
};

struct Switch {
    bool enable = false;

    friend constexpr auto describe(Switch*) {
        return schema::object<Switch>("Switch", field<&Switch::enable>("enable"));
    }
};

struct Tracking {
    Switch click;
    Switch open;
    Switch subscription;
    Switch analytics;

    friend constexpr auto describe(Tracking*) {
        return schema::object<Tracking>(
            "Tracking", field<&Tracking::click>("click_tracking"), field<&Tracking::open>("open_tracking"),
            field<&Tracking::subscription>("subscription_tracking"), field<&Tracking::analytics>("ganalytics"));
    }
};

struct Delivery {
    Switch bypass;

    friend constexpr auto describe(Delivery*) {
        return schema::object<Delivery>("Delivery", field<&Delivery::bypass>("bypass_list_management"));
    }
};

struct Request {
    std::vector<Personalization> personalizations;
    Person from;
    Maybe<std::vector<Person>> reply_to{};
    std::string subject;
    std::vector<Part> content;
    std::map<std::string, std::string> headers;
    Maybe<Delivery> delivery{};
    Tracking tracking{};

    friend constexpr auto describe(Request*) {
        using R = Request;
        return schema::object<R>("Request", field<&R::personalizations>("personalizations"), field<&R::from>("from"),
                                 field<&R::reply_to>("reply_to_list"), field<&R::subject>("subject"),
                                 field<&R::content>("content"), field<&R::headers>("headers"),
                                 field<&R::delivery>("mail_settings"), field<&R::tracking>("tracking_settings"));
    }
};

struct AttachmentHead {
    std::string type;
    std::string filename;
    std::string disposition;
    Maybe<std::string> content_id{};

    friend constexpr auto describe(AttachmentHead*) {
        using A = AttachmentHead;
        return schema::object<A>("AttachmentHead", field<&A::type>("type"), field<&A::filename>("filename"),
                                 field<&A::disposition>("disposition"), field<&A::content_id>("content_id"));
    }
};

}  // namespace sendgrid

namespace {

using namespace sendgrid;

// Whole groups of Base64, so that pieces can follow each other.
constexpr std::size_t piece_bytes = std::size_t{48} << 10U;

Person person_of(const Address& address) {
    Person person{.email = address.mailbox()};
    if (!address.name().empty()) person.name = address.name();
    return person;
}

// The same address may not be there twice.
std::vector<Person> people_of(const std::vector<Address>& addresses, std::vector<std::string>& known) {
    std::vector<Person> people;
    for (const auto& address : addresses) {
        auto key = base::ascii_lower(address.mailbox());
        if (std::ranges::find(known, key) != known.end()) continue;
        known.push_back(std::move(key));
        people.push_back(person_of(address));
    }
    return people;
}

Maybe<std::vector<Person>> some(std::vector<Person> people) {
    if (people.empty()) return {};
    return people;
}

std::map<std::string, std::string> headers_of(const Message& message) {
    std::map<std::string, std::string> headers{{"Message-ID", message_id(message).text()}};
    if (message.auto_submitted != AutoSubmitted::no)
        headers["Auto-Submitted"] =
            message.auto_submitted == AutoSubmitted::generated ? "auto-generated" : "auto-replied";
    if (message.unsubscribe) {
        auto& ways = headers["List-Unsubscribe"] = "<" + message.unsubscribe->url + ">";
        if (const auto& address = message.unsubscribe->address)
            ways += ", <mailto:" + base::percent_encode(address->local()) + "@" + address->domain() + ">";
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click";
    }
    if (message.in_reply_to) headers["In-Reply-To"] = message.in_reply_to->text();
    for (const auto& id : message.references) {
        auto& all = headers["References"];
        all += (all.empty() ? "" : " ") + id.text();
    }
    if (message.priority != Priority::normal) headers["X-Priority"] = message.priority == Priority::high ? "1" : "5";
    for (const auto& header : message.headers) headers[header.name()] = header.value();
    return headers;
}

std::vector<Part> parts_of(const Message& message) {
    std::vector<Part> parts;
    auto text = message.text.empty() ? html_to_text(message.html) : message.text;
    // Neither may be empty, and there is one at least.
    if (text.empty() && message.html.empty()) text = " ";
    if (!text.empty()) parts.push_back({"text/plain", std::move(text)});
    if (!message.html.empty()) parts.push_back({"text/html", message.html});
    return parts;
}

std::string request_of(const Message& message, bool is_security) {
    std::vector<std::string> known;
    Personalization personalization{.to = people_of(message.to, known)};
    personalization.cc = some(people_of(message.cc, known));
    personalization.bcc = some(people_of(message.bcc, known));
    personalization.custom_args["notification"] = message.id.to_string();
    Request request{.personalizations = {std::move(personalization)},
                    .from = person_of(message.from),
                    .subject = message.subject.empty() ? std::string("-") : message.subject,
                    .content = parts_of(message),
                    .headers = headers_of(message)};
    std::vector<std::string> repliers;
    request.reply_to = some(people_of(message.reply_to, repliers));
    if (is_security) request.delivery = Delivery{.bypass = {.enable = true}};
    return schema::to_json(request);
}

std::string attachment_head(const Attachment& attachment, bool has_html) {
    const bool is_inline = has_html && !attachment.content_id.empty();
    AttachmentHead head{.type = attachment.content_type,
                        .filename = attachment.filename.empty() ? std::string("attachment") : attachment.filename,
                        .disposition = is_inline ? "inline" : "attachment"};
    if (!attachment.content_id.empty()) head.content_id = attachment.content_id;
    auto json = schema::to_json(head);
    json.back() = ',';
    return json + R"("content":")";
}

std::uint64_t content_size(const std::variant<std::string, Stream>& content) {
    if (const auto* stream = std::get_if<Stream>(&content)) return stream->size;
    return std::get<std::string>(content).size();
}

}  // namespace

SendgridBody::SendgridBody(Message message, bool is_security) {
    auto text = request_of(message, is_security);
    text.pop_back();
    for (std::size_t i = 0; i < message.attachments.size(); ++i) {
        auto& attachment = message.attachments[i];
        text += i == 0 ? R"(,"attachments":[)" : R"("},)";
        text += attachment_head(attachment, !message.html.empty());
        segments_.push_back({std::exchange(text, {}), attachment.filename, std::move(attachment.content)});
    }
    text += message.attachments.empty() ? "}" : R"("}]})";
    segments_.push_back({std::move(text)});
}

std::uint64_t SendgridBody::size() const {
    std::uint64_t total = 0;
    for (const auto& segment : segments_) total += segment.text.size() + (content_size(segment.content) + 2) / 3 * 4;
    return total;
}

async::Task<std::string> SendgridBody::next() {
    while (at_ < segments_.size()) {
        auto& segment = segments_[at_];
        if (!std::exchange(text_is_sent_, true)) co_return segment.text;
        std::string piece;
        if (std::holds_alternative<Stream>(segment.content)) {
            piece = co_await next_of_stream();
        } else {
            piece = next_in_memory();
        }
        if (!piece.empty()) co_return piece;
        end_content();
    }
    co_return std::string();
}

std::string SendgridBody::next_in_memory() {
    const auto& content = std::get<std::string>(segments_[at_].content);
    const auto rest = std::string_view(content).substr(offset_, piece_bytes);
    offset_ += rest.size();
    return base::base64_encode(rest);
}

async::Task<std::string> SendgridBody::next_of_stream() {
    const auto& segment = segments_[at_];
    const auto& stream = std::get<Stream>(segment.content);
    if (!reader_) reader_ = stream.open();
    std::string bytes(piece_bytes, '\0');
    std::size_t filled = 0;
    bool has_ended = false;
    while (filled < bytes.size() && !has_ended) {
        const std::size_t count = co_await reader_->read(std::span(bytes).subspan(filled));
        has_ended = count == 0;
        filled += count;
    }
    bytes.resize(filled);
    offset_ += filled;
    if (offset_ > stream.size || (has_ended && offset_ != stream.size))
        throw SourceFailed("mail: the content of " + segment.filename + " was to have " + std::to_string(stream.size) +
                           " bytes, and has others");
    co_return base::base64_encode(bytes);
}

void SendgridBody::end_content() {
    reader_.reset();
    offset_ = 0;
    text_is_sent_ = false;
    ++at_;
}

}  // namespace mail
