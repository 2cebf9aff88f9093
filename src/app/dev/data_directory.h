#pragma once
// The directory that holds everything of a development environment. Claimed by one process at a time: a lock that the
// kernel drops however we end, so that none is ever stale. Wiped only when its marker file says that it is ours.
//
//     DataDirectory directory(".data");        // StartFailure: in use by process 4711; not ours; not writable
//     directory.path() / "redis"
//     directory.wipe();                        // all but the lock and the marker

#include <filesystem>
#include <optional>
#include <string>

#include "app/dev/process.h"

namespace app::dev {

class DataDirectory {
public:
    // Made when missing. One that is not empty and bears no marker is refused: its content is somebody's.
    explicit DataDirectory(const std::filesystem::path& path);

    // Absolute, without symbolic links.
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    // Nothing was in it when it was claimed, and wipe() has not been called since.
    [[nodiscard]] bool is_new() const noexcept { return is_new_; }
    void wipe();

private:
    void refuse_foreign() const;
    void lock();

    std::filesystem::path path_;
    bool is_new_ = false;
    Descriptor lock_;
};

// Makes `path` if need be and sees that it is a directory, not a link, of that owner with exactly that mode. A directory that
// belongs to anybody else is a StartFailure: in /tmp it may be a trap. Root hands its own to `owner`.
void ensure_directory(const std::filesystem::path& path, const User& owner, mode_t mode);

// Whether `user` may pass through every directory down to and including `path`.
[[nodiscard]] bool can_reach(const User& user, const std::filesystem::path& path);

// Whether that process is alive and works in `directory`, as PostgreSQL and Redis do in theirs. A recycled id does not.
[[nodiscard]] bool works_in(pid_t id, const std::filesystem::path& directory);

// The number at the head of a pid file.
[[nodiscard]] std::optional<pid_t> read_pid_file(const std::filesystem::path& file);

}  // namespace app::dev
