#include "http/proxy_protocol.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>

namespace http {

namespace {

using namespace std::string_view_literals;

constexpr auto signature_2 = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr auto signature_1 = "PROXY "sv;
constexpr std::size_t longest_1 = 107;  // §2.1, with its CRLF
constexpr std::size_t head_2 = 16;
constexpr std::uint8_t tlv_ssl = 0x20;          // PP2_TYPE_SSL
constexpr std::uint8_t client_used_ssl = 0x01;  // PP2_CLIENT_SSL

ProxyHeader failed(std::string_view reason) { return {.state = ProxyHeader::State::failed, .reason = reason}; }

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(byte_at(bytes, at) << 8U | byte_at(bytes, at + 1));
}

// ---- Version 1: a line of text ----

std::string_view next_word(std::string_view& line) {
    const auto space = line.find(' ');
    const auto word = line.substr(0, space);
    line = space == std::string_view::npos ? std::string_view() : line.substr(space + 1);
    return word;
}

std::optional<std::uint16_t> port_of(std::string_view word) {
    std::uint16_t port = 0;
    const auto* const end = word.data() + word.size();
    const auto read = std::from_chars(word.data(), end, port);
    const bool has_leading_zero = word.size() > 1 && word.front() == '0';
    if (read.ec != std::errc() || read.ptr != end || has_leading_zero) return std::nullopt;
    return port;
}

// As its text is written everywhere else; none when it is no address of the family.
std::optional<std::string> address_of(int family, std::string_view word) {
    std::array<std::uint8_t, 16> bytes{};
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (::inet_pton(family, std::string(word).c_str(), bytes.data()) != 1) return std::nullopt;
    return std::string(::inet_ntop(family, bytes.data(), text.data(), text.size()));
}

ProxyHeader read_line(std::string_view line, std::size_t size) {
    ProxyHeader header{.state = ProxyHeader::State::done, .size = size};
    const auto family = next_word(line);
    // What stands behind UNKNOWN is to be ignored up to the end of the line.
    if (family == "UNKNOWN") return header;
    if (family != "TCP4" && family != "TCP6") return failed("PROXY: neither TCP4, TCP6 nor UNKNOWN");
    const int of = family == "TCP4" ? AF_INET : AF_INET6;
    header.address = address_of(of, next_word(line));
    const auto destination = address_of(of, next_word(line));
    const auto port = port_of(next_word(line));
    const auto destination_port = port_of(line);
    if (!header.address || !destination || !port || !destination_port)
        return failed("PROXY: an address or a port is none");
    header.port = *port;
    return header;
}

ProxyHeader read_version_1(std::string_view bytes) {
    const auto within = bytes.substr(0, longest_1);
    const auto end = within.find('\n');
    if (end == std::string_view::npos)
        return bytes.size() >= longest_1 ? failed("PROXY: the line is too long") : ProxyHeader{};
    if (end == 0 || within[end - 1] != '\r') return failed("PROXY: the line does not end with CR LF");
    const auto line = within.substr(signature_1.size(), end - 1 - signature_1.size());
    if (line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos)
        return failed("PROXY: a byte that no line has");
    return read_line(line, end + 1);
}

// ---- Version 2: binary ----

// False when they do not fill what is there.
bool read_tlvs(std::string_view tlvs, ProxyHeader& header) {
    while (!tlvs.empty()) {
        if (tlvs.size() < 3) return false;
        const std::size_t length = number_at(tlvs, 1);
        if (tlvs.size() - 3 < length) return false;
        const auto value = tlvs.substr(3, length);
        if (byte_at(tlvs, 0) == tlv_ssl && !value.empty())
            header.is_secure = (byte_at(value, 0) & client_used_ssl) != 0;
        tlvs.remove_prefix(3 + length);
    }
    return true;
}

ProxyHeader read_addresses(std::string_view body, int family, ProxyHeader header) {
    const std::size_t width = family == AF_INET ? 4 : 16;
    const std::size_t size = 2 * width + 4;
    if (body.size() < size) return failed("PROXY: shorter than its addresses");
    std::array<char, INET6_ADDRSTRLEN> text{};
    header.address = ::inet_ntop(family, body.data(), text.data(), text.size());
    header.port = number_at(body, 2 * width);
    if (!read_tlvs(body.substr(size), header)) return failed("PROXY: a TLV is longer than its header");
    return header;
}

ProxyHeader read_version_2(std::string_view bytes) {
    if (bytes.size() < head_2) return {};
    const auto version_and_command = byte_at(bytes, 12);
    const auto family_and_transport = byte_at(bytes, 13);
    const std::size_t size = head_2 + number_at(bytes, 14);
    if (version_and_command >> 4U != 2) return failed("PROXY: another version than 2");
    const auto command = version_and_command & 0x0FU;
    if (command > 1) return failed("PROXY: neither LOCAL nor PROXY");
    if (size > longest_proxy_header) return failed("PROXY: the header is too long");
    if (bytes.size() < size) return {};
    ProxyHeader header{.state = ProxyHeader::State::done, .size = size};
    if (command == 0) return header;  // what follows is to be ignored
    const auto body = bytes.substr(head_2, size - head_2);
    switch (family_and_transport) {
        case 0x11: return read_addresses(body, AF_INET, std::move(header));
        case 0x21: return read_addresses(body, AF_INET6, std::move(header));
        case 0x00:  // UNSPEC
        case 0x31:  // a Unix socket
        case 0x32: return header;
        default: return failed("PROXY: no TCP");
    }
}

bool may_begin(std::string_view bytes, std::string_view signature) {
    return signature.starts_with(bytes.substr(0, signature.size()));
}

}  // namespace

ProxyHeader read_proxy_header(std::string_view bytes) {
    if (bytes.starts_with(signature_2)) return read_version_2(bytes);
    if (bytes.starts_with(signature_1)) return read_version_1(bytes);
    if (may_begin(bytes, signature_2) || may_begin(bytes, signature_1)) return {};
    return failed("PROXY: no header");
}

}  // namespace http
