#include "app/dev/data_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>

#include "base/strings.h"

namespace app::dev {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view marker_name = ".backend-api-development";
constexpr std::string_view lock_name = "lock";

[[noreturn]] void fail(const fs::path& path, int error) {
    throw StartFailure(fmt::format("{}: {}", path.string(), std::strerror(error)));
}

bool holds_only_the_lock(const fs::path& path) {
    for (const auto& entry : fs::directory_iterator(path)) {
        if (entry.path().filename() != lock_name) return false;
    }
    return true;
}

}  // namespace

DataDirectory::DataDirectory(const fs::path& path) {
    std::error_code error;
    fs::create_directories(path, error);
    if (error) fail(path, error.value());
    path_ = fs::canonical(path, error);
    if (error) fail(path, error.value());
    if (access(path_.c_str(), R_OK | W_OK | X_OK) != 0) {
        throw StartFailure(fmt::format("{} belongs to another user: start as that user, or delete it", path_.string()));
    }
    // Before anything is written there.
    refuse_foreign();
    lock();
    // Root's PostgreSQL runs as another user, who passes through but may not look around.
    if (chmod(path_.c_str(), geteuid() == 0 ? 0711 : 0700) != 0) fail(path_, errno);
    const fs::path marker = path_ / marker_name;
    is_new_ = !fs::exists(marker);
    if (is_new_) std::ofstream(marker) << "Made by `backend-api dev`; `--fresh` deletes what is beside this file.\n";
}

void DataDirectory::refuse_foreign() const {
    if (fs::exists(path_ / marker_name) || holds_only_the_lock(path_)) return;
    throw StartFailure(
        fmt::format("{} is not empty and was not made by `backend-api dev` (no {} in it): choose another "
                    "directory with --data-dir",
                    path_.string(), marker_name));
}

void DataDirectory::lock() {
    const fs::path file = path_ / lock_name;
    lock_ = Descriptor(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock_) fail(file, errno);
    if (flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
        const auto holder = read_pid_file(file);
        throw StartFailure(
            fmt::format("{} is in use by {}: stop that one first (Ctrl-C in its terminal{}), or choose another "
                        "directory with --data-dir",
                        path_.string(), holder ? fmt::format("process {}", *holder) : "another process",
                        holder ? fmt::format(", or `kill {}`", *holder) : ""));
    }
    const std::string id = fmt::format("{}\n", getpid());
    if (ftruncate(lock_.get(), 0) != 0 || pwrite(lock_.get(), id.data(), id.size(), 0) < 0) fail(file, errno);
}

void DataDirectory::wipe() {
    for (const auto& entry : fs::directory_iterator(path_)) {
        const auto name = entry.path().filename();
        if (name != marker_name && name != lock_name) fs::remove_all(entry.path());
    }
    is_new_ = false;
}

void ensure_directory(const fs::path& path, const User& owner, mode_t mode) {
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) fail(path, errno);
    const Descriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) fail(path, errno);
    struct stat status{};
    if (fstat(directory.get(), &status) != 0) fail(path, errno);
    if (status.st_uid != owner.user && status.st_uid != geteuid()) {
        throw StartFailure(fmt::format("{} belongs to another user: remove it", path.string()));
    }
    const bool foreign = status.st_uid != owner.user;
    if (foreign && fchown(directory.get(), owner.user, owner.group) != 0) fail(path, errno);
    if ((status.st_mode & 07777) != mode && fchmod(directory.get(), mode) != 0) fail(path, errno);
}

bool can_reach(const User& user, const fs::path& path) {
    for (fs::path directory = path;; directory = directory.parent_path()) {
        struct stat status{};
        if (stat(directory.c_str(), &status) != 0) return false;
        const mode_t needed = status.st_uid == user.user ? S_IXUSR : status.st_gid == user.group ? S_IXGRP : S_IXOTH;
        if ((status.st_mode & needed) == 0) return false;
        if (directory == directory.parent_path()) return true;
    }
}

bool works_in(pid_t id, const fs::path& directory) {
    std::error_code error;
    return fs::read_symlink(fmt::format("/proc/{}/cwd", id), error) == directory && !error;
}

std::optional<pid_t> read_pid_file(const fs::path& file) {
    std::string line;
    std::ifstream stream(file);
    std::getline(stream, line);
    const auto id = base::parse_integer<pid_t>(base::trim(line));
    return id && *id > 1 ? id : std::nullopt;
}

}  // namespace app::dev
