#include "app/dev/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <system_error>
#include <thread>

namespace app::dev {

namespace {

constexpr std::chrono::milliseconds look_interval{10};

[[noreturn]] void throw_errno(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

std::vector<char*> as_c_array(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    pointers.reserve(texts.size() + 1);
    for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

// ---- between fork and exec: async-signal-safe calls alone ---------------------------------------------------------

bool place(int from, int to) {
    // dup2 onto itself would leave close-on-exec set.
    if (from == to) return fcntl(to, F_SETFD, 0) == 0;
    return dup2(from, to) == to;
}

bool become(const User& user) {
    return setgroups(1, &user.group) == 0 && setgid(user.group) == 0 && setuid(user.user) == 0;
}

void reset_signals() {
    // Blocked and ignored signals would be inherited through exec; a server that ignores SIGTERM cannot be stopped.
    for (int number = 1; number < NSIG; ++number) std::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool prepare_child(const Command& command, pid_t parent) {
    reset_signals();
    if (setpgid(0, 0) != 0) return false;
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (!place(command.input >= 0 ? command.input : null, STDIN_FILENO)) return false;
    if (command.output >= 0 && !place(command.output, STDOUT_FILENO)) return false;
    if (command.errors >= 0 && !place(command.errors, STDERR_FILENO)) return false;
    if (!command.working_directory.empty() && chdir(command.working_directory.c_str()) != 0) return false;
    if (command.user && !become(*command.user)) return false;
    // After the change of user, which clears it (prctl(2)).
    if (prctl(PR_SET_PDEATHSIG, command.death_signal) != 0) return false;
    // The parent may have died before the line above.
    if (getppid() != parent) _exit(127);
    return true;
}

[[noreturn]] void run_child(const Command& command, pid_t parent, char* const* arguments, char* const* environment,
                            int report) {
    if (prepare_child(command, parent)) execve(arguments[0], arguments, environment);
    const int error = errno;
    [[maybe_unused]] const auto written = write(report, &error, sizeof error);
    _exit(127);
}

}  // namespace

bool sleep_pause(std::chrono::milliseconds time) {
    std::this_thread::sleep_for(time);
    return true;
}

Process Process::start(const Command& command) {
    const auto arguments = as_c_array(command.arguments);
    const auto environment = as_c_array(command.environment);
    std::array<int, 2> report{};
    if (pipe2(report.data(), O_CLOEXEC) != 0) throw_errno("pipe");
    const Descriptor reader(report[0]);
    Descriptor writer(report[1]);

    const pid_t parent = getpid();
    const pid_t id = fork();
    if (id < 0) throw_errno("fork");
    if (id == 0) run_child(command, parent, arguments.data(), environment.data(), writer.get());

    Process process(id);
    process.ended_ = false;
    writer.close();
    // End of file: exec closed the child's end, so it succeeded.
    int error = 0;
    ssize_t count = 0;
    do count = read(reader.get(), &error, sizeof error);
    while (count < 0 && errno == EINTR);
    if (count == sizeof error) {
        process.kill();
        throw std::system_error(error, std::generic_category(), "cannot run " + command.arguments.front());
    }
    return process;
}

Process::Process(Process&& other) noexcept
    : id_(std::exchange(other.id_, -1)), status_(other.status_), ended_(std::exchange(other.ended_, true)) {}

Process& Process::operator=(Process&& other) noexcept {
    if (this != &other) {
        kill();
        id_ = std::exchange(other.id_, -1);
        status_ = other.status_;
        ended_ = std::exchange(other.ended_, true);
    }
    return *this;
}

bool Process::running() {
    if (!ended_ && waitpid(id_, &status_, WNOHANG) == id_) ended_ = true;
    return !ended_;
}

bool Process::wait(std::chrono::milliseconds patience, const Pause& pause) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (running()) {
        if (std::chrono::steady_clock::now() >= deadline || !pause(look_interval)) return !running();
    }
    return true;
}

void Process::signal(int number) noexcept {
    // A child that has ended but was not waited for keeps its id, so this never reaches a stranger.
    if (!ended_) ::kill(id_, number);
}

void Process::kill() noexcept {
    if (ended_) return;
    signal(SIGKILL);
    while (waitpid(id_, &status_, 0) < 0 && errno == EINTR) {}
    ended_ = true;
}

bool Process::succeeded() const noexcept {
    return ended_ && id_ > 0 && WIFEXITED(status_) && WEXITSTATUS(status_) == 0;
}

std::string Process::how_it_ended() const {
    if (id_ <= 0 || !ended_) return "not ended";
    if (WIFSIGNALED(status_)) return fmt::format("signal {} ({})", WTERMSIG(status_), strsignal(WTERMSIG(status_)));
    return fmt::format("exit status {}", WEXITSTATUS(status_));
}

std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& changes) {
    std::map<std::string, std::string> variables;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals != std::string_view::npos) variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    for (const auto& [name, value] : changes) variables[name] = value;
    std::vector<std::string> entries;
    entries.reserve(variables.size());
    for (const auto& [name, value] : variables) entries.push_back(fmt::format("{}={}", name, value));
    return entries;
}

}  // namespace app::dev
