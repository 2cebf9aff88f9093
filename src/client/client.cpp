#include "client/client.h"

#include <fmt/format.h>

#include "base/strings.h"
#include "client/call.h"
#include "client/client_impl.h"
#include "client/redact.h"

namespace client {

namespace {

std::vector<std::string> secrets_of(const Auth& auth) {
    if (const auto* basic = std::get_if<Basic>(&auth))
        return {basic->user + ":" + basic->password, basic->password, basic->user};
    if (const auto* bearer = std::get_if<Bearer>(&auth)) return {bearer->token};
    if (const auto* header = std::get_if<SecretHeader>(&auth)) return {header->value};
    return {};
}

// As the pattern of CLIENT_PROXY allows.
std::optional<ProxySettings> proxy_of(std::string_view url) {
    if (url.empty()) return std::nullopt;
    auto rest = url.substr(url.find("://") + 3);
    if (rest.ends_with('/')) rest.remove_suffix(1);
    ProxySettings proxy;
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
        const auto credentials = base::percent_decode(rest.substr(0, at));
        proxy.credentials = credentials.value_or(std::string(rest.substr(0, at)));
        rest.remove_prefix(at + 1);
    }
    const auto colon = rest.rfind(':');
    const bool has_port = colon != std::string_view::npos && rest.find(']', colon) == std::string_view::npos;
    proxy.port = has_port ? base::parse_integer<std::uint16_t>(rest.substr(colon + 1)).value_or(0) : 3128;
    proxy.host = has_port ? rest.substr(0, colon) : rest;
    if (proxy.host.starts_with('[')) proxy.host = proxy.host.substr(1, proxy.host.find(']') - 1);
    return proxy;
}

}  // namespace

// ---- ClientImpl -------------------------------------------------------------------------------------------------

ClientImpl::ClientImpl(Client::Parts given)
    : parts(std::move(given)),
      curl(parts.loop, {}),
      resolver(parts.loop, parts.lookup),
      foreign_names(parts.loop, parts.lookup),
      proxy(proxy_of(parts.settings.proxy)),
      requests(parts.metrics.counter_family("http_client_requests_total",
                                            "Requests that were sent to other services, or tried to be.",
                                            {"target", "status"})),
      failures(parts.metrics.counter_family("http_client_failures_total",
                                            "Calls of other services that failed, after all retries.",
                                            {"target", "kind"})) {}

TargetState::TargetState(const Target& target, ClientImpl& client)
    : name(target.name),
      gate(client.parts.loop, std::max<std::size_t>(target.concurrency, 1), target.queue),
      breaker(target.breaker),
      has_breaker(!target.base_url.empty()),
      secrets(secrets_of(target.auth)),
      retries(client.parts.metrics.counter("http_client_retries_total", "Requests that were repeated.",
                                           {{"target", name}})),
      duration(client.parts.metrics.histogram("http_client_call_duration_seconds",
                                              "Calls of other services, with waiting and retries.",
                                              {{"target", name}})),
      in_flight(
          client.parts.metrics.gauge("http_client_in_flight", "Calls of other services that run.", {{"target", name}})),
      waiting(client.parts.metrics.gauge("http_client_waiting", "Calls that wait for a place.", {{"target", name}})),
      breaker_open(client.parts.metrics.gauge("http_client_breaker_open",
                                              "Loops whose calls of this service fail at once.", {{"target", name}})) {}

TargetState& ClientImpl::state_of(const Target& target) {
    const auto found = states.find(target.name);
    if (found != states.end()) return *found->second;
    return *states.emplace(target.name, std::make_unique<TargetState>(target, *this)).first->second;
}

