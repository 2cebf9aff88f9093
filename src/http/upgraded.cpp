#include "http/upgraded.h"

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <stdexcept>

namespace http {

namespace {

using boost::system::error_code;

// As of every reply (docs/decisions/0017): so much, then the others have their turn, however fast this peer sends or reads.
constexpr std::size_t slice = std::size_t{64} * 1024;
constexpr std::size_t most_sent_in_a_row = 2 * slice;
constexpr std::size_t least_counted = std::size_t{4} * 1024;  // what a small send costs
constexpr unsigned most_waits_in_a_row = 8;
constexpr auto linger_time = std::chrono::seconds(2);

}  // namespace

// Lives in the frame of whoever waits, so that nobody who does not wait has a timer.
struct UpgradedConnection::Waiting {
    UpgradedConnection& connection;
    Waiting* UpgradedConnection::* place;
    async::SteadyTime deadline;
    Wake result = Wake::timeout;
    std::coroutine_handle<> awaiting{};
    async::Timer timer{connection.server_->loop, [this] { finish(Wake::timeout); }};

    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        awaiting = handle;
        connection.*place = this;
        timer.expires_at(deadline);
    }
    Wake await_resume() const noexcept { return result; }
    // From a turn of its own: the caller may be the timer, which dies with this, or a server that goes through its list.
    void finish(Wake why) {
        connection.*place = nullptr;
        timer.cancel();
        result = why;
        connection.server_->loop.post([handle = awaiting] { handle.resume(); });
    }
};

UpgradedConnection::UpgradedConnection(std::shared_ptr<Server::Impl> server, Parts parts)
    : server_(std::move(server)),
      socket_(std::move(parts.socket)),
      tls_(std::move(parts.tls)),
      early_(std::move(parts.early)),
      trace_(std::move(parts.trace)) {}

void UpgradedConnection::start(std::shared_ptr<Server::Impl> server, Parts parts, Takeover takeover) {
    auto self = std::make_shared<UpgradedConnection>(std::move(server), std::move(parts));
    auto& impl = *self->server_;
    impl.upgraded.push_back(*self);
    Counters::add(impl.counters->connections, 1);
    Counters::add(impl.counters->upgraded, 1);
    run(std::move(self), std::move(takeover));
}

async::detail::Detached UpgradedConnection::run(std::shared_ptr<UpgradedConnection> self, Takeover takeover) {
    try {
        co_await takeover(self);
        co_await self->linger();
    } catch (...) {
        self->server_->logger.error("an upgraded connection failed",
                                    {{"err", logging::error(std::current_exception())}});
    }
    self->close();
    self->server_->remove(*self);
}

// One watch at a time of each direction: it outlasts a wait that its deadline has ended.
void UpgradedConnection::watch(WaitType what, Waiting* UpgradedConnection::* waiting,
                               bool UpgradedConnection::* watched) {
    if (std::exchange(this->*watched, true)) return;
    socket_.async_wait(what, [self = shared_from_this(), what, waiting, watched](const error_code& error) {
        (*self).*watched = false;
        if (self->closed_) return;
        if (error) return self->end();
        // What came was TLS' own.
        const bool reads = watched == &UpgradedConnection::reads_watched_;
        if (reads && self->tls_ && !self->tls_->has_input()) return self->watch(what, waiting, watched);
        if (watched == &UpgradedConnection::reads_watched_) self->readable_ = true;
        if (auto* waiter = (*self).*waiting) waiter->finish(Wake::bytes);
    });
}

