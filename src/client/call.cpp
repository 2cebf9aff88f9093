#include "client/call.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "async/stopped.h"
#include "base/strings.h"
#include "client/redact.h"
#include "observe/traceparent.h"

namespace client {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t most_error_bytes = 64U << 10;
constexpr std::size_t most_unexpected_bytes = 1024;
constexpr std::size_t most_remembered_hosts = 1000;

milliseconds to_milliseconds(async::SteadyTime::duration time) {
    return std::chrono::duration_cast<milliseconds>(time);
}

bool is_redirect(int status) {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// Of these a further attempt may succeed.
bool is_passing(int status) {
    constexpr std::array<int, 7> passing{408, 425, 429, 500, 502, 503, 504};
    return std::ranges::find(passing, status) != passing.end();
}

bool is_json(std::string_view content_type) {
    const auto type = base::trim(content_type.substr(0, content_type.find(';')));
    return base::iequals(type, "application/json") ||
           (type.size() > 5 && base::iequals(type.substr(type.size() - 5), "+json"));
}

void put(std::vector<std::string>& lines, std::string_view name, std::string_view value) {
    const auto is_same = [&](const std::string& line) {
        return base::iequals(std::string_view(line).substr(0, line.find(':')), name);
    };
    std::erase_if(lines, is_same);
    // libcurl leaves a header out that has nothing behind its colon, and sends an empty one that ends with ';'.
    lines.push_back(value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, value));
}

void put_credentials(std::vector<std::string>& lines, const Auth& auth) {
    if (const auto* basic = std::get_if<Basic>(&auth)) {
        put(lines, "Authorization", "Basic " + base::base64_encode(basic->user + ":" + basic->password));
    } else if (const auto* bearer = std::get_if<Bearer>(&auth)) {
        put(lines, "Authorization", "Bearer " + bearer->token);
    } else if (const auto* header = std::get_if<SecretHeader>(&auth)) {
        put(lines, header->name, header->value);
    }
}

std::optional<milliseconds> retry_after_of(const http::Headers& headers, base::Timestamp now) {
    std::vector<std::string_view> values;
    for (const auto [name, value] : headers)
        if (base::iequals(name, "retry-after")) values.push_back(value);
    return parse_retry_after(values, now);
}

}  // namespace

CallRun::CallRun(ClientImpl& client, const Target& target, CallShape shape, std::unique_ptr<Body> body, Call call)
    : client_(client),
      target_(target),
      state_(client.state_of(target)),
      shape_(std::move(shape)),
      body_(std::move(body)),
      call_(std::move(call)),
      is_repeatable_(!body_->source && (call_.repeatable || !call_.idempotency_key.empty() || shape_.method == "GET" ||
                                        shape_.method == "HEAD")),
      started_(async::Loop::now()),
      deadline_(std::min(call_.deadline, started_ + call_.within.value_or(target.deadlines.whole))),
      stop_(std::make_unique<CallStop>(call_.stop, client.closing.get_token())),
      span_(call_.span, observe::SpanKind::client, shape_.method) {
    if (!target.base_url.empty()) return;
    auto rules = target.rules;
    rules.allow_loopback |= client.parts.settings.allow_loopback;
    guard_.emplace(client.foreign_names, std::move(rules));
}

void CallRun::fail(Outcome outcome, Cause cause, std::string detail) {
    error_ = Error{.outcome = outcome, .cause = cause, .detail = std::move(detail), .attempts = attempts_};
}

// ---- Before anything is sent ------------------------------------------------------------------------------------

std::expected<Url, std::string> CallRun::whole_url() const {
    const bool is_path = shape_.path.starts_with('/') || shape_.path.empty();
    if (!target_.base_url.empty() && !is_path)
        return std::unexpected(std::string("the path of a target with a base URL begins with a slash"));
    std::string_view base = target_.base_url;
    if (base.ends_with('/')) base.remove_suffix(1);
    auto text = std::string(base) + shape_.path;
    for (const auto& [name, value] : call_.query)
        text.append(text.contains('?') ? "&" : "?")
            .append(base::percent_encode(name))
            .append("=")
            .append(base::percent_encode(value));
    return Url::parse(text);
}

