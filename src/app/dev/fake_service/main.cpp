// A stand-in for the service, for the tests of the development mode. It notes each command in $FAKE_DIRECTORY/calls, fails the
// command that $FAKE_DIRECTORY/fail names, and on `serve` answers every request with 200 until SIGTERM, which it notes too
// ("drain": not even then; "slow": after it has asked for a minute, and taken some of it). Once it listens it says so over
// NOTIFY_SOCKET ("silent": it does not), with the addresses that are in $FAKE_DIRECTORY/addresses.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

volatile std::sig_atomic_t stopping = 0;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

void note(const std::string& line) {
    std::ofstream(variable("FAKE_DIRECTORY") + "/calls", std::ios::app) << line << std::endl;
}

bool told_to_fail(std::string_view command) {
    std::string failing;
    std::ifstream(variable("FAKE_DIRECTORY") + "/fail") >> failing;
    return failing == command;
}

int listen_on(std::uint16_t port) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool bound = bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    return bound && listen(listener, 16) == 0 ? listener : -1;
}

void answer(int connection) {
    char request[1024];
    [[maybe_unused]] const auto received = recv(connection, request, sizeof request, 0);
    constexpr std::string_view reply = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    [[maybe_unused]] const auto sent = send(connection, reply.data(), reply.size(), MSG_NOSIGNAL);
    close(connection);
}

void tell(const std::string& state) {
    const std::string name = variable("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path);
    address.sun_path[0] = '\0';  // "@…"
    const int out = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    [[maybe_unused]] const auto sent =
        sendto(out, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
               static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size()));
    close(out);
}

std::string addresses() {
    std::ifstream given(variable("FAKE_DIRECTORY") + "/addresses");
    const std::string text{std::istreambuf_iterator<char>(given), {}};
    return text.empty() ? "X_API_URL=http://localhost:" + variable("PORT") + "\n" : text;
}

int serve() {
    struct sigaction action{};
    action.sa_handler = [](int) { stopping = 1; };
    sigaction(SIGTERM, &action, nullptr);  // without SA_RESTART: accept() ends
    const int listener = listen_on(static_cast<std::uint16_t>(std::stoi(variable("PORT"))));
    if (listener < 0) return 1;
    if (!told_to_fail("silent")) tell("READY=1\n" + addresses());
    while (stopping == 0 || told_to_fail("drain")) {
        const int connection = accept(listener, nullptr, nullptr);
        if (connection >= 0) answer(connection);
    }
    tell("STOPPING=1\nEXTEND_TIMEOUT_USEC=60000000\n");
    if (told_to_fail("slow")) usleep(600'000);
    note("drained");
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    std::string command;
    for (int index = 1; index < count; ++index) command += (index > 1 ? "-" : "") + std::string(arguments[index]);
    note(command + " " + std::to_string(getpid()));
    if (told_to_fail(command)) return 1;
    std::ofstream(variable("FAKE_DIRECTORY") + "/environment") << variable("DATABASE_URL") << '\n'
                                                               << variable("APP_ENV") << '\n';
    return command == "serve" ? serve() : 0;
}
