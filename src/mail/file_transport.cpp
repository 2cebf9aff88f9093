#include "mail/file_transport.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/strings.h"

namespace mail {

namespace {

constexpr std::size_t base64_line = 76;
constexpr std::size_t encoded_word_bytes = 45;  // 60 characters of base64: an encoded word has 75 at most (RFC 2047)

std::string one_line(std::string_view text) {
    std::string line(text);
    std::ranges::replace_if(line, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
    return line;
}

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// Whole characters in each word.
std::string encoded_words(std::string_view text) {
    std::string words;
    while (!text.empty()) {
        auto length = std::min(encoded_word_bytes, text.size());
        while (length < text.size() && length > 1 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U)
            --length;
        if (!words.empty()) words += "\r\n ";
        words += fmt::format("=?UTF-8?B?{}?=", base::base64_encode(text.substr(0, length)));
        text.remove_prefix(length);
    }
    return words;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
    const auto line = one_line(value);
    out += fmt::format("{}: {}\r\n", one_line(name), is_plain(line) ? line : encoded_words(line));
}

// "Duka la Amani <no-reply@mail.example>": the name alone may need encoding.
void append_address(std::string& out, std::string_view name, std::string_view address) {
    const auto line = one_line(address);
    const auto bracket = line.rfind('<');
    if (is_plain(line) || bracket == std::string::npos) return append_header(out, name, line);
    out += fmt::format("{}: {} {}\r\n", name, encoded_words(base::trim(line.substr(0, bracket))), line.substr(bracket));
}

void append_part(std::string& out, std::string_view boundary, std::string_view type, std::string_view body) {
    out += fmt::format("--{}\r\nContent-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n", boundary,
                       type);
    const auto encoded = base::base64_encode(body);
    for (std::size_t at = 0; at < encoded.size(); at += base64_line)
        out += fmt::format("{}\r\n", encoded.substr(at, base64_line));
}

// Of a Message-ID, as a file may be called.
std::string file_name(std::string_view message_id) {
    std::string name(message_id);
    std::ranges::replace_if(name, [](char c) { return c == '/' || c == '\\' || c < ' ' || c == ':'; }, '_');
    if (name.starts_with('.')) name.front() = '_';
    return name + ".eml";
}

std::string write_file(const std::filesystem::path& directory, std::string_view message_id, std::string_view bytes) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) return error.message();
    const auto target = directory / file_name(message_id);
    auto draft = target;
    draft += ".part";
    std::ofstream file(draft, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) return std::generic_category().message(errno);
    std::filesystem::rename(draft, target, error);
    return error ? error.message() : std::string();
}

}  // namespace

std::string source_of(const OutgoingMail& mail, base::Timestamp date) {
    const auto boundary = fmt::format("part-{}", mail.message_id.substr(0, mail.message_id.find('@')));
    std::string out;
    // As RFC 5322 has it; RFC 9110's form ends with "GMT", which was allowed before it.
    auto when = base::format_http_date(date);
    when.replace(when.size() - 3, 3, "+0000");
    append_header(out, "Date", when);
    append_address(out, "From", mail.from);
    append_address(out, "To", mail.to);
    if (!mail.reply_to.empty()) append_address(out, "Reply-To", mail.reply_to);
    append_header(out, "Subject", mail.subject);
    append_header(out, "Message-ID", fmt::format("<{}>", mail.message_id));
    append_header(out, "MIME-Version", "1.0");
    for (const auto& header : mail.headers) append_header(out, header.name, header.value);
    out += fmt::format("Content-Type: multipart/alternative; boundary=\"{}\"\r\n\r\n", boundary);
    append_part(out, boundary, "text/plain", mail.text);
    append_part(out, boundary, "text/html", mail.html);
    return out += fmt::format("--{}--\r\n", boundary);
}

async::Task<SendResult> FileTransport::send(OutgoingMail mail, async::SteadyTime /*deadline*/) {
    if (!co_await may_go(&mail)) co_return SendResult{.outcome = Outcome::withdrawn};
    auto fault = write_file(directory_, mail.message_id, source_of(mail, clock_.now()));
    if (!fault.empty())
        co_return SendResult{.outcome = Outcome::refused_for_now, .whose = Reason::sender, .reply = std::move(fault)};
    co_return SendResult{
        .outcome = Outcome::accepted, .provider_id = std::move(mail.message_id), .reply = "written to a file"};
}

}  // namespace mail
