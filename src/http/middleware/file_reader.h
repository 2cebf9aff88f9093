#pragma once
// Files below one directory. open() and read_at() block: call them on a pool. No path leaves the directory. Thread-safe.
//
//     const http::FileReader reader("uploads");
//     auto found = co_await async::offload(loop, pool, [&reader, path] { return reader.open(path); });
//     if (found.kind != http::FileReader::Kind::file) throw base::Failure(http::errors::row_not_found);
//     co_return http::File<"image/png">{.content = {pool, std::move(found)}};                    // http/file.h

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

        // For an ETag, without quotes. Size and time in nanoseconds change with every write in practice, so it may be strong, as
        // If-Range needs it.
        [[nodiscard]] std::string tag() const;
        [[nodiscard]] std::string last_modified() const;  // as in the header
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
