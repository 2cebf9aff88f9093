#include "mail/smtp_stream.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <coroutine>
#include <optional>
#include <stdexcept>
#include <utility>

#include "async/loop_asio.h"

namespace mail {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using ErrorCode = boost::system::error_code;

constexpr auto farewell_time = 2s;
// Of one address, where there are others.
constexpr auto least_connect_time = 2s;

bool is_address(const std::string& host) {
    ErrorCode error;
    asio::ip::make_address(host, error);
    return !error;
}

}  // namespace

struct TlsTrust::Context {
    asio::ssl::context context{asio::ssl::context::tls_client};
};

TlsTrust::TlsTrust(const std::string& authorities_file) : context_(std::make_unique<Context>()) {
    auto& context = context_->context;
    ::SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    ErrorCode error;
    if (authorities_file.empty()) {
        // The directory alone, of which a few certificates are read: the bundle beside it would hold up the loop.
        context.add_verify_path(::X509_get_default_cert_dir(), error);
    } else {
        context.load_verify_file(authorities_file, error);
    }
    if (error) throw std::runtime_error("mail: the authorities of TLS cannot be read: " + error.message());
}

TlsTrust::~TlsTrust() = default;

// Kept alive by the handler of what is under way, which comes whatever happens: a deadline closes the socket, and whoever waits is told
// by the handler.
struct SmtpStream::Wire : std::enable_shared_from_this<Wire> {
    explicit Wire(async::Loop& loop)
        : socket(async::native(loop).get_executor()), deadline(loop, [this] {
              is_late = true;
              close_socket();
          }) {}

    void close_socket() noexcept {
        ErrorCode ignored;
        socket.close(ignored);
    }

    void begin(async::SteadyTime until) {
        is_late = false;
        deadline.expires_at(until);
    }

    // What is under way has ended.
    auto handler() {
        return [self = shared_from_this()](const ErrorCode& outcome, std::size_t count = 0) {
            self->deadline.cancel();
            self->error = outcome;
            self->size = count;
            if (const auto handle = std::exchange(self->awaiting, {})) handle.resume();
        };
    }

    template <class Handler>
    void write(Handler handler) {
        if (tls) {
            asio::async_write(*tls, asio::buffer(outgoing), std::move(handler));
        } else {
            asio::async_write(socket, asio::buffer(outgoing), std::move(handler));
        }
    }
    template <class Handler>
    void read(Handler handler) {
        if (tls) {
            tls->async_read_some(asio::buffer(incoming), std::move(handler));
        } else {
            socket.async_read_some(asio::buffer(incoming), std::move(handler));
        }
    }

    Socket socket;
    std::shared_ptr<TlsTrust> trust;
    std::optional<asio::ssl::stream<Socket&>> tls;
    async::Timer deadline;
    std::string outgoing;
    std::array<char, 4096> incoming{};
    std::coroutine_handle<> awaiting;
    ErrorCode error;
    std::size_t size = 0;
    bool is_late = false;
    bool is_encrypted = false;
};

// Until the handler has come. A task that is destroyed meanwhile is not resumed.
struct SmtpStream::Done {
    Wire* wire;
    explicit Done(Wire* on) : wire(on) {}
    Done(const Done&) = delete;
    Done& operator=(const Done&) = delete;
    ~Done() { wire->awaiting = {}; }
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) const noexcept { wire->awaiting = awaiting; }
    void await_resume() const noexcept {}
};

SmtpStream::SmtpStream(async::Loop& loop) : wire_(std::make_shared<Wire>(loop)) {}

SmtpStream::~SmtpStream() { close(); }

SmtpStream::Done SmtpStream::done() const { return Done(wire_.get()); }

void SmtpStream::close() noexcept {
    if (!wire_) return;
    wire_->deadline.cancel();
    wire_->close_socket();
}

bool SmtpStream::is_encrypted() const noexcept { return wire_->is_encrypted; }

