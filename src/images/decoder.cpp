#include "images/decoder.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "images/codecs.h"
#include "images/render_picture.h"
#include "images/sandbox.h"

namespace images {

namespace {

constexpr int channel = 0;
constexpr int well = 0;
constexpr int failed = 1;

[[noreturn]] void leave(int code) { ::_exit(code); }

void write_all(const void* data, std::size_t size) {
    const auto* at = static_cast<const char*>(data);
    while (size > 0) {
        const auto count = ::write(channel, at, size);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) leave(failed);
        at += count;
        size -= static_cast<std::size_t>(count);
    }
}

// The whole of it, or the end of the process.
void read_all(void* data, std::size_t size) {
    auto* at = static_cast<char*>(data);
    while (size > 0) {
        const auto count = ::read(channel, at, size);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) leave(failed);
        at += count;
        size -= static_cast<std::size_t>(count);
    }
}

struct Order {
    Request request;
    int file = -1;
};

int received_descriptor(msghdr& message) {
    int descriptor = -1;
    const auto* head = CMSG_FIRSTHDR(&message);
    if (head != nullptr && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
        std::memcpy(&descriptor, CMSG_DATA(head), sizeof descriptor);
    return descriptor;
}

// Ends the process when the server has closed the socket.
Order next_order() {
    Order order;
    iovec part{&order.request, sizeof order.request};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t count = 0;
    do {
        count = ::recvmsg(channel, &message, 0);
    } while (count < 0 && errno == EINTR);
    if (count <= 0) leave(count == 0 ? well : failed);
    order.file = received_descriptor(message);
    const auto got = static_cast<std::size_t>(count);
    read_all(reinterpret_cast<char*>(&order.request) + got, sizeof order.request - got);
    if (order.request.mark != request_mark) leave(failed);
    return order;
}

// As much as the file has, if it is shorter than it was.
std::string read_file(int file, std::size_t size) {
    std::string bytes(size, '\0');
    std::size_t at = 0;
    while (at < size) {
        const auto count = ::pread(file, bytes.data() + at, size - at, static_cast<off_t>(at));
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        at += static_cast<std::size_t>(count);
    }
    bytes.resize(at);
    ::close(file);
    return bytes;
}

std::string bytes_of(const Order& order) {
    if (order.request.is_file == 1) return read_file(order.file, order.request.size);
    std::string bytes(order.request.size, '\0');
    read_all(bytes.data(), bytes.size());
    return bytes;
}

[[noreturn]] void serve() {
    for (;;) {
        const auto order = next_order();
        const auto rendered = render_picture(bytes_of(order), order.request);
        write_all(&rendered.reply, sizeof rendered.reply);
        for (const auto& rendition : rendered.renditions) write_all(rendition.data(), rendition.size());
    }
}

// A pixel each.
constexpr std::array<std::uint8_t, 67> png_pixel{
    0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44, 0x52, 0x00,
    0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3A, 0x7E, 0x9B, 0x55, 0x00,
    0x00, 0x00, 0x0A, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9C, 0x63, 0x68, 0x00, 0x00, 0x00, 0x82, 0x00, 0x81,
    0x77, 0xCD, 0x72, 0xB6, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82};
constexpr std::array<std::uint8_t, 35> gif_pixel{0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80, 0x00,
                                                 0x00, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x2C, 0x00, 0x00, 0x00, 0x00,
                                                 0x01, 0x00, 0x01, 0x00, 0x00, 0x02, 0x02, 0x44, 0x01, 0x00, 0x3B};

std::string_view text_of(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Each library once, while the process still may do what they do at first: look for the processor's abilities, resolve names.
void warm_up() {
    const Raster raster{16, 16, std::vector<std::uint8_t>(std::size_t{4} * 16 * 16, 128)};
    Request request{.max_pixels = 256};
    request.plan = {.side_count = 1, .is_webp = 1, .is_jpeg = 1, .webp_quality = 80, .jpeg_quality = 80, .sides = {8}};
    const auto jpeg = encode_jpeg(raster, 80);
    const auto webp = encode_webp(raster, true, 80);
    for (const std::string_view file :
         {text_of(png_pixel), text_of(gif_pixel), std::string_view(jpeg), std::string_view(webp)})
        static_cast<void>(render_picture(file, request));
}

std::optional<std::uint64_t> number_of(const char* text) {
    std::uint64_t number = 0;
    const auto* end = text + std::strlen(text);
    const auto [at, error] = std::from_chars(text, end, number);
    return error == std::errc() && at == end ? std::optional(number) : std::nullopt;
}

[[noreturn]] void refuse(std::string_view reason) {
    Ready ready;
    std::ranges::copy(reason.substr(0, ready.reason.size() - 1), ready.reason.begin());
    write_all(&ready, sizeof ready);
    leave(failed);
}

bool is_socket(int descriptor) {
    struct stat status{};
    return ::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode);
}

// After the server's own work; and where memory ends, this process is the one to go.
void step_back() {
    constexpr int lower_priority = 2;  // much lower, a busy machine would let the deadline pass over good pictures
    static_cast<void>(::setpriority(PRIO_PROCESS, 0, lower_priority));
    const int file = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    static_cast<void>(!::write(file, "500", 3));
    ::close(file);
}

void end_with(pid_t server) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (::getppid() != server) leave(failed);
}

}  // namespace

bool is_decoder(int argc, const char* const* argv) { return argc > 1 && argv[1] == decoder_command; }

void run_decoder(int argc, const char* const* argv) {
    // image-decoder SERVER MEMORY SECONDS
    const auto server = argc == 5 ? number_of(argv[2]) : std::nullopt;
    const auto memory = argc == 5 ? number_of(argv[3]) : std::nullopt;
    const auto seconds = argc == 5 ? number_of(argv[4]) : std::nullopt;
    if (!server || !memory || !seconds || !is_socket(channel)) {
        constexpr std::string_view told = "image-decoder: the server starts it, nobody else\n";
        static_cast<void>(!::write(STDERR_FILENO, told.data(), told.size()));
        leave(failed);
    }
    ::signal(SIGPIPE, SIG_IGN);
    end_with(static_cast<pid_t>(*server));
    step_back();
    warm_up();
    if (const auto fault = enter_sandbox({.memory_bytes = *memory, .processor_seconds = *seconds}); !fault.empty())
        refuse(fault);
    Ready ready;
    ready.is_ready = 1;
    write_all(&ready, sizeof ready);
    serve();
}

}  // namespace images
