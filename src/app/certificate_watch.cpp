#include "app/certificate_watch.h"

#include <utility>

#include "config/config.h"

namespace app {

std::unique_ptr<CertificateWatch> CertificateWatch::begin(const Settings& settings, const base::Clock& clock,
                                                          const logging::Logger& logger, observe::Metrics& metrics) {
    if (!settings.tls_certificate) return nullptr;
    http::TlsFiles files{*settings.tls_certificate, settings.tls_key.value_or(std::string())};
    try {
        return std::make_unique<CertificateWatch>(std::move(files), clock, logger, metrics);
    } catch (const http::TlsFault& fault) {
        // What is wrong with both together is said of the certificate.
        throw config::Faults(fault.of() == http::TlsFault::Of::key ? "TLS_KEY" : "TLS_CERTIFICATE", fault.what());
    }
}

CertificateWatch::CertificateWatch(http::TlsFiles files, const base::Clock& clock, const logging::Logger& logger,
                                   observe::Metrics& metrics)
    : tls_(std::move(files), clock, logger, metrics),
      thread_([this](const std::stop_token& stopping) { run(stopping); }) {}

CertificateWatch::~CertificateWatch() = default;

void CertificateWatch::run(const std::stop_token& stopping) {
    std::unique_lock lock(mutex_);
    while (!stopping.stop_requested()) {
        woken_.wait_for(lock, stopping, period, [] { return false; });
        if (!stopping.stop_requested()) tls_.look();
    }
}

}  // namespace app