bool CallRun::may_begin() {
    if (client_.refuses_calls || stop_->is_requested()) {
        fail(Outcome::not_sent, Cause::cancelled, "the caller has gone, or the process ends");
        return false;
    }
    if (!state_.has_breaker) return true;
    pass_ = state_.breaker.pass(started_);
    if (pass_ != Breaker::Pass::none) return true;
    fail(Outcome::not_sent, Cause::breaker_open, "too many calls failed lately");
    error_->retry_after = state_.breaker.left(started_);
    return false;
}

async::Task<bool> CallRun::take_a_place() {
    state_.waiting.add(1);
    auto place = co_await state_.gate.enter(deadline_, stop_->token());
    state_.waiting.add(-1);
    if (place) {
        place_ = std::move(*place);
        co_return true;
    }
    switch (place.error()) {
        case Gate::No::full: fail(Outcome::not_sent, Cause::queue_full, "as many calls wait as may"); break;
        case Gate::No::expired: fail(Outcome::not_sent, Cause::timeout, "no place in time"); break;
        case Gate::No::stopped: fail(Outcome::not_sent, Cause::cancelled, "nobody waits for the reply any more"); break;
    }
    co_return false;
}

async::Task<void> CallRun::run() {
    const ActiveCall active(client_);
    const auto url = whole_url();
    if (!url) {
        pass_ = Breaker::Pass::none;
        fail(Outcome::not_sent, Cause::bad_call, url.error());
        co_return tell();
    }
    first_ = *url;
    const auto query = std::min(url->text.size(), url->text.find('?'));
    shown_ = target_.hides_path || guard_
                 ? url->origin()
                 : shown_path(url->path, std::string_view(url->text).substr(std::min(url->text.size(), query + 1)));
    span_.set("server.address", url->host);
    span_.set("server.port", static_cast<std::int64_t>(url->port));
    span_.set("peer.service", target_.name);
    if (may_begin() && co_await take_a_place()) {
        state_.budget.on_call();
        state_.in_flight.add(1);
        co_await attempts();
        state_.in_flight.add(-1);
    }
    if (!shape_.streamed || error_) place_.reset();
    tell();
}

// ---- Attempts ---------------------------------------------------------------------------------------------------

bool CallRun::may_repeat() const {
    if (body_->source || stop_->is_requested()) return false;
    switch (error_->outcome) {
        case Outcome::not_sent:
            return error_->cause == Cause::name || error_->cause == Cause::connect || error_->cause == Cause::timeout ||
                   error_->cause == Cause::connection_lost;
        case Outcome::refused: return is_repeatable_ && is_passing(error_->status);
        case Outcome::unknown:
            return is_repeatable_ && (error_->cause == Cause::timeout || error_->cause == Cause::connection_lost);
    }
    return false;
}

std::optional<milliseconds> CallRun::pause(std::uint32_t failures) {
    if (!error_ || attempts_ >= target_.retry.attempts || !may_repeat()) return std::nullopt;
    const auto pause = pause_before_retry(target_.retry, failures, error_->retry_after, client_.random());
    if (!pause || async::Loop::now() + *pause >= deadline_ || !state_.budget.take()) return std::nullopt;
    return pause;
}

async::Task<void> CallRun::attempts() {
    const auto method = shape_.method;
    for (std::uint32_t failures = 1;; ++failures) {
        ++attempts_;
        shape_.method = method;
        co_await with_redirects();
        if (error_) error_->attempts = attempts_;
        const auto wait = pause(failures);
        if (!wait) co_return;
        state_.retries.increment();
        if (co_await async::stopped(&client_.parts.loop, stop_->token(), async::Loop::now() + *wait)) co_return;
    }
}

async::Task<void> CallRun::with_redirects() {
    hop_ = first_;
    error_.reset();
    std::optional<std::string> location;
    for (std::uint32_t hops = 0;; ++hops) {
        const auto connect_by = std::min(deadline_, async::Loop::now() + target_.deadlines.connect);
        auto found = co_await addresses(location, connect_by);
        if (found.empty()) co_return;
        co_await at_addresses(std::move(found), connect_by);
        location = next_location();
        if (!location || hops == target_.redirects) co_return;
        // What a body was sent for is fetched, unless it is to be sent there (307, 308).
        const bool stays = error_->status == 307 || error_->status == 308 || shape_.method == "HEAD";
        if (!stays) shape_.method = "GET";
    }
}

