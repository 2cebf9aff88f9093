#include "redis/link.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "log/exception_text.h"
#include "redis/errors.h"

namespace redis::detail {

using namespace std::chrono_literals;

namespace {

// A server that accepts and hangs up at once must not be called in a tight circle.
constexpr auto steady_after = 1s;
// An attempt to connect that has heard nothing for so long: what was said before it is old.
constexpr auto silent_after = 1s;

std::uint64_t jitter_seed(const void* address) {
    return reinterpret_cast<std::uintptr_t>(address) ^
           static_cast<std::uint64_t>(async::Loop::now().time_since_epoch().count());
}

}  // namespace

Link::Link(async::Loop& loop, Options options, const logging::Logger& logger, observe::Metrics& metrics)
    : loop_(loop),
      options_(std::move(options)),
      logger_(logger.child({{"module", "redis"}})),
      connected_(metrics.gauge_family("redis_connected", "Open connections to Redis.", {"role"}).with({options_.role})),
      reconnects_(metrics.counter_family("redis_reconnects_total", "Connections to Redis after a lost one.", {"role"})
                      .with({options_.role})),
      retry_(loop, [this] { connect(); }),
      random_(jitter_seed(this)),
      down_since_(async::Loop::now()) {}

Link::~Link() { close_link(); }

void Link::open() { connect(); }

void Link::close_link() noexcept {
    closed_ = true;
    retry_.cancel();
    if (std::exchange(up_, false)) connected_.add(-1);
    if (connection_) connection_->close();
    connection_.reset();
}

void Link::connect() {
    const auto deadline = async::Loop::now() + options_.connect_timeout;
    async::start(options_.endpoints->next(deadline),
                 [weak = weak_from_this(), endpoints = options_.endpoints, deadline](const std::exception_ptr& failure,
                                                                                     std::optional<Endpoint> endpoint) {
                     const auto self = weak.lock();
                     if (!self || self->closed_) return;
                     if (failure) return self->on_lost(logging::message_of(failure));
                     self->dial(std::move(*endpoint), deadline);
                 });
}

void Link::dial(Endpoint endpoint, async::SteadyTime deadline) {
    server_ = endpoint.path.empty() ? endpoint.host + ":" + std::to_string(endpoint.port) : endpoint.path;
    connection_ = std::make_shared<Connection>(
        loop_, *this, std::move(endpoint),
        Connection::Settings{.greeting = {.connection_name = options_.connection_name, .resp3 = options_.resp3},
                             .max_reply_bytes = options_.max_reply_bytes});
    heard_ = async::Loop::now();
    connection_->open(deadline);
}

std::string Link::last_cause() const {
    const bool silent = connection_ && !up_ && async::Loop::now() - heard_ > silent_after;
    return silent ? "Redis does not answer" : last_cause_;
}

void Link::on_not_ready(const std::string& cause) {
    heard_ = async::Loop::now();
    last_cause_ = cause;
}

void Link::on_connected() {
    up_ = true;
    up_since_ = async::Loop::now();
    connected_.add(1);
    if (std::exchange(was_up_, true)) reconnects_.increment();
    if (std::exchange(loss_was_logged_, false))
        logger_.info("connected to Redis again", {{"role", options_.role}, {"server", server_}});
    on_up();
}

void Link::on_lost(const std::string& cause) {
    // What on_down() does may end the last reference.
    const auto self = shared_from_this();
    const bool lost = std::exchange(up_, false);
    connection_.reset();
    last_cause_ = cause;
    if (is_news(cause)) {
        logger_.warn(lost ? "connection to Redis lost" : "connection to Redis failed",
                     {{"role", options_.role}, {"server", server_}, {"cause", cause}});
        loss_was_logged_ = true;
    }
    if (lost) {
        connected_.add(-1);
        down_since_ = async::Loop::now();
    }
    const bool was_steady = lost && down_since_ - up_since_ > steady_after;
    delay_ = was_steady ? 0ms : std::clamp(delay_ * 2, options_.reconnect_minimum, options_.reconnect_maximum);
    on_down(cause);
    if (!closed_) connect_later(with_jitter(delay_));
}

bool Link::is_news(const std::string& cause) {
    return news_.is_news(is_error_reply(cause) ? error_word(cause) : std::string_view(cause));
}

void Link::connect_later(async::Milliseconds delay) {
    if (delay > 0ms) return retry_.expires_after(delay);
    loop_.post([weak = weak_from_this()] {
        const auto self = weak.lock();
        if (self && !self->closed_ && !self->connection_) self->connect();
    });
}

void Link::drop(const std::string& cause) {
    if (!up_) return;
    connection_->close();
    on_lost(cause);
}

void Link::drop_later(std::string cause) {
    loop_.post([weak = weak_from_this(), connection = std::weak_ptr(connection_), cause = std::move(cause)] {
        const auto self = weak.lock();
        // Another connection may have taken its place.
        if (self && self->up_ && connection.lock() == self->connection_) self->drop(cause);
    });
}

// Half of it at least.
async::Milliseconds Link::with_jitter(async::Milliseconds delay) {
    const auto half = delay.count() / 2;
    return async::Milliseconds(half + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(half) + 1)));
}

}  // namespace redis::detail
