#include "db/driver/link.h"

#include "async/loop_asio.h"
#include "base/strings.h"

namespace db::detail {

Link::Link(async::Loop& loop, async::Milliseconds connect_timeout)
    : loop_(loop),
      connect_timeout_(connect_timeout),
      descriptor_(async::native(loop).get_executor()),
      connect_timer_(loop, [this] { fail_later("no connection within the connect timeout"); }) {}

Link::~Link() { close(); }

void Link::open(const ConnectParameters& parameters) {
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const auto& [keyword, value] : parameters) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    // Host names are resolved here, which blocks (getaddrinfo): production names an address, a socket or a local resolver.
    native_ = PQconnectStartParams(keywords.data(), values.data(), 0);
    if (native_ == nullptr || PQstatus(native_) == CONNECTION_BAD) {
        fail_later(native_ == nullptr ? "out of memory" : error_text());
        return;
    }
    // Notices go nowhere by default instead of stderr.
    PQsetNoticeReceiver(native_, [](void*, const PGresult*) {}, nullptr);
    connect_timer_.expires_after(connect_timeout_);
    descriptor_.assign(PQsocket(native_));
    // libpq-connect.html: behave as if PQconnectPoll had last returned PGRES_POLLING_WRITING.
    wait_for(Wait::write, &Link::poll_connect);
}

void Link::close() noexcept {
    connect_timer_.cancel();
    connected_ = false;
    if (descriptor_.is_open()) descriptor_.release();
    PQfinish(std::exchange(native_, nullptr));
}

void Link::fail(const std::string& cause) {
    const auto self = shared_from_this();
    if (std::exchange(failing_, true)) return;
    close();
    on_lost(cause);
}

void Link::fail_later(std::string cause) {
    loop_.post([weak = weak_from_this(), cause = std::move(cause)] {
        if (const auto self = weak.lock()) self->fail(cause);
    });
}

std::string Link::error_text() const { return std::string(base::trim(PQerrorMessage(native_))); }

void Link::wait_for(Wait what, void (Link::*next)()) {
    descriptor_.async_wait(what == Wait::read ? Descriptor::wait_read : Descriptor::wait_write,
                           [weak = weak_from_this(), next](const boost::system::error_code& error) {
                               if (error) return;
                               if (const auto self = weak.lock(); self && self->native_ != nullptr)
                                   (self.get()->*next)();
                           });
}

void Link::poll_connect() {
    // libpq may close this socket and open another, even under the same number, so it is unwatched meanwhile.
    descriptor_.release();
    const auto status = PQconnectPoll(native_);
    if (status == PGRES_POLLING_FAILED) return fail(error_text());
    descriptor_.assign(PQsocket(native_));
    if (status == PGRES_POLLING_OK) return finish_connect();
    wait_for(status == PGRES_POLLING_READING ? Wait::read : Wait::write, &Link::poll_connect);
}

void Link::finish_connect() {
    connect_timer_.cancel();
    if (PQsetnonblocking(native_, 1) != 0) return fail(error_text());
    connected_ = true;
    watch_reads();
    on_connected();
}

void Link::watch_reads() { wait_for(Wait::read, &Link::readable); }

void Link::readable() {
    const bool alive = PQconsumeInput(native_) == 1;
    // What came before the end of the stream counts.
    on_readable();
    if (native_ == nullptr) return;
    if (!alive || PQstatus(native_) == CONNECTION_BAD) return fail(error_text());
    watch_reads();
}

void Link::flush() {
    const int left = PQflush(native_);
    if (left < 0) return fail_later(error_text());
    if (left == 0 || waiting_to_write_) return;
    waiting_to_write_ = true;
    wait_for(Wait::write, &Link::writable);
    // A full socket makes libpq read, so replies may lie in its buffer with nothing left to wake the reader.
    loop_.post([weak = weak_from_this()] {
        if (const auto self = weak.lock(); self && self->native_ != nullptr) self->on_readable();
    });
}

void Link::writable() {
    waiting_to_write_ = false;
    flush();
}

}  // namespace db::detail
