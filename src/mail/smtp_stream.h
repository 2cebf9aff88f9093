#pragma once
// SmtpStream: one socket to a server, plain or TLS, with a deadline for each thing that is asked of it. One thing at a time. Destroyed
// while something is under way it closes; buffers live until the kernel is done with them. Internal; loop's thread.
//
//     SmtpStream stream(loop);
//     co_await stream.connect(addresses, 587, deadline);                  // std::expected: the fault, for people
//     co_await stream.start_tls("mail.example", tls, deadline);
//     co_await stream.write(bytes, deadline);
//     const auto bytes = co_await stream.read(deadline);                  // valid until the next

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "async/task.h"

namespace mail {

// Whom TLS believes: the authorities of a PEM file, or of the system ("").
class TlsTrust {
public:
    // Throws std::runtime_error for a file that cannot be read.
    explicit TlsTrust(const std::string& authorities_file);
    ~TlsTrust();
    TlsTrust(const TlsTrust&) = delete;
    TlsTrust& operator=(const TlsTrust&) = delete;

private:
    friend class SmtpStream;
    struct Context;
    std::unique_ptr<Context> context_;
};

class SmtpStream {
public:
    template <class T>
    using Result = std::expected<T, std::string>;

    explicit SmtpStream(async::Loop& loop);
    ~SmtpStream();
    SmtpStream(const SmtpStream&) = delete;
    SmtpStream& operator=(const SmtpStream&) = delete;

    // Addresses are tried in turn.
    [[nodiscard]] async::Task<Result<void>> connect(std::vector<std::string> addresses, std::uint16_t port,
                                                    async::SteadyTime deadline);
    // The certificate is for `host`, or there is no connection.
    [[nodiscard]] async::Task<Result<void>> start_tls(std::string host, std::shared_ptr<TlsTrust> trust,
                                                      async::SteadyTime deadline);
    [[nodiscard]] async::Task<Result<void>> write(std::string bytes, async::SteadyTime deadline);
    [[nodiscard]] async::Task<Result<std::string_view>> read(async::SteadyTime deadline);

    [[nodiscard]] bool is_encrypted() const noexcept;
    // Nothing has come that nobody asked for, the end included: what an idle connection has to be.
    [[nodiscard]] bool is_quiet() const;
    // Says so, and closes when the server has answered, or does not within two seconds. Nothing else is asked of it after this.
    void quit(std::string farewell);
    void close() noexcept;

private:
    struct Wire;
    struct Done;
    [[nodiscard]] Done done() const;
    [[nodiscard]] std::string fault() const;

    std::shared_ptr<Wire> wire_;
};

}  // namespace mail
