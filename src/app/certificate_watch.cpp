#include "app/certificate_watch.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

#include "base/file.h"
#include "config/config.h"

namespace app {

namespace {

// What is wrong with both together is said of the certificate; this is of one of them.
void require_file(std::string_view setting, const std::string& path) {
    if (const auto read = base::read_file(path, http::most_tls_file_bytes); !read)
        throw config::Faults(setting, fmt::format("{} {}", path, read.error()));
}

}  // namespace

std::unique_ptr<CertificateWatch> CertificateWatch::begin(const Settings& settings, const base::Clock& clock,
                                                          const logging::Logger& logger, observe::Metrics& metrics) {
    if (!settings.tls_certificate) return nullptr;
    http::TlsFiles files{*settings.tls_certificate, settings.tls_key.value_or(std::string())};
    require_file("TLS_CERTIFICATE", files.certificate_file);
    require_file("TLS_KEY", files.key_file);
    try {
        return std::make_unique<CertificateWatch>(std::move(files), clock, logger, metrics);
    } catch (const std::runtime_error& error) {
        throw config::Faults("TLS_CERTIFICATE", error.what());
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