async::Task<RawConnection::Wake> UpgradedConnection::wait(async::SteadyTime deadline) {
    if (reader_ != nullptr) throw std::logic_error("http: an upgraded connection is waited for by one at a time");
    if (!early_.empty()) co_return Wake::bytes;
    if (ended_) co_return Wake::ended;
    if (server_->draining && !std::exchange(drain_told_, true)) co_return Wake::draining;
    const bool is_here = is_readable();
    if (is_here && ++waits_in_a_row_ < most_waits_in_a_row) co_return Wake::bytes;
    waits_in_a_row_ = 0;
    if (is_here && tls_) {
        // The socket may have nothing more to show.
        server_->loop.post([self = shared_from_this()] {
            if (self->reader_ != nullptr) self->reader_->finish(Wake::bytes);
        });
    } else {
        watch(Socket::wait_read, &UpgradedConnection::reader_, &UpgradedConnection::reads_watched_);
    }
    Waiting waiting{*this, &UpgradedConnection::reader_, deadline};
    co_return co_await waiting;
}

std::size_t UpgradedConnection::read(std::span<char> into) {
    if (!early_.empty()) {
        const auto size = early_.copy(into.data(), into.size());
        early_.erase(0, size);
        if (early_.empty()) std::string().swap(early_);
        return size;
    }
    if (closed_ || ended_ || into.empty()) return 0;
    error_code error;
    const auto size = tls_ ? tls_->read(into.data(), into.size(), error)
                           : socket_.receive(boost::asio::buffer(into.data(), into.size()), 0, error);
    readable_ = !error && size == into.size();
    if (error && error != boost::asio::error::would_block) ended_ = true;
    Counters::add(server_->counters->received_bytes, size);
    return size;
}

async::Task<bool> UpgradedConnection::write(std::string_view bytes) {
    if (writer_ != nullptr) throw std::logic_error("http: an upgraded connection is written to by one at a time");
    while (!bytes.empty() && !closed_) {
        if (sent_in_a_row_ < most_sent_in_a_row) {
            error_code error;
            const auto piece = bytes.substr(0, slice);
            const auto size = tls_ ? tls_->write(piece, error)
                                   : socket_.send(boost::asio::buffer(piece.data(), piece.size()), 0, error);
            if (error && error != boost::asio::error::would_block) {
                end();
                break;
            }
            Counters::add(server_->counters->sent_bytes, size);
            bytes.remove_prefix(size);
            sent_in_a_row_ += std::max(size, least_counted);
            if (!error) continue;
        }
        sent_in_a_row_ = 0;
        watch(Socket::wait_write, &UpgradedConnection::writer_, &UpgradedConnection::writes_watched_);
        Waiting waiting{*this, &UpgradedConnection::writer_, async::Loop::now() + server_->options.write_deadline};
        if (co_await waiting == Wake::timeout) abort();
    }
    co_return bytes.empty() && !closed_;
}

// As behind a last reply (RFC 9112 §9.6): a close before the peer's last bytes were read would be a reset, and could destroy what
// the conversation said last.
async::Task<void> UpgradedConnection::linger() {
    if (closed_ || ended_ || reader_ != nullptr) co_return;
    if (tls_) tls_->end_output();
    error_code ignored;
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
    const auto deadline = async::Loop::now() + linger_time;
    while (async::Loop::now() < deadline) {
        const auto wake = co_await wait(deadline);
        if (wake == Wake::ended) break;
        std::array<char, 1024> away;  // NOLINT(cppcoreguidelines-pro-type-member-init): written to alone
        static_cast<void>(read(away));
    }
}

// Nothing comes and nothing goes any more.
void UpgradedConnection::end() {
    ended_ = closed_ = true;
    error_code ignored;
    socket_.close(ignored);
    if (reader_ != nullptr) reader_->finish(Wake::ended);
    if (writer_ != nullptr) writer_->finish(Wake::ended);
}

void UpgradedConnection::close() {
    if (closed_) return;
    if (tls_) tls_->end_output();
    error_code ignored;
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
    end();
}

void UpgradedConnection::abort() {
    if (closed_) return;
    error_code ignored;
    socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
    end();
}

void UpgradedConnection::tell_draining() {
    if (reader_ == nullptr || std::exchange(drain_told_, true)) return;
    reader_->finish(Wake::draining);
}

}  // namespace http
