#include "testing/scripted_smtp_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <condition_variable>
#include <csignal>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/strings.h"
#include "testing/test_certificate.h"

namespace testing {

namespace {

std::string verb_of(std::string_view line) {
    std::string verb(line.substr(0, std::min(line.find_first_of(" :"), line.size())));
    std::ranges::transform(verb, verb.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return verb;
}

// "MAIL FROM:<a@example.com> SIZE=1"
std::string path_of(std::string_view line) {
    const auto begin = line.find('<');
    return std::string(line.substr(begin + 1, line.find('>', begin) - begin - 1));
}

}  // namespace

struct ScriptedSmtpServer::Impl {
    // One connection. Its socket is closed by its own thread alone.
    struct Session {
        int socket = -1;
        std::size_t number = 0;
        SSL* tls = nullptr;
        std::string unread;
        Mail mail;
        std::string said;  // the answer of a script
    };

    Impl(Script given, Options wanted)
        : script(std::move(given)), options(std::move(wanted)), certificate(options.certificate_names) {
        context = certificate.server_context();
        listen();
        accepting = std::thread([this] { accept_loop(); });
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
            for (const int socket : sockets) ::shutdown(socket, SHUT_RDWR);
        }
        changed.notify_all();
        ::shutdown(listener, SHUT_RDWR);
        accepting.join();
        for (auto& thread : threads) thread.join();
        ::close(listener);
        SSL_CTX_free(context);
    }

    void listen() {
        listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        ::inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
        socklen_t size = sizeof at;
        if (::bind(listener, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(listener, 128) != 0 ||
            ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) != 0)
            throw std::runtime_error("ScriptedSmtpServer: cannot listen");
        port = ntohs(at.sin_port);
    }

    void accept_loop() {
        for (;;) {
            const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket < 0) return;
            const std::lock_guard lock(mutex);
            if (stopping) {
                ::close(socket);
                return;
            }
            sockets.push_back(socket);
            threads.emplace_back([this, socket, number = connections++] { serve(socket, number); });
        }
    }

    void serve(int socket, std::size_t number) {
        // OpenSSL writes without MSG_NOSIGNAL.
        sigset_t pipe{};
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
        Session session{.socket = socket, .number = number};
        if (options.tls != Options::Tls::implicit || start_tls(session)) converse(session);
        const std::lock_guard lock(mutex);
        if (session.tls != nullptr) SSL_free(session.tls);
        std::erase(sockets, socket);
        ::close(socket);
        changed.notify_all();
    }

    [[nodiscard]] bool start_tls(Session& session) const {
        session.tls = SSL_new(context);
        SSL_set_fd(session.tls, session.socket);
        return SSL_accept(session.tls) == 1;
    }

    void converse(Session& session) {
        if (!answer(session, "GREETING", "", "220 test ESMTP")) return;
        for (;;) {
            const auto line = read_line(session);
            if (!line || !take(session, *line)) return;
        }
    }

    // ---- Commands

    bool take(Session& session, const std::string& line) {
        const auto verb = verb_of(line);
        if (verb == "EHLO") return answer(session, verb, line, hello(session));
        if (verb == "STARTTLS")
            return answer(session, verb, line, "220 go") && (is_refused(session) || start_tls(session));
        if (verb == "AUTH") return take_auth(session, line);
        if (verb == "MAIL") {
            session.mail = {.from = path_of(line), .connection = session.number};
            return answer(session, verb, line, "250 2.1.0 ok");
        }
        if (verb == "RCPT") {
            if (!answer(session, verb, line, "250 2.1.5 ok")) return false;
            if (!is_refused(session)) session.mail.to.push_back(path_of(line));
            return true;
        }
        if (verb == "DATA")
            return answer(session, verb, line, "354 go on") && (is_refused(session) || take_content(session));
        if (verb == "RSET") return answer(session, verb, line, "250 2.0.0 ok");
        if (verb == "QUIT") {
            static_cast<void>(answer(session, verb, line, "221 2.0.0 bye"));
            return false;
        }
        return answer(session, verb, line, "502 5.5.1 what?");
    }

    [[nodiscard]] std::string hello(const Session& session) const {
        auto extensions = options.extensions;
        if (options.tls == Options::Tls::starttls && session.tls == nullptr) extensions.emplace_back("STARTTLS");
        std::string reply = extensions.empty() ? "250 test" : "250-test";
        for (std::size_t i = 0; i < extensions.size(); ++i)
            reply += "\r\n250" + std::string(i + 1 == extensions.size() ? " " : "-") + extensions[i];
        return reply;
    }

    bool take_auth(Session& session, const std::string& line) {
        const auto judged = [&](bool is_right) { return is_right ? "235 2.7.0 welcome" : "535 5.7.8 wrong"; };
        if (line.starts_with("AUTH PLAIN ")) {
            const auto wanted = base::base64_encode(std::string{'\0'} + options.user + '\0' + options.password);
            return answer(session, "AUTH", line, judged(line.substr(11) == wanted));
        }
        if (!answer(session, "AUTH", line, "334 VXNlcm5hbWU6")) return false;
        if (is_refused(session)) return true;
        const auto user = read_line(session);
        if (!user || !answer(session, "AUTH", *user, "334 UGFzc3dvcmQ6")) return false;
        if (is_refused(session)) return true;
        const auto password = read_line(session);
        return password && answer(session, "AUTH", *password,
                                  judged(base::base64_decode(*user) == options.user &&
                                         base::base64_decode(*password) == options.password));
    }

