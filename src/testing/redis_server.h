#pragma once
// RedisServer: a Redis of its own for a test, to be stopped, killed and started again on the same port. It lives in a temporary
// directory, keeps nothing on disk unless told to, and dies with the test. It blocks; any one thread.
//
//     testing::RedisServer server({.arguments = {"--requirepass", "secret"}});      // throws when it does not start
//     auto endpoint = redis::parse_url(server.url());
//     server.kill();
//     server.start();

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace testing {

struct RedisServerOptions {
    std::vector<std::string> arguments = {};  // "--maxmemory", "10mb"
    bool tls = false;                         // the port speaks TLS, with a certificate of its own for localhost
};

class RedisServer {
public:
    explicit RedisServer(RedisServerOptions options = {});
    ~RedisServer();
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    // Returns when it answers.
    void start();
    void stop();               // SIGTERM: as a restart by its supervisor
    void kill();               // SIGKILL
    void freeze(bool frozen);  // SIGSTOP and SIGCONT: accepts connections, answers nothing

    [[nodiscard]] int port() const noexcept { return port_; }
    [[nodiscard]] std::string url() const;       // redis://127.0.0.1:port or rediss://localhost:port
    [[nodiscard]] std::string unix_url() const;  // of its Unix socket
    [[nodiscard]] std::string authority_file() const { return directory_ + "/authority.pem"; }
    // One command through the Unix socket, as Redis writes the reply; for what a test does behind the client's back.
    std::string command(const std::vector<std::string>& arguments) const;

private:
    void make_certificate() const;
    void spawn();
    [[nodiscard]] bool answers() const;
    void end(int signal);

    RedisServerOptions options_;
    std::string directory_;
    int port_ = 0;
    pid_t process_ = -1;
};

}  // namespace testing
