#include "images/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <coroutine>
#include <csignal>
#include <cstring>
#include <fstream>
#include <utility>

#include "async/loop_asio.h"
#include "images/decoder.h"

namespace images {

namespace {

namespace asio = boost::asio;
using Socket = asio::basic_stream_socket<asio::local::stream_protocol, asio::io_context::executor_type>;
using ErrorCode = boost::system::error_code;

constexpr auto look_again = async::Milliseconds(2);

// Both ends of the socket, closed unless taken.
struct Ends {
    int ours = -1;
    int its = -1;

    Ends() {
        std::array<int, 2> ends{-1, -1};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0) {
            ours = ends[0];
            its = ends[1];
        }
    }
    ~Ends() {
        for (const int end : {ours, its}) {
            if (end >= 0) ::close(end);
        }
    }
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;
};

// What posix_spawn(3) does between the processes: the socket is descriptor 0, nothing else is open, no signal is blocked, and
// the terminal's signals do not reach it.
struct SpawnPlan {
    posix_spawn_file_actions_t files{};
    posix_spawnattr_t attributes{};

    explicit SpawnPlan(int socket) {
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawn_file_actions_adddup2(&files, socket, STDIN_FILENO);
        ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_RDWR, 0);
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
        // A sanitizer's report goes where the server's goes.
#else
        ::posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
#endif
        ::posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
        ::posix_spawnattr_init(&attributes);
        sigset_t none{};
        sigset_t all{};
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setsigdefault(&attributes, &all);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    ~SpawnPlan() {
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&files);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;
};

std::expected<pid_t, std::string> spawn(const DecoderProcess::Options& options, int socket) {
    const SpawnPlan plan(socket);
    std::array<std::string, 5> words{options.program, std::string(decoder_command), std::to_string(::getpid()),
                                     std::to_string(options.memory_bytes), std::to_string(options.processor_seconds)};
    std::array<char*, words.size() + 1> arguments{};
    for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
    std::array<char*, 1> environment{};  // what this process knows is not the decoder's to know
    pid_t id = -1;
    const int error = ::posix_spawn(&id, options.program.c_str(), &plan.files, &plan.attributes, arguments.data(),
                                    environment.data());
    if (error != 0) return std::unexpected(options.program + " cannot be started: " + std::strerror(error));
    return id;
}

}  // namespace

// Kept alive by the handler of what is under way.
struct DecoderProcess::Wire : std::enable_shared_from_this<Wire> {
    Wire(async::Loop& on, pid_t process, int descriptor)
        : loop(on),
          socket(async::native(on).get_executor(), asio::local::stream_protocol(), descriptor),
          id(process),
          deadline(on, [this] {
              is_late = true;
              end();
          }) {}

    // Whoever waits is told by the handler, whether or not the kernel can end the process at once.
    void end() noexcept {
        kill();
        ErrorCode ignored;
        socket.close(ignored);
    }
    void kill() const noexcept {
        if (!status) ::kill(id, SIGKILL);
    }

    auto handler() {
        return [self = shared_from_this()](const ErrorCode& outcome, std::size_t /*count*/) {
            self->error = outcome;
            if (const auto handle = std::exchange(self->awaiting, {})) handle.resume();
        };
    }

    async::Loop& loop;
    Socket socket;
    pid_t id;
    async::Timer deadline;
    std::optional<int> status;
    std::string outgoing;
    std::string incoming;
    std::coroutine_handle<> awaiting;
    ErrorCode error;
    bool is_late = false;
};

namespace {

// Until the handler has come. A task that is destroyed meanwhile is not resumed.
template <class Wire>
struct Done {
    Wire* wire;
    explicit Done(Wire* on) : wire(on) {}
    Done(const Done&) = delete;
    Done& operator=(const Done&) = delete;
    ~Done() { wire->awaiting = {}; }
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) const noexcept { wire->awaiting = awaiting; }
    // Whether all of it went through.
    bool await_resume() const noexcept { return !wire->error; }
};

// Fills wire->incoming.
template <class Wire>
async::Task<bool> read(std::shared_ptr<Wire> wire, std::size_t size) {
    wire->incoming.resize(size);
    asio::async_read(wire->socket, asio::buffer(wire->incoming), wire->handler());
    co_return co_await Done(wire.get());
}

template <class Wire>
async::Task<bool> write(std::shared_ptr<Wire> wire, std::string bytes) {
    wire->outgoing = std::move(bytes);
    asio::async_write(wire->socket, asio::buffer(wire->outgoing), wire->handler());
    const bool is_written = co_await Done(wire.get());
    wire->outgoing = {};
    co_return is_written;
}

