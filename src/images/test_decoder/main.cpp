// The decoder as a program of its own: what the tests start. Called by another name (a link) it is one of those that a server
// must survive.

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "images/decoder.h"
#include "images/protocol.h"
#include "images/sandbox.h"

namespace {

void say(const void* data, std::size_t size) {
    if (::write(0, data, size) != static_cast<ssize_t>(size)) ::_exit(3);
}

void say_ready() {
    images::Ready ready;
    ready.is_ready = 1;
    say(&ready, sizeof ready);
}

images::Request hear_request() {
    images::Request request;
    if (::recv(0, &request, sizeof request, MSG_WAITALL) != static_cast<ssize_t>(sizeof request)) ::_exit(0);
    return request;
}

void hear_file(std::uint64_t size) {
    std::vector<char> bytes(size);
    if (::recv(0, bytes.data(), size, MSG_WAITALL) != static_cast<ssize_t>(size)) ::_exit(3);
}

[[noreturn]] void refuse() {
    images::Ready ready;
    std::ranges::copy(std::string_view("seccomp: not here"), ready.reason.begin());
    say(&ready, sizeof ready);
    ::_exit(1);
}

// Taken over by the picture: what comes back is a page.
[[noreturn]] void lie() {
    say_ready();
    for (;;) {
        const auto request = hear_request();
        hear_file(request.size);
        const std::string page = "<html><script>alert(1)</script>";
        images::Reply reply{.status = images::Status::rendered, .width = 1, .height = 1};
        reply.count = request.plan.side_count;
        for (std::size_t i = 0; i < reply.count; ++i)
            reply.entries[i] = {.side = request.plan.sides[i], .width = 1, .height = 1, .size = page.size()};
        say(&reply, sizeof reply);
        say(page.data(), page.size());
    }
}

[[noreturn]] void die_at_work() {
    say_ready();
    const auto request = hear_request();
    hear_file(request.size / 2);
    ::raise(SIGKILL);
    ::_exit(3);
}

[[noreturn]] void never_answer() {
    say_ready();
    const auto request = hear_request();
    hear_file(request.size);
    for (;;) ::pause();
}

// Says by its end what it could do behind the sandbox.
[[noreturn]] void escape(std::string_view how) {
    constexpr std::uint64_t memory = 256'000'000;
    if (!images::enter_sandbox({.memory_bytes = memory, .processor_seconds = 20}).empty()) ::_exit(9);
    if (how == "opener") ::open("/etc/passwd", O_RDONLY);
    if (how == "connector") ::socket(AF_INET, SOCK_STREAM, 0);
    if (how == "forker") ::fork();
    if (how == "writer") static_cast<void>(!::write(1, "x", 1));
    if (how == "killer") ::kill(::getppid(), SIGTERM);
    ::_exit(0);
}

}  // namespace

int main(int argc, char** argv) {
    const std::string_view path = argv[0];
    const auto name = path.substr(path.rfind('/') + 1);
    if (name == "refuser") refuse();
    if (name == "liar") lie();
    if (name == "dier") die_at_work();
    if (name == "sleeper") never_answer();
    if (name == "babbler")
        say("hello, this is some other program, which says something else "
            "entirely................................................"
            ".........................................................................................................."
            "......................................................",
            260);
    for (const std::string_view escaper : {"opener", "connector", "forker", "writer", "killer", "idler"}) {
        if (name == escaper) escape(name);
    }
    if (images::is_decoder(argc, argv)) images::run_decoder(argc, argv);
    return 2;
}
