#include "http/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <cerrno>
#include <new>
#include <utility>

#include "http/tls_state.h"

namespace http {

namespace {

// Of the socket: what OpenSSL's own does, but for SIGPIPE, and for what had been read before.
struct Wire {
    int socket = -1;
    std::string early{};
    std::size_t early_taken = 0;
};

Wire& wire_of(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

bool is_retriable(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

int wire_write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const auto sent = ::send(wire_of(bio).socket, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL);
    if (sent < 0 && is_retriable(errno)) BIO_set_retry_write(bio);
    return static_cast<int>(sent);
}

int wire_read(BIO* bio, char* into, int size) {
    BIO_clear_retry_flags(bio);
    auto& wire = wire_of(bio);
    if (wire.early_taken < wire.early.size()) {
        const auto taken = wire.early.copy(into, static_cast<std::size_t>(size), wire.early_taken);
        wire.early_taken += taken;
        if (wire.early_taken == wire.early.size()) std::string().swap(wire.early), wire.early_taken = 0;
        return static_cast<int>(taken);
    }
    const auto received = ::recv(wire.socket, into, static_cast<std::size_t>(size), 0);
    if (received < 0 && is_retriable(errno)) BIO_set_retry_read(bio);
    if (received == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    return static_cast<int>(received);
}

long wire_control(BIO* bio, int command, long, void*) {
    switch (command) {
        case BIO_CTRL_FLUSH: return 1;
        case BIO_CTRL_EOF: return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
        default: return 0;
    }
}

struct FreeMethod {
    void operator()(BIO_METHOD* method) const noexcept { BIO_meth_free(method); }
};

// Made once, and read-only from then on.
BIO_METHOD* wire_method() {
    static const std::unique_ptr<BIO_METHOD, FreeMethod> method = [] {
        std::unique_ptr<BIO_METHOD, FreeMethod> made(
            BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket"));
        BIO_meth_set_write(made.get(), wire_write);
        BIO_meth_set_read(made.get(), wire_read);
        BIO_meth_set_ctrl(made.get(), wire_control);
        return made;
    }();
    return method.get();
}

struct FreeSession {
    void operator()(SSL* session) const noexcept { SSL_free(session); }
};

}  // namespace

struct TlsSession::Impl {
    const Tls::State& tls;
    Wire wire;
    std::unique_ptr<SSL, FreeSession> session;

    [[nodiscard]] SSL* get() const { return session.get(); }
};

TlsSession::TlsSession(const Tls& tls, int socket, std::string early)
    : impl_(new Impl{
          tls.state(), {socket, std::move(early)}, std::unique_ptr<SSL, FreeSession>(tls.state().new_session())}) {
    auto* const bio = BIO_new(wire_method());
    if (impl_->get() == nullptr || bio == nullptr) {
        BIO_free(bio);
        throw std::bad_alloc();
    }
    BIO_set_data(bio, &impl_->wire);
    BIO_set_init(bio, 1);
    SSL_set_bio(impl_->get(), bio, bio);
    SSL_set_accept_state(impl_->get());
}

TlsSession::~TlsSession() = default;

TlsSession::Step TlsSession::step_of(int result) {
    switch (SSL_get_error(impl_->get(), result)) {
        case SSL_ERROR_WANT_READ: return Step::wants_read;
        case SSL_ERROR_WANT_WRITE: return Step::wants_write;
        case SSL_ERROR_ZERO_RETURN: return Step::done;
        default: break;
    }
    failed_ = true;
    const auto code = ERR_peek_error();
    const auto* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    failure_ = reason == nullptr ? "the connection ended" : reason;
    ERR_clear_error();
    return Step::failed;
}

TlsSession::Step TlsSession::handshake() {
    ERR_clear_error();
    const auto result = SSL_do_handshake(impl_->get());
    const auto& counters = impl_->tls.handshakes;
    if (result == 1) {
        (SSL_session_reused(impl_->get()) == 1 ? counters.resumed : counters.done).increment();
        return Step::done;
    }
    const auto step = step_of(result);
    if (step == Step::wants_read || step == Step::wants_write) return step;
    counters.failed.increment();
    return Step::failed;
}

void TlsSession::note(int result, Error& error) {
    switch (step_of(result)) {
        case Step::wants_read: error = boost::asio::error::would_block; return;
        // With renegotiation off nothing is written by a read, nor read by a write.
        case Step::wants_write: error = boost::asio::error::would_block; return;
        case Step::done: error = boost::asio::error::eof; return;
        case Step::failed: error = boost::asio::error::connection_aborted; return;
    }
}

std::size_t TlsSession::read(char* into, std::size_t size, Error& error) {
    std::size_t all = 0;
    error.clear();
    if (failed_) {
        error = boost::asio::error::connection_aborted;
        return 0;
    }
    // A record is 16 KiB at most; what has been decrypted already is given with it.
    while (all < size) {
        ERR_clear_error();
        std::size_t taken = 0;
        const auto result = SSL_read_ex(impl_->get(), into + all, size - all, &taken);
        if (result != 1) {
            if (all == 0) note(0, error);
            break;
        }
        all += taken;
        if (SSL_pending(impl_->get()) == 0) break;
    }
    return all;
}

std::size_t TlsSession::write(std::string_view bytes, Error& error) {
    std::size_t all = 0;
    error.clear();
    if (failed_ || output_ended_) {
        error = boost::asio::error::connection_aborted;
        return 0;
    }
    while (all < bytes.size()) {
        ERR_clear_error();
        std::size_t sent = 0;
        if (SSL_write_ex(impl_->get(), bytes.data() + all, bytes.size() - all, &sent) != 1) {
            note(0, error);
            break;
        }
        all += sent;
    }
    return all;
}

bool TlsSession::has_pending() const { return !failed_ && SSL_has_pending(impl_->get()) == 1; }

bool TlsSession::has_input() {
    if (failed_) return true;
    ERR_clear_error();
    char byte = 0;
    std::size_t size = 0;
    if (SSL_peek_ex(impl_->get(), &byte, 1, &size) == 1) return true;
    const auto step = step_of(0);
    return step == Step::done || step == Step::failed;
}

void TlsSession::end_output() noexcept {
    if (failed_ || std::exchange(output_ended_, true) || SSL_is_init_finished(impl_->get()) != 1) return;
    ERR_clear_error();
    SSL_shutdown(impl_->get());
    ERR_clear_error();
}

}  // namespace http
