#pragma once
// A connection behind its upgrade: the socket, and who waits for it. Private to the library; loop's thread only. Its conversation
// owns it, and the server knows it in a list until that has ended.
//
//     UpgradedConnection::start(server, {std::move(socket), std::move(tls), bytes_behind_the_head, std::move(trace)}, std::move(takeover));

#include <memory>
#include <string>

#include "http/server_impl.h"
#include "http/tls_session.h"
#include "http/upgrade.h"
#include "observe/span.h"

namespace http {

class UpgradedConnection final : public RawConnection,
                                 public UpgradedHook,
                                 public std::enable_shared_from_this<UpgradedConnection> {
public:
    // What the connection hands over.
    struct Parts {
        Socket socket;
        std::unique_ptr<TlsSession> tls;            // none: plain
        std::string early;                          // came behind the head of the request
        std::unique_ptr<observe::EntrySpan> trace;  // of the request: the parent of what the conversation's Db does
    };
    static void start(std::shared_ptr<Server::Impl> server, Parts parts, Takeover takeover);
    UpgradedConnection(std::shared_ptr<Server::Impl> server, Parts parts);

    async::Task<Wake> wait(async::SteadyTime deadline) override;
    std::size_t read(std::span<char> into) override;
    async::Task<bool> write(std::string_view bytes) override;
    void close() override;

    void tell_draining();
    // Closes with a reset.
    void abort();

private:
    struct Waiting;
    using WaitType = Socket::wait_type;

    static async::detail::Detached run(std::shared_ptr<UpgradedConnection> self, Takeover takeover);
    [[nodiscard]] bool is_readable() { return tls_ ? tls_->has_input() : readable_; }
    void watch(WaitType what, Waiting* UpgradedConnection::* waiting, bool UpgradedConnection::* watched);
    async::Task<void> linger();
    void end();

    std::shared_ptr<Server::Impl> server_;
    Socket socket_;
    std::unique_ptr<TlsSession> tls_;
    std::string early_;
    std::unique_ptr<observe::EntrySpan> trace_;
    Waiting* reader_ = nullptr;
    Waiting* writer_ = nullptr;
    std::size_t sent_in_a_row_ = 0;
    unsigned waits_in_a_row_ = 0;
    bool reads_watched_ = false;
    bool writes_watched_ = false;
    bool readable_ = false;
    bool ended_ = false;
    bool closed_ = false;
    bool drain_told_ = false;
};

}  // namespace http
