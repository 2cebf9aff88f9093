#pragma once
// Files below one directory, for static_files.cpp. open() and read() block: call them on a pool. No path leaves the directory.
// Thread-safe.
//
//     http::FileReader reader("public");
//     auto found = reader.open("js/app.js");
//     if (found.kind == http::FileReader::Kind::file) reader.read_at(found.descriptor, 0, bytes);

#include <cstdint>
#include <string>
#include <utility>

namespace http {

// Owns a file descriptor.
class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor();
    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] int release() { return std::exchange(number_, -1); }
    [[nodiscard]] bool is_open() const { return number_ >= 0; }

private:
    int number_;
};

class FileReader {
public:
    enum class Kind : std::uint8_t { missing, directory, file };
    struct Found {
        Kind kind = Kind::missing;
        Descriptor descriptor;
        std::uint64_t size = 0;
        std::int64_t modified_ns = 0;  // since 1970
    };

    // Throws std::system_error when there is no such directory.
    explicit FileReader(const std::string& directory);

    // `path` is relative, without "." and "..". What is neither a regular file nor a directory is missing.
    [[nodiscard]] Found open(const std::string& path) const;
    // Fewer than `size` bytes only at the end of the file. Throws std::system_error.
    [[nodiscard]] static std::string read_at(const Descriptor& file, std::uint64_t offset, std::size_t size);

private:
    Descriptor root_;
};

}  // namespace http
