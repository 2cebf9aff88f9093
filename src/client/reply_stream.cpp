#include <utility>

#include "client/call.h"
#include "client/client.h"

namespace client {

// What the body of the reply comes through, and what it holds until then.
struct ReplyStream::Impl {
    ActiveCall active;
    std::optional<Gate::Place> place;
    std::unique_ptr<Body> body;
    std::unique_ptr<CallStop> stop;
    http::Headers headers;
    std::unique_ptr<Exchange> exchange;
};

ReplyStream::ReplyStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ReplyStream::ReplyStream(ReplyStream&&) noexcept = default;
ReplyStream& ReplyStream::operator=(ReplyStream&&) noexcept = default;
ReplyStream::~ReplyStream() = default;

int ReplyStream::status() const noexcept { return impl_->exchange->status(); }

const http::Headers& ReplyStream::headers() const noexcept { return impl_->headers; }

async::Task<std::expected<std::string, Error>> ReplyStream::read() {
    auto* exchange = impl_->exchange.get();
    auto piece = co_await exchange->next();
    if (!piece.empty()) co_return piece;
    impl_->place.reset();
    const auto& end = exchange->end();
    if (end.succeeded) co_return std::string();
    co_return std::unexpected(Error{.outcome = Outcome::unknown,
                                    .cause = end.cause,
                                    .detail = end.detail,
                                    .status = exchange->status(),
                                    .attempts = 1});
}

async::Task<std::expected<ReplyStream, Error>> open_stream(ClientImpl* client, const Target* target, std::string method,
                                                           std::string path, Body body, Call call) {
    ActiveCall active(*client);
    CallRun run(*client, *target, {.method = std::move(method), .path = std::move(path), .streamed = true},
                std::make_unique<Body>(std::move(body)), std::move(call));
    co_await run.run();
    if (run.error()) co_return std::unexpected(std::move(*run.error()));
    auto exchange = run.take_exchange();
    auto headers = std::move(exchange->headers());
    co_return ReplyStream(std::make_unique<ReplyStream::Impl>(std::move(active), run.take_place(), run.take_body(),
                                                              run.take_stop(), std::move(headers),
                                                              std::move(exchange)));
}

}  // namespace client
