#pragma once
// Where settings come from: the process's environment, over the .env file beside the program (the real environment wins).
// A plain map, so that a test writes it down. Values: any thread.
//
//     const config::Environment environment = config::read_environment(environ, ".env");
//     const auto settings = config::load<Settings>(environment);

#include <expected>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace config {

using Environment = std::map<std::string, std::string, std::less<>>;

// What is wrong with a .env file.
struct FileFault {
    std::size_t line = 0;  // from 1; 0 is the file as a whole
    std::string message;
};

// NAME=value lines, as dotenv reads them: `export ` before the name, `#` comments (after a value only when a blank stands
// before), 'as it stands', "with \n \r \t \" \\ and line breaks", `as it stands, too`. Nothing is interpolated: a `$` is a `$`.
// The last of two lines for one name counts. Refused: names other than [A-Za-z_][A-Za-z0-9_]*, text after a closing
// quote, an open quote, text that is not UTF-8 or holds U+0000.
[[nodiscard]] std::expected<Environment, FileFault> parse_env_file(std::string_view text);

// A file that does not exist is empty; one of more than 1 MiB, or that cannot be read, is a fault.
[[nodiscard]] std::expected<Environment, FileFault> read_env_file(const std::filesystem::path& path);

// `variables` as main's third argument: "NAME=value", ended by a null pointer.
[[nodiscard]] Environment environment_of(const char* const* variables);

// `over` wins.
[[nodiscard]] Environment merge(Environment under, const Environment& over);

}  // namespace config