std::string SmtpStream::fault() const {
    if (wire_->is_late) return "no answer in time";
    if (wire_->error == asio::error::eof || wire_->error == asio::ssl::error::stream_truncated)
        return "the server closed the connection";
    return wire_->error.message();
}

async::Task<SmtpStream::Result<void>> SmtpStream::connect(std::vector<std::string> addresses, std::uint16_t port,
                                                          async::SteadyTime deadline) {
    std::string why = "the name has no address";
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        ErrorCode no_address;
        const auto address = asio::ip::make_address(addresses[i], no_address);
        if (no_address) continue;
        const auto now = async::Loop::now();
        const bool is_last = i + 1 == addresses.size();
        wire_->close_socket();
        wire_->begin(is_last ? deadline
                             : std::min(deadline, now + std::max<async::SteadyTime::duration>(least_connect_time,
                                                                                              (deadline - now) / 2)));
        wire_->socket.async_connect({address, port}, wire_->handler());
        co_await done();
        if (!wire_->error && !wire_->is_late) {
            const int on = 1;
            ::setsockopt(wire_->socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            ::setsockopt(wire_->socket.native_handle(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
            co_return Result<void>();
        }
        why = fault();
        if (async::Loop::now() >= deadline) break;
    }
    co_return std::unexpected(std::move(why));
}

async::Task<SmtpStream::Result<void>> SmtpStream::start_tls(std::string host, std::shared_ptr<TlsTrust> trust,
                                                            async::SteadyTime deadline) {
    auto& wire = *wire_;
    wire.trust = std::move(trust);
    wire.tls.emplace(wire.socket, wire.trust->context_->context);
    wire.tls->set_verify_mode(asio::ssl::verify_peer);
    wire.tls->set_verify_callback(asio::ssl::host_name_verification(host));
    // RFC 6066 section 3: a name, never an address.
    if (!is_address(host)) SSL_set_tlsext_host_name(wire.tls->native_handle(), host.c_str());
    wire.begin(deadline);
    wire.tls->async_handshake(asio::ssl::stream_base::client, wire.handler());
    co_await done();
    if (wire.error || wire.is_late) co_return std::unexpected("TLS: " + fault());
    wire.is_encrypted = true;
    co_return Result<void>();
}

async::Task<SmtpStream::Result<void>> SmtpStream::write(std::string bytes, async::SteadyTime deadline) {
    auto& wire = *wire_;
    wire.outgoing = std::move(bytes);
    wire.begin(deadline);
    wire.write(wire.handler());
    co_await done();
    if (wire.error || wire.is_late) co_return std::unexpected(fault());
    co_return Result<void>();
}

async::Task<SmtpStream::Result<std::string_view>> SmtpStream::read(async::SteadyTime deadline) {
    auto& wire = *wire_;
    wire.begin(deadline);
    wire.read(wire.handler());
    co_await done();
    if (wire.error || wire.is_late) co_return std::unexpected(fault());
    co_return std::string_view(wire.incoming.data(), wire.size);
}

bool SmtpStream::is_quiet() const {
    auto& socket = wire_->socket;
    if (!socket.is_open()) return false;
    char byte = 0;
    const auto count = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void SmtpStream::quit(std::string farewell) {
    // This stream may be destroyed at once; whoever is not answered closes in time.
    const auto wire = std::exchange(wire_, nullptr);
    wire->outgoing = std::move(farewell);
    const auto timer = std::make_shared<asio::steady_timer>(wire->socket.get_executor(), farewell_time);
    timer->async_wait([wire](const ErrorCode& error) {
        if (!error) wire->close_socket();
    });
    wire->write([wire, timer](const ErrorCode& error, std::size_t) {
        if (error) {
            timer->cancel();
            return;
        }
        wire->read([wire, timer](const ErrorCode&, std::size_t) {
            timer->cancel();
            wire->close_socket();
        });
    });
}

}  // namespace mail
