#include "http/response.h"

#include "http/access.h"
#include "log/value.h"

namespace http {

Response& Response::body(std::string bytes) {
    body_ = std::move(bytes);
    body_view_ = body_;
    body_owner_.reset();
    stream_ = nullptr;
    stream_length_.reset();
    takeover_ = nullptr;
    return *this;
}

Response& Response::static_body(std::string_view bytes) {
    body({});
    body_view_ = bytes;
    return *this;
}

Response& Response::shared_body(std::shared_ptr<const std::string> bytes) {
    body({});
    body_owner_ = std::move(bytes);
    body_view_ = *body_owner_;
    return *this;
}

Response& Response::stream(StreamBody writer, std::optional<std::uint64_t> length) {
    body({});
    stream_ = std::move(writer);
    stream_length_ = length;
    return *this;
}

StreamBody Response::take_stream() {
    stream_length_.reset();
    return std::exchange(stream_, nullptr);
}

Response& Response::upgrade(std::string_view protocol, Takeover takeover) {
    status(101).header("Upgrade", protocol).body({});
    takeover_ = std::move(takeover);
    return *this;
}

void Response::reset() {
    status_ = 200;
    stream_deadline_ = async::SteadyTime::max();
    headers_.clear();
    body({});
}

void ResponseAccess::reset() {
    response.reset();
    response.close_ = false;
    response.before_send_.clear();
    response.after_send_.clear();
}

void ResponseAccess::run_before_send(Context& context) {
    auto& hooks = response.before_send_;
    // Taken out before it runs: a hook may add another, which then runs next.
    while (!hooks.empty()) {
        const auto hook = std::move(hooks.back());
        hooks.pop_back();
        hook(context);
    }
}

void ResponseAccess::run_after_send(Context& context, const SendResult& result) noexcept {
    auto& hooks = response.after_send_;
    while (!hooks.empty()) {
        auto hook = std::move(hooks.back());
        hooks.pop_back();
        try {
            hook(result);
        } catch (...) {
            context.server_logger().error("an after_send hook failed",
                                          {{"err", logging::error(std::current_exception())}});
        }
    }
}

}  // namespace http