// Of a redirect that can be followed.
std::optional<std::string> CallRun::next_location() const {
    if (!error_ || error_->outcome != Outcome::refused || !is_redirect(error_->status)) return std::nullopt;
    const auto location = error_->headers.get("location");
    const bool sends_again = error_->status == 307 || error_->status == 308;
    if (!location || (sends_again && body_->source)) return std::nullopt;
    return std::string(*location);
}

void CallRun::refuse_redirect(Cause cause, std::string_view why) {
    error_->cause = cause;
    error_->detail = fmt::format("status {}, a redirect that is not followed: {}", error_->status, why);
}

// ---- Where to ---------------------------------------------------------------------------------------------------

// Of hop_, or of where its reply has led. None: error_ says why.
async::Task<std::vector<std::string>> CallRun::addresses(std::optional<std::string> location,
                                                         async::SteadyTime connect_by) {
    if (guard_) co_return co_await judged_addresses(std::move(location), connect_by);
    if (location) {
        auto next = hop_.follow(*location);
        if (!next || (hop_.is_tls() && !next->is_tls())) {
            refuse_redirect(Cause::status, next ? "it leaves TLS" : next.error());
            co_return std::vector<std::string>();
        }
        hop_ = *std::move(next);
    }
    co_return co_await looked_up_addresses(connect_by);
}

async::Task<std::vector<std::string>> CallRun::judged_addresses(std::optional<std::string> location,
                                                                async::SteadyTime connect_by) {
    auto verdict = location ? co_await guard_->check_redirect(*checked_, *location, connect_by)
                            : co_await guard_->check(first_.text, connect_by);
    if (!verdict) {
        const auto& refusal = verdict.error();
        const bool may_pass = refusal.code.retriable;
        if (location) {
            refuse_redirect(Cause::forbidden, fmt::format("{}: {}", refusal.code.code, refusal.detail));
        } else {
            // Not its cause, which may name addresses of our own network: whoever gave the URL may come to see this.
            fail(Outcome::not_sent, may_pass ? Cause::name : Cause::forbidden,
                 fmt::format("{}: {}", refusal.code.code, refusal.detail));
        }
        co_return std::vector<std::string>();
    }
    checked_ = *std::move(verdict);
    auto url = Url::parse(checked_->url());
    if (!url) {
        fail(Outcome::not_sent, Cause::bad_call, url.error());
        co_return std::vector<std::string>();
    }
    hop_ = *std::move(url);
    co_return checked_->addresses();
}

async::Task<std::vector<std::string>> CallRun::looked_up_addresses(async::SteadyTime connect_by) {
    const auto& host = client_.proxy ? client_.proxy->host : hop_.host;
    auto found = co_await client_.resolve(host, connect_by, stop_->token());
    if (found.addresses.empty())
        fail(Outcome::not_sent, stop_->is_requested() ? Cause::cancelled : Cause::name, std::move(found.failure));
    co_return std::move(found.addresses);
}

async::Task<void> CallRun::at_addresses(std::vector<std::string> addresses, async::SteadyTime connect_by) {
    // First the one that has connections, if it is still among them.
    const auto last = client_.last_addresses.find(hop_.host);
    if (last != client_.last_addresses.end()) {
        const auto at = std::ranges::find(addresses, last->second);
        if (at != addresses.end()) std::rotate(addresses.begin(), at, at + 1);
    }
    auto left = static_cast<std::int64_t>(addresses.size());
    for (const auto& address : addresses) {
        error_.reset();
        // An address that swallows packets leaves time for the others.
        const auto share = (connect_by - async::Loop::now()) / left--;
        co_await at_address(address, async::Loop::now() + share);
        const bool is_reached = !error_ || error_->outcome != Outcome::not_sent;
        if (is_reached) {
            if (client_.last_addresses.size() >= most_remembered_hosts) client_.last_addresses.clear();
            client_.last_addresses.insert_or_assign(hop_.host, address);
        }
        if (is_reached || (error_->cause != Cause::connect && error_->cause != Cause::timeout) || stop_->is_requested())
            co_return;
    }
}

async::Task<void> CallRun::at_address(std::string address, async::SteadyTime connect_by) {
    const bool is_stale = co_await exchange(address, connect_by, false);
    // The kept connection was of no use. Where nothing was sent, or it may be repeated, a new one tells what there is.
    if (!is_stale || !error_ || (error_->outcome != Outcome::not_sent && !is_repeatable_)) co_return;
    error_.reset();
    static_cast<void>(co_await exchange(address, async::Loop::now() + target_.deadlines.connect, true));
}

