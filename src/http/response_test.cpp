#include "http/response.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "async/loop.h"
#include "http/context.h"
#include "http/errors.h"
#include "http/inject.h"

namespace http {
namespace {

using namespace std::string_literals;

struct InjectTest : testing::Test {
    async::Loop loop;
    Services services;

    InjectedResponse send(Handler app, InjectedRequest request = {}) {
        const Injector injector(loop, std::move(app), services);
        return async::run_until_done(loop, injector.run(std::move(request)));
    }
};

TEST(Headers, RefuseWhatWouldSplitAReply) {
    Headers headers;
    for (const auto& value : {"a\r\nb"s, "a\nb"s, "a\rb"s, "a\0b"s, "\x7f"s}) {
        EXPECT_THROW(headers.set("X-A", value), std::invalid_argument);
        EXPECT_THROW(headers.append("X-A", value), std::invalid_argument);
    }
    for (const auto* name : {"", "a b", "a:", "a\r\n", "é"})
        EXPECT_THROW(headers.set(name, "b"), std::invalid_argument);
    EXPECT_TRUE(headers.empty());
}

TEST(Headers, SetReplacesAndAppendAdds) {
    Headers headers;
    headers.append("Set-Cookie", "a=1");
    headers.append("set-cookie", "b=2");
    headers.set("X-A", "1");
    headers.set("x-a", headers.get("X-A").value());
    EXPECT_EQ(headers.size(), 3U);
    headers.set("SET-COOKIE", "c");
    EXPECT_EQ(headers.size(), 2U);
    headers.vary("Origin");
    headers.vary("Accept-Encoding");
    headers.vary("origin");
    EXPECT_EQ(headers.get("Vary"), "Origin, Accept-Encoding");
    headers.remove("vary");
    EXPECT_FALSE(headers.has("Vary"));
}

async::Task<void> read_twice(Context& context) {
    const auto first = co_await context.request().body();
    const auto again = co_await context.request().body();
    context.response().body(std::string(first) + "|" + std::string(again));
}

TEST_F(InjectTest, GivesTheBodyAgain) {
    EXPECT_EQ(send(read_twice, {.method = Method::post, .body = "x"}).body, "x|x");
    EXPECT_EQ(send(read_twice, {.method = Method::post}).body, "|");
}

TEST_F(InjectTest, HooksRunOnErrorsTooLastAddedFirst) {
    const auto reply = send([](Context& context) -> async::Task<void> {
        context.response().before_send([](Context& c) { c.response().headers().append("X-Order", "first"); });
        context.response().before_send([](Context& c) { c.response().headers().append("X-Order", "second"); });
        throw base::Failure(errors::not_found);
    });
    EXPECT_EQ(reply.status, 404);
    EXPECT_EQ(reply.header("x-order"), "second");
    EXPECT_EQ(reply.header("Content-Type"), "application/problem+json");
    EXPECT_NE(reply.body.find(R"("code":"http.not_found")"), std::string::npos);
}

TEST_F(InjectTest, AHookOrStatusThatFailsGivesABare500) {
    EXPECT_EQ(send([](Context& context) -> async::Task<void> {
                  context.response().before_send([](Context&) { throw std::runtime_error("hook"); });
                  co_return;
              }).status,
              500);
    EXPECT_EQ(send([](Context& context) -> async::Task<void> {
                  context.response().status(100);
                  co_return;
              }).status,
              500);
    EXPECT_EQ(send([](Context&) -> async::Task<void> { throw std::runtime_error("handler"); }).status, 500);
}

TEST_F(InjectTest, AnAfterSendHookThatThrowsHurtsNobody) {
    bool ran = false;
    const auto reply = send([&](this auto, Context& context) -> async::Task<void> {
        context.response().body("x");
        context.response().after_send([&](const SendResult&) { ran = true; });
        context.response().after_send([](const SendResult&) { throw std::runtime_error("hook"); });
        co_return;
    });
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(ran);
}

TEST_F(InjectTest, StreamsAndKnowsABrokenOne) {
    const auto streaming = [](Context& context) -> async::Task<void> {
        context.response().stream([](BodyWriter& out) -> async::Task<void> {
            EXPECT_TRUE(co_await out.write("a"));
            EXPECT_TRUE(co_await out.write("b"));
        });
        co_return;
    };
    const auto reply = send(streaming);
    EXPECT_EQ(reply.body, "ab");
    EXPECT_TRUE(reply.complete);
    EXPECT_FALSE(reply.header("Content-Length"));
    EXPECT_EQ(send(streaming, {.method = Method::head}).body, "");
    EXPECT_FALSE(send([](Context& context) -> async::Task<void> {
                     context.response().stream([](BodyWriter&) -> async::Task<void> { throw std::runtime_error("x"); },
                                               4);
                     co_return;
                 }).complete);
}

struct Caller {
    int id;
};

TEST_F(InjectTest, ContextCarriesTypedValuesAndServices) {
    int service = 41;
    services.add(service);
    const auto reply = send([](Context& context) -> async::Task<void> {
        EXPECT_EQ(context.get<Caller>(), nullptr);
        context.set(Caller{1});
        context.set(Caller{2});
        context.services().use<int>() += context.get<Caller>()->id;
        EXPECT_FALSE(context.services().has<std::string>());
        EXPECT_THROW(static_cast<void>(context.services().use<std::string>()), std::logic_error);
        context.response().status(204).body("dropped");
        co_return;
    });
    EXPECT_EQ(service, 43);
    EXPECT_EQ(reply.status, 204);
    EXPECT_EQ(reply.body, "");
    EXPECT_FALSE(reply.header("Content-Length"));
}

}  // namespace
}  // namespace http
