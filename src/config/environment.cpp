#include "config/environment.h"

#include <fmt/format.h>

#include <cstring>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/strings.h"

namespace config {

namespace {

constexpr std::size_t max_file_size = 1U << 20U;

constexpr bool is_name_start(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

class EnvFileParser {
public:
    explicit EnvFileParser(std::string_view text) : text_(text) {}

    std::expected<Environment, FileFault> parse();

private:
    using Outcome = std::optional<FileFault>;

    Outcome read_line();
    Outcome read_value(std::string& value);
    Outcome read_quoted(char quote, std::string& value);
    Outcome finish_line();
    void read_plain(std::string& value);
    std::string_view read_name();

    [[nodiscard]] bool at_end() const { return at_ == text_.size(); }
    [[nodiscard]] char peek() const { return text_[at_]; }
    [[nodiscard]] bool at_line_end() const { return at_end() || peek() == '\n' || peek() == '\r'; }
    void skip_blanks() {
        while (!at_end() && is_blank(peek())) ++at_;
    }
    void skip_comment() {
        while (!at_line_end()) ++at_;
    }
    void end_line() {
        if (!at_end() && peek() == '\r') ++at_;
        if (!at_end() && peek() == '\n') ++at_;
        ++line_;
    }
    [[nodiscard]] FileFault fault(std::string message) const { return {line_, std::move(message)}; }

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t line_ = 1;
    Environment environment_;
};

std::string_view EnvFileParser::read_name() {
    const std::size_t start = at_;
    while (!at_end() && (is_name_start(peek()) || (at_ > start && base::is_ascii_digit(peek())))) ++at_;
    return text_.substr(start, at_ - start);
}

void EnvFileParser::read_plain(std::string& value) {
    const std::size_t start = at_;
    while (!at_line_end() && !(peek() == '#' && (at_ == start || is_blank(text_[at_ - 1])))) ++at_;
    value = std::string(base::trim(text_.substr(start, at_ - start)));
}

EnvFileParser::Outcome EnvFileParser::read_quoted(char quote, std::string& value) {
    const std::size_t opened = line_;
    ++at_;
    while (!at_end() && peek() != quote) {
        char c = text_[at_++];
        if (c == '\n') ++line_;
        if (c == '\\' && quote == '"' && !at_end()) {
            constexpr std::string_view letters = "nrt\"\\";
            constexpr std::string_view meanings = "\n\r\t\"\\";
            if (const std::size_t known = letters.find(peek()); known != std::string_view::npos) {
                c = meanings[known];
                ++at_;
            }
        }
        value.push_back(c);
    }
    if (at_end()) return FileFault{opened, "The quote that opens here is never closed."};
    ++at_;
    return std::nullopt;
}

EnvFileParser::Outcome EnvFileParser::finish_line() {
    skip_blanks();
    if (!at_end() && peek() == '#') skip_comment();
    if (!at_line_end()) return fault("Only a comment may follow the closing quote.");
    return std::nullopt;
}

EnvFileParser::Outcome EnvFileParser::read_value(std::string& value) {
    skip_blanks();
    if (at_line_end()) return std::nullopt;
    const char first = peek();
    if (first != '"' && first != '\'' && first != '`') {
        read_plain(value);
        return std::nullopt;
    }
    if (auto outcome = read_quoted(first, value)) return outcome;
    return finish_line();
}

EnvFileParser::Outcome EnvFileParser::read_line() {
    skip_blanks();
    if (at_line_end()) return std::nullopt;
    if (peek() == '#') {
        skip_comment();
        return std::nullopt;
    }
    std::string_view name = read_name();
    if (name == "export" && !at_end() && is_blank(peek())) {
        skip_blanks();
        name = read_name();
    }
    if (name.empty()) return fault("A line is NAME=value; the name starts with a letter or an underscore.");
    skip_blanks();
    if (at_end() || peek() != '=') return fault("Write " + std::string(name) + "=value: there is no = after the name.");
    ++at_;
    std::string value;
    if (auto outcome = read_value(value)) return outcome;
    environment_.insert_or_assign(std::string(name), std::move(value));
    return std::nullopt;
}

std::expected<Environment, FileFault> EnvFileParser::parse() {
    if (!base::is_utf8(text_)) return std::unexpected(FileFault{0, "The file is not UTF-8."});
    if (text_.find('\0') != std::string_view::npos)
        return std::unexpected(FileFault{0, "The file holds the character U+0000."});
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    while (!at_end()) {
        if (auto outcome = read_line()) return std::unexpected(*std::move(outcome));
        end_line();
    }
    return std::move(environment_);
}

}  // namespace

std::expected<Environment, FileFault> parse_env_file(std::string_view text) { return EnvFileParser(text).parse(); }

std::expected<Environment, FileFault> read_env_file(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::exists(path, error) && !error) return Environment{};
    const auto text = base::read_file(path, max_file_size);
    if (!text) return std::unexpected(FileFault{0, fmt::format("The file {}.", text.error())});
    return parse_env_file(*text);
}

Environment environment_of(const char* const* variables) {
    Environment environment;
    for (; variables != nullptr && *variables != nullptr; ++variables) {
        const std::string_view variable = *variables;
        // The first '=' of "=C:=…"-like oddities is no separator; such variables have no name for us.
        const std::size_t equals = variable.find('=');
        if (equals == 0 || equals == std::string_view::npos) continue;
        environment.try_emplace(std::string(variable.substr(0, equals)), variable.substr(equals + 1));
    }
    return environment;
}

Environment merge(Environment under, const Environment& over) {
    for (const auto& [name, value] : over) under.insert_or_assign(name, value);
    return under;
}

}  // namespace config
