#pragma once
// Files that somebody else names: keys, certificates, what a setting gives the path of.
//
//     const auto pem = base::read_file(settings.key_file, 16 * 1024);
//     if (!pem) issues.add("/KEY_FILE", "invalid_key", "the file " + pem.error());     // "is a pipe, not a file"

#include <cstddef>
#include <expected>
#include <string>

namespace base {

// All bytes of a regular file, links followed; or why there are none, as the end of a sentence about the file, without its path. It
// never waits: a pipe, a device, a socket and a folder are refused before a byte is read, as is a file of more than `most_bytes`.
[[nodiscard]] std::expected<std::string, std::string> read_file(const std::string& path, std::size_t most_bytes);

}  // namespace base
