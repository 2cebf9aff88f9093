// What comes before HTTP: the proxy's word, the handshake of TLS; and how bytes go through TLS afterwards.

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include "http/connection.h"
#include "http/errors.h"
#include "http/middleware/ip_network.h"
#include "http/proxy_protocol.h"
#include "http/tls_state.h"

namespace http {

namespace {

using boost::system::error_code;

constexpr char tls_handshake_record = 0x16;  // RFC 8446 §5.1

}  // namespace

void Connection::begin_opening() {
    expects_proxy_ = server_->is_proxy(remote_address_);
    begun_ = now_;
    if (expects_proxy_ || server_->options.tls != nullptr) phase_ = Phase::opening;
}

// Its time is that of a head, from the beginning of the connection on, whatever comes.
void Connection::continue_opening(bool ended) {
    if (ended) return cut();
    if (end_ != begin_) head_under_way_ = true;
    if (expects_proxy_ && !read_proxy_word()) return;
    if (server_->options.tls == nullptr) return end_opening();
    if (!begin_tls()) return;
    continue_handshake();
}

// False while it is not here, and when it never will be.
bool Connection::read_proxy_word() {
    const auto found = read_proxy_header({input_.get() + begin_, end_ - begin_});
    if (found.state == ProxyHeader::State::failed) {
        fail_opening("a connection without the PROXY header that is expected of its address", found.reason);
        return false;
    }
    if (found.state == ProxyHeader::State::need_more) {
        note_waiting();
        start_read();
        return false;
    }
    begin_ += found.size;
    expects_proxy_ = false;
    // Whoever it speaks for has begun nothing yet.
    head_under_way_ = false;
    note_waiting();
    if (found.address) {
        remote_address_ = IPAddress::parse(*found.address)->to_string();
        remote_port_ = found.port;
        is_secure_ = found.is_secure;
    }
    head_under_way_ = true;
    return true;
}

// False while nothing has come, and for a client that speaks HTTP: it is told so, in its own language.
bool Connection::begin_tls() {
    const std::string_view come(input_.get() + begin_, end_ - begin_);
    if (come.empty()) {
        note_waiting();
        start_read();
        return false;
    }
    if (come.front() != tls_handshake_record) {
        phase_ = Phase::reading_head;
        reject(errors::malformed, "this port speaks TLS: https");
        return false;
    }
    tls_ = std::make_unique<TlsSession>(*server_->options.tls, socket_.native_handle(), std::string(come));
    input_.reset();
    begin_ = end_ = capacity_ = 0;
    return true;
}

void Connection::continue_handshake() {
    switch (tls_->handshake()) {
        case TlsSession::Step::done: is_secure_ = true; return end_opening();
        case TlsSession::Step::wants_read: return wait_in_handshake(Socket::wait_read);
        case TlsSession::Step::wants_write: return wait_in_handshake(Socket::wait_write);
        case TlsSession::Step::failed: return fail_opening("a TLS handshake failed", tls_->failure());
    }
}

void Connection::wait_in_handshake(Socket::wait_type what) {
    reading_ = true;
    note_waiting();
    socket_.async_wait(what, [self = Ref(this)](const error_code& error) {
        self->reading_ = false;
        if (self->phase_ != Phase::opening) return;
        self->now_ = async::Loop::now();
        error ? self->cut() : self->continue_handshake();
    });
}

void Connection::end_opening() {
    phase_ = Phase::reading_head;
    head_under_way_ = false;
    now_ = async::Loop::now();
    const auto& options = server_->options;
    if (!refused_) read_deadline_ = now_ + (server_->draining ? options.drain_idle : options.head_deadline);
    process();
}

// Strangers do so all the time: a line a minute of each kind. The alert that TLS has sent is not destroyed by a reset.
void Connection::fail_opening(std::string_view what, std::string_view reason) {
    Counters::add(server_->counters->rejected, 1);
    if (server_->opening_news.is_news(reason))
        server_->logger.warn(what, {{"peer", remote_address_}, {"reason", reason}});
    tls_.reset();
    close_after_write_ = linger_ = true;
    end_after_reply();
    arm();
}

void Connection::time_out_opening() {
    if (refused_) return cut();
    if (!head_under_way_) return close_silent();
    if (tls_) server_->options.tls->state().handshakes.timed_out.increment();
    Counters::add(server_->counters->rejected, 1);
    cut();
}

// ---- Bytes through TLS ----------------------------------------------------------------------------------------------

void Connection::read_into(char* into, std::size_t size) {
    reading_ = true;
    if (!tls_) {
        socket_.async_read_some(
            boost::asio::buffer(into, size),
            [self = Ref(this)](const error_code& error, std::size_t read) { self->on_read(error, read); });
    } else if (tls_->has_pending()) {
        // In a turn of its own, as what comes off a socket.
        server_->loop.post([self = Ref(this), into, size] { self->try_tls_read(into, size); });
    } else {
        wait_for_tls_read(into, size);
    }
}

void Connection::try_tls_read(char* into, std::size_t size) {
    if (phase_ == Phase::closed) {
        reading_ = false;
        return;
    }
    error_code error;
    const auto read = tls_->read(into, size, error);
    if (error == boost::asio::error::would_block) return wait_for_tls_read(into, size);
    on_read(error, read);
}

void Connection::wait_for_tls_read(char* into, std::size_t size) {
    // The read was to end, and had been tried already.
    if (phase_ == Phase::handing_over) return on_read(boost::asio::error::operation_aborted, 0);
    socket_.async_wait(Socket::wait_read, [self = Ref(this), into, size](const error_code& error) {
        error ? self->on_read(error, 0) : self->try_tls_read(into, size);
    });
}

std::size_t Connection::write_tls(std::string_view first, std::string_view second, error_code& error) {
    auto size = tls_->write(first, error);
    if (!error && !second.empty()) size += tls_->write(second, error);
    return size;
}

// What found no room is offered again as it was (SSL_write(3)): `sending_` does not change before it has gone.
void Connection::continue_tls_write() {
    socket_.async_wait(Socket::wait_write, [self = Ref(this)](const error_code& failed) {
        if (failed || self->phase_ == Phase::closed) return self->on_written(failed, 0);
        const auto from_first = std::min(self->sent_, self->sending_.size());
        const auto first = std::string_view(self->sending_).substr(from_first);
        const auto second = self->sending_tail_.substr(self->sent_ - from_first, gathered_output);
        error_code error;
        const auto size = self->write_tls(first, second, error);
        if (error == boost::asio::error::would_block) error.clear();
        self->on_written(error, size);
    });
}

}  // namespace http
