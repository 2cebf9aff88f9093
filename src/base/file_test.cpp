#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/descriptor.h"

namespace base {
namespace {

class ReadFileTest : public testing::Test {
protected:
    ReadFileTest() {
        std::filesystem::create_directories(folder_);
        std::ofstream(folder_ / "key.pem", std::ios::binary) << std::string("k\0e\ny\r", 6);
        std::ofstream(folder_ / "empty.pem");
        std::filesystem::create_symlink("key.pem", folder_ / "link.pem");
        std::filesystem::create_symlink("loop.pem", folder_ / "loop.pem");
        EXPECT_EQ(::mkfifo((folder_ / "pipe.pem").c_str(), 0600), 0);
        std::filesystem::create_symlink("pipe.pem", folder_ / "to_pipe.pem");
    }
    ~ReadFileTest() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path folder_ = testing::TempDir() + "read_file";
};

TEST_F(ReadFileTest, GivesTheBytesOfAFileAndSaysWhatElseThereIs) {
    struct Case {
        std::string path;
        std::size_t most_bytes;
        std::string bytes;
        std::string fault;
    };
    const std::string key("k\0e\ny\r", 6);
    const auto in = [this](std::string_view name) { return (folder_ / name).string(); };
    for (const auto& [path, most_bytes, bytes, fault] : {
             Case{in("key.pem"), 100, key, ""},
             Case{in("key.pem"), 6, key, ""},
             Case{in("key.pem"), 5, "", "is larger than 5 bytes"},
             Case{in("link.pem"), 100, key, ""},
             Case{in("empty.pem"), 0, "", ""},
             Case{in("nothing.pem"), 100, "", "cannot be read: No such file or directory"},
             Case{in("key.pem/more"), 100, "", "cannot be read: Not a directory"},
             Case{in("loop.pem"), 100, "", "cannot be read: Too many levels of symbolic links"},
             Case{in(""), 100, "", "is a folder, not a file"},
             Case{in("pipe.pem"), 100, "", "is a pipe, not a file"},
             Case{in("to_pipe.pem"), 100, "", "is a pipe, not a file"},
             Case{"/dev/zero", 100, "", "is a device, not a file"},
             Case{"/dev/null", 100, "", "is a device, not a file"},
             Case{"", 100, "", "cannot be read: No such file or directory"},
             Case{in("key.pem") + std::string(1, '\0'), 100, "", "cannot be read: its path has a byte 0"},
             Case{"/proc/self/status", 10, "", "is larger than 10 bytes"},  // it says that its size is 0
             Case{"/" + std::string(5'000, 'a'), 100, "", "cannot be read: File name too long"},
         }) {
        const auto read = read_file(path, most_bytes);
        EXPECT_EQ(read.has_value(), fault.empty()) << path;
        EXPECT_EQ(read.value_or(""), bytes) << path;
        EXPECT_EQ(read ? "" : read.error(), fault) << path;
    }
}

TEST_F(ReadFileTest, RefusesASocket) {
    const auto path = (folder_ / "s").string();
    const Descriptor listener(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    ASSERT_LT(path.size(), sizeof(address.sun_path));
    path.copy(address.sun_path, path.size());
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(read_file(path, 100).error(), "is a socket, not a file");
}

TEST_F(ReadFileTest, SaysThatItMayNot) {
    if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
    std::filesystem::permissions(folder_ / "key.pem", std::filesystem::perms::none);
    EXPECT_EQ(read_file(folder_ / "key.pem", 100).error(), "cannot be read: Permission denied");
}

}  // namespace
}  // namespace base
