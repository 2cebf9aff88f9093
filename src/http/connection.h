#pragma once
// One connection: a state machine on socket callbacks; a coroutine runs for the handler chain alone. Private to the
// library; loop's thread only. It owns itself through the operations under way and the server's list.
//
//     Connection::start(impl, std::move(socket), peer);
//
// Opening: where the server expects them, the proxy's word about who is connected, then the handshake of TLS. Without either a
// connection begins with its first head.
//
// Input: one buffer. A head's views point into it, so it is neither moved nor grown while a request is handled; a body that
// does not fit behind its head is read into a second buffer, on demand. Output: replies gather in `out_` and leave in one
// send when no further complete request waits, or when the handler suspends; what the socket does not take moves to
// `sending_`, and no new request is begun before it has gone.

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <coroutine>
#include <memory>
#include <string>

#include "async/loop.h"
#include "http/body_decoder.h"
#include "http/context.h"
#include "http/finish.h"
#include "http/head_parser.h"
#include "http/server_impl.h"
#include "http/slow_clients.h"
#include "http/tls_session.h"

namespace http {

class Connection final : public boost::intrusive_ref_counter<Connection, boost::thread_unsafe_counter>,
                         public ConnectionHook,
                         public IdleHook,
                         public BodySource {
public:
    using Ref = boost::intrusive_ptr<Connection>;

    // `refused`: its first request, or its silence, is answered with 503.
    static void start(const std::shared_ptr<Server::Impl>& server, Socket socket,
                      const boost::asio::ip::tcp::endpoint& peer, bool refused);
    Connection(std::shared_ptr<Server::Impl> server, Socket socket, const boost::asio::ip::tcp::endpoint& peer,
               bool refused);

    // Closes at once, whatever is under way. A handler runs on, and its reply is dropped.
    void cut();
    // The same with a reset: of a client that does not read, the kernel keeps nothing.
    void abort();
    // In a drain: closes when nothing has come for a while; what comes until then is answered, and its reply is the last.
    void retire();
    [[nodiscard]] std::optional<RequestUnderWay> under_way() const;
    // Of an idle one: closes it, unless a request is just arriving.
    [[nodiscard]] bool evict_idle();

    async::Task<std::optional<std::string_view>> read_some() override;
    std::optional<std::string_view> take_buffered() override;

private:
    friend class StreamWriter;
    static constexpr std::size_t gathered_output = 64 * 1024;
    static constexpr auto no_deadline = async::SteadyTime::max();
    enum class Phase : std::uint8_t { opening, reading_head, handling, draining_body, lingering, handing_over, closed };
    struct BodyArrival;
    struct OutputDrained;
    struct ReadCancelled;

    // connection.cpp: its life, deadlines, input, and the order of things
    void process();
    [[nodiscard]] bool step();
    [[nodiscard]] bool next_request();
    void begin_request(const Head& head);
    void run(const Handler& app);
    void after_processing();
    void reject(const base::ErrorCode& code, std::string_view detail);
    void start_read();
    [[nodiscard]] bool make_room();
    void give_back_input();
    void on_read(const boost::system::error_code& error, std::size_t size);
    void on_input(bool ended);
    void on_timer();
    void arm();
    [[nodiscard]] bool nothing_begun() const;
    void set_read_deadline_between_requests();
    void note_waiting();
    [[nodiscard]] std::string_view waited_for(bool sends_head) const;
    void close_silent();
    void close_quietly();
    void leave();
    void wake(std::coroutine_handle<>& waiter);
    [[nodiscard]] bool has_arrived() const;

    // connection_opening.cpp: what comes before HTTP
    void begin_opening();
    void continue_opening(bool ended);
    [[nodiscard]] bool read_proxy_word();
    [[nodiscard]] bool begin_tls();
    void continue_handshake();
    void wait_in_handshake(Socket::wait_type what);
    void end_opening();
    void fail_opening(std::string_view what, std::string_view reason);
    void time_out_opening();
    void read_into(char* into, std::size_t size);
    void try_tls_read(char* into, std::size_t size);
    void wait_for_tls_read(char* into, std::size_t size);
    std::size_t write_tls(std::string_view first, std::string_view second, boost::system::error_code& error);
    void continue_tls_write();

    // connection_body.cpp
    void start_body_read();
    void note_body_deadline();
    void begin_body_wait();
    void end_body_wait(std::size_t received);
    [[nodiscard]] bool fits_behind_head() const;
    [[nodiscard]] std::string_view unread() const;
    void consume(std::size_t size);
    void settle_input();
    [[nodiscard]] bool drain_some();

    // connection_reply.cpp
    static async::detail::Detached run_request(Ref self, const Handler* app);
    void finish_handler(const std::exception_ptr& error);
    async::Task<bool> run_stream();
    void finish_request(bool sent);
    void report_sent(bool sent);
    async::Task<bool> prepare_handover();
    void hand_over();
    [[nodiscard]] bool is_last_reply() const;
    [[nodiscard]] bool may_keep_alive();
    void write_head(const Framing& framing);
    void write_body();

    // connection_output.cpp
    [[nodiscard]] bool flush();
    void continue_write();
    void on_written(const boost::system::error_code& error, std::size_t size);
    void after_write();
    void end_after_reply();

    std::shared_ptr<Server::Impl> server_;
    Socket socket_;
    std::unique_ptr<TlsSession> tls_;  // none: plain
    std::string remote_address_;
    std::uint16_t remote_port_;
    std::string client_address_;  // of the request before; behind a proxy another one than who is connected
    async::Timer timer_;
    async::SteadyTime now_;
    async::SteadyTime armed_{};
    async::SteadyTime read_deadline_ = no_deadline;
    async::SteadyTime write_deadline_ = no_deadline;

    Phase phase_ = Phase::reading_head;
    bool processing_ = false;
    bool in_request_ = false;
    bool reading_ = false;
    bool reading_body_buffer_ = false;
    bool writing_ = false;
    bool peer_closed_ = false;
    bool close_after_write_ = false;
    bool linger_ = false;  // input may be under way that a plain close would answer with a reset
    bool linked_ = false;
    bool refused_;
    bool expects_proxy_ = false;
    bool is_secure_ = false;  // by the proxy's word, or ours
    bool head_under_way_ = false;
    SlowClients::Client listed_{};  // as the server's list has it; without a connection it has not
    async::SteadyTime begun_{};     // the present request: its first byte

    HeadParser parser_;
    std::unique_ptr<char[]> input_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;

    Head head_;
    BodyDecoder decoder_ = BodyDecoder::none();
    std::unique_ptr<char[]> body_buffer_;
    std::size_t body_begin_ = 0;
    std::size_t body_end_ = 0;
    bool in_body_buffer_ = false;
    bool body_cut_off_ = false;  // the client went, or was too slow; broken framing is the decoder's to know
    bool body_timed_out_ = false;
    std::chrono::nanoseconds body_time_left_{};
    async::SteadyTime body_wait_began_{};
    std::uint64_t body_received_ = 0;
    std::uint64_t drained_ = 0;
    std::coroutine_handle<> body_waiter_;

    bool keep_alive_ = true;
    bool chunked_reply_ = false;
    bool stream_running_ = false;
    std::optional<std::uint64_t> stream_length_;
    async::SteadyTime stream_deadline_ = no_deadline;
    std::uint64_t reply_body_bytes_ = 0;
    std::uint64_t requests_ = 0;
    std::size_t batched_ = 0;
    unsigned flushes_in_a_row_ = 0;

    std::string out_;
    std::string tail_bytes_;  // a large body, sent behind out_ without being copied into it
    std::shared_ptr<const std::string> tail_owner_;
    std::string_view tail_;
    std::string sending_;
    std::string sending_tail_bytes_;
    std::shared_ptr<const std::string> sending_tail_owner_;
    std::string_view sending_tail_;
    std::size_t sent_ = 0;
    std::coroutine_handle<> write_waiter_;

    Context context_;  // last: destroyed first, as what it holds may refer to the rest
};

}  // namespace http
