#include "testing/redis_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <stdexcept>
#include <thread>

namespace testing {

namespace {

using namespace std::chrono_literals;

bool is_free(int port) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool bound = ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(listener);
    return bound;
}

// Below the range from which the kernel takes the ports of outgoing connections: while the server is stopped nobody may get its
// port by chance, least of all a client that tries to reach it. Somebody else may take it before Redis does; the constructor tries
// again then.
int free_port() {
    std::random_device random;
    std::uniform_int_distribution ports(12'000, 31'999);
    for (int attempt = 0; attempt < 100; ++attempt) {
        if (const int port = ports(random); is_free(port)) return port;
    }
    throw std::runtime_error("RedisServer: no free port");
}

std::string make_directory() {
    std::string path = (std::filesystem::temp_directory_path() / "redis-test.XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("RedisServer: no temporary directory");
    return path;
}

int connect_unix(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket;
    ::close(socket);
    return -1;
}

}  // namespace

RedisServer::RedisServer(RedisServerOptions options) : options_(std::move(options)), directory_(make_directory()) {
    if (options_.tls) make_certificate();
    for (int attempt = 0; attempt < 5; ++attempt) {
        port_ = free_port();
        try {
            start();
            return;
        } catch (const std::exception&) {
            if (attempt == 4) throw;
        }
    }
}

RedisServer::~RedisServer() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void RedisServer::make_certificate() const {
    const std::string make =
        "cd '" + directory_ +
        "' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout "
        "key.pem -out authority.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost "
        ">openssl.log 2>&1";
    if (std::system(make.c_str()) != 0) throw std::runtime_error("RedisServer: openssl made no certificate");
}

void RedisServer::spawn() {
    std::vector<std::string> words{"redis-server",
                                   "--dir",
                                   directory_,
                                   "--unixsocket",
                                   directory_ + "/socket",
                                   "--bind",
                                   "127.0.0.1",
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "no",
                                   "--logfile",
                                   "log",
                                   "--port",
                                   std::to_string(port_)};
    if (options_.tls) {
        words.back() = "0";
        words.insert(words.end(),
                     {"--tls-port", std::to_string(port_), "--tls-cert-file", "authority.pem", "--tls-key-file",
                      "key.pem", "--tls-ca-cert-file", "authority.pem", "--tls-auth-clients", "no"});
    }
    words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    process_ = ::fork();
    if (process_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nowhere = ::open("/dev/null", O_RDWR);
    ::dup2(nowhere, 1);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
}

void RedisServer::start() {
    spawn();
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!answers()) {
        const bool ended = ::waitpid(process_, nullptr, WNOHANG) == process_;
        if (ended) process_ = -1;
        if (ended || std::chrono::steady_clock::now() > deadline) {
            kill();
            throw std::runtime_error("RedisServer: redis-server did not start");
        }
        std::this_thread::sleep_for(5ms);
    }
}

bool RedisServer::answers() const {
    const int socket = connect_unix(directory_ + "/socket");
    if (socket < 0) return false;
    constexpr std::string_view ping = "*1\r\n$4\r\nPING\r\n";
    std::array<char, 64> answer{};
    const bool sent = ::send(socket, ping.data(), ping.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(ping.size());
    const auto size = sent ? ::recv(socket, answer.data(), answer.size(), 0) : 0;
    ::close(socket);
    // "-NOAUTH" is an answer; "-LOADING" is not yet one.
    return size > 0 && !std::string_view(answer.data(), static_cast<std::size_t>(size)).starts_with("-LOADING");
}

void RedisServer::end(int signal) {
    if (process_ < 0) return;
    ::kill(process_, signal);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
    std::error_code ignored;
    std::filesystem::remove(directory_ + "/socket", ignored);
}

void RedisServer::stop() { end(SIGTERM); }

void RedisServer::kill() { end(SIGKILL); }

void RedisServer::freeze(bool frozen) { ::kill(process_, frozen ? SIGSTOP : SIGCONT); }

std::string RedisServer::url() const {
    return (options_.tls ? "rediss://localhost:" : "redis://127.0.0.1:") + std::to_string(port_);
}

std::string RedisServer::unix_url() const { return "unix://" + directory_ + "/socket"; }

std::string RedisServer::command(const std::vector<std::string>& arguments) const {
    std::string bytes = "*" + std::to_string(arguments.size()) + "\r\n";
    for (const auto& argument : arguments) bytes += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
    const int socket = connect_unix(directory_ + "/socket");
    if (socket < 0) throw std::runtime_error("RedisServer: no connection");
    std::array<char, 65536> answer{};
    const bool sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
    const auto size = sent ? ::recv(socket, answer.data(), answer.size(), 0) : 0;
    ::close(socket);
    return {answer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

}  // namespace testing