// ---- One exchange -----------------------------------------------------------------------------------------------

std::optional<std::vector<std::string>> CallRun::header_lines() const {
    std::vector<std::string> lines;
    put(lines, "User-Agent", client_.parts.user_agent);
    put(lines, "Accept", !call_.accept.empty() ? call_.accept : shape_.wants_json ? "application/json" : "*/*");
    for (const auto& [name, value] : target_.headers) put(lines, name, value);
    for (const auto& [name, value] : call_.headers) put(lines, name, value);
    if (shape_.streamed) put(lines, "Accept-Encoding", "identity");
    if (!call_.idempotency_key.empty()) put(lines, "Idempotency-Key", call_.idempotency_key);
    const bool has_body = shape_.method != "GET" && shape_.method != "HEAD" && !body_->content_type.empty();
    if (has_body) put(lines, "Content-Type", body_->content_type);
    if (const auto* context = span_.context()) {
        put(lines, "traceparent", observe::write_traceparent(context->ids));
        if (!context->state.empty()) put(lines, "tracestate", context->state);
    }
    // A redirect to somebody else takes none of it along.
    if (hop_.origin() == first_.origin()) {
        put_credentials(lines, target_.auth);
    } else {
        std::erase_if(lines, [](const std::string& line) {
            const auto name = base::ascii_lower(std::string_view(line).substr(0, line.find(':')));
            return name == "authorization" || name == "cookie" || name.contains("key") || name.contains("token") ||
                   name.contains("secret");
        });
    }
    for (const auto& line : lines) {
        const auto end = std::min(line.find(':'), line.size() - 1);
        if (!http::is_token(line.substr(0, end)) || !http::is_field_value(line.substr(end + 1))) return std::nullopt;
    }
    if (!has_body) lines.emplace_back("Content-Type:");
    return lines;
}

ExchangeRequest CallRun::request_to(std::string address) const {
    ExchangeRequest request{.method = shape_.method,
                            .url = hop_.text,
                            .address = std::move(address),
                            .ca_file = client_.parts.settings.ca_file,
                            .streamed = shape_.streamed,
                            .repeatable = is_repeatable_,
                            .first_byte = target_.deadlines.first_byte,
                            .deadline = deadline_,
                            .stop = stop_->token()};
    if (client_.proxy && !guard_) {
        const bool is_v6 = request.address.contains(':');
        request.proxy =
            fmt::format("http://{}{}{}:{}", is_v6 ? "[" : "", request.address, is_v6 ? "]" : "", client_.proxy->port);
        request.proxy_credentials = client_.proxy->credentials;
    }
    const auto most = shape_.streamed ? SIZE_MAX : target_.max_reply_bytes;
    request.max_reply_bytes = call_.max_reply_bytes != 0 ? call_.max_reply_bytes : most;
    return request;
}

// True when it failed on a kept connection that was of no use.
async::Task<bool> CallRun::exchange(std::string address, async::SteadyTime connect_by, bool fresh) {
    if (async::Loop::now() >= deadline_) {
        fail(Outcome::not_sent, Cause::timeout, "no time was left to send it");
        co_return false;
    }
    auto headers = header_lines();
    if (!headers) {
        fail(Outcome::not_sent, Cause::bad_call, "a header that none can be");
        co_return false;
    }
    auto request = request_to(std::move(address));
    request.headers = *std::move(headers);
    request.body = shape_.method == "GET" || shape_.method == "HEAD" ? &no_body_ : body_.get();
    request.connect_by = connect_by;
    request.fresh = fresh;
    exchange_ = std::make_unique<Exchange>(client_.curl, client_.parts.loop, std::move(request));
    co_await exchange_->head();
    const bool is_open =
        shape_.streamed && exchange_->status() / 100 == 2 && (!exchange_->has_ended() || exchange_->end().succeeded);
    if (is_open) {
        client_.count_status(state_, exchange_->status());
        co_return false;
    }
    co_await read_reply();
    const auto end =
        exchange_->has_ended() ? exchange_->end() : Exchange::End{.succeeded = true, .sent = true, .stale = false};
    take(end);
    co_return end.stale;
}