    bool take_content(Session& session) {
        for (;;) {
            auto line = read_line(session);
            if (!line) return false;
            if (*line == ".") break;
            session.mail.content += line->starts_with('.') ? line->substr(1) : *line;
            session.mail.content += "\r\n";
        }
        {
            const std::lock_guard lock(mutex);
            if (options.keeps) received.push_back(session.mail);
        }
        changed.notify_all();
        return answer(session, "CONTENT", "", "250 2.0.0 taken");
    }

    // ---- Replies

    // The script's last answer was 4xx or 5xx.
    static bool is_refused(const Session& session) {
        return session.said.starts_with('4') || session.said.starts_with('5');
    }

    // False when the connection is not to be used any more.
    bool answer(Session& session, std::string_view verb, const std::string& line, std::string_view usual) {
        Command command{.verb = std::string(verb), .line = line, .connection = session.number};
        {
            const std::lock_guard lock(mutex);
            command.nth = counts[command.verb]++;
            if (options.keeps) commands.push_back(command);
        }
        changed.notify_all();
        auto scripted = script ? script(command) : std::nullopt;
        const auto with = scripted ? *std::move(scripted) : Answer().send(std::string(usual) + "\r\n");
        session.said = with.steps().empty() ? "" : with.steps().front().bytes;
        // Before it is said: who hears it may ask at once.
        if (verb == "CONTENT" && options.keeps && session.said.starts_with('2')) {
            const std::lock_guard lock(mutex);
            accepted.push_back(session.mail);
        }
        return std::ranges::all_of(with.steps(), [&](const Answer::Step& step) { return take_step(session, step); });
    }

    bool take_step(Session& session, const Answer::Step& step) {
        using Kind = Answer::Step::Kind;
        switch (step.kind) {
            case Kind::send: return send(session, step.bytes);
            case Kind::wait: return pause(step.pause);
            case Kind::hold:
                while (read_more(session)) {}
                return false;
            case Kind::reset: {
                const linger at_once{.l_onoff = 1, .l_linger = 0};
                ::setsockopt(session.socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
                return false;
            }
            case Kind::close: return false;
            case Kind::drip:
            case Kind::flood: break;
        }
        throw std::logic_error("ScriptedSmtpServer: it neither drips nor floods");
    }

    bool pause(std::chrono::milliseconds time) {
        std::unique_lock lock(mutex);
        return !changed.wait_for(lock, time, [this] { return stopping; });
    }

    static bool send(const Session& session, std::string_view bytes) {
        while (!bytes.empty()) {
            const auto size =
                session.tls != nullptr
                    ? static_cast<ssize_t>(SSL_write(session.tls, bytes.data(), static_cast<int>(bytes.size())))
                    : ::send(session.socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (size <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(size));
        }
        return true;
    }

    static bool read_more(Session& session) {
        std::array<char, 65536> room{};
        const auto size = session.tls != nullptr
                              ? static_cast<ssize_t>(SSL_read(session.tls, room.data(), static_cast<int>(room.size())))
                              : ::recv(session.socket, room.data(), room.size(), 0);
        if (size <= 0) return false;
        session.unread.append(room.data(), static_cast<std::size_t>(size));
        return true;
    }

    static std::optional<std::string> read_line(Session& session) {
        std::size_t end = 0;
        while ((end = session.unread.find("\r\n")) == std::string::npos)
            if (!read_more(session)) return std::nullopt;
        auto line = session.unread.substr(0, end);
        session.unread.erase(0, end + 2);
        return line;
    }

    Script script;
    Options options;
    TestCertificate certificate;
    SSL_CTX* context = nullptr;
    int listener = -1;
    std::uint16_t port = 0;

    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    bool stopping = false;
    std::vector<int> sockets;
    std::vector<std::thread> threads;
    std::size_t connections = 0;
    std::vector<Mail> received;
    std::vector<Mail> accepted;
    std::vector<Command> commands;
    std::map<std::string, std::size_t> counts;
    std::thread accepting;
};

ScriptedSmtpServer::ScriptedSmtpServer(Script script) : ScriptedSmtpServer(std::move(script), Options{}) {}

ScriptedSmtpServer::ScriptedSmtpServer(Script script, Options options)
    : impl_(std::make_unique<Impl>(std::move(script), std::move(options))) {}

ScriptedSmtpServer::~ScriptedSmtpServer() = default;

std::uint16_t ScriptedSmtpServer::port() const noexcept { return impl_->port; }

const std::string& ScriptedSmtpServer::certificate_file() const noexcept { return impl_->certificate.file(); }

std::vector<ScriptedSmtpServer::Mail> ScriptedSmtpServer::received() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->received;
}

std::vector<ScriptedSmtpServer::Mail> ScriptedSmtpServer::accepted() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->accepted;
}

std::vector<ScriptedSmtpServer::Command> ScriptedSmtpServer::commands() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->commands;
}

std::size_t ScriptedSmtpServer::connection_count() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->connections;
}

std::size_t ScriptedSmtpServer::open_connections() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->sockets.size();
}

void ScriptedSmtpServer::hang_up(std::string_view farewell) {
    const std::lock_guard lock(impl_->mutex);
    for (const int socket : impl_->sockets) {
        if (!farewell.empty()) static_cast<void>(::send(socket, farewell.data(), farewell.size(), MSG_NOSIGNAL));
        ::shutdown(socket, SHUT_RDWR);
    }
}

bool ScriptedSmtpServer::wait_until(const std::function<bool(const ScriptedSmtpServer&)>& holds) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!holds(*this)) {
        std::unique_lock lock(impl_->mutex);
        if (std::chrono::steady_clock::now() >= end) return false;
        impl_->changed.wait_for(lock, std::chrono::milliseconds(10));
    }
    return true;
}

}  // namespace testing
