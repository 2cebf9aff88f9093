#pragma once
// Files below one directory, for static_files.cpp. open() and read() block: call them on a pool. No path leaves the directory.
// Thread-safe.
//
//     http::FileReader reader("public");
//     auto found = reader.open("js/app.js");
//     if (found.kind == http::FileReader::Kind::file) reader.read_at(found.descriptor, 0, bytes);

#include <cstdint>
#include <string>

#include "base/descriptor.h"

namespace http {

class FileReader {
public:
    enum class Kind : std::uint8_t { missing, directory, file };
    struct Found {
        Kind kind = Kind::missing;
        base::Descriptor descriptor;
        std::uint64_t size = 0;
        std::int64_t modified_ns = 0;  // since 1970
    };

    // Throws std::system_error when there is no such directory.
    explicit FileReader(const std::string& directory);

    // `path` is relative, without "." and "..". What is neither a regular file nor a directory is missing.
    [[nodiscard]] Found open(const std::string& path) const;
    // Fewer than `size` bytes only at the end of the file. Throws std::system_error.
    [[nodiscard]] static std::string read_at(const base::Descriptor& file, std::uint64_t offset, std::size_t size);

private:
    base::Descriptor root_;
};

}  // namespace http
