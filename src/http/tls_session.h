#pragma once
// TLS of one connection: OpenSSL on the connection's own socket, which it reads and writes itself, without blocking. Private to the
// library; loop's thread only.
//
//     TlsSession session(tls, socket.native_handle(), "what was read before the handshake");
//     switch (session.handshake()) { case TlsSession::Step::wants_read: … }
//     error_code error;                     // would_block: wait for the socket to be readable
//     const auto size = session.read(into, size, error);

#include <boost/system/error_code.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "http/tls.h"

namespace http {

class TlsSession {
public:
    enum class Step : std::uint8_t { done, wants_read, wants_write, failed };
    using Error = boost::system::error_code;

    // `early` has been read off the socket already. Throws std::bad_alloc.
    TlsSession(const Tls& tls, int socket, std::string early);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    [[nodiscard]] Step handshake();
    // In OpenSSL's words, after a step that failed; short, and of its own table.
    [[nodiscard]] std::string failure() const { return failure_; }

    // As the socket's own: 0 with would_block when nothing is here, or nothing is taken; eof at the peer's end.
    std::size_t read(char* into, std::size_t size, Error& error);
    // A write that found no room is repeated with the same bytes, wherever they are then.
    std::size_t write(std::string_view bytes, Error& error);
    // Bytes that the socket does not show any more: nobody may wait for it before they are read.
    [[nodiscard]] bool has_pending() const;
    // Whether bytes of the application are here, or the end; takes records of the protocol itself off the socket.
    [[nodiscard]] bool has_input();
    // close_notify (RFC 8446 §6.1): no more output. Once; of a session that has failed nothing is said.
    void end_output() noexcept;

private:
    struct Impl;
    // Of a call that did not succeed: what the socket must be waited for, or the end.
    Step step_of(int result);
    void note(int result, Error& error);

    std::unique_ptr<Impl> impl_;
    std::string failure_;
    bool failed_ = false;
    bool output_ended_ = false;
};

}  // namespace http
