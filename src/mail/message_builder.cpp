#include "mail/message_builder.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/strings.h"
#include "mail/header_writer.h"
#include "mail/html_text.h"
#include "mail/one_line.h"
#include "mail/transfer_encoding.h"

namespace mail {

namespace {

constexpr std::size_t max_url_bytes = 900;
constexpr std::size_t max_content_id_bytes = 200;
constexpr std::size_t max_media_type_bytes = 200;

// RFC 2045 §5.1.
bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return c > 0x20 && c < 0x7F && !std::string_view("()<>@,;:\\\"/[]?=").contains(c);
    });
}

// "text/csv; charset=utf-8" as words of a header; throws when it is none.
std::vector<std::string> media_type_words(const std::string& type) {
    const auto refuse = [&] {
        throw std::invalid_argument("mail: '" + one_line(type) + "' is no media type of an attachment");
    };
    const std::vector<std::string_view> parts = base::split(type, ';');
    const std::size_t slash = parts.front().find('/');
    const std::string kind = base::ascii_lower(parts.front().substr(0, slash));
    if (type.size() > max_media_type_bytes || slash == std::string_view::npos || !is_token(kind) ||
        !is_token(base::trim(parts.front().substr(slash + 1))) || kind == "multipart" || kind == "message") {
        refuse();
    }
    std::vector<std::string> words{std::string(base::trim(parts.front()))};
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const std::string_view parameter = base::trim(parts[i]);
        const std::size_t equals = parameter.find('=');
        if (equals == std::string_view::npos || !is_token(parameter.substr(0, equals)) ||
            !is_token(parameter.substr(equals + 1))) {
            refuse();
        }
        words.back() += ';';
        words.emplace_back(parameter);
    }
    return words;
}

bool is_content_id(std::string_view id) {
    return id.size() <= max_content_id_bytes && std::ranges::all_of(id, [](char c) {
               const char lower = base::ascii_lower(c);
               return base::is_ascii_digit(c) || (lower >= 'a' && lower <= 'z') || std::string_view("-._@").contains(c);
           });
}

bool is_unsubscribe_url(std::string_view url) {
    return url.size() <= max_url_bytes && url.starts_with("https://") && url.size() > 8 &&
           std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7F && c != '<' && c != '>'; });
}

std::string format_date(base::Timestamp date) {
    std::string text = base::format_http_date(date);  // the same but for the zone
    return text.replace(text.size() - 3, 3, "+0000");
}

std::string_view text_of(AutoSubmitted value) {
    return value == AutoSubmitted::generated ? "auto-generated" : value == AutoSubmitted::replied ? "auto-replied" : "";
}

}  // namespace

MessageBuilder::MessageBuilder(Message message) : message_(std::move(message)) {
    check();
    for (Attachment& attachment : message_.attachments) {
        const bool is_inline = !attachment.content_id.empty() && !message_.html.empty();
        (is_inline ? inline_ : attached_).push_back(&attachment);
    }
}

void MessageBuilder::check() const {
    const auto require = [](bool condition, const char* what) {
        if (!condition) throw std::invalid_argument(what);
    };
    require(!message_.id.is_nil(),
            "mail: a message without an id: its Message-ID has to be the same each time it is sent");
    require(message_.date != base::Timestamp{}, "mail: a message without a date");
    require(!recipients(message_).empty(), "mail: a message without a recipient");
    require(!message_.unsubscribe || is_unsubscribe_url(message_.unsubscribe->url),
            "mail: the URL to unsubscribe is not https, or longer than 900 bytes");
    std::vector<std::string_view> ids;
    for (const Attachment& attachment : message_.attachments) {
        const std::string& id = attachment.content_id;
        require(is_content_id(id), "mail: a content id is made of letters, digits and -._@, 200 at most");
        require(id.empty() || std::ranges::find(ids, id) == ids.end(), "mail: two attachments have one content id");
        ids.push_back(id);
    }
}

std::vector<RenderedMessage::Part> MessageBuilder::build() && {
    write_headers();
    write_mixed();
    parts_.push_back({.bytes = std::move(bytes_)});
    return std::move(parts_);
}

void MessageBuilder::write_headers() {
    HeaderWriter headers;
    headers.add_words("Date", {format_date(message_.date)});
    headers.add_words("Message-ID", {message_id(message_).text()});
    headers.add_addresses("From", {&message_.from, 1});
    if (message_.sender) headers.add_addresses("Sender", {&*message_.sender, 1});
    if (!message_.reply_to.empty()) headers.add_addresses("Reply-To", message_.reply_to);
    if (!message_.to.empty()) headers.add_addresses("To", message_.to);
    if (!message_.cc.empty()) headers.add_addresses("Cc", message_.cc);
    // Servers may refuse a mail that names nobody.
    if (message_.to.empty() && message_.cc.empty()) headers.add_words("To", {"undisclosed-recipients:;"});
    headers.add_text("Subject", message_.subject);
    bytes_ += headers.bytes();
    write_list_headers();
}

