#include "testing/scripted_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <utility>

#include "testing/test_certificate.h"

namespace testing {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool same_name(std::string_view left, std::string_view right) {
    return std::ranges::equal(left, right, {}, lower, lower);
}

int choose_protocol(SSL* /*tls*/, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void* /*user*/) {
    constexpr std::string_view own = "\x02h2\x08http/1.1";
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(own.data()), own.size(), offered,
                              offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

}  // namespace

std::string http_reply(int status, std::string_view body, std::string_view headers, std::string_view content_type) {
    auto reply = "HTTP/1.1 " + std::to_string(status) + " Status\r\n";
    if (!content_type.empty()) reply.append("Content-Type: ").append(content_type).append("\r\n");
    reply.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    return reply.append(headers).append("\r\n").append(body);
}

std::string ScriptedServer::Request::header(std::string_view name) const {
    for (std::size_t at = head.find('\n'); at != std::string::npos && at + 1 < head.size();
         at = head.find('\n', at + 1)) {
        auto line = std::string_view(head).substr(at + 1);
        line = line.substr(0, line.find('\r'));
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || !same_name(line.substr(0, colon), name)) continue;
        auto value = line.substr(colon + 1);
        while (value.starts_with(' ')) value.remove_prefix(1);
        return std::string(value);
    }
    return {};
}

// ---- The server -------------------------------------------------------------------------------------------------

struct ScriptedServer::Impl {
    Impl(Script given, Options wanted) : script(std::move(given)), options(std::move(wanted)) {
        if (options.tls) context = certificate.emplace(options.certificate_names).server_context();
        if (options.offers_http2) SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
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
        if (context != nullptr) SSL_CTX_free(context);
    }

    void listen() {
        listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int one = 1;
        ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(static_cast<std::uint16_t>(options.port));
        ::inet_pton(AF_INET, options.address.c_str(), &at.sin_addr);
        socklen_t size = sizeof at;
        if (::bind(listener, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(listener, 512) != 0 ||
            ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) != 0)
            throw std::runtime_error("ScriptedServer: cannot listen");
        port = ntohs(at.sin_port);
    }

