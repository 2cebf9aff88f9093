#pragma once
// Runs a request through a chain without a socket: the same path decoding, chain, hooks, HEAD and 204 rules as the server.
// For tests (app.inject()) and for batch endpoints. Loop's thread.
//
//     http::Injector injector(loop, app, services, logger);
//     auto reply = co_await injector.run({.method = http::Method::post, .target = "/v1/sales?dry=1",
//                                         .headers = {{"Authorization", token}}, .body = json});
//     EXPECT_EQ(reply.status, 201);
//     reply.header("Location");

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "http/method.h"
#include "http/middleware.h"
#include "http/services.h"
#include "log/logger.h"

namespace http {

struct InjectedRequest {
    Method method = Method::get;
    std::string target = "/";
    std::vector<std::pair<std::string, std::string>> headers = {};  // Host and Content-Length are added when missing
    std::string body = {};
    std::string remote_address = "127.0.0.1";
};

struct InjectedResponse {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;       // a stream's pieces, joined
    bool complete = false;  // false: the stream failed, where a socket would have been cut

    // The first of that name, without case.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

class Injector {
public:
    // What it refers to outlives it.
    Injector(async::Loop& loop, Handler app, const Services& services, logging::Logger logger = {})
        : loop_(loop), app_(std::move(app)), services_(services), logger_(std::move(logger)) {}

    async::Task<InjectedResponse> run(InjectedRequest request) const;

private:
    async::Loop& loop_;
    Handler app_;
    const Services& services_;
    logging::Logger logger_;
};

}  // namespace http