void MessageBuilder::write_list_headers() {
    HeaderWriter headers;
    if (message_.in_reply_to) headers.add_words("In-Reply-To", {message_.in_reply_to->text()});
    std::vector<std::string> references;
    for (const MessageId& id : message_.references) references.push_back(id.text());
    if (!references.empty()) headers.add_words("References", references);
    if (message_.unsubscribe) {
        std::vector<std::string> ways{"<" + message_.unsubscribe->url + ">"};
        if (const auto& address = message_.unsubscribe->address) {
            ways.back() += ',';
            ways.push_back("<mailto:" + base::percent_encode(address->local()) + "@" + address->domain() + ">");
        }
        headers.add_words("List-Unsubscribe", ways);
        headers.add_words("List-Unsubscribe-Post", {"List-Unsubscribe=One-Click"});
    }
    headers.add_text("Auto-Submitted", text_of(message_.auto_submitted));
    if (message_.priority != Priority::normal) {
        const bool is_high = message_.priority == Priority::high;
        headers.add_text("X-Priority", is_high ? "1 (Highest)" : "5 (Lowest)");
        headers.add_text("Importance", is_high ? "High" : "Low");
    }
    for (const Header& header : message_.headers) headers.add_text(header.name(), header.value());
    headers.add_words("MIME-Version", {"1.0"});
    bytes_ += headers.bytes();
}

template <class... Children>
void MessageBuilder::write_multipart(const std::vector<std::string>& words, const Children&... children) {
    // "=_" is in no quoted-printable and no base64, and what is sent as 7bit has no line that begins like that.
    std::string id = message_.id.to_string();
    std::erase(id, '-');
    const std::string boundary = "=_" + id + "_" + std::to_string(++boundaries_);
    std::vector<std::string> all = words;
    all.push_back("boundary=\"" + boundary + "\"");
    HeaderWriter headers;
    headers.add_words("Content-Type", all);
    bytes_.append(headers.bytes()).append("\r\n");
    const auto write_child = [&](const auto& child) {
        bytes_.append("--").append(boundary).append("\r\n");
        child();
    };
    (children(write_child), ...);
    bytes_.append("--").append(boundary).append("--\r\n");
}

void MessageBuilder::write_mixed() {
    if (attached_.empty()) return write_related();
    write_multipart(
        {"multipart/mixed;"}, [&](const auto& write_child) { write_child([&] { write_related(); }); },
        [&](const auto& write_child) {
            for (Attachment* attachment : attached_) write_child([&] { write_attachment(*attachment, false); });
        });
}

void MessageBuilder::write_related() {
    if (inline_.empty()) return write_alternative();
    write_multipart(
        {"multipart/related;", "type=\"multipart/alternative\";"},
        [&](const auto& write_child) { write_child([&] { write_alternative(); }); },
        [&](const auto& write_child) {
            for (Attachment* image : inline_) write_child([&] { write_attachment(*image, true); });
        });
}

void MessageBuilder::write_alternative() {
    if (message_.html.empty()) return write_text("plain", message_.text);
    const std::string html = valid_utf8(message_.html);
    // The last one is the one that is preferred (RFC 2046 §5.1.4).
    write_multipart({"multipart/alternative;"}, [&](const auto& write_child) {
        write_child([&] { write_text("plain", message_.text.empty() ? html_to_text(html) : message_.text); });
        write_child([&] { write_text("html", html); });
    });
}

void MessageBuilder::write_text(std::string_view subtype, std::string_view text) {
    const EncodedText encoded = encode_text(text);
    HeaderWriter headers;
    headers.add_words("Content-Type", {"text/" + std::string(subtype) + ";", "charset=utf-8"});
    headers.add_words("Content-Transfer-Encoding", {std::string(encoded.encoding)});
    bytes_.append(headers.bytes()).append("\r\n").append(encoded.bytes);
}

void MessageBuilder::write_attachment(Attachment& attachment, bool is_inline) {
    const std::string filename = one_line(attachment.filename);
    std::vector<std::string> type = media_type_words(attachment.content_type);
    std::vector<std::string> disposition{is_inline ? "inline" : "attachment"};
    if (!filename.empty()) {
        type.back() += ';';
        std::ranges::move(legacy_filename(filename), std::back_inserter(type));
        disposition.back() += ';';
        std::ranges::move(disposition_filename(filename), std::back_inserter(disposition));
    }
    HeaderWriter headers;
    headers.add_words("Content-Type", type);
    headers.add_words("Content-Transfer-Encoding", {"base64"});
    headers.add_words("Content-Disposition", disposition);
    if (!attachment.content_id.empty()) headers.add_words("Content-ID", {"<" + attachment.content_id + ">"});
    bytes_.append(headers.bytes()).append("\r\n");

    parts_.push_back({.bytes = std::exchange(bytes_, {})});
    RenderedMessage::Part content{.is_encoded = true, .filename = filename};
    if (auto* stream = std::get_if<Stream>(&attachment.content)) {
        content.stream = std::move(*stream);
    } else {
        content.bytes = std::move(std::get<std::string>(attachment.content));
    }
    parts_.push_back(std::move(content));
}

}  // namespace mail
