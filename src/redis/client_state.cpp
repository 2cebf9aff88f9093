#include "redis/client_state.h"

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "base/strings.h"
#include "base/time.h"
#include "redis/errors.h"

namespace redis::detail {

namespace {

// What goes out in one write; the rest stays where a lost connection does not touch it.
constexpr std::size_t write_bytes = 256U << 10;
constexpr std::size_t most_meters = 500;
// From 50 µs: a local Redis answers in less than prom-client's least bucket.
constexpr std::array<double, 7> latency_buckets{0.00005, 0.0001, 0.00025, 0.001, 0.005, 0.05, 0.5};

base::Failure failure(const base::ErrorCode& code, std::string cause) {
    return base::Failure(base::Failure(code).retry_after(1000).cause(std::move(cause)));
}

}  // namespace

ClientState::ClientState(async::Loop& loop, Options options, const logging::Logger& logger, observe::Metrics& metrics)
    : Link(loop, std::move(options), logger, metrics),
      overdue_(loop, [this] { check_overdue(); }),
      unreachable_(loop, [this] { fail_waiting(last_cause()); }),
      idle_(loop),
      waiting_gauge_(metrics.gauge_family("redis_waiting", "Redis commands not answered yet.", {"role"})
                         .with({this->options().role})),
      commands_(metrics.counter_family("redis_commands_total", "Redis commands answered.", {"role", "command"})),
      seconds_(metrics.histogram_family("redis_command_duration_seconds", "Time to the reply of a Redis command.",
                                        {"role"}, latency_buckets)) {
    if (this->options().fail_fast_after.count() > 0) unreachable_.expires_after(this->options().fail_fast_after);
}

ClientState::~ClientState() = default;

// ---- Room -------------------------------------------------------------------------------------------------------

bool ClientState::is_unreachable() const noexcept {
    const auto patience = options().fail_fast_after;
    return !is_up() && patience.count() > 0 && async::Loop::now() - down_since() >= patience;
}

void ClientState::check_room(std::size_t commands, std::size_t bytes) const {
    if (closing_ || is_closed()) throw failure(errors::unavailable, "closed");
    if (held_commands_ + commands > options().max_waiting || held_bytes_ + bytes > options().max_waiting_bytes)
        throw failure(errors::overloaded, "too many commands wait for their replies");
    if (is_unreachable()) throw failure(errors::unavailable, last_cause());
}

void ClientState::hold(std::size_t commands, std::size_t bytes) {
    held_commands_ += commands;
    held_bytes_ += bytes;
    waiting_gauge_.add(static_cast<double>(commands));
}

void ClientState::release(std::size_t commands, std::size_t bytes) {
    held_commands_ -= commands;
    held_bytes_ -= bytes;
    waiting_gauge_.add(-static_cast<double>(commands));
    if (closing_ && is_idle()) idle_.set();
}

// ---- Sending ----------------------------------------------------------------------------------------------------

void ClientState::submit(Request& request) {
    waiting_.push_back(request);
    schedule();
}

void ClientState::submit_first(Request& request) {
    waiting_.push_front(request);
    schedule();
}

void ClientState::submit_again(Request& request) { again_.push_back(request); }

// At the end of this turn, so that all that it brings shares a write.
void ClientState::schedule() {
    if (std::exchange(scheduled_, true)) return;
    loop().post([weak = weak_from_this()] {
        const auto self = std::static_pointer_cast<ClientState>(weak.lock());
        if (!self) return;
        self->scheduled_ = false;
        self->serve();
    });
}

void ClientState::serve() {
    if (!is_up() || !retire_cause_.empty() || connection().is_writing()) return;
    auto& out = connection().outgoing();
    while (!waiting_.empty() && out.size() < write_bytes) {
        auto& request = waiting_.front();
        waiting_.pop_front();
        request.encode(out);
        request.set_flight(answered_ + flight_.size());
        flight_.push_back({&request, request.reply_count(), request.deadline() + options().reply_grace});
    }
    if (!out.empty()) connection().send();
}

void ClientState::on_written() { serve(); }

// ---- Replies ----------------------------------------------------------------------------------------------------

void ClientState::on_reply(Reply reply) {
    if (flight_.empty()) return drop("a reply that no command asked for");
    if (now_ == async::SteadyTime{}) now_ = async::Loop::now();
    auto& first = flight_.front();
    auto* request = first.request;
    if (request != nullptr) request->on_reply(request->reply_count() - first.left, std::move(reply));
    if (--first.left > 0) return;
    flight_.pop_front();
    ++answered_;
    if (request != nullptr) {
        request->on_end();
    } else {
        --abandoned_;
    }
}

void ClientState::on_read_end() {
    // A task that goes on may let go of the client.
    const auto self = shared_from_this();
    now_ = {};
    if (!retire_cause_.empty() && flight_.empty()) drop(retire_cause_);
    resume_finished();
}

void ClientState::observe(std::string_view label, async::SteadyTime started) {
    auto found = meters_.find(label);
    if (found == meters_.end()) {
        // Names come from code, but code can be wrong.
        if (meters_.size() >= most_meters) label = "other";
        const auto name = base::ascii_lower(label);
        found = meters_
                    .try_emplace(std::string(label),
                                 Meter{commands_.with({options().role, name}), seconds_.with({options().role})})
                    .first;
    }
    found->second.commands.increment();
    found->second.seconds.observe(std::chrono::duration<double>(now_ - started).count());
}

// ---- What ails the server ---------------------------------------------------------------------------------------

void ClientState::heed(std::string_view label, Value reply) {
    if (reply.is_error() && is_server_trouble(reply.text())) return begin_trouble(label, reply.text());
    // Reads go on where writes are refused: only what was refused tells that it is over.
    if (refusing_ && refusing_->label == label) end_trouble();
}

void ClientState::begin_trouble(std::string_view label, std::string_view text) {
    const bool is_new = !refusing_ || error_word(refusing_->trouble.text) != error_word(text);
    if (is_new) refusing_ = Refusing{{std::string(text), base::system_clock().now()}, std::string(label)};
    // Not for each command, nor each time that it comes and goes.
    if (!trouble_news_.is_news(error_word(text))) return;
    refusing_->is_logged = true;
    logger().warn("Redis refuses commands", {{"role", options().role}, {"server", server()}, {"cause", text}});
}

void ClientState::end_trouble() {
    if (!refusing_) return;
    if (refusing_->is_logged)
        logger().info("Redis takes commands again",
                      {{"role", options().role}, {"server", server()}, {"cause", refusing_->trouble.text}});
    refusing_.reset();
}

std::optional<Trouble> ClientState::trouble() const {
    if (!is_up()) {
        const auto down_for = std::chrono::duration_cast<std::chrono::microseconds>(async::Loop::now() - down_since());
        return Trouble{last_cause(), base::system_clock().now() - down_for};
    }
    return refusing_ ? std::optional(refusing_->trouble) : std::nullopt;
}

void ClientState::add_finished(Request& request) {
    finished_.push_back(request);
    if (std::exchange(resume_posted_, true)) return;
    loop().post([weak = weak_from_this()] {
        if (const auto self = std::static_pointer_cast<ClientState>(weak.lock())) self->resume_finished();
    });
}

void ClientState::resume_finished() {
    resume_posted_ = false;
    // One list at a time: what these tasks finish in turn waits for the next round.
    RequestList batch;
    batch.swap(finished_);
    // What the first half asks for goes out before the other half goes on: Redis answers a batch at once, and would rest until
    // the last of them had asked again.
    const auto half = batch.size() / 2;
    for (std::size_t resumed = 0; !batch.empty(); ++resumed) {
        if (resumed == half) serve();
        auto& request = batch.front();
        batch.pop_front();
        request.resume();
    }
}

// ---- Late replies -----------------------------------------------------------------------------------------------

void ClientState::abandon(std::uint64_t flight) {
    flight_[flight - answered_].request = nullptr;
    ++abandoned_;
    if (!overdue_.is_set()) watch_overdue();
}

// Replies come in order, so the first alone can be late.
void ClientState::watch_overdue() {
    if (abandoned_ > 0) overdue_.expires_at(flight_.front().due);
}

void ClientState::check_overdue() {
    if (flight_.empty()) return;
    const bool is_late = flight_.front().due <= async::Loop::now() || !retire_cause_.empty();
    if (is_late) return drop_later("a reply did not come in time");
    watch_overdue();
}

bool ClientState::retire(std::string cause) {
    if (closing_ || is_closed()) return false;
    if (!retire_cause_.empty() || !is_up()) return true;
    retire_cause_ = std::move(cause);
    // A blocking command ahead may keep it for long.
    if (!flight_.empty()) overdue_.expires_after(options().reply_grace);
    return true;
}

// ---- Coming and going -------------------------------------------------------------------------------------------

void ClientState::on_up() {
    unreachable_.cancel();
    waiting_.splice(waiting_.begin(), again_);
    serve();
    // In a later turn: the callback may do anything, and this may run inside of the connection.
    if (std::exchange(was_connected_, true) && on_reconnect_) {
        loop().post([weak = weak_from_this()] {
            const auto self = std::static_pointer_cast<ClientState>(weak.lock());
            if (self && !self->is_closed() && self->on_reconnect_) self->on_reconnect_();
        });
    }
}

void ClientState::on_down(const std::string& cause) {
    retire_cause_.clear();
    fail_flight(cause);
    if (!unreachable_.is_set() && options().fail_fast_after.count() > 0) {
        if (is_unreachable()) return fail_waiting(cause);
        unreachable_.expires_at(down_since() + options().fail_fast_after);
    }
}

void ClientState::fail_flight(const std::string& cause) {
    overdue_.cancel();
    auto flight = std::exchange(flight_, {});
    answered_ += flight.size();
    abandoned_ = 0;
    // The last first: those that are sent again queue up at the front.
    for (const auto& sent : std::views::reverse(flight)) {
        if (sent.request != nullptr) sent.request->on_lost(cause);
    }
}

void ClientState::fail_waiting(const std::string& cause) {
    for (auto* list : {&again_, &waiting_}) {
        while (!list->empty()) list->front().fail(std::make_exception_ptr(failure(errors::unavailable, cause)));
    }
}

void ClientState::shutdown() {
    closing_ = true;
    on_reconnect_ = nullptr;
    close_link();
    overdue_.cancel();
    unreachable_.cancel();
    fail_flight("closed");
    fail_waiting("closed");
}

}  // namespace redis::detail
