#include "db/driver/link.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "async/loop_asio.h"
#include "base/strings.h"

namespace db::detail {

Link::Link(async::Loop& loop, async::Milliseconds connect_timeout, async::Resolver& resolver)
    : loop_(loop),
      connect_timeout_(connect_timeout),
      resolver_(resolver),
      descriptor_(async::native(loop).get_executor()),
      connect_timer_(loop, [this] { connect_expired(); }) {}

Link::~Link() { close(); }

void Link::open(ConnectParameters parameters) {
    parameters_ = std::move(parameters);
    connect_timer_.expires_after(connect_timeout_);
    const auto hosts = targets_of(parameters_);
    targets_of_hosts_.reserve(hosts.size());
    for (const auto& host : hosts) {
        targets_of_hosts_.push_back({host});
        if (!host.needs_lookup()) continue;
        if (const auto address = async::numeric_address(host.host)) {
            targets_of_hosts_.back() = at_addresses(host, {*address});
        } else {
            ++lookups_;
        }
    }
    if (lookups_ == 0) return dial();
    for (std::size_t i = 0; i < targets_of_hosts_.size(); ++i) {
        if (targets_of_hosts_[i].front().needs_lookup()) resolve(i);
    }
}

void Link::resolve(std::size_t target) {
    resolver_.resolve(targets_of_hosts_[target].front().host,
                      [weak = weak_from_this(), target](const async::Resolution& found) {
                          if (const auto self = weak.lock()) self->resolved(target, found);
                      });
}

void Link::resolved(std::size_t target, const async::Resolution& found) {
    // Too late for this attempt: the resolver keeps the answer for the next.
    if (failing_ || !connect_timer_.is_set()) return;
    auto& places = targets_of_hosts_[target];
    places = at_addresses(places.front(), found.addresses);
    if (places.empty()) lookup_failure_ = found.failure;
    if (--lookups_ == 0) dial();
}

// From at_ on, the first time all of them.
void Link::dial() {
    if (targets_.empty()) {
        for (auto& places : targets_of_hosts_) std::ranges::move(places, std::back_inserter(targets_));
        if (targets_.empty() && !targets_of_hosts_.empty()) return fail_later(lookup_failure_);
    }
    std::array<std::string, 3> lists;
    for (std::size_t i = at_; i < targets_.size(); ++i) {
        const auto& target = targets_[i];
        const std::array parts{&target.host, &target.address, &target.port};
        for (std::size_t list = 0; list < lists.size(); ++list)
            lists[list].append(i == at_ ? "" : ",").append(*parts[list]);
    }
    std::vector<const char*> keywords{"host", "hostaddr", "port"};
    std::vector<const char*> values{lists[0].c_str(), lists[1].c_str(), lists[2].c_str()};
    for (const auto& [keyword, value] : parameters_) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    native_ = PQconnectStartParams(keywords.data(), values.data(), 0);
    if (native_ == nullptr || PQstatus(native_) == CONNECTION_BAD) {
        fail_later(native_ == nullptr ? "out of memory" : error_text());
        return;
    }
    // Notices go nowhere by default instead of stderr.
    PQsetNoticeReceiver(native_, [](void*, const PGresult*) {}, nullptr);
    at_ = current_target();
    connect_timer_.expires_after(connect_timeout_);
    descriptor_.assign(PQsocket(native_));
    // libpq-connect.html: behave as if PQconnectPoll had last returned PGRES_POLLING_WRITING.
    wait_for(Wait::write, &Link::poll_connect);
}

// libpq goes on by itself where an address refuses, and waits for ever where one is silent: that is ours to end.
void Link::connect_expired() {
    if (native_ == nullptr || at_ + 1 >= targets_.size()) return fail_later("no connection within the connect timeout");
    close();
    ++at_;
    dial();
}

std::size_t Link::current_target() const {
    const auto text = [](const char* value) { return std::string_view(value == nullptr ? "" : value); };
    for (std::size_t i = at_; i < targets_.size(); ++i) {
        const auto& target = targets_[i];
        if (text(PQhost(native_)) == target.host && text(PQhostaddr(native_)) == target.address &&
            (target.port.empty() || text(PQport(native_)) == target.port))
            return i;
    }
    return at_;
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
    if (const auto now_at = current_target(); now_at != at_) {
        at_ = now_at;
        connect_timer_.expires_after(connect_timeout_);
    }
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
