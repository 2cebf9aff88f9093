#include "http/connection.h"

#include <boost/asio/error.hpp>
#include <cstring>

#include "http/access.h"
#include "http/errors.h"
#include "http/middleware/log_fields.h"

namespace http {

namespace {

using boost::system::error_code;

constexpr std::size_t initial_input = 2048;
constexpr std::size_t read_behind_head = 4096;  // what may arrive beyond the longest head
constexpr std::size_t kept_output = 16 * 1024;  // capacity an idle connection may keep
constexpr std::size_t kept_input = 8 * 1024;
constexpr std::size_t max_lingered = 8 * 1024 * 1024;  // a refused upload on its way; bounded by time before that
constexpr auto refusal_time = std::chrono::seconds(1);

}  // namespace

// ---- Life ---------------------------------------------------------------------------------------------------------

Connection::Connection(std::shared_ptr<Server::Impl> server, Socket socket, const boost::asio::ip::tcp::endpoint& peer,
                       bool refused)
    : server_(std::move(server)),
      socket_(std::move(socket)),
      remote_port_(peer.port()),
      timer_(server_->loop, [this] { on_timer(); }),
      now_(async::Loop::now()),
      refused_(refused),
      parser_({.max_head_bytes = server_->options.max_head_bytes,
               .max_target_bytes = server_->options.max_target_bytes,
               .max_header_count = server_->options.max_header_count}),
      context_(server_->loop, server_->services, server_->logger) {
    auto address = peer.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
    }
    remote_address_ = address.to_string();
}

void Connection::start(const std::shared_ptr<Server::Impl>& server, Socket socket,
                       const boost::asio::ip::tcp::endpoint& peer, bool refused) {
    const Ref connection(new Connection(server, std::move(socket), peer, refused));
    error_code ignored;
    connection->socket_.non_blocking(true, ignored);
    connection->socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    server->connections.push_back(*connection);
    intrusive_ptr_add_ref(connection.get());
    connection->linked_ = true;
    if (refused) {
        ++server->refusing;
    } else {
        server->idle.push_back(*connection);
    }
    RequestAccess(connection->context_.request()).set_body_budget(server->bodies.get());
    connection->context_.set_draining(server->stopping.get_token());
    Counters::add(server->counters->connections, 1);
    Counters::add(server->counters->accepted, 1);
    connection->begin_opening();
    const auto patience = server->draining ? server->options.drain_idle : server->options.head_deadline;
    connection->read_deadline_ = connection->now_ + (refused ? async::Milliseconds(refusal_time) : patience);
    connection->arm();
    connection->start_read();
}

void Connection::cut() {
    if (phase_ == Phase::closed) return;
    const Ref self(this);
    phase_ = Phase::closed;
    note_waiting();
    context_.mark_client_gone();
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
    wake(body_waiter_);
    wake(write_waiter_);
    if (!in_request_) leave();
}

void Connection::abort() {
    error_code ignored;
    socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
    cut();
}

void Connection::retire() {
    const bool opens = phase_ == Phase::opening && !head_under_way_;
    const bool idle =
        opens || (phase_ == Phase::reading_head && !in_request_ && !writing_ && nothing_begun() && out_.empty());
    if (!idle || refused_) return;
    // From the announcement on, however long it was silent before: clients whose busy connections have ended turn to their idle ones.
    read_deadline_ = std::max(now_, server_->last_replies_since) + server_->options.drain_idle;
    arm();
}

std::optional<RequestUnderWay> Connection::under_way() const {
    if (!in_request_) return std::nullopt;
    const auto* trace = context_.span();
    return RequestUnderWay{
        .method = std::string(context_.request().method_text()),
        .route = std::string(context_.route_pattern()),
        .request_id = std::string(context_.request_id()),
        .trace_id = trace == nullptr ? std::string() : observe::trace_id_text(trace->ids),
        .waits_for =
            body_waiter_ || write_waiter_ || writing_ ? std::string_view("client") : std::string_view("handler"),
        .age = std::chrono::duration_cast<async::Milliseconds>(async::Loop::now() - context_.started())};
}

bool Connection::has_arrived() const {
    error_code ignored;
    return (tls_ && tls_->has_pending()) || socket_.available(ignored) > 0;
}

bool Connection::evict_idle() {
    if (has_arrived()) return false;
    close_quietly();
    return true;
}

// RFC 9112 §9.5: a request may be on its way. One that is here is answered; one that meets our end finds a connection that has ended, and
// no reset.
void Connection::close_silent() {
    if (has_arrived()) {
        read_deadline_ = now_ + server_->options.head_deadline;  // the loop is about to read it
        return arm();
    }
    if (IdleHook::is_linked()) IdleHook::unlink();
    begun_ = now_;
    close_after_write_ = linger_ = true;
    end_after_reply();
    arm();
}

void Connection::close_quietly() {
    if (tls_ && !writing_) tls_->end_output();
    error_code ignored;
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
    cut();
}

