#pragma once
// DecoderProcess: the server's end of one decoder (decoder.h). It is started with an empty environment, without any descriptor
// of ours but its socket. What it says is checked. Internal; loop's thread.
//
//     auto process = DecoderProcess::start({.loop = loop, .program = "/proc/self/exe", …});     // std::expected: why not
//     if (auto fault = co_await process->ready(deadline); !fault.empty()) …
//     auto answer = co_await process->ask({.request = request, .bytes = std::move(file)}, deadline);
//     if (!answer) …it crashed, lied or was too slow, and is of no more use…
//     co_await end_process(std::move(process));                                                 // however it went

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "images/protocol.h"

namespace images {

struct Answer {
    Reply reply;
    std::vector<std::string> renditions;
};

class DecoderProcess {
public:
    struct Options {
        async::Loop& loop;
        std::string program;
        std::uint64_t memory_bytes;
        std::uint64_t processor_seconds;
    };
    // A file in memory or, with `request.is_file`, by its descriptor.
    struct Question {
        Request request;
        std::string bytes{};
        int file = -1;
    };

    [[nodiscard]] static std::expected<std::unique_ptr<DecoderProcess>, std::string> start(Options options);
    // end_process() first: what is left running is killed, and stays a zombie.
    ~DecoderProcess();
    DecoderProcess(const DecoderProcess&) = delete;
    DecoderProcess& operator=(const DecoderProcess&) = delete;

    // "" or why it does not work.
    [[nodiscard]] async::Task<std::string> ready(async::SteadyTime deadline);
    // Past the deadline it is killed. nullopt: of no more use.
    [[nodiscard]] async::Task<std::optional<Answer>> ask(Question question, async::SteadyTime deadline);
    // Whether the deadline ended it.
    [[nodiscard]] bool was_late() const noexcept;
    // It lives, and has said nothing that nobody asked for.
    [[nodiscard]] bool is_quiet() const;
    [[nodiscard]] std::uint64_t resident_bytes() const;
    [[nodiscard]] std::int32_t id() const noexcept;
    [[nodiscard]] std::uint32_t pictures() const noexcept { return pictures_; }
    void kill() noexcept;
    // The status of waitpid(2), once it is gone.
    [[nodiscard]] std::optional<int> ended() noexcept;

private:
    struct Wire;
    explicit DecoderProcess(std::shared_ptr<Wire> wire);

    std::shared_ptr<Wire> wire_;
    std::uint32_t pictures_ = 0;
};

// Kills it, and waits until nothing of it is left. The status of waitpid(2).
[[nodiscard]] async::Task<int> end_process(async::Loop* loop, std::unique_ptr<DecoderProcess> process);

}  // namespace images
