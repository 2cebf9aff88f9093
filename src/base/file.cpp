#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>

#include "base/descriptor.h"

namespace base {

namespace {

std::string unreadable() { return "cannot be read: " + std::generic_category().message(errno); }

// Empty: a regular file.
std::string_view other_kind(const struct stat& status) {
    switch (status.st_mode & S_IFMT) {
        case S_IFREG: return {};
        case S_IFDIR: return "is a folder, not a file";
        case S_IFIFO: return "is a pipe, not a file";
        case S_IFSOCK: return "is a socket, not a file";
        default: return "is a device, not a file";
    }
}

// One byte more than may be there at most. errno is set when it fails.
bool read_all(int file, std::string& bytes) {
    std::size_t size = 0;
    while (size < bytes.size()) {
        const auto count = ::read(file, bytes.data() + size, bytes.size() - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return false;
        if (count == 0) break;
        size += static_cast<std::size_t>(count);
    }
    bytes.resize(size);
    return true;
}

}  // namespace

std::expected<std::string, std::string> read_file(const std::string& path, std::size_t most_bytes) {
    struct stat status{};
    // A path ends where a system call sees its end.
    if (path.contains('\0')) return std::unexpected("cannot be read: its path has a byte 0");
    // Opening a device may do something, so it is looked at first; and again, as another one may have come in its place.
    if (::stat(path.c_str(), &status) != 0) return std::unexpected(unreadable());
    if (const auto kind = other_kind(status); !kind.empty()) return std::unexpected(std::string(kind));
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file || ::fstat(file.get(), &status) != 0) return std::unexpected(unreadable());
    if (const auto kind = other_kind(status); !kind.empty()) return std::unexpected(std::string(kind));
    // Its size is what it says; some say 0 (/proc), and others grow.
    std::string bytes(most_bytes + 1, '\0');
    if (!read_all(file.get(), bytes)) return std::unexpected(unreadable());
    if (bytes.size() > most_bytes) return std::unexpected("is larger than " + std::to_string(most_bytes) + " bytes");
    return bytes;
}

}  // namespace base
