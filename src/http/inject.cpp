#include "http/inject.h"

#include <algorithm>
#include <stdexcept>

#include "base/strings.h"
#include "http/access.h"
#include "http/context.h"
#include "http/finish.h"

namespace http {

namespace {

class MemoryBody final : public BodySource {
public:
    explicit MemoryBody(std::string_view bytes) : rest_(bytes) {}
    async::Task<std::optional<std::string_view>> read_some() override {
        if (rest_.empty()) co_return std::nullopt;
        co_return std::exchange(rest_, {});
    }
    std::optional<std::string_view> take_buffered() override { return std::exchange(rest_, {}); }

private:
    std::string_view rest_;
};

class MemoryWriter final : public BodyWriter {
public:
    explicit MemoryWriter(std::string& out) : out_(out) {}
    async::Task<bool> write(std::string_view bytes) override {
        out_.append(bytes);
        co_return true;
    }
    async::Task<bool> flush() override { co_return true; }

private:
    std::string& out_;
};

void prepare(InjectedRequest& source, MemoryBody& body, Context& context) {
    auto& request = context.request();
    RequestAccess access(request);
    const bool has_host =
        std::ranges::any_of(source.headers, [](const auto& h) { return base::iequals(h.first, "host"); });
    if (!has_host) source.headers.emplace_back("Host", "localhost");
    if (!source.body.empty()) source.headers.emplace_back("Content-Length", std::to_string(source.body.size()));
    for (const auto& [name, value] : source.headers) access.headers().add(name, value);
    access.set_method(to_string(source.method));
    access.set_host(request.headers().get(KnownHeader::host).value_or(""));
    access.set_remote(source.remote_address, 0);
    std::optional<std::uint64_t> length;
    if (!source.body.empty()) length = source.body.size();
    access.set_body(&body, !source.body.empty(), length);
    if (const char* wrong = access.set_target(source.target)) throw std::invalid_argument(wrong);
}

InjectedResponse describe(const Context& context, const Framing& framing) {
    const auto& response = context.response();
    InjectedResponse reply;
    reply.status = response.status();
    for (const auto [name, value] : response.headers()) {
        if (!is_server_header(name)) reply.headers.emplace_back(name, value);
    }
    if (framing.states_length) reply.headers.emplace_back("Content-Length", std::to_string(*framing.length));
    return reply;
}

}  // namespace

std::optional<std::string_view> InjectedResponse::header(std::string_view name) const {
    for (const auto& [own, value] : headers) {
        if (base::iequals(own, name)) return value;
    }
    return std::nullopt;
}

async::Task<InjectedResponse> Injector::run(InjectedRequest request) const {
    MemoryBody body(request.body);
    Context context(loop_, services_, logger_);
    prepare(request, body, context);
    context.mark_started(async::Loop::now(), std::chrono::seconds(30));
    std::exception_ptr error;
    try {
        co_await app_(context);
    } catch (...) {
        error = std::current_exception();
    }
    finish_reply(context, error);
    const auto framing = framing_of(context);
    auto reply = describe(context, framing);
    reply.complete = true;
    if (framing.sends_body && context.response().is_stream()) {
        auto writer = MemoryWriter(reply.body);
        auto stream = context.response().take_stream();
        try {
            co_await stream(writer);
            reply.complete = !framing.length || *framing.length == reply.body.size();
        } catch (...) {
            reply.complete = false;
        }
    } else if (framing.sends_body) {
        reply.body = context.response().body();
    }
    ResponseAccess(context.response())
        .run_after_send(
            context,
            {.status = context.response().status(), .body_bytes = reply.body.size(), .complete = reply.complete});
    co_return reply;
}

}  // namespace http
