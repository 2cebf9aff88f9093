#pragma once
// What tls.cpp, tls_session.cpp and connections share. OpenSSL's headers stay in the first two.

#include <memory>
#include <mutex>

#include "http/tls.h"

struct ssl_ctx_st;
struct ssl_st;

namespace http {

struct FreeTlsContext {
    void operator()(ssl_ctx_st* context) const noexcept;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, FreeTlsContext>;

struct ServedPair {
    TlsContext context;
    base::Timestamp not_before{};
    base::Timestamp not_after{};
    std::string subject{};
};

// Handshakes, by what became of them.
struct TlsCounters {
    observe::Counter done;
    observe::Counter resumed;
    observe::Counter failed;
    observe::Counter timed_out;
};

class TicketKeys;

struct Tls::State {
    State(TlsFiles of, const base::Clock& with, logging::Logger to, observe::Metrics& metrics);
    ~State();

    // A session of the pair that is served now, which it keeps.
    [[nodiscard]] ssl_st* new_session() const;

    const TlsFiles files;
    const base::Clock& clock;
    const logging::Logger logger;
    const std::unique_ptr<TicketKeys> tickets;
    TlsCounters handshakes;
    observe::Gauge reload_failed;
    mutable std::mutex mutex;  // of what follows
    ServedPair served;
    std::string served_bytes;   // a digest of both files
    std::string seen_bytes;     // of the last look
    std::string refused_bytes;  // of the pair that was told to be none
    observe::Registration registration;
};

}  // namespace http
