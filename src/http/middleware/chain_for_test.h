#pragma once
// For the tests of this folder: one loop, one log kept in memory, and requests through a chain of the links under test.
//
//     ChainForTest chain;
//     const auto reply = chain.run({http::request_id()}, handler, {.target = "/x"});
//     EXPECT_TRUE(chain.log_contains("\"reqId\""));

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "http/context.h"
#include "http/inject.h"
#include "http/middleware.h"
#include "http/services.h"
#include "log/log.h"
#include "log/sink.h"

namespace http {

class ChainForTest {
public:
    InjectedResponse run(std::vector<Middleware> links, Handler handler, InjectedRequest request = {}) {
        const Chain chain(std::move(links), std::move(handler));
        const Injector injector(loop, [&chain](Context& context) { return chain(context); }, services, log.logger());
        return async::run_until_done(loop, injector.run(std::move(request)));
    }
    [[nodiscard]] bool log_contains(std::string_view text) const { return sink->contains(text); }

    std::shared_ptr<logging::MemorySink> sink = std::make_shared<logging::MemorySink>();
    logging::Log log{{.now = [] { return 0; }, .process_id = 1, .hostname = "test"}, sink};
    async::Loop loop;
    Services services;
};

// A handler that replies with this.
struct Replies {
    std::string body = "ok";
    std::string content_type = "text/plain";
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::uint16_t status = 200;

    async::Task<void> operator()(Context& context) const {
        context.response().status(status).body(body).content_type(content_type);
        for (const auto& [name, value] : headers) context.response().headers().append(name, value);
        co_return;
    }
};

inline async::Task<void> reply_ok(Context& context) {
    context.response().body("ok");
    co_return;
}

}  // namespace http
