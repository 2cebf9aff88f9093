#include "app/health_command.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <ostream>

#include "app/listener_owner.h"
#include "config/config.h"
#include "http/middleware/ip_network.h"
#include "schema/schema.h"

namespace app {

namespace {

constexpr long longest_look = 2'000;  // milliseconds; Docker's own deadline is longer
constexpr long ok = 200;

using Curl = std::unique_ptr<CURL, decltype([](CURL* one) { curl_easy_cleanup(one); })>;

std::size_t pass_over(char*, std::size_t size, std::size_t count, void*) { return size * count; }

// One of this machine, so that a packet to it has come from it, too.
std::string address_of(const std::string& host) { return is_all_addresses(host) ? "127.0.0.1" : host; }

bool is_in(const std::vector<std::string>& networks, const std::string& address) {
    const auto known = http::IPAddress::parse(address);
    return known && std::ranges::any_of(networks, [&](const std::string& text) {
               return std::ranges::any_of(http::networks_of(text),
                                          [&](const http::IPNetwork& network) { return network.contains(*known); });
           });
}

std::string url_at(std::string_view scheme, const std::string& address, std::int32_t port) {
    const bool is_v6 = address.contains(':');
    return fmt::format("{}://{}{}{}:{}/health", scheme, is_v6 ? "[" : "", address, is_v6 ? "]" : "", port);
}

// Empty: 200.
std::string fault_of(const HealthQuestion& question) {
    const Curl easy(curl_easy_init());
    if (!easy) return "no memory";
    auto* const on = easy.get();
    curl_easy_setopt(on, CURLOPT_URL, question.url.c_str());
    curl_easy_setopt(on, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(on, CURLOPT_PROXY, "");
    curl_easy_setopt(on, CURLOPT_TIMEOUT_MS, longest_look);
    // Nothing secret is said, and its name is another one than this address.
    curl_easy_setopt(on, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(on, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(on, CURLOPT_HAPROXYPROTOCOL, question.begins_with_header ? 1L : 0L);
    curl_easy_setopt(on, CURLOPT_WRITEFUNCTION, &pass_over);
    if (const auto code = curl_easy_perform(on); code != CURLE_OK) return curl_easy_strerror(code);
    long status = 0;
    curl_easy_getinfo(on, CURLINFO_RESPONSE_CODE, &status);
    return status == ok ? std::string() : fmt::format("answered {}", status);
}

}  // namespace

HealthQuestion health_question(const Settings& settings) {
    const auto management = settings.management_port.value_or(0);
    if (management != 0) return {url_at("http", address_of(settings.management_host), management)};
    if (settings.port == 0 || settings.management_port) return {};
    const auto address = address_of(settings.host);
    return {url_at(settings.tls_certificate ? "https" : "http", address, settings.port),
            is_in(settings.proxy_protocol_from, address)};
}

int run_health(const config::Environment& environment, std::ostream& errors) {
    Settings settings;
    // A fault elsewhere is the server's to tell; what it listens by is read all the same.
    static_cast<void>(config::load_into(schema::object_of<Settings>, &settings, environment));
    const auto question = health_question(settings);
    if (question.url.empty()) {
        errors << "a port of 0 is one that nobody can know: set MANAGEMENT_PORT\n";
        return 1;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const auto fault = fault_of(question);
    curl_global_cleanup();
    if (fault.empty()) return 0;
    errors << fmt::format("{}: {}\n", question.url, fault);
    return 1;
}

}  // namespace app
