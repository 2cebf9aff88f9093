// Addresses as a stranger types them: what is taken can be written into an SMTP command and a header, and is read back as the
// same address. The first line is also a display name of any bytes.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "mail/address.h"
#include "mail/header_writer.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check_mailbox(const mail::Address& address) {
    const std::string mailbox = address.mailbox();
    require(mailbox.size() <= 254 && mailbox.find('@') == mailbox.rfind('@'));
    for (const char c : mailbox)
        require(static_cast<unsigned char>(c) > 0x20 && c != 0x7F && c != '<' && c != '>' && c != '"');
    for (const char c : address.domain()) require(static_cast<unsigned char>(c) < 0x80);
    const auto again = mail::Address::parse(mailbox);
    require(again && again->mailbox() == mailbox);
    for (const char c : address.name()) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
}

// One header: lines that end with CRLF, all but the first of which begin with a space.
void check_header(std::string_view header) {
    require(header.ends_with("\r\n"));
    for (std::size_t at = 0; at < header.size();) {
        const std::size_t end = header.find("\r\n", at);
        const std::string_view line = header.substr(at, end - at);
        require(line.size() <= 998 && line.find_first_of("\r\n") == std::string_view::npos);
        require((at == 0) == (line.front() != ' ') && line.find_first_not_of(' ') != std::string_view::npos);
        at = end + 2;
    }
}

void check_written(const mail::Address& address) {
    mail::HeaderWriter writer;
    writer.add_addresses("To", {&address, 1});
    check_header(writer.bytes());
    if (writer.bytes().find("=?") != std::string::npos) return;  // encoded words are for others to read
    std::string line = writer.bytes().substr(4, writer.bytes().size() - 6);
    for (std::size_t fold = line.find("\r\n"); fold != std::string::npos; fold = line.find("\r\n")) line.erase(fold, 2);
    require(mail::Address::parse(line) == address);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (const auto address = mail::Address::parse(input)) {
        check_mailbox(*address);
        check_written(*address);
        const auto list = mail::parse_addresses(input);
        require(list && list->size() == 1 && list->front() == *address);
    }
    if (const auto list = mail::parse_addresses(input)) {
        for (const auto& address : *list) {
            check_mailbox(address);
            check_written(address);
        }
    }
    static const mail::Address nobody = *mail::Address::parse("nobody@example.com");
    check_written(nobody.named(input));
    mail::HeaderWriter writer;
    writer.add_text("Subject", input);
    if (!writer.bytes().empty()) check_header(writer.bytes());
    return 0;
}
