#include "realtime/socket.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/strings.h"

namespace realtime {

namespace {

constexpr std::size_t most_gathered = std::size_t{32} * 1024;  // small frames that wait go out in one write
constexpr std::size_t read_size = std::size_t{4} * 1024;

MessageReader::Options reader_options(const SocketLimits& limits, bool compressed) {
    // A fair message has frames of 32 bytes at least, but for a thousand.
    return {.max_message = limits.max_message, .max_frames = 1'024 + limits.max_message / 32, .compressed = compressed};
}

struct Conversation {
    std::shared_ptr<Socket> socket;
    std::unique_ptr<Dialect> dialect;
    async::Task<void> operator()(std::shared_ptr<http::RawConnection> peer) {
        return Socket::run(std::move(socket), std::move(peer), std::move(dialect));
    }
};

}  // namespace

std::shared_ptr<const std::string> Frame::bytes(MessageDeflater* deflater) const {
    const bool compresses = deflater != nullptr && text_.size() >= least_compressed;
    auto& kept = compresses ? compressed_ : plain_;
    if (!kept) {
        auto made = std::make_shared<std::string>();
        append_frame(*made, opcode_, compresses ? deflater->deflate(text_) : text_, compresses);
        kept = std::move(made);
    }
    return kept;
}

async::Task<void> Dialect::on_binary(std::string_view /*bytes*/) { co_return; }

SocketMetrics::SocketMetrics(observe::Metrics& metrics)
    : open(metrics.gauge("realtime_sockets", "WebSockets that are open.")),
      received(metrics.counter("realtime_messages_received_total", "Messages of WebSocket clients.")),
      sent(metrics.counter("realtime_messages_sent_total", "Messages to WebSocket clients.")),
      closed(metrics.counter_family("realtime_closed_total", "WebSockets that have ended, by close code.", {"code"})) {}

Socket::Socket(const Parts& parts, std::optional<Deflate> deflate)
    : parts_(parts),
      reader_(reader_options(parts.limits, deflate.has_value())),
      heard_(async::Loop::now()),
      allowance_from_(heard_),
      allowance_(parts.limits.burst),
      deflates_(deflate && deflate->window_bits >= our_window_bits) {}

Socket::~Socket() = default;

// ---- What goes out -----------------------------------------------------------------------------------------------

void Socket::send(const Frame& frame) {
    if (is_open()) send_bytes(frame.bytes(deflates_ ? &parts_.deflater : nullptr));
}

void Socket::send_bytes(std::shared_ptr<const std::string> bytes) {
    if (!is_open()) return;
    if (queued_ > parts_.limits.max_queued) {
        // What was not begun goes: the client pulls, as after any break.
        queue_.clear();
        queue_at_ = queued_ = 0;
        dialect_->on_slow();
        return close(dialect_->codes().slow, "it takes less than comes");
    }
    parts_.metrics.sent.increment();
    push(std::move(bytes));
}

void Socket::push(Bytes bytes) {
    queued_ += bytes->size();
    if (queue_at_ > 64 && queue_at_ * 2 > queue_.size()) {
        queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(queue_at_));
        queue_at_ = 0;
    }
    queue_.push_back(std::move(bytes));
    if (writing_ || !peer_) return;
    writing_ = true;
    async::start(write_all(shared_from_this()), [](std::exception_ptr) {});
}

// The next frame, or several small ones together.
Socket::Bytes Socket::next_write() {
    auto first = std::move(queue_[queue_at_++]);
    if (queue_at_ < queue_.size() && first->size() < most_gathered) {
        auto gathered = std::make_shared<std::string>(*first);
        while (queue_at_ < queue_.size() && gathered->size() + queue_[queue_at_]->size() <= most_gathered)
            *gathered += *std::exchange(queue_[queue_at_++], nullptr);
        first = std::move(gathered);
    }
    if (queue_at_ == queue_.size()) {
        std::vector<Bytes>().swap(queue_);
        queue_at_ = 0;
    }
    return first;
}

async::Task<void> Socket::write_all(std::shared_ptr<Socket> self) {
    const auto peer = self->peer_;
    bool is_well = true;
    while (is_well && !self->queue_.empty()) {
        const auto bytes = self->next_write();
        is_well = co_await peer->write(*bytes);
        self->queued_ -= std::min(self->queued_, bytes->size());
    }
    std::vector<Bytes>().swap(self->queue_);
    self->queue_at_ = self->queued_ = 0;
    self->writing_ = false;
    if (!is_well) peer->close();
    if (self->written_) self->written_->set();
}

void Socket::push_close(CloseCode code, std::string_view reason) {
    closing_ = true;
    closed_with_ = code;
    auto bytes = std::make_shared<std::string>();
    append_close(*bytes, code, reason);
    push(std::move(bytes));
}

void Socket::close(CloseCode code, std::string_view reason) {
    if (!is_open()) return;
    push_close(code, reason);
    // A client that does not answer, or does not even read, is not waited for.
    closer_ = std::make_unique<async::Timer>(parts_.loop, [weak = weak_from_this()] {
        if (const auto self = weak.lock(); self && self->peer_) self->peer_->close();
    });
    closer_->expires_after(parts_.limits.close_within);
}

// ---- What comes in -----------------------------------------------------------------------------------------------

// A bucket of `burst`, filled by `messages_per_second`.
bool Socket::admit_message() {
    const auto now = async::Loop::now();
    const std::chrono::duration<double> passed = now - allowance_from_;
    allowance_from_ = now;
    allowance_ =
        std::min<double>(parts_.limits.burst, allowance_ + passed.count() * parts_.limits.messages_per_second) - 1;
    return allowance_ >= 0;
}

// RFC 6455 §5.5.1: the code is said back.
bool Socket::answer_close(const MessageReader::Item& item) {
    heard_close_ = true;
    if (!closing_) push_close(item.code, {});
    return false;
}

async::Task<bool> Socket::handle_message(std::shared_ptr<Socket> self, MessageReader::Item item) {
    self->parts_.metrics.received.increment();
    const bool is_binary = item.opcode == Opcode::binary;
    if (is_binary && !self->dialect_->takes_binary()) {
        self->close(CloseCode::unsupported_data, "messages are texts");
        co_return true;
    }
    auto* const dialect = self->dialect_.get();
    if (!item.is_compressed) {
        co_await (is_binary ? dialect->on_binary(item.payload) : dialect->on_message(item.payload));
        co_return true;
    }
    const auto text = self->parts_.inflater.inflate(item.payload, self->parts_.limits.max_message);
    if (!text) {
        self->close(text.error(), "the message does not unpack to what it may be");
        co_return true;
    }
    if (!is_binary && !base::is_utf8(*text)) {
        self->close(CloseCode::invalid_payload, "the text is no UTF-8");
        co_return true;
    }
    co_await (is_binary ? dialect->on_binary(*text) : dialect->on_message(*text));
    co_return true;
}

// False: the peer has said its last.
async::Task<bool> Socket::handle(std::shared_ptr<Socket> self, MessageReader::Item item) {
    if (item.opcode == Opcode::close) co_return self->answer_close(item);
    // Behind our close only its answer counts.
    if (self->closing_) co_return true;
    if (!self->admit_message()) {
        self->close(self->dialect_->codes().fast, "it sends more than it may");
        co_return true;
    }
    if (item.opcode == Opcode::pong) co_return true;
    if (item.opcode != Opcode::ping) co_return co_await handle_message(self, item);
    auto pong = std::make_shared<std::string>();
    append_frame(*pong, Opcode::pong, item.payload);
    self->send_bytes(std::move(pong));
    co_return true;
}

// Its buffer is there while it runs, not while one waits. False: it is over.
async::Task<bool> Socket::take(std::shared_ptr<Socket> self) {
    std::array<char, read_size> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): written to alone
    std::string_view bytes(buffer.data(), self->peer_->read(buffer));
    if (bytes.empty()) co_return true;
    self->heard_ = async::Loop::now();
    self->is_pinged_ = false;
    MessageReader::Item item;
    while (true) {
        const auto result = self->reader_.next(bytes, item);
        if (result == MessageReader::Result::more) co_return true;
        if (result == MessageReader::Result::failed) {
            // RFC 6455 §7.1.7: nothing that follows means anything.
            const auto& fault = *self->reader_.fault();
            self->close(fault.code, fault.why);
            co_return false;
        }
        if (!co_await handle(self, item)) co_return false;
    }
}

