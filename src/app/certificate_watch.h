#pragma once
// TLS of the port PORT, by TLS_CERTIFICATE and TLS_KEY, and the thread that looks whether their files have changed (http/tls.h): every two
// seconds, so that a renewed pair is served within four.
//
//     const auto watch = CertificateWatch::begin(settings, clock, logger, metrics);      // nullptr: plain HTTP
//     options.tls = watch ? &watch->tls() : nullptr;                                       // it outlives the servers

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

#include "app/settings.h"
#include "base/time.h"
#include "http/tls.h"
#include "log/logger.h"
#include "observe/metrics.h"

namespace app {

class CertificateWatch {
public:
    static constexpr std::chrono::milliseconds period{2'000};

    // Throws config::Faults for a pair that cannot be served.
    [[nodiscard]] static std::unique_ptr<CertificateWatch> begin(const Settings& settings, const base::Clock& clock,
                                                                 const logging::Logger& logger,
                                                                 observe::Metrics& metrics);
    CertificateWatch(http::TlsFiles files, const base::Clock& clock, const logging::Logger& logger,
                     observe::Metrics& metrics);
    ~CertificateWatch();
    CertificateWatch(const CertificateWatch&) = delete;
    CertificateWatch& operator=(const CertificateWatch&) = delete;

    [[nodiscard]] const http::Tls& tls() const { return tls_; }

private:
    void run(const std::stop_token& stopping);

    http::Tls tls_;
    std::mutex mutex_;
    std::condition_variable_any woken_;
    std::jthread thread_;  // last: it uses the rest
};

}  // namespace app
