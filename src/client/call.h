#pragma once
// CallRun: one call from its first attempt to its outcome: the breaker, a place in the gate, addresses, attempts, redirects, and what is
// told of it. Inside the library.
//
//     CallRun run(client, target, {.method = "GET", .path = "/places"}, std::make_unique<Body>(), std::move(call));
//     co_await run.run();
//     if (run.error()) ...                     // else run.reply(), or of a stream run.take_exchange()

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/client_impl.h"
#include "client/exchange.h"
#include "client/url.h"

namespace client {

struct CallShape {
    std::string method;
    std::string path;
    bool wants_json = false;
    bool streamed = false;
};

// The caller's stop and the client's, as one.
class CallStop {
public:
    CallStop(const std::stop_token& caller, const std::stop_token& client)
        : by_caller_(caller, Ask{&source_}), by_client_(client, Ask{&source_}) {}
    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
    [[nodiscard]] bool is_requested() const noexcept { return source_.stop_requested(); }

private:
    struct Ask {
        std::stop_source* source;
        void operator()() const { source->request_stop(); }
    };
    std::stop_source source_;
    std::stop_callback<Ask> by_caller_;
    std::stop_callback<Ask> by_client_;
};

class CallRun {
public:
    CallRun(ClientImpl& client, const Target& target, CallShape shape, std::unique_ptr<Body> body, Call call);
    CallRun(const CallRun&) = delete;
    CallRun& operator=(const CallRun&) = delete;
    ~CallRun() = default;

    [[nodiscard]] async::Task<void> run();

    [[nodiscard]] std::optional<Error>& error() noexcept { return error_; }
    [[nodiscard]] Reply<std::string>& reply() noexcept { return reply_; }
    [[nodiscard]] std::unique_ptr<Exchange> take_exchange() noexcept { return std::move(exchange_); }
    [[nodiscard]] std::unique_ptr<Body> take_body() noexcept { return std::move(body_); }
    [[nodiscard]] std::optional<Gate::Place> take_place() noexcept { return std::exchange(place_, std::nullopt); }
    [[nodiscard]] std::unique_ptr<CallStop> take_stop() noexcept { return std::move(stop_); }

private:
    void fail(Outcome outcome, Cause cause, std::string detail);
    [[nodiscard]] std::expected<Url, std::string> whole_url() const;
    [[nodiscard]] bool may_begin();
    [[nodiscard]] async::Task<bool> take_a_place();
    [[nodiscard]] async::Task<void> attempts();
    [[nodiscard]] async::Task<void> with_redirects();
    [[nodiscard]] std::optional<std::string> next_location() const;
    [[nodiscard]] async::Task<std::vector<std::string>> addresses(std::optional<std::string> location,
                                                                  async::SteadyTime connect_by);
    [[nodiscard]] async::Task<std::vector<std::string>> judged_addresses(std::optional<std::string> location,
                                                                         async::SteadyTime connect_by);
    [[nodiscard]] async::Task<std::vector<std::string>> looked_up_addresses(async::SteadyTime connect_by);
    void refuse_redirect(Cause cause, std::string_view why);
    [[nodiscard]] async::Task<void> at_addresses(std::vector<std::string> addresses, async::SteadyTime connect_by);
    [[nodiscard]] async::Task<void> at_address(std::string address, async::SteadyTime connect_by);
    [[nodiscard]] async::Task<bool> exchange(std::string address, async::SteadyTime connect_by, bool fresh);
    [[nodiscard]] ExchangeRequest request_to(std::string address) const;
    [[nodiscard]] async::Task<void> read_reply();
    [[nodiscard]] std::optional<std::vector<std::string>> header_lines() const;
    void take(Exchange::End end);
    void take_refusal();
    void check_content();
    [[nodiscard]] bool may_repeat() const;
    [[nodiscard]] std::optional<std::chrono::milliseconds> pause(std::uint32_t failures);
    void tell();
    void tell_breaker(async::SteadyTime now);

    ClientImpl& client_;
    const Target& target_;
    TargetState& state_;
    CallShape shape_;
    std::unique_ptr<Body> body_;
    Body no_body_;
    Call call_;
    bool is_repeatable_;
    async::SteadyTime started_;
    async::SteadyTime deadline_;
    std::unique_ptr<CallStop> stop_;
    observe::Span span_;
    std::string shown_;
    Url first_;                          // whose credentials are sent
    Url hop_;                            // where redirects have led
    std::optional<UrlGuard> guard_;      // of whole URLs
    std::optional<CheckedUrl> checked_;  // hop_, judged
    std::optional<Gate::Place> place_;
    Breaker::Pass pass_ = Breaker::Pass::call;
    std::uint32_t attempts_ = 0;
    std::unique_ptr<Exchange> exchange_;
    Reply<std::string> reply_;
    std::optional<Error> error_;
};

[[nodiscard]] async::Task<std::expected<ReplyStream, Error>> open_stream(ClientImpl* client, const Target* target,
                                                                         std::string method, std::string path,
                                                                         Body body, Call call);

}  // namespace client
