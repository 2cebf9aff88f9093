#include "log/sink.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>

namespace logging {
namespace {

constexpr int full_descriptor_poll_ms = 100;

// A plain array, not a std::string: capacity is fixed and its pages stay untouched until lines reach them.
struct Batch {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
    DropCount lines;  // what it holds, in case it cannot be written

    void append(Level level, std::string_view line) {
        std::memcpy(bytes.get() + size, line.data(), line.size());
        size += line.size();
        ++lines.lines;
        if (level >= Level::error) ++lines.errors;
    }
    void clear() {
        size = 0;
        lines = {};
    }
    [[nodiscard]] std::string_view text() const { return {bytes.get(), size}; }
};

void add(DropCount& total, const DropCount& more) {
    total.lines += more.lines;
    total.errors += more.errors;
}

}  // namespace

struct AsyncSink::State {
    explicit State(const AsyncSinkOptions& settings) : options(settings) {
        front.bytes = std::make_unique_for_overwrite<char[]>(options.capacity_bytes);
        back.bytes = std::make_unique_for_overwrite<char[]>(options.capacity_bytes);
        descriptor = fcntl(options.descriptor, F_DUPFD_CLOEXEC, 3);
        if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "log descriptor");
    }
    ~State() { close(descriptor); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    void write(Level level, std::string_view line);
    bool flush(std::chrono::milliseconds deadline);
    void run();

    [[nodiscard]] bool has_room(Level level, std::size_t size) const {
        const std::size_t kept = level >= Level::error ? 0 : options.capacity_bytes / 8;
        return front.size + size <= options.capacity_bytes - kept;
    }
    bool wait_for_room(std::unique_lock<std::mutex>& lock, Level level, std::size_t size);
    void drop(const DropCount& lines) {
        add(total_dropped, lines);
        add(unreported, lines);
    }
    void write_batch(std::unique_lock<std::mutex>& lock);
    bool write_out(std::string_view text);
    std::string dropped_line(const DropCount& lines);

    const AsyncSinkOptions options;
    int descriptor = -1;
    std::thread writer;

    std::mutex mutex;
    std::condition_variable work;      // for the writer
    std::condition_variable progress;  // for those who wait for room, a flush or the end
    Batch front;                       // producers append here
    Batch back;                        // the writer's, touched without the lock
    DropCount total_dropped;
    DropCount unreported;
    std::uint64_t accepted_bytes = 0;
    std::uint64_t finished_bytes = 0;
    bool idle = false;     // the writer sleeps until there is a line
    bool urgent = false;   // do not wait for a fuller batch
    bool gave_up = false;  // an error waited in vain; the next ones need not
    bool stopping = false;
    bool finished = false;
    std::atomic<bool> abandoned = false;

    std::mutex render_mutex;  // separate, because rendering calls into Log
    DroppedLine render;
};

void AsyncSink::State::write(Level level, std::string_view line) {
    std::unique_lock lock(mutex);
    if (!has_room(level, line.size()) && !wait_for_room(lock, level, line.size())) {
        drop({.lines = 1, .errors = level >= Level::error ? 1U : 0U});
        return;
    }
    const std::size_t half = options.capacity_bytes / 2;
    const bool crosses_half = front.size < half && front.size + line.size() >= half;
    front.append(level, line);
    accepted_bytes += line.size();
    const bool wake = idle || crosses_half;
    idle = false;
    lock.unlock();
    if (wake) work.notify_one();
}

bool AsyncSink::State::wait_for_room(std::unique_lock<std::mutex>& lock, Level level, std::size_t size) {
    if (level < Level::error || gave_up || size > options.capacity_bytes) return false;
    const bool room = progress.wait_for(lock, options.error_patience, [&] { return has_room(level, size); });
    if (!room) gave_up = true;
    return room;
}

bool AsyncSink::State::flush(std::chrono::milliseconds deadline) {
    std::unique_lock lock(mutex);
    const std::uint64_t target = accepted_bytes;
    urgent = true;
    work.notify_one();
    return progress.wait_for(lock, deadline, [&] { return finished_bytes >= target; });
}

void AsyncSink::State::run() {
    std::unique_lock lock(mutex);
    while (true) {
        idle = true;
        work.wait(lock, [&] { return front.size > 0 || stopping; });
        idle = false;
        if (front.size == 0) break;
        // One wake-up and one write(2) for all lines of the next moment: at load this is what makes a line cheap.
        work.wait_for(lock, options.batch_delay,
                      [&] { return urgent || stopping || front.size >= options.capacity_bytes / 2; });
        write_batch(lock);
    }
    finished = true;
    progress.notify_all();
}

void AsyncSink::State::write_batch(std::unique_lock<std::mutex>& lock) {
    std::swap(front, back);
    urgent = false;
    gave_up = false;
    const DropCount to_report = std::exchange(unreported, {});
    progress.notify_all();
    lock.unlock();
    const bool written = write_out(back.text());
    // Lines were dropped because this batch was full, so here is where they are missing.
    const bool reported = to_report.lines == 0 || (written && write_out(dropped_line(to_report)));
    lock.lock();
    if (!written) drop(back.lines);
    if (!reported) add(unreported, to_report);
    finished_bytes += back.size;
    back.clear();
    progress.notify_all();
}

// False when the descriptor refuses for good (closed pipe, full disk): the lines are lost and counted.
bool AsyncSink::State::write_out(std::string_view text) {
    while (!text.empty()) {
        const ssize_t count = ::write(descriptor, text.data(), text.size());
        if (count >= 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            // Somebody made the shared description non-blocking.
            if (abandoned.load(std::memory_order_relaxed)) return false;
            pollfd wanted{.fd = descriptor, .events = POLLOUT, .revents = 0};
            poll(&wanted, 1, full_descriptor_poll_ms);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

std::string AsyncSink::State::dropped_line(const DropCount& lines) {
    const std::scoped_lock lock(render_mutex);
    return render ? render(lines) : std::string();
}

AsyncSink::AsyncSink(const AsyncSinkOptions& options) : state_(std::make_shared<State>(options)) {
    // Signals are for the event loops; SIGPIPE of a closed log pipe must not end the process.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    state_->writer = std::thread([state = state_] { state->run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_setname_np(state_->writer.native_handle(), "log-writer");
}

AsyncSink::~AsyncSink() {
    std::thread writer = std::move(state_->writer);
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    state_->work.notify_one();
    const bool finished =
        state_->progress.wait_for(lock, state_->options.close_deadline, [&] { return state_->finished; });
    lock.unlock();
    if (finished) {
        writer.join();
        return;
    }
    // Nobody reads the other end. The process must be able to end: the writer keeps its state and is left behind.
    state_->abandoned = true;
    writer.detach();
}

void AsyncSink::write(Level level, std::string_view line) { state_->write(level, line); }

bool AsyncSink::flush(std::chrono::milliseconds deadline) { return state_->flush(deadline); }

DropCount AsyncSink::dropped() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->total_dropped;
}

void AsyncSink::set_dropped_line(DroppedLine render) {
    const std::scoped_lock lock(state_->render_mutex);
    state_->render = std::move(render);
}

}  // namespace logging