    void accept_loop() {
        for (;;) {
            const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket < 0) return;
            const std::lock_guard lock(mutex);
            if (stopping || (options.accepts && connections >= *options.accepts)) {
                ::close(socket);
                if (stopping) return;
                continue;
            }
            sockets.push_back(socket);
            threads.emplace_back([this, socket, number = connections++] { serve(socket, number); });
        }
    }

    struct Peer {
        int socket = -1;
        SSL* tls = nullptr;
        std::string unread;

        [[nodiscard]] bool read_more() {
            std::array<char, 65536> room{};
            const auto size = tls != nullptr
                                  ? static_cast<ssize_t>(SSL_read(tls, room.data(), static_cast<int>(room.size())))
                                  : ::recv(socket, room.data(), room.size(), 0);
            if (size <= 0) return false;
            unread.append(room.data(), static_cast<std::size_t>(size));
            return true;
        }
        [[nodiscard]] bool send(std::string_view bytes) const {
            while (!bytes.empty()) {
                const auto size =
                    tls != nullptr ? static_cast<ssize_t>(SSL_write(tls, bytes.data(), static_cast<int>(bytes.size())))
                                   : ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
                if (size <= 0) return false;
                bytes.remove_prefix(static_cast<std::size_t>(size));
            }
            return true;
        }
    };

    void serve(int socket, std::size_t number) {
        // OpenSSL writes without MSG_NOSIGNAL.
        sigset_t pipe{};
        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
        Peer peer{.socket = socket};
        bool is_up = true;
        if (context != nullptr) {
            peer.tls = SSL_new(context);
            SSL_set_fd(peer.tls, socket);
            is_up = SSL_accept(peer.tls) == 1;
        }
        for (std::size_t nth = 0; is_up; ++nth) {
            Request request{.connection = number, .on_connection = nth};
            is_up = read_request(peer, request) && answer(peer, script(request));
        }
        const std::lock_guard lock(mutex);
        if (peer.tls != nullptr) {
            SSL_shutdown(peer.tls);
            SSL_free(peer.tls);
        }
        std::erase(sockets, socket);
        ::close(socket);
        changed.notify_all();
    }

    bool read_request(Peer& peer, Request& request) {
        std::size_t end = 0;
        while ((end = peer.unread.find("\r\n\r\n")) == std::string::npos)
            if (!peer.read_more()) return false;
        request.head = peer.unread.substr(0, end + 2);
        peer.unread.erase(0, end + 4);
        const auto first = request.head.find(' ');
        request.method = request.head.substr(0, first);
        request.target = request.head.substr(first + 1, request.head.find(' ', first + 1) - first - 1);
        const bool is_whole = same_name(request.header("transfer-encoding"), "chunked") ? read_chunks(peer, request)
                                                                                        : read_length(peer, request);
        if (!is_whole) return false;
        const std::lock_guard lock(mutex);
        received.push_back(request);
        changed.notify_all();
        return true;
    }

    void take_body(Peer& peer, Request& request, std::size_t size) {
        if (options.keep_bodies) request.body.append(peer.unread, 0, size);
        body_bytes += size;
        peer.unread.erase(0, size);
    }

    bool read_exactly(Peer& peer, Request& request, std::uint64_t left) {
        while (left > 0) {
            if (peer.unread.empty() && !peer.read_more()) return false;
            const auto size = std::min<std::uint64_t>(left, peer.unread.size());
            take_body(peer, request, size);
            left -= size;
        }
        return true;
    }

    bool read_length(Peer& peer, Request& request) {
        const auto text = request.header("content-length");
        std::uint64_t length = 0;
        std::from_chars(text.data(), text.data() + text.size(), length);
        return read_exactly(peer, request, length);
    }

    bool read_chunks(Peer& peer, Request& request) {
        for (;;) {
            std::size_t end = 0;
            while ((end = peer.unread.find("\r\n")) == std::string::npos)
                if (!peer.read_more()) return false;
            std::uint64_t size = 0;
            std::from_chars(peer.unread.data(), peer.unread.data() + end, size, 16);
            peer.unread.erase(0, end + 2);
            if (!read_exactly(peer, request, size)) return false;
            while (peer.unread.size() < 2)
                if (!peer.read_more()) return false;
            peer.unread.erase(0, 2);
            if (size == 0) return true;
        }
    }

    // False when the connection is not to be used any more.
    bool answer(Peer& peer, const Answer& with) {
        return std::ranges::all_of(with.steps(), [&](const Answer::Step& step) { return take_step(peer, step); });
    }

    bool take_step(Peer& peer, const Answer::Step& step) {
        using Kind = Answer::Step::Kind;
        switch (step.kind) {
            case Kind::send: return send(peer, step.bytes);
            case Kind::wait: return pause(step.pause);
            case Kind::drip:
                return std::ranges::all_of(step.bytes,
                                           [&](char c) { return send(peer, {&c, 1}) && pause(step.pause); });
            case Kind::flood: return flood(peer, step.count);
            case Kind::hold:
                while (peer.read_more()) {}
                return false;
            case Kind::close: return false;
            case Kind::reset: {
                const linger at_once{.l_onoff = 1, .l_linger = 0};
                ::setsockopt(peer.socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
                return false;
            }
        }
        return false;
    }

    bool send(const Peer& peer, std::string_view bytes) {
        const bool is_sent = peer.send(bytes);
        if (is_sent) sent += bytes.size();
        return is_sent;
    }

    bool flood(const Peer& peer, std::uint64_t count) {
        const std::string zeros(16384, '0');
        while (count > 0) {
            const auto size = std::min<std::uint64_t>(count, zeros.size());
            if (!send(peer, std::string_view(zeros).substr(0, size))) return false;
            count -= size;
        }
        return true;
    }

    // False when the server stops meanwhile.
    bool pause(std::chrono::milliseconds time) {
        std::unique_lock lock(mutex);
        return !changed.wait_for(lock, time, [this] { return stopping; });
    }

    Script script;
    Options options;
    SSL_CTX* context = nullptr;
    std::optional<TestCertificate> certificate;
    int listener = -1;
    int port = 0;

    mutable std::mutex mutex;
    mutable std::condition_variable changed;
    bool stopping = false;
    std::vector<int> sockets;
    std::vector<std::thread> threads;
    std::vector<Request> received;
    std::size_t connections = 0;
    std::atomic<std::uint64_t> sent{0};
    std::atomic<std::uint64_t> body_bytes{0};
    std::thread accepting;
};

ScriptedServer::ScriptedServer(Script script) : ScriptedServer(std::move(script), Options{}) {}

ScriptedServer::ScriptedServer(Script script, Options options)
    : impl_(std::make_unique<Impl>(std::move(script), std::move(options))) {}

ScriptedServer::~ScriptedServer() = default;

int ScriptedServer::port() const noexcept { return impl_->port; }

std::string ScriptedServer::url(std::string_view path) const {
    return (impl_->options.tls ? "https://localhost:" : "http://" + impl_->options.address + ":") +
           std::to_string(impl_->port) + std::string(path);
}

const std::string& ScriptedServer::certificate_file() const noexcept {
    static const std::string none;
    return impl_->certificate ? impl_->certificate->file() : none;
}

std::vector<ScriptedServer::Request> ScriptedServer::requests() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->received;
}

std::size_t ScriptedServer::request_count() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->received.size();
}

std::size_t ScriptedServer::connection_count() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->connections;
}

std::uint64_t ScriptedServer::bytes_sent() const { return impl_->sent; }

std::uint64_t ScriptedServer::body_bytes_received() const { return impl_->body_bytes; }

std::size_t ScriptedServer::open_connections() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->sockets.size();
}

bool ScriptedServer::wait_until(const std::function<bool(const ScriptedServer&)>& holds) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!holds(*this)) {
        std::unique_lock lock(impl_->mutex);
        if (std::chrono::steady_clock::now() >= end) return false;
        impl_->changed.wait_for(lock, std::chrono::milliseconds(10));
    }
    return true;
}

}  // namespace testing
