#include "redis/connection.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <utility>
#include <vector>

#include "async/loop_asio.h"

namespace redis::detail {

namespace {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, Executor>;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;
using ErrorCode = boost::system::error_code;

constexpr std::size_t kept_outgoing = 256U << 10;
constexpr auto loading_pause = std::chrono::milliseconds(100);
constexpr auto said_lately = std::chrono::seconds(1);

void set_option(int socket, int level, int name, int value) { ::setsockopt(socket, level, name, &value, sizeof value); }

// A peer that vanished without a word is noticed within half a minute.
void set_tcp_options(int socket) {
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 15);
    set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
    set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 3);
    set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
}

bool is_address(const std::string& host) {
    ErrorCode error;
    asio::ip::make_address(host, error);
    return !error;
}

}  // namespace

struct Connection::Wire {
    explicit Wire(asio::io_context& context) : resolver(context.get_executor()), socket(context.get_executor()) {}

    // Throws boost::system::system_error when the authority's file cannot be read.
    void make_tls(const Endpoint& endpoint) {
        context.emplace(asio::ssl::context::tls_client);
        ::SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
        tls.emplace(socket, *context);
        if (endpoint.tls_verify) verify_as(endpoint);
        // RFC 6066 section 3: a name, never an address.
        if (!is_address(endpoint.host)) SSL_set_tlsext_host_name(tls->native_handle(), endpoint.host.c_str());
    }

    void verify_as(const Endpoint& endpoint) {
        if (endpoint.tls_authority_file.empty()) {
            // The directory alone, of which a few certificates are read: the bundle beside it would hold up the loop.
            context->add_verify_path(::X509_get_default_cert_dir());
        } else {
            context->load_verify_file(endpoint.tls_authority_file);
        }
        tls->set_verify_mode(asio::ssl::verify_peer);
        tls->set_verify_callback(asio::ssl::host_name_verification(endpoint.host));
    }

    template <class Handler>
    void read_some(std::span<char> room, Handler handler) {
        const auto buffer = asio::buffer(room.data(), room.size());
        if (tls) {
            tls->async_read_some(buffer, std::move(handler));
        } else {
            socket.async_read_some(buffer, std::move(handler));
        }
    }

    template <class Handler>
    void write(const std::string& bytes, Handler handler) {
        if (tls) {
            asio::async_write(*tls, asio::buffer(bytes), std::move(handler));
        } else {
            asio::async_write(socket, asio::buffer(bytes), std::move(handler));
        }
    }

    Resolver resolver;
    Socket socket;
    std::vector<Socket::endpoint_type> addresses;  // to be tried, the last first
    std::optional<asio::ssl::context> context;
    std::optional<asio::ssl::stream<Socket&>> tls;
};

Connection::Connection(async::Loop& loop, Owner& owner, Endpoint endpoint, const Settings& settings)
    : loop_(loop),
      owner_(&owner),
      endpoint_(std::move(endpoint)),
      wire_(std::make_unique<Wire>(async::native(loop))),
      reader_({.bytes = settings.max_reply_bytes}),
      greeting_(endpoint_, settings.greeting),
      deadline_(loop, [this] { on_deadline(); }),
      pause_(loop, [this] { greet(); }) {}

Connection::~Connection() { close(); }

void Connection::close() noexcept {
    owner_ = nullptr;
    deadline_.cancel();
    pause_.cancel();
    wire_->resolver.cancel();
    ErrorCode ignored;
    wire_->socket.close(ignored);
}

void Connection::fail(const std::string& cause) {
    auto* owner = owner_;
    if (owner == nullptr) return;
    close();
    owner->on_lost(cause);
}

void Connection::on_deadline() {
    // In a later turn: the owner may let go of this connection, whose timer must not end while it runs.
    loop_.post([self = shared_from_this()] {
        // What Redis has said until now says it best.
        if (async::Loop::now() - self->told_not_ready_ < said_lately) return self->fail(self->last_cause_);
        self->fail("no connection within the connect timeout" +
                   (self->last_cause_.empty() ? std::string() : ": " + self->last_cause_));
    });
}

// ---- Connecting -------------------------------------------------------------------------------------------------

void Connection::open(async::SteadyTime deadline) {
    deadline_.expires_at(deadline);
    if (endpoint_.path.empty()) return resolve();
    if (endpoint_.path.size() < sizeof(sockaddr_un::sun_path)) {
        wire_->addresses.emplace_back(asio::local::stream_protocol::endpoint(endpoint_.path));
    } else {
        last_cause_ = "the path of the socket is too long";
    }
    connect_next();
}

