#include "http/middleware/file_reader.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "base/strings.h"
#include "base/time.h"
#include "http/errors.h"

namespace http {

namespace {

// O_NONBLOCK: a FIFO must not hold up the thread that opens it.
constexpr int file_flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

int open_beneath(int root, const std::string& path) {
    open_how how{};
    how.flags = file_flags;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    for (int attempt = 0; attempt < 4; ++attempt) {
        const auto descriptor = static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how));
        // openat2(2): EAGAIN when a directory on the way was being renamed.
        if (descriptor >= 0 || errno != EAGAIN) return descriptor;
    }
    return -1;
}

// Where openat2 is missing (before Linux 5.6) or forbidden by a sandbox: step by step, through no symbolic link.
int open_stepwise(int root, const std::string& path) {
    base::Descriptor folder;
    int at = root;
    const auto names = base::split(path, '/');
    for (std::size_t i = 0; i < names.size(); ++i) {
        const bool is_last = i + 1 == names.size();
        const int flags = is_last ? file_flags : O_PATH | O_CLOEXEC | O_DIRECTORY;
        if (names[i].empty() || names[i] == "." || names[i] == "..") return -1;
        base::Descriptor next(openat(at, std::string(names[i]).c_str(), flags | O_NOFOLLOW));
        if (!next) return -1;
        if (is_last) return next.release();
        folder = std::move(next);
        at = folder.get();
    }
    return -1;
}

}  // namespace

std::string FileReader::Found::tag() const { return fmt::format("{:x}-{:x}", size, modified_ns); }

std::string FileReader::Found::last_modified() const {
    return base::format_http_date(
        base::Timestamp(std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::nanoseconds(modified_ns))));
}

FileReader::FileReader(const std::string& directory)
    : root_(::open(directory.c_str(), O_PATH | O_CLOEXEC | O_DIRECTORY)) {
    if (!root_) throw std::system_error(errno, std::generic_category(), "static files: " + directory);
}

FileReader::Found FileReader::open(const std::string& path) const {
    int number = open_beneath(root_.get(), path);
    if (number < 0 && (errno == ENOSYS || errno == EPERM)) number = open_stepwise(root_.get(), path);
    // A file that we cannot open now is not one that is not there.
    if (number < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
        throw base::Failure(errors::overloaded, "no file can be opened");
    }
    Found found{.kind = Kind::missing, .descriptor = base::Descriptor(number)};
    struct stat status{};
    if (number < 0 || fstat(number, &status) != 0) return found;
    if (S_ISDIR(status.st_mode)) found.kind = Kind::directory;
    if (S_ISREG(status.st_mode)) found.kind = Kind::file;
    found.size = static_cast<std::uint64_t>(status.st_size);
    found.modified_ns = (status.st_mtim.tv_sec * std::int64_t{1'000'000'000}) + status.st_mtim.tv_nsec;
    return found;
}

std::string FileReader::read_at(const base::Descriptor& file, std::uint64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t filled = 0;
    while (filled < size) {
        const auto got = pread(file.get(), bytes.data() + filled, size - filled, static_cast<off_t>(offset + filled));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw std::system_error(errno, std::generic_category(), "static files: read");
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    bytes.resize(filled);
    return bytes;
}

}  // namespace http
