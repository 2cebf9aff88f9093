#pragma once
// What the tests of the development mode share: a directory that goes away, in which PostgreSQL's user may pass.
//
//     TemporaryDirectory scratch;
//     DataDirectory directory(scratch.path() / "data");

#include <unistd.h>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace app::dev {

class TemporaryDirectory {
public:
    explicit TemporaryDirectory(std::filesystem::perms permissions = std::filesystem::perms(0755)) {
        std::string pattern = "/tmp/backend-api-dev-test.XXXXXX";
        if (mkdtemp(pattern.data()) == nullptr) std::abort();
        path_ = std::filesystem::canonical(pattern);
        std::filesystem::permissions(path_, permissions);
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

inline std::string read_text(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

// Until `condition` holds; false after 20 s.
inline bool eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
}

// Ids of the processes that work in `directory` or below it, as PostgreSQL's, Redis's and their children do.
inline std::vector<int> processes_in(const std::filesystem::path& directory) {
    std::vector<int> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        std::error_code error;
        const auto where = std::filesystem::read_symlink(entry.path() / "cwd", error);
        if (!error && where.string().starts_with(directory.string() + "/"))
            found.push_back(std::atoi(entry.path().filename().c_str()));
    }
    return found;
}

}  // namespace app::dev