// Of a refusal to a stream its beginning.
async::Task<void> CallRun::read_reply() {
    if (!shape_.streamed) {
        co_await exchange_->finish();
        reply_.body = exchange_->take_body();
        co_return;
    }
    reply_.body.clear();
    while (reply_.body.size() < most_error_bytes) {
        const auto piece = co_await exchange_->next();
        if (piece.empty()) break;
        reply_.body += piece;
    }
}

void CallRun::take(Exchange::End end) {
    reply_.status = exchange_->status();
    reply_.headers = std::move(exchange_->headers());
    if (!end.stale) client_.count_status(state_, end.succeeded ? reply_.status : 0);
    if (!end.succeeded) {
        fail(end.sent ? Outcome::unknown : Outcome::not_sent, end.cause, std::move(end.detail));
        error_->status = reply_.status;
        error_->headers = std::move(reply_.headers);
    } else if (reply_.status / 100 != 2) {
        take_refusal();
    } else if (shape_.wants_json) {
        check_content();
    }
    exchange_.reset();
}

void CallRun::take_refusal() {
    fail(Outcome::refused, Cause::status, fmt::format("status {}", reply_.status));
    error_->status = reply_.status;
    error_->retry_after = retry_after_of(reply_.headers, client_.parts.clock->now());
    error_->headers = std::move(reply_.headers);
    error_->body = std::move(reply_.body);
    if (error_->body.size() > most_error_bytes) error_->body.resize(most_error_bytes);
}

void CallRun::check_content() {
    const auto type = reply_.headers.get("content-type");
    if (type && is_json(*type) && !reply_.body.empty()) return;
    fail(Outcome::unknown, Cause::unexpected_content,
         reply_.body.empty() ? std::string("an empty reply, where JSON was asked for")
                             : fmt::format("a reply of {}, where JSON was asked for",
                                           type ? without_numbers(type->substr(0, 100)) : "no type"));
    error_->status = reply_.status;
    error_->headers = std::move(reply_.headers);
    error_->body = reply_.body.substr(0, most_unexpected_bytes);
}

// ---- What is told of it -----------------------------------------------------------------------------------------

// What a call says of the service: nothing, when it was the caller's to end, or never began.
void CallRun::tell_breaker(async::SteadyTime now) {
    if (!state_.has_breaker || pass_ == Breaker::Pass::none) return;
    const auto cause = error_ ? error_->cause : Cause::status;
    const bool is_caller = cause == Cause::cancelled || cause == Cause::bad_call || cause == Cause::forbidden;
    const bool is_answer = cause == Cause::reply_too_large || cause == Cause::unexpected_content;
    if (attempts_ == 0 || (error_ && is_caller)) {
        state_.breaker.on_no_result(pass_);
    } else if (error_ && error_->outcome == Outcome::refused) {
        state_.breaker.on_end(pass_, error_->status < 500, now);
    } else {
        state_.breaker.on_end(pass_, !error_ || is_answer, now);
    }
    const bool is_open = state_.breaker.state() != Breaker::State::closed;
    if (std::exchange(state_.said_open, is_open) == is_open) return;
    state_.breaker_open.add(is_open ? 1 : -1);
    client_.parts.logger.warn(is_open ? "calls of another service fail at once" : "another service is called again",
                              {{"target", state_.name}});
}

void CallRun::tell() {
    const auto now = async::Loop::now();
    tell_breaker(now);
    state_.duration.observe(std::chrono::duration<double>(now - started_).count());
    const int status = error_ ? error_->status : exchange_ ? exchange_->status() : reply_.status;
    if (status != 0) span_.set("http.response.status_code", static_cast<std::int64_t>(status));
    if (error_) {
        span_.fail(to_string(error_->cause));
        client_.tell_failure(state_, shape_.method, shown_, *error_);
    }
    if (!client_.parts.logger.enabled(logging::Level::debug)) return;
    client_.parts.logger.debug("call of another service",
                               {{"target", state_.name},
                                {"method", shape_.method},
                                {"path", shown_},
                                {"status", status},
                                {"outcome", error_ ? to_string(error_->outcome) : "replied"},
                                {"kind", error_ ? std::optional(to_string(error_->cause)) : std::nullopt},
                                {"attempts", attempts_},
                                {"ms", to_milliseconds(now - started_).count()}});
}

}  // namespace client