void Connection::leave() {
    if (!linked_) return;
    linked_ = false;
    if (refused_) --server_->refusing;
    if (IdleHook::is_linked()) IdleHook::unlink();
    server_->remove(*this);
    intrusive_ptr_release(this);
}

// From a turn of its own: the caller may be inside the coroutine's own await, or far from done with its state.
void Connection::wake(std::coroutine_handle<>& waiter) {
    if (!waiter) return;
    server_->loop.post([self = Ref(this), handle = std::exchange(waiter, {})] { handle.resume(); });
}

// ---- Deadlines ----------------------------------------------------------------------------------------------------

// The timer is left alone when it fires early enough: it then finds the present deadline and sleeps on. So a busy connection
// sets one every idle_deadline, not one per request.
void Connection::arm() {
    const auto next = std::min(read_deadline_, write_deadline_);
    if (next == no_deadline || (timer_.is_set() && armed_ <= next)) return;
    armed_ = next;
    timer_.expires_at(next);
}

void Connection::on_timer() {
    const Ref self(this);
    const auto now = async::Loop::now();
    if (phase_ == Phase::closed) return;
    if (now >= write_deadline_) return abort();
    if (now < read_deadline_) return arm();
    read_deadline_ = no_deadline;
    arm();
    now_ = now;
    switch (phase_) {
        case Phase::handling:
            body_timed_out_ = body_cut_off_ = true;
            wake(body_waiter_);
            return note_waiting();
        case Phase::opening: return time_out_opening();
        case Phase::reading_head:
            if (refused_) return reject(errors::overloaded, "");
            if (nothing_begun()) return close_silent();
            return reject(errors::request_timeout, "the head did not arrive in time");
        default: return cut();
    }
}

// RFC 9112 §2.2: old clients send an empty line behind a body. It is read away with the next head, and begins none.
bool Connection::nothing_begun() const {
    return std::string_view("\r\n").starts_with(std::string_view(input_.get() + begin_, end_ - begin_));
}

void Connection::set_read_deadline_between_requests() {
    const auto& options = server_->options;
    if (nothing_begun()) {
        head_under_way_ = false;
        if (requests_ > 0) read_deadline_ = now_ + (server_->draining ? options.drain_idle : options.idle_deadline);
        if (!refused_ && !IdleHook::is_linked()) server_->idle.push_back(*this);
    } else if (!head_under_way_) {
        head_under_way_ = true;
        begun_ = now_;
        if (requests_ > 0 || server_->draining) read_deadline_ = now_ + options.head_deadline;
    }
}

// Keeps the server's list of who waits for a client; called wherever that may have changed.
void Connection::note_waiting() {
    const bool begins = phase_ == Phase::reading_head || phase_ == Phase::opening;
    const bool sends_head = begins && head_under_way_ && !writing_;
    const bool waits =
        phase_ != Phase::closed && !refused_ &&
        (sends_head || body_waiter_ || writing_ || phase_ == Phase::draining_body || phase_ == Phase::lingering);
    const bool is_listed = listed_.connection != nullptr;
    if (waits == is_listed && (!waits || sends_head == listed_.sends_head)) return;
    if (is_listed) server_->slow.remove(std::exchange(listed_, {}));
    if (!waits) return;
    listed_ = {BodyCaller::of_address(waited_for(sends_head)), begun_, this, sends_head};
    server_->slow.add(listed_);
}

// As far as it is known: who sends a head is whoever is connected, until it is here.
std::string_view Connection::waited_for(bool sends_head) const {
    if (in_request_) return context_.request().client_address();
    return sends_head || client_address_.empty() ? remote_address_ : client_address_;
}

// ---- Input --------------------------------------------------------------------------------------------------------

bool Connection::make_room() {
    if (phase_ != Phase::handling && begin_ == end_) begin_ = end_ = 0;
    if (end_ < capacity_) return true;
    // The request under way views this buffer: back-pressure.
    if (phase_ == Phase::handling) return false;
    const auto used = end_ - begin_;
    const auto max_capacity = server_->options.max_head_bytes + read_behind_head;
    if (used < capacity_ / 2 || used >= max_capacity) {
        if (begin_ == 0) return false;
        std::memmove(input_.get(), input_.get() + begin_, used);
    } else {
        capacity_ = std::min(std::max(initial_input, capacity_ * 2), max_capacity);
        auto grown = std::make_unique_for_overwrite<char[]>(capacity_);
        if (used != 0) std::memcpy(grown.get(), input_.get() + begin_, used);
        input_ = std::move(grown);
    }
    begin_ = 0;
    end_ = used;
    return end_ < capacity_;
}

// A long head, or a pipeline, is over: the next one begins small.
void Connection::give_back_input() {
    if (reading_ || begin_ != end_ || capacity_ <= kept_input) return;
    input_.reset();
    begin_ = end_ = capacity_ = 0;
}

void Connection::start_read() {
    if (reading_ || peer_closed_ || phase_ == Phase::closed || !make_room()) return;
    reading_body_buffer_ = false;
    read_into(input_.get() + end_, capacity_ - end_);
}

