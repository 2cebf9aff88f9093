// Uploads in pieces and connections that leave HTTP, with a caller and a database behind them.

#include <gmock/gmock.h>

#include <array>
#include <functional>
#include <future>

#include "auth/caller.h"
#include "http/body_stream.h"
#include "http/handler.h"
#include "http/server_for_test.h"
#include "http/upgrade.h"
#include "pos/location_permissions.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr db::Query<std::int64_t()> count_products{
    {"test.count_products", "select count(*) as products from products where tenant_id = $1", db::Kind::point}};
constexpr db::Query<std::string(std::string)> echo{
    {"test.echo", "select $2::text as echo where $1::uuid is not null", db::Kind::point}};

// Says how many products there are, when it is asked.
struct Counting {
    db::Db db;

    async::Task<void> operator()(std::shared_ptr<http::RawConnection> peer) const {
        while (co_await peer->wait(async::Loop::now() + 20s) == http::RawConnection::Wake::bytes) {
            std::array<char, 64> bytes{};
            if (peer->read(bytes) == 0) co_return;
            const auto reply = fmt::format("{} products\n", co_await db.only(count_products));
            if (!co_await peer->write(reply)) co_return;
        }
    }
};

async::Task<http::Upgrade> connect(auth::PermittedSomewhere<"products.read"> /*caller*/,
                                   http::UpgradeRequest<"counting"> request, db::Db db) {
    co_return request.accept(Counting{db.with_deadline(async::Loop::now() + 20s)});
}

struct Echoed {
    std::string text;

    friend constexpr auto describe(Echoed*) {
        return schema::object<Echoed>("Echoed", schema::field<&Echoed::text>("text"));
    }
};

async::Task<Echoed> take_text(auth::PermittedSomewhere<"products.write"> /*caller*/,
                              http::BodyStream<"text/plain"> body, db::Db db) {
    std::string text;
    while (const auto piece = co_await body.next()) text += *piece;
    co_return Echoed{co_await db.with_deadline(body.deadline()).only(echo, text)};
}

void routes(http::Routes routes) {
    routes.get("/counting", connect, {.id = "connectCounting"});
    routes.post("/imports", take_text, {.id = "importText"});
}

class WireTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        auto service = definition();
        service.modules.push_back(
            {.name = "wire", .statements = db::statements(count_products, echo), .routes = routes});
        app = new ::testing::TestApp(std::move(service));
        owner = sign_up("owner@duka.example");
        port = app->host().listen(0);
    }

    // What `client` gives, on a thread of its own while the loop runs.
    static std::string talk(const std::function<std::string(const http::Client&)>& client) {
        auto said = std::async(std::launch::async, [&client] { return client(http::Client(port)); });
        app->run(until_said(&app->host().loop(), &said));
        return said.get();
    }
    static async::Task<void> until_said(async::Loop* loop, std::future<std::string>* said) {
        while (said->wait_for(0s) != std::future_status::ready) co_await async::sleep(loop, 1ms);
    }

    static InjectedResponse upload(std::string text, Headers more = {}) {
        http::InjectedRequest request{.method = http::Method::post, .target = "/v1/imports", .body = std::move(text)};
        request.headers = {{"Authorization", "Bearer " + owner}, {"Content-Type", "text/plain"}};
        request.headers.insert(request.headers.end(), more.begin(), more.end());
        return app->run(app->host().inject(std::move(request)));
    }

    static inline std::uint16_t port = 0;
};

// The request is over, and with it all that it had but what the conversation took.
TEST_F(WireTest, AConversationKeepsTheDatabaseOfItsRequest) {
    ASSERT_EQ(post("/v1/products", R"({"name":"Sugar"})").status, 201);
    for (const std::string_view trace :
         {"", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"}) {
        const auto said = talk([&](const http::Client& client) {
            client.send(
                fmt::format("GET /v1/counting HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer {}\r\n{}"
                            "Connection: Upgrade\r\nUpgrade: counting\r\n\r\n",
                            owner, trace));
            auto all = client.read_until("\r\n\r\n");
            for (int i = 0; i < 2; ++i) {
                client.send("?");
                all += client.read_until("products\n");
            }
            return all;
        });
        EXPECT_THAT(said, HasSubstr("101"));
        EXPECT_TRUE(said.ends_with("1 products\n1 products\n")) << said;
    }
}

TEST_F(WireTest, WhatTheDatabaseRefusesOfAnUploadIsTheClientsToMend) {
    EXPECT_EQ(body<Echoed>(upload("Sugar")).text, "Sugar");
    const auto refused = upload(std::string("Sug\0ar", 6));
    EXPECT_EQ(refused.status, 422) << refused.body;
    EXPECT_THAT(refused.body, HasSubstr("db.value_refused"));
    const auto broken = upload("Sugar", {{"Content-Encoding", "gzip"}});
    EXPECT_EQ(broken.status, 400) << broken.body;
}

}  // namespace
