// Whether somebody has an account is in no answer, and in no work that a stranger could time: what is done for an address that nobody
// has is what is done for one that somebody has.

#include <gmock/gmock.h>

#include "observe/memory_tracer_for_test.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::Not;

struct Seen {
    int status = 0;
    std::string body;
    std::vector<std::string> statements;
};

class SameWorkTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        auto service = definition();
        service.tracer = &tracer;
        app = new ::testing::TestApp(std::move(service));
        owner = sign_up("owner@duka.example");
    }

    // From an address that no account knows.
    static Seen ask(std::string target, std::string json) {
        const auto before = tracer.spans().size();
        const auto reply = app->run(app->host().inject({.method = http::Method::post,
                                                        .target = std::move(target),
                                                        .headers = {{"Content-Type", "application/json"}},
                                                        .body = std::move(json),
                                                        .remote_address = "192.0.2.9"}));
        Seen seen{.status = reply.status, .body = without_trace(reply.body), .statements = {}};
        const auto spans = tracer.spans();
        for (auto i = before; i < spans.size(); ++i) {
            if (spans[i].kind == observe::SpanKind::client) seen.statements.push_back(spans[i].name);
        }
        return seen;
    }
    // A problem's ids are its request's.
    static std::string without_trace(std::string body) {
        for (const std::string_view member : {"\"requestId\":\"", "\"traceId\":\"", "\"instance\":\""}) {
            const auto at = body.find(member);
            if (at == std::string::npos) continue;
            const auto end = body.find('"', at + member.size());
            body.erase(at, end - at);
        }
        return body;
    }
    static void expect_same(const Seen& known, const Seen& unknown, int status) {
        EXPECT_EQ(known.status, status);
        EXPECT_EQ(unknown.status, status);
        EXPECT_EQ(known.body, unknown.body);
        EXPECT_THAT(known.statements, Not(IsEmpty()));
        EXPECT_THAT(known.statements, ElementsAreArray(unknown.statements));
    }

    static inline observe::MemoryTracer tracer;
};

TEST_F(SameWorkTest, AForgottenPassword) {
    app->database().execute("update users set disabled_at = null");
    expect_same(ask("/v1/auth/password/forgot", R"({"email":"owner@duka.example"})"),
                ask("/v1/auth/password/forgot", R"({"email":"nobody@duka.example"})"), 204);
    app->database().execute("update users set disabled_at = now()");
    expect_same(ask("/v1/auth/password/forgot", R"({"email":"owner@duka.example"})"),
                ask("/v1/auth/password/forgot", R"({"email":"nobody-else@duka.example"})"), 204);
    app->database().execute("update users set disabled_at = null");
}

TEST_F(SameWorkTest, AWrongPassword) {
    expect_same(ask("/v1/auth/login", R"({"email":"owner@duka.example","password":"not-the-password"})"),
                ask("/v1/auth/login", R"({"email":"nobody@duka.example","password":"not-the-password"})"), 401);
}

}  // namespace