template <class T, class Wire>
async::Task<std::optional<T>> read_value(std::shared_ptr<Wire> wire) {
    T value;
    if (!co_await read(wire, sizeof value)) co_return std::nullopt;
    std::memcpy(&value, wire->incoming.data(), sizeof value);
    co_return value;
}

// The head, and the descriptor with it: into a socket that is empty, so it never waits.
bool send_head(int socket, const DecoderProcess::Question& question) {
    auto head = question.request;
    iovec part{&head, sizeof head};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (head.is_file == 1) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        auto* attached = CMSG_FIRSTHDR(&message);
        attached->cmsg_level = SOL_SOCKET;
        attached->cmsg_type = SCM_RIGHTS;
        attached->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(attached), &question.file, sizeof question.file);
    }
    return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(sizeof head);
}

template <class Wire>
async::Task<std::optional<Answer>> read_answer(std::shared_ptr<Wire> wire, Request request) {
    const auto reply = co_await read_value<Reply>(wire);
    if (!reply || !reply_fault(*reply, request).empty()) co_return std::nullopt;
    Answer answer{*reply, {}};
    if (reply->status != Status::rendered) co_return answer;
    for (std::size_t i = 0; i < reply->count; ++i) {
        const bool has_come = co_await read(wire, reply->entries[i].size);
        if (!has_come || !is_rendition(reply->entries[i], wire->incoming)) co_return std::nullopt;
        answer.renditions.push_back(std::exchange(wire->incoming, {}));
    }
    co_return answer;
}

}  // namespace

DecoderProcess::DecoderProcess(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}

DecoderProcess::~DecoderProcess() {
    wire_->deadline.cancel();
    wire_->end();
}

std::expected<std::unique_ptr<DecoderProcess>, std::string> DecoderProcess::start(Options options) {
    Ends ends;
    if (ends.ours < 0) return std::unexpected(std::string("no socket: ") + std::strerror(errno));
    const auto id = spawn(options, ends.its);
    if (!id) return std::unexpected(id.error());
    auto wire = std::make_shared<Wire>(options.loop, *id, std::exchange(ends.ours, -1));
    return std::unique_ptr<DecoderProcess>(new DecoderProcess(std::move(wire)));
}

async::Task<std::string> DecoderProcess::ready(async::SteadyTime deadline) {
    wire_->deadline.expires_at(deadline);
    const auto ready = co_await read_value<Ready>(wire_);
    wire_->deadline.cancel();
    if (!ready) co_return wire_->is_late ? "the decoder does not start in time" : "the decoder ends when it starts";
    if (ready->mark != ready_mark) co_return "the program is no decoder";
    if (ready->is_ready == 1) co_return "";
    co_return "the decoder refuses to work without its sandbox: " +
        std::string(ready->reason.data(), ::strnlen(ready->reason.data(), ready->reason.size()));
}

async::Task<std::optional<Answer>> DecoderProcess::ask(Question question, async::SteadyTime deadline) {
    ++pictures_;
    wire_->deadline.expires_at(deadline);
    std::optional<Answer> answer;
    const auto request = question.request;
    bool is_sent = send_head(wire_->socket.native_handle(), question);
    if (is_sent && request.is_file == 0) is_sent = co_await write(wire_, std::move(question.bytes));
    if (is_sent) answer = co_await read_answer(wire_, request);
    wire_->deadline.cancel();
    co_return answer;
}

bool DecoderProcess::was_late() const noexcept { return wire_->is_late; }

bool DecoderProcess::is_quiet() const {
    if (!wire_->socket.is_open()) return false;
    pollfd state{.fd = wire_->socket.native_handle(), .events = POLLIN, .revents = 0};
    return ::poll(&state, 1, 0) == 0;
}

std::uint64_t DecoderProcess::resident_bytes() const {
    std::ifstream file("/proc/" + std::to_string(wire_->id) + "/statm");
    std::uint64_t all = 0;
    std::uint64_t resident = 0;
    file >> all >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::int32_t DecoderProcess::id() const noexcept { return wire_->id; }

void DecoderProcess::kill() noexcept { wire_->kill(); }

std::optional<int> DecoderProcess::ended() noexcept {
    if (wire_->status) return wire_->status;
    int status = 0;
    const auto outcome = ::waitpid(wire_->id, &status, WNOHANG);
    // Nobody's child any more: the service ignores SIGCHLD, and the kernel has forgotten it.
    if (outcome == wire_->id || (outcome < 0 && errno == ECHILD)) wire_->status = status;
    return wire_->status;
}

async::Task<int> end_process(async::Loop* loop, std::unique_ptr<DecoderProcess> process) {
    process->kill();
    auto status = process->ended();
    while (!status) {
        co_await async::sleep(loop, look_again);
        status = process->ended();
    }
    co_return *status;
}

}  // namespace images
