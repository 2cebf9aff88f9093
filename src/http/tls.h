#pragma once
// TLS of the server (docs/decisions/0074-tls-and-proxy-protocol.md): the certificate that is served, and what is spoken with it.
// One for all loops; thread-safe.
//
//     http::Tls tls({.certificate_file = "/tls/tls.crt", .key_file = "/tls/tls.key"}, base::system_clock(), logger, metrics);
//     http::Server server(parts, {.port = 8443, .tls = &tls});
//     tls.look();                      // now and then: a new pair in the files is served from then on
//
// TLS 1.2 and 1.3, ECDHE with AES-GCM or ChaCha20 alone, ALPN `http/1.1`; no compression, no renegotiation, no early data. Tickets
// (RFC 5077, RFC 8446 §4.6.1) are encrypted by keys that are in memory alone and are replaced every hour.
//
// The files are looked at by content, so that a folder that is swapped behind a link, a renamed file and one that is written over
// are the same. A pair is taken when two looks in a row have found it: what is half written is not judged. A pair that cannot be
// served keeps the one before, with a line of the log and tls_reload_failed = 1. Connections keep what they began with.

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/time.h"
#include "log/logger.h"
#include "observe/metrics.h"

namespace http {

inline constexpr std::size_t most_tls_file_bytes = 1'000'000;

struct TlsFiles {
    std::string certificate_file;  // PEM: the server's certificate, then those that lead to a root
    std::string key_file;          // PEM, without a passphrase
};

// With words for an operator.
class TlsFault : public std::runtime_error {
public:
    enum class Of : std::uint8_t { certificate, key, both };
    TlsFault(Of of, const std::string& why) : std::runtime_error(why), of_(of) {}
    [[nodiscard]] Of of() const noexcept { return of_; }  // `both`: each is well, and they do not go together

private:
    Of of_;
};

class Tls {
public:
    // Throws TlsFault when the pair cannot be served.
    Tls(TlsFiles files, const base::Clock& clock, logging::Logger logger, observe::Metrics& metrics);
    ~Tls();
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;

    // Reads the files, and blocks meanwhile. True when another pair is served from now on.
    bool look();
    // Of the certificate that is served.
    [[nodiscard]] base::Timestamp not_after() const;

    struct State;
    [[nodiscard]] State& state() const { return *state_; }  // the library's own

private:
    std::unique_ptr<State> state_;
};

}  // namespace http