void Connection::on_read(const error_code& error, std::size_t size) {
    reading_ = false;
    if (phase_ == Phase::closed) return;
    now_ = async::Loop::now();
    if (IdleHook::is_linked()) IdleHook::unlink();
    Counters::add(server_->counters->received_bytes, size);
    (reading_body_buffer_ ? body_end_ : end_) += size;
    if (phase_ == Phase::handing_over) {
        peer_closed_ = error && error != boost::asio::error::operation_aborted;
        return wake(body_waiter_);
    }
    if (body_waiter_) end_body_wait(size);
    if (phase_ == Phase::opening) return continue_opening(static_cast<bool>(error));
    if (error) {
        peer_closed_ = true;
        context_.mark_client_gone();
        if (error != boost::asio::error::eof) return cut();
    }
    on_input(static_cast<bool>(error));
}

void Connection::on_input(bool ended) {
    switch (phase_) {
        case Phase::handling:
            if (const auto waiter = std::exchange(body_waiter_, {})) {
                note_waiting();
                waiter.resume();
            }
            // Reading on is how a client that leaves is noticed, once its body is here.
            if (phase_ == Phase::handling && decoder_.done() && !in_body_buffer_) start_read();
            return;
        case Phase::lingering:
            drained_ += end_ - begin_;
            begin_ = end_ = 0;
            if (ended || drained_ > max_lingered) return cut();
            return start_read();
        case Phase::reading_head:
        case Phase::draining_body: return process();
        case Phase::opening:
        case Phase::handing_over:
        case Phase::closed: return;
    }
}

void Connection::process() {
    if (processing_) return;
    processing_ = true;
    while (step()) {}
    processing_ = false;
    after_processing();
}

// True when there may be more to do at once.
bool Connection::step() {
    if (close_after_write_ || writing_) return false;
    if (phase_ == Phase::draining_body) return drain_some();
    if (phase_ != Phase::reading_head) return false;
    const bool batch_full =
        batched_ >= server_->options.pipeline_depth || out_.size() >= gathered_output || !tail_.empty();
    if (batch_full && (!flush() || phase_ == Phase::closed)) return false;
    return next_request();
}

void Connection::after_processing() {
    if (phase_ == Phase::closed) return;
    const bool sent = flush();
    if (phase_ == Phase::closed) return;
    const bool between = phase_ == Phase::reading_head || phase_ == Phase::draining_body;
    if (close_after_write_ && between) {
        if (sent) end_after_reply();
        return arm();
    }
    if (between && sent) {
        if (peer_closed_) return close_quietly();
        if (phase_ == Phase::reading_head) set_read_deadline_between_requests();
        if (out_.capacity() > kept_output) std::string().swap(out_);
        give_back_input();
        start_read();
    }
    if (phase_ == Phase::handling && decoder_.done() && !in_body_buffer_) start_read();
    note_waiting();
    arm();
}

bool Connection::next_request() {
    if (begin_ == end_) return false;
    const std::string_view input(input_.get() + begin_, end_ - begin_);
    const auto head = parser_.parse(input, context_.request());
    if (head.state == Head::State::need_more) return false;
    if (refused_ || head.state == Head::State::failed) {
        const bool malformed = head.state == Head::State::failed;
        reject(malformed ? *head.error : errors::overloaded, malformed ? head.detail : "");
        return false;
    }
    begin_request(head);
    return true;
}

// Answers what never became a request, and ends the connection: through the links that every reply passes.
void Connection::reject(const base::ErrorCode& code, std::string_view detail) {
    Counters::add(server_->counters->rejected, 1);
    context_.reset();
    read_refused_head({input_.get() + begin_, end_ - begin_}, {}, context_.request());
    if (!detail.empty()) log_fields(context_).add("detail", detail);
    context_.set(base::Failure(code, std::string(detail)));
    head_ = Head{.keep_alive = false};
    decoder_ = BodyDecoder::none();
    linger_ = true;
    run(server_->refusals);
}

void Connection::begin_request(const Head& head) {
    head_ = head;
    parser_.next();
    begin_ += head.size;
    ++requests_;
    Counters::add(server_->counters->requests, 1);
    if (head.chunked) {
        decoder_ = BodyDecoder::chunked();
    } else {
        decoder_ = BodyDecoder::with_length(head.content_length.value_or(0));
    }
    run(server_->app);
}

void Connection::run(const Handler& app) {
    if (!std::exchange(head_under_way_, false)) begun_ = now_;
    body_cut_off_ = body_timed_out_ = false;
    body_time_left_ = server_->options.body_deadline;
    body_received_ = 0;
    read_deadline_ = no_deadline;
    RequestAccess access(context_.request());
    access.set_remote(remote_address_, remote_port_);
    if (is_secure_) context_.request().set_secure(true);
    access.set_body(this, !decoder_.done(), head_.content_length);
    context_.mark_started(now_, server_->options.handler_deadline);
    if (peer_closed_) context_.mark_client_gone();
    phase_ = Phase::handling;
    in_request_ = true;
    note_waiting();
    Counters::add(server_->counters->in_flight, 1);
    run_request(Ref(this), &app);
}

}  // namespace http