// ---- Time --------------------------------------------------------------------------------------------------------

async::SteadyTime Socket::next_deadline() const {
    const auto beat = is_pinged_ ? pinged_ + parts_.limits.pong_within : heard_ + parts_.limits.ping_every;
    return std::min(beat, drain_at_);
}

void Socket::on_deadline(async::SteadyTime now) {
    if (closing_) return;
    if (now >= drain_at_) return close(dialect_->codes().drain, "the server stops: come again");
    if (is_pinged_) {
        if (now >= pinged_ + parts_.limits.pong_within) close(dialect_->codes().idle, "no pong came");
        return;
    }
    is_pinged_ = true;
    pinged_ = now;
    static const auto ping = [] {
        auto bytes = std::make_shared<std::string>();
        append_frame(*bytes, Opcode::ping, {});
        return std::shared_ptr<const std::string>(std::move(bytes));
    }();
    send_bytes(ping);
}

// Not all at once: who is closed comes again, and proves who it is.
void Socket::begin_drain(async::SteadyTime now) {
    const auto most = static_cast<std::uint64_t>(parts_.limits.drain_over.count()) + 1;
    drain_at_ = now + std::chrono::milliseconds(parts_.random.below(most));
}

async::Task<void> Socket::run(std::shared_ptr<Socket> self, std::shared_ptr<http::RawConnection> peer,
                              std::unique_ptr<Dialect> dialect) {
    using Wake = http::RawConnection::Wake;
    self->peer_ = std::move(peer);
    self->dialect_ = std::move(dialect);
    const auto& metrics = self->parts_.metrics;
    metrics.open.add(1);
    std::exception_ptr failure;
    try {
        self->dialect_->on_open();
        while (true) {
            const auto wake = co_await self->peer_->wait(self->next_deadline());
            if (wake == Wake::ended) break;
            if (wake == Wake::bytes && !co_await take(self)) break;
            if (wake == Wake::draining) self->begin_drain(async::Loop::now());
            if (wake == Wake::timeout) self->on_deadline(async::Loop::now());
        }
    } catch (...) {
        failure = std::current_exception();
    }
    if (failure) self->close(CloseCode::server_error, "a fault of ours");
    // The last words go out before the connection ends.
    if (self->writing_) {
        self->written_ = std::make_unique<async::Event>(self->parts_.loop);
        co_await *self->written_;
    }
    self->closer_.reset();
    self->peer_.reset();
    metrics.open.add(-1);
    const auto code = self->closed_with_;
    metrics.closed.with({fmt::to_string(static_cast<unsigned>(code))}).increment();
    self->dialect_->on_closed(code);
    self->dialect_.reset();
    if (failure) std::rethrow_exception(failure);
}

http::Takeover conversation(std::shared_ptr<Socket> socket, std::unique_ptr<Dialect> dialect) {
    return Conversation{std::move(socket), std::move(dialect)};
}

}  // namespace realtime
