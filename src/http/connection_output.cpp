// How gathered replies leave: one send, the rest of it in the background, and the end of the connection behind the last.

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include "http/connection.h"

namespace http {

namespace {

using boost::system::error_code;

constexpr auto linger_time = std::chrono::seconds(2);

}  // namespace

// True when nothing waits to be sent. Tries the socket at once; what it does not take goes out by itself.
bool Connection::flush() {
    if (writing_) return false;
    if (phase_ == Phase::closed || (out_.empty() && tail_.empty())) return true;
    const auto slice = tail_.substr(0, gathered_output);
    const std::array<boost::asio::const_buffer, 2> buffers{boost::asio::buffer(out_), boost::asio::buffer(slice)};
    error_code error;
    const auto size = tls_            ? write_tls(out_, slice, error)
                      : tail_.empty() ? socket_.send(boost::asio::buffer(out_), 0, error)
                                      : socket_.send(buffers, 0, error);
    if (error && error != boost::asio::error::would_block) {
        cut();
        return true;
    }
    Counters::add(server_->counters->sent_bytes, size);
    batched_ = 0;
    if (size == out_.size() + tail_.size()) {
        out_.clear();
        tail_ = {};
        tail_owner_.reset();
        if (!tail_bytes_.empty()) tail_bytes_ = {};
        return true;
    }
    sending_.swap(out_);
    sending_tail_bytes_.swap(tail_bytes_);
    sending_tail_owner_.swap(tail_owner_);
    sending_tail_ = std::exchange(tail_, {});
    sent_ = size;
    continue_write();
    return false;
}

void Connection::continue_write() {
    writing_ = true;
    write_deadline_ = std::min(async::Loop::now() + server_->options.write_deadline, stream_deadline_);
    note_waiting();
    arm();
    if (tls_) return continue_tls_write();
    std::array<boost::asio::const_buffer, 2> buffers{boost::asio::buffer(sending_), boost::asio::buffer(sending_tail_)};
    const auto from_first = std::min(sent_, sending_.size());
    buffers[0] += from_first;
    buffers[1] += sent_ - from_first;
    // A slice a turn: however much there is to send, and however fast it is taken, the others have theirs in between.
    buffers[1] = boost::asio::buffer(buffers[1], gathered_output);
    socket_.async_write_some(
        buffers, [self = Ref(this)](const error_code& error, std::size_t size) { self->on_written(error, size); });
}

void Connection::on_written(const error_code& error, std::size_t size) {
    writing_ = false;
    if (phase_ == Phase::closed) return;
    if (error) return cut();
    Counters::add(server_->counters->sent_bytes, size);
    sent_ += size;
    if (sent_ < sending_.size() + sending_tail_.size()) return continue_write();
    write_deadline_ = no_deadline;
    sending_.clear();
    sending_tail_ = {};
    sending_tail_bytes_ = {};
    sending_tail_owner_.reset();
    now_ = async::Loop::now();
    note_waiting();
    after_write();
}

void Connection::after_write() {
    if (!flush() || phase_ == Phase::closed) return;
    if (write_waiter_) return std::exchange(write_waiter_, {}).resume();
    if (phase_ == Phase::reading_head || phase_ == Phase::draining_body) process();
}

// RFC 9112 §9.6: closing while the client still sends would reset the connection and could destroy our last reply on its
// way. So: no more output, read what comes for a moment, then close.
void Connection::end_after_reply() {
    if (!linger_ || peer_closed_) return close_quietly();
    phase_ = Phase::lingering;
    if (tls_) tls_->end_output();
    error_code ignored;
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
    begin_ = end_ = reading_ ? end_ : 0;
    drained_ = 0;
    read_deadline_ = now_ + linger_time;
    note_waiting();
    start_read();
}

}  // namespace http
