#include "observe/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <ctime>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

namespace observe {
namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Seconds since 1970 at which the process began: now, less the age by proc(5)'s stat field 22 (ticks after boot).
double start_time() {
    std::ifstream file("/proc/self/stat");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    // The second field is the name in parentheses and may itself hold spaces and parentheses.
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string::npos) return 0;
    std::istringstream rest(text.substr(name_end + 1));
    std::string skipped;
    for (int field = 3; field < 22; ++field) rest >> skipped;
    double ticks = 0;
    rest >> ticks;
    timespec since_boot{};
    clock_gettime(CLOCK_BOOTTIME, &since_boot);
    const double age = static_cast<double>(since_boot.tv_sec) + static_cast<double>(since_boot.tv_nsec) / 1e9 -
                       ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
    return std::round(static_cast<double>(time(nullptr)) - age);
}

double open_descriptors() {
    const std::unique_ptr<DIR, decltype(&closedir)> directory(opendir("/proc/self/fd"), &closedir);
    if (directory == nullptr) return 0;
    double count = 0;
    while (readdir(directory.get()) != nullptr) ++count;
    return count - 3;  // ".", ".." and the directory itself
}

void memory(Samples& samples) {
    std::ifstream file("/proc/self/statm");
    double pages = 0;
    double resident_pages = 0;
    file >> pages >> resident_pages;
    const auto page_size = static_cast<double>(sysconf(_SC_PAGESIZE));
    samples.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", resident_pages * page_size);
    samples.gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", pages * page_size);
}

void processor_time(Samples& samples) {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    samples.counter("process_cpu_user_seconds_total", "Total user CPU time spent in seconds.", seconds(usage.ru_utime));
    samples.counter("process_cpu_system_seconds_total", "Total system CPU time spent in seconds.",
                    seconds(usage.ru_stime));
    samples.counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
                    seconds(usage.ru_utime) + seconds(usage.ru_stime));
}

void descriptors(Samples& samples) {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    samples.gauge("process_open_fds", "Number of open file descriptors.", open_descriptors());
    samples.gauge("process_max_fds", "Maximum number of open file descriptors.", static_cast<double>(limit.rlim_cur));
}

}  // namespace

Registration register_process_metrics(Metrics& metrics) {
    return metrics.collect([started = start_time()](Samples& samples) {
        processor_time(samples);
        samples.gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", started);
        memory(samples);
        descriptors(samples);
    });
}

}  // namespace observe
