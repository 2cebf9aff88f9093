#include "client/curl_loop.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <stdexcept>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "async/loop_asio.h"
#include "client/waiter.h"

namespace client {

namespace {

constexpr std::size_t kept_handles = 64;

// Thread-safe since 7.84; once a process.
void initialise_curl() {
    static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) throw std::runtime_error("libcurl cannot be initialised");
}

int new_epoll() {
    const int number = ::epoll_create1(EPOLL_CLOEXEC);
    if (number < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
    return number;
}

}  // namespace

// libcurl's sockets are in an epoll of their own, of which the loop watches the one descriptor: libcurl opens and closes sockets as it
// likes, and an Asio object for each would have to follow (docs/decisions/0057-outgoing-http.md). Kept alive by nobody but its CurlLoop:
// handlers that come late find it gone.
struct CurlLoop::Impl : std::enable_shared_from_this<Impl> {
    Impl(async::Loop& on, const Limits& limits)
        : loop(on), epoll(async::native(on).get_executor(), new_epoll()), timer(on, [this] { act_on_timeout(); }) {
        initialise_curl();
        multi = curl_multi_init();
        share = curl_share_init();
        if (multi == nullptr || share == nullptr) throw std::runtime_error("libcurl gave no handle");
        curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
        curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Impl::on_socket);
        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Impl::on_timer);
        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
        curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, limits.idle);
        curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, limits.total);
        curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, limits.per_host);
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() {
        for (auto* easy : free) curl_easy_cleanup(easy);
        curl_multi_cleanup(multi);
        curl_share_cleanup(share);
    }

    // ---- What libcurl wants

    static int on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* user, void* /*unused*/) {
        auto& self = *static_cast<Impl*>(user);
        const auto number = static_cast<std::size_t>(socket);
        if (self.is_in_epoll.size() <= number) self.is_in_epoll.resize(number + 1);
        if (what == CURL_POLL_REMOVE) {
            ::epoll_ctl(self.epoll.native_handle(), EPOLL_CTL_DEL, socket, nullptr);
            self.is_in_epoll[number] = false;
            return 0;
        }
        epoll_event wanted{};
        wanted.data.fd = socket;
        if ((what & CURL_POLL_IN) != 0) wanted.events |= EPOLLIN;
        if ((what & CURL_POLL_OUT) != 0) wanted.events |= EPOLLOUT;
        // A number that was closed unseen is not in it any more: then the other one.
        const bool is_known = self.is_in_epoll[number];
        if (::epoll_ctl(self.epoll.native_handle(), is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &wanted) != 0)
            ::epoll_ctl(self.epoll.native_handle(), is_known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket, &wanted);
        self.is_in_epoll[number] = true;
        return 0;
    }

    // Also of connections that outlive the transfer that opened them.
    static int on_close(void* user, curl_socket_t socket) {
        std::erase_if(static_cast<Impl*>(user)->sockets, [&](const auto& entry) { return entry.second == socket; });
        return ::close(socket);
    }

    static int on_timer(CURLM* /*multi*/, long milliseconds, void* user) {
        auto& self = *static_cast<Impl*>(user);
        if (milliseconds < 0) {
            self.timer.cancel();
        } else if (milliseconds == 0) {
            // Not within the callback.
            self.kick();
        } else {
            self.timer.expires_after(async::Milliseconds(milliseconds));
        }
        return 0;
    }

    void kick() {
        if (std::exchange(is_kicked, true)) return;
        loop.post([weak = weak_from_this()] {
            const auto self = weak.lock();
            if (!self) return;
            self->is_kicked = false;
            self->act_on_timeout();
        });
    }

    void act_on_timeout() {
        int running = 0;
        curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
        reap();
    }

    // ---- What the kernel has

    void watch() {
        if (std::exchange(is_watching, true)) return;
        epoll.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [weak = weak_from_this()](const boost::system::error_code& error) {
                             const auto self = weak.lock();
                             if (!self || error) return;
                             self->is_watching = false;
                             self->act_on_sockets();
                             self->watch();
                         });
    }

    void act_on_sockets() {
        std::array<epoll_event, 64> events{};
        const int count = ::epoll_wait(epoll.native_handle(), events.data(), static_cast<int>(events.size()), 0);
        for (int i = 0; i < count; ++i) {
            const auto& event = events[static_cast<std::size_t>(i)];
            int mask = 0;
            if ((event.events & (EPOLLIN | EPOLLHUP)) != 0) mask |= CURL_CSELECT_IN;
            if ((event.events & EPOLLOUT) != 0) mask |= CURL_CSELECT_OUT;
            if ((event.events & EPOLLERR) != 0) mask |= CURL_CSELECT_ERR;
            int running = 0;
            curl_multi_socket_action(multi, event.data.fd, mask, &running);
        }
        reap();
    }

    // Of the transfers that have ended.
    void reap() {
        int left = 0;
        while (const auto* message = curl_multi_info_read(multi, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            const auto code = message->data.result;
            char* user = nullptr;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &user);
            reinterpret_cast<Transfer*>(user)->finish({.end = Transfer::End::done, .code = code});
        }
    }

    void deliver() {
        is_delivering = false;
        while (!ended.empty()) {
            auto* transfer = ended.front();
            ended.pop_front();
            auto on_end = std::move(transfer->on_end_);
            on_end(transfer->result_);
        }
    }

    async::Loop& loop;
    boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> epoll;
    async::Timer timer;
    CURLM* multi = nullptr;
    CURLSH* share = nullptr;
    std::vector<CURL*> free;
    std::deque<Transfer*> ended;
    std::vector<bool> is_in_epoll;         // by its number
    std::unordered_map<int, int> sockets;  // that are open, by the port of this machine
    bool is_kicked = false;
    bool is_watching = false;
    bool is_delivering = false;
};