async::Task<async::Resolution> ClientImpl::resolve(std::string host, async::SteadyTime deadline, std::stop_token stop) {
    if (auto address = async::numeric_address(host)) co_return async::Resolution{{*std::move(address)}, {}};
    struct Answer {
        Waiter* waiter = nullptr;
        async::Resolution found;
    };
    const auto answer = std::make_shared<Answer>();
    Waiter waiter(&parts.loop, deadline, std::move(stop));
    const Waiter::Found known(answer->waiter, waiter);
    resolver.resolve(host, [answer](const async::Resolution& found) {
        if (answer->waiter == nullptr) return;
        answer->found = found;
        answer->waiter->wake();
    });
    const auto woken = co_await waiter;
    if (woken != Waiter::Woken::ready) co_return async::Resolution{{}, "no answer from the name servers in time"};
    co_return std::move(answer->found);
}

void ClientImpl::count_status(const TargetState& state, int status) const {
    constexpr std::array<std::string_view, 6> classes{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
    const auto at = static_cast<std::size_t>(status / 100);
    requests.with({state.name, at < classes.size() ? classes[at] : "none"}).increment();
}

void ClientImpl::tell_failure(TargetState& state, std::string_view method, std::string_view shown, const Error& error) {
    failures.with({state.name, to_string(error.cause)}).increment();
    if (!news.is_news(fmt::format("{} {}", state.name, to_string(error.cause)))) return;
    const auto begins = shown_text(
        error.cause == Cause::unexpected_content || error.cause == Cause::unreadable ? error.body : "", state.secrets);
    parts.logger.warn("a call of another service failed",
                      {{"target", state.name},
                       {"method", method},
                       {"path", shown},
                       {"outcome", to_string(error.outcome)},
                       {"kind", to_string(error.cause)},
                       {"detail", error.detail},
                       {"status", error.status},
                       {"attempts", error.attempts},
                       {"begins", begins.empty() ? std::optional<std::string>() : std::optional(begins)}});
}

// ---- Client -----------------------------------------------------------------------------------------------------

Client::Client(Parts parts) : impl_(std::make_unique<ClientImpl>(std::move(parts))) {}

Client::~Client() = default;

CurlLoop& Client::curl() noexcept { return impl_->curl; }

async::Task<Result<std::string>> Client::send_raw(const Target* target, std::string method, std::string path, Body body,
                                                  Call call, bool wants_json) {
    CallRun run(*impl_, *target, {.method = std::move(method), .path = std::move(path), .wants_json = wants_json},
                std::make_unique<Body>(std::move(body)), std::move(call));
    co_await run.run();
    if (run.error()) co_return std::unexpected(std::move(*run.error()));
    co_return std::move(run.reply());
}

Error Client::unreadable(const Target& target, const Reply<std::string>& reply, const schema::ReadError& why) {
    Error error{.outcome = Outcome::unknown, .cause = Cause::unreadable, .status = reply.status, .attempts = 1};
    error.detail = why.issues.empty() ? std::string("the body is not the JSON that was expected")
                                      : fmt::format("the body has no usable {} ({})", why.issues.front().pointer,
                                                    why.issues.front().code);
    error.body = reply.body.substr(0, 1024);
    for (const auto [name, value] : reply.headers) error.headers.append(name, value);
    impl_->tell_failure(impl_->state_of(target), "", "", error);
    return error;
}

async::Task<std::expected<ReplyStream, Error>> Client::open(std::string method, const Target& target, std::string path,
                                                            Body body, Call call) {
    return open_stream(impl_.get(), &target, std::move(method), std::move(path), std::move(body), std::move(call));
}

async::Task<void> Client::stop(async::SteadyTime deadline) {
    impl_->refuses_calls = true;
    if (impl_->active == 0) co_return;
    {
        Waiter waiter(&impl_->parts.loop, deadline, {});
        const Waiter::Found found(impl_->waits_for_end, waiter);
        static_cast<void>(co_await waiter);
    }
    if (impl_->active == 0) co_return;
    impl_->closing.request_stop();
    Waiter waiter(&impl_->parts.loop);
    const Waiter::Found found(impl_->waits_for_end, waiter);
    static_cast<void>(co_await waiter);
}

}  // namespace client
