#include "images/sandbox.h"

#include <linux/seccomp.h>
#include <malloc.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace images {

namespace {

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool has_sanitizer = true;
#else
constexpr bool has_sanitizer = false;
#endif

constexpr int channel = 0;
constexpr int messages = 2;

std::string fault_of(std::string_view what, int error) { return std::string(what) + ": " + std::strerror(error); }

// Bytes of address space that are in use.
std::uint64_t address_space() {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"), std::fclose);
    unsigned long pages = 0;
    if (file == nullptr || std::fscanf(file.get(), "%lu", &pages) != 1) pages = 0;
    return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::string set_limits(const SandboxLimits& limits) {
    struct Limit {
        __rlimit_resource resource;
        rlim_t value;
        std::string_view name;
    };
    constexpr rlim_t descriptors = 4;  // 0 to 2, and one that is received
    const auto space = has_sanitizer ? RLIM_INFINITY : address_space() + limits.memory_bytes;
    for (const auto& limit :
         {Limit{RLIMIT_CORE, 0, "RLIMIT_CORE"}, Limit{RLIMIT_FSIZE, 0, "RLIMIT_FSIZE"},
          Limit{RLIMIT_NPROC, 0, "RLIMIT_NPROC"}, Limit{RLIMIT_NOFILE, descriptors, "RLIMIT_NOFILE"},
          Limit{RLIMIT_CPU, limits.processor_seconds, "RLIMIT_CPU"}, Limit{RLIMIT_AS, space, "RLIMIT_AS"}}) {
        rlimit now{};
        if (::getrlimit(limit.resource, &now) != 0) return fault_of(limit.name, errno);
        const rlimit wanted{std::min(limit.value, now.rlim_max), std::min(limit.value, now.rlim_max)};
        if (::setrlimit(limit.resource, &wanted) != 0) return fault_of(limit.name, errno);
    }
    return {};
}

using Filter = std::unique_ptr<void, decltype(&seccomp_release)>;

// Each gives 0, or a negative errno.
int allow(void* filter, int call) { return ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0); }
int allow_on(void* filter, int call, int descriptor) {
    const scmp_arg_cmp is_it{
        .arg = 0, .op = SCMP_CMP_EQ, .datum_a = static_cast<scmp_datum_t>(descriptor), .datum_b = 0};
    return ::seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &is_it);
}
int allow_not_executable(void* filter, int call) {
    const scmp_arg_cmp is_not{.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0};
    return ::seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &is_not);
}

int add_rules(void* filter) {
    for (const int descriptor : {channel, messages}) {
        if (const int error = allow_on(filter, SCMP_SYS(write), descriptor); error != 0) return error;
    }
    if (const int error = allow_on(filter, SCMP_SYS(recvmsg), channel); error != 0) return error;
    for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
        if (const int error = allow_not_executable(filter, call); error != 0) return error;
    }
    // Memory, the end, and what the C library asks of itself.
    for (const int call :
         {SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(close), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk),
          SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(rt_sigreturn),
          SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group)}) {
        if (const int error = allow(filter, call); error != 0) return error;
    }
    if (!has_sanitizer) return 0;
    // Their run-time library's own: locks, clocks, and a report of what it has found.
    for (const int call : {SCMP_SYS(sched_yield), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(sigaltstack),
                           SCMP_SYS(rt_sigprocmask), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(sched_getaffinity)}) {
        if (const int error = allow(filter, call); error != 0) return error;
    }
    return 0;
}

std::string load_filter() {
    const Filter filter(::seccomp_init(SCMP_ACT_KILL_PROCESS), ::seccomp_release);
    if (filter == nullptr) return "seccomp: no filter can be made";
    int error = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (error == 0) error = ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_NNP, 1);
    if (error == 0) error = add_rules(filter.get());
    if (error == 0) error = ::seccomp_load(filter.get());
    return error == 0 ? std::string() : fault_of("seccomp", -error);
}

}  // namespace

std::string enter_sandbox(const SandboxLimits& limits) {
    constexpr int large = 1 << 20;
    // What a picture took goes back to the system with it.
    ::mallopt(M_MMAP_THRESHOLD, large);
    ::mallopt(M_TRIM_THRESHOLD, 4 * large);
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fault_of("no new privileges", errno);
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return fault_of("PR_SET_DUMPABLE", errno);
    if (auto fault = set_limits(limits); !fault.empty()) return fault;
    return load_filter();
}

std::string sandbox_fault() {
    const std::uint32_t action = SECCOMP_RET_KILL_PROCESS;
    const long outcome = ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
    return outcome == 0 ? std::string() : fault_of("seccomp", errno);
}

}  // namespace images