// ---- CurlLoop ---------------------------------------------------------------------------------------------------

CurlLoop::CurlLoop(async::Loop& loop, Limits limits) : loop_(loop), impl_(std::make_shared<Impl>(loop, limits)) {}

CurlLoop::~CurlLoop() = default;

void* CurlLoop::take() {
    CURL* easy = nullptr;
    if (impl_->free.empty()) {
        easy = curl_easy_init();
        if (easy == nullptr) throw std::bad_alloc();
    } else {
        easy = impl_->free.back();
        impl_->free.pop_back();
        curl_easy_reset(easy);
    }
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_SHARE, impl_->share);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, &Impl::on_close);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, impl_.get());
    return easy;
}

void CurlLoop::give_back(void* easy) {
    if (impl_->free.size() < kept_handles) {
        impl_->free.push_back(easy);
    } else {
        curl_easy_cleanup(easy);
    }
}

void CurlLoop::remember_socket(int own_port, int socket) { impl_->sockets.insert_or_assign(own_port, socket); }

int CurlLoop::socket_at(int own_port) const {
    const auto found = impl_->sockets.find(own_port);
    return found == impl_->sockets.end() ? -1 : found->second;
}

void CurlLoop::add(Transfer& transfer) {
    curl_easy_setopt(transfer.easy_, CURLOPT_PRIVATE, &transfer);
    impl_->watch();
    if (const auto code = curl_multi_add_handle(impl_->multi, transfer.easy_); code != CURLM_OK)
        throw std::runtime_error(std::string("libcurl: ") + curl_multi_strerror(code));
    impl_->kick();
}

void CurlLoop::remove(Transfer& transfer) noexcept { curl_multi_remove_handle(impl_->multi, transfer.easy_); }

void CurlLoop::forget(const Transfer& transfer) noexcept { std::erase(impl_->ended, &transfer); }

void CurlLoop::deliver_later(Transfer& transfer) {
    impl_->ended.push_back(&transfer);
    if (std::exchange(impl_->is_delivering, true)) return;
    loop_.post([weak = std::weak_ptr(impl_)] {
        if (const auto impl = weak.lock()) impl->deliver();
    });
}

async::Task<Transfer::Result> CurlLoop::run(void* easy, async::SteadyTime deadline, std::stop_token stop) {
    Waiter waiter(&loop_);
    Transfer::Result result;
    Transfer transfer(*this, easy, [&](Transfer::Result ended) {
        result = ended;
        waiter.wake();
    });
    transfer.start(deadline, std::move(stop));
    static_cast<void>(co_await waiter);
    co_return result;
}

// ---- Transfer ---------------------------------------------------------------------------------------------------

Transfer::Transfer(CurlLoop& curl, void* easy, std::move_only_function<void(Result)> on_end)
    : curl_(curl),
      easy_(easy),
      on_end_(std::move(on_end)),
      timer_(curl.loop_, [this] { abort(stop_.stop_requested() ? End::stopped : End::expired); }) {}

Transfer::~Transfer() {
    if (running_) curl_.remove(*this);
    curl_.forget(*this);
}

void Transfer::start(async::SteadyTime deadline, std::stop_token stop) {
    stop_ = std::move(stop);
    curl_.add(*this);
    running_ = true;
    timer_.expires_at(deadline);
    on_stop_.emplace(stop_, Expire{&timer_});
}

void Transfer::expires_at(async::SteadyTime deadline) {
    if (running_ && !stop_.stop_requested()) timer_.expires_at(deadline);
}

void Transfer::abort(End end) {
    if (running_) finish({.end = end, .code = 0});
}

void Transfer::unpause() {
    if (running_) curl_easy_pause(easy_, CURLPAUSE_CONT);
}

void Transfer::finish(Result result) {
    if (!std::exchange(running_, false)) return;
    on_stop_.reset();
    timer_.cancel();
    result_ = result;
    curl_.remove(*this);
    curl_.deliver_later(*this);
}

}  // namespace client