void Connection::resolve() {
    ErrorCode no_address;
    const auto address = asio::ip::make_address(endpoint_.host, no_address);
    if (!no_address) {
        wire_->addresses.emplace_back(asio::ip::tcp::endpoint(address, endpoint_.port));
        return connect_next();
    }
    // Asio looks names up on a thread of its own.
    wire_->resolver.async_resolve(endpoint_.host, std::to_string(endpoint_.port),
                                  [self = shared_from_this()](const ErrorCode& error, const auto& found) {
                                      if (self->owner_ == nullptr) return;
                                      if (error) self->last_cause_ = error.message();
                                      auto& addresses = self->wire_->addresses;
                                      for (const auto& entry : found)
                                          addresses.emplace(addresses.begin(), entry.endpoint());
                                      self->connect_next();
                                  });
}

void Connection::connect_next() {
    auto& wire = *wire_;
    if (wire.addresses.empty()) {
        // In a later turn: whoever opens is not done yet.
        loop_.post([self = shared_from_this()] { self->fail(self->last_cause_); });
        return;
    }
    const auto address = wire.addresses.back();
    wire.addresses.pop_back();
    ErrorCode ignored;
    wire.socket.close(ignored);
    wire.socket.async_connect(address, [self = shared_from_this()](const ErrorCode& error) {
        if (self->owner_ == nullptr) return;
        if (error) {
            self->last_cause_ = error.message();
            return self->connect_next();
        }
        if (self->endpoint_.path.empty()) set_tcp_options(self->wire_->socket.native_handle());
        if (self->endpoint_.tls) return self->start_tls();
        self->begin_greeting();
    });
}

void Connection::start_tls() {
    try {
        wire_->make_tls(endpoint_);
    } catch (const boost::system::system_error& error) {
        return fail(std::string("TLS: ") + error.what());
    }
    wire_->tls->async_handshake(asio::ssl::stream_base::client, [self = shared_from_this()](const ErrorCode& error) {
        if (self->owner_ == nullptr) return;
        if (error) return self->fail("TLS: " + error.message());
        self->begin_greeting();
    });
}

void Connection::begin_greeting() {
    read();
    greet();
}

void Connection::greet() {
    greet_again_ = writing_;
    if (writing_) return;
    outgoing_ = greeting_.request();
    send();
}

void Connection::take_greeting(const Reply& reply) {
    switch (greeting_.on_reply(reply)) {
        case Greeting::Next::send: return greet();
        case Greeting::Next::wait: return wait_until_ready();
        case Greeting::Next::fail: return fail(greeting_.cause());
        case Greeting::Next::ready: break;
    }
    deadline_.cancel();
    ready_ = true;
    owner_->on_connected();
}

void Connection::wait_until_ready() {
    last_cause_ = greeting_.cause();
    told_not_ready_ = async::Loop::now();
    pause_.expires_after(loading_pause);
    owner_->on_not_ready(last_cause_);
}

// ---- Bytes ------------------------------------------------------------------------------------------------------

void Connection::send() {
    writing_ = true;
    wire_->write(outgoing_, [self = shared_from_this()](const ErrorCode& error, std::size_t) {
        self->writing_ = false;
        if (self->owner_ == nullptr) return;
        if (error) return self->fail(error.message());
        self->outgoing_.clear();
        if (self->outgoing_.capacity() > kept_outgoing) self->outgoing_ = std::string();
        if (self->ready_) return self->owner_->on_written();
        if (self->greet_again_) self->greet();
    });
}

void Connection::read() {
    wire_->read_some(reader_.prepare(), [self = shared_from_this()](const ErrorCode& error, std::size_t size) {
        if (self->owner_ == nullptr) return;
        if (error) return self->fail(error == asio::error::eof ? "Redis closed the connection" : error.message());
        self->on_read(size);
    });
}

void Connection::on_read(std::size_t size) {
    reader_.commit(size);
    while (owner_ != nullptr) {
        auto reply = reader_.next();
        if (!reply) break;
        take(std::move(*reply));
    }
    if (owner_ != nullptr && !reader_.fault().empty()) fail("not RESP: " + reader_.fault());
    if (owner_ != nullptr && ready_) owner_->on_read_end();
    if (owner_ != nullptr) read();
}

void Connection::take(Reply reply) {
    if (reply->kind() == Kind::push) {
        if (ready_) owner_->on_push(std::move(reply));
    } else if (ready_) {
        owner_->on_reply(std::move(reply));
    } else {
        take_greeting(reply);
    }
}

}  // namespace redis::detail
