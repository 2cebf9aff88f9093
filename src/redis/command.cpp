#include "redis/command.h"

#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "base/strings.h"

namespace redis {

namespace {

constexpr std::size_t longest_header = 23;  // a type, 20 digits and the end of the line

void append_header(std::string& out, char type, std::size_t number) {
    out += type;
    base::append_integer(out, number);
    out += "\r\n";
}

void append_bulk(std::string& out, std::string_view text) {
    append_header(out, '$', text.size());
    out += text;
    out += "\r\n";
}

std::string sha1_hex(std::string_view text) {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1)
        throw std::runtime_error("SHA-1 is not available");
    return base::hex_encode(base::as_chars(std::span(digest).first(size)));
}

}  // namespace

Command::Command(std::string_view name) : name_(name) {}

Command& Command::add(std::string_view argument) & {
    append_bulk(arguments_, argument);
    ++count_;
    return *this;
}

Command&& Command::add(std::string_view argument) && { return std::move(add(argument)); }

Command& Command::add_number(std::int64_t number) & {
    std::array<char, 20> digits{};
    const auto* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return add(std::string_view(digits.data(), end));
}

Command&& Command::add_number(std::int64_t number) && { return std::move(add_number(number)); }

Command&& Command::add_all(std::span<const std::string> arguments) && {
    for (const auto& argument : arguments) add(argument);
    return std::move(*this);
}

Command&& Command::repeatable(bool yes) && {
    repeatable_ = yes;
    return std::move(*this);
}

Command&& Command::blocks_for(std::chrono::milliseconds time) && {
    block_time_ = time;
    return std::move(*this);
}

Command&& Command::labelled(std::string_view label) && {
    label_ = label;
    return std::move(*this);
}

void Command::encode(std::string& out) const {
    append_header(out, '*', count_);
    append_bulk(out, name_);
    out += arguments_;
}

std::size_t Command::size() const noexcept { return arguments_.size() + name_.size() + 2 * longest_header + 2; }

Script script_of(std::string_view name, std::string_view text, std::size_t keys) {
    return {.name = name, .text = text, .sha1 = sha1_hex(text), .keys = keys};
}

}  // namespace redis
