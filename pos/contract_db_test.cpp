// What holds for every route of the service, whatever its module.

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "openapi/lint.h"
#include "openapi/problem_notes.h"
#include "pos/modules/devices/tables.h"
#include "pos/modules/taxes/tables.h"
#include "pos/service.h"
#include "pos/testing/shop.h"

namespace {

class ContractTest : public pos::testing::ShopTest {};

TEST_F(ContractTest, UnknownParametersAreRefused) {
    const std::string nobody = "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01";
    for (const std::string route : {"/v1/tenant", "/v1/roles", "/v1/auth/me", "/v1/auth/sessions", "/v1/products",
                                    "/v1/users", "/v1/stock-levels", "/v1/sales"}) {
        const auto reply = get(route + "?limit_=5");
        EXPECT_EQ(reply.status, 422) << route;
        EXPECT_TRUE(reply.body.contains(R"("pointer":"/limit_","code":"unknown_key")")) << route << reply.body;
        EXPECT_EQ(get(route).status, 200) << route;
    }
    // The caller is judged first, and what is there is no matter.
    EXPECT_EQ(get("/v1/tenant?foo=1", "").status, 401);
    EXPECT_EQ(get("/v1/locations/" + nobody + "?foo=1").status, 422);
    EXPECT_EQ(post("/v1/auth/login?foo=1", "{}", "").status, 422);
    EXPECT_EQ(post("/v1/auth/logout?foo=1", "").status, 422);
}

TEST_F(ContractTest, SalesAndOperationsTakeAny) {
    for (const std::string route :
         {"/health", "/ready", "/metrics", "/.well-known/jwks.json", "/openapi.json", "/docs", "/docs/init.js",
          "/docs/reader", "/docs/reader.json", "/docs/guides/index.json", "/problems", "/problems/request.invalid"}) {
        EXPECT_EQ(get(route + "?v=3", "").status, get(route, "").status) << route;
    }
    for (const std::string route : {"/v1/sales", "/v1/sales/calculate"}) {
        const auto reply = post(route + "?till=9", "{}");
        EXPECT_TRUE(reply.body.contains("/clientRequestId")) << reply.body;
        EXPECT_FALSE(reply.body.contains("till")) << reply.body;
    }
}

TEST_F(ContractTest, OperationsListWhatTheirDatabaseRefuses) {
    const auto document = get("/openapi.json", "").body;
    const auto operation = [&](std::string_view id) {
        const auto at = document.find(fmt::format(R"("operationId":"{}")", id));
        return document.substr(at, document.find("operationId", at + 12) - at);
    };
    for (const auto* list : {"listProducts", "listVariants", "listSales"})
        EXPECT_TRUE(operation(list).contains("request.invalid_cursor")) << list << operation(list);
    for (const auto* write : {"createProduct", "createSale", "adjustStock"})
        EXPECT_TRUE(operation(write).contains("db.value_refused")) << write << operation(write);
    EXPECT_EQ(get("/problems/request.invalid_cursor", "").status, 200);
}

TEST_F(ContractTest, TheDocumentHasNoFaults) { EXPECT_THAT(openapi::lint(app->app().router), testing::IsEmpty()); }

// Said in the table or the part alone. That nothing is missing, every reply of these tests proves (openapi/reply_check.h).
TEST_F(ContractTest, OperationsListWhatTheirTablesAndPartsRefuse) {
    const auto lists = [](std::string_view id, const base::ErrorCode& code) {
        for (const auto& route : app->app().router.routes()) {
            if (route.operation && route.operation->id == id)
                return std::ranges::count(route.operation->errors, code) > 0;
        }
        ADD_FAILURE() << "there is no " << id;
        return false;
    };
    EXPECT_TRUE(lists("createLocation", pos::errors::location_code_taken));
    EXPECT_TRUE(lists("changeLocation", pos::errors::location_code_taken));
    EXPECT_FALSE(lists("deleteLocation", pos::errors::location_code_taken));
    EXPECT_FALSE(lists("getLocation", pos::errors::location_code_taken));
    EXPECT_TRUE(lists("getLocation", pos::errors::row_not_found));
    EXPECT_TRUE(lists("changeDevice", pos::errors::unknown_location));
    EXPECT_FALSE(lists("revokeDevice", pos::errors::unknown_location));
    EXPECT_TRUE(lists("createTaxRate", pos::errors::tax_rate_range));
    EXPECT_TRUE(lists("changeTaxRate", pos::errors::tax_rate_range));
    EXPECT_EQ(get("/problems/batch.aborted", "").status, 200);
}

// Of each code the page has what a developer looks for. A constraint's error may leave its cause to its title.
TEST_F(ContractTest, EveryProblemHasItsPage) {
    const auto definition = pos::definition();
    const auto tables = app::tables_of(definition);
    const auto is_of_a_constraint = [&](const base::ErrorCode& code) {
        return std::ranges::any_of(tables, [&](const db::TableView& table) {
            return std::ranges::any_of(table.constraints, [&](const auto& one) { return one.error == code; });
        });
    };
    const auto has_note = [&](std::string_view code) {
        const auto stack = openapi::stack_notes();
        return std::ranges::find(definition.problem_notes, code, &openapi::ProblemNote::code) !=
                   definition.problem_notes.end() ||
               std::ranges::find(stack, code, &openapi::ProblemNote::code) != stack.end();
    };
    const auto document = get("/openapi.json", "").body;
    for (const auto& code : app::problem_codes(definition, app->app().router)) {
        if (!is_of_a_constraint(code)) {
            EXPECT_TRUE(has_note(code.code)) << "say in pos/problem_notes.cpp how it comes about: " << code.code;
        }
        EXPECT_TRUE(document.contains(fmt::format(R"("{}":{{"status":{},"title":)", code.code, code.status)))
            << "x-problems lacks " << code.code;
        const auto page = get(fmt::format("/problems/{}", code.code), "").body;
        for (const auto* part : {"<h2>Cause</h2>", "<h2>What to do: ", "<h2>Reply</h2>", "<h2>Routes</h2>"})
            EXPECT_TRUE(page.contains(part)) << code.code << part;
    }
    EXPECT_TRUE(get("/problems/sale.total_mismatch", "").body.contains("<code>POST /v1/sales</code>"));
    EXPECT_TRUE(get("/problems/server.internal", "").body.contains("Every route."));
}

// What a browser asks for by itself, and a slash too many.
TEST_F(ContractTest, TheStartPageLeadsOn) {
    const auto page = get("/", "");
    EXPECT_EQ(page.status, 200);
    for (const auto* link : {"/docs/reader", "/docs", "/openapi.json", "/problems", "/health", "/ready"}) {
        EXPECT_TRUE(page.body.contains(fmt::format("<a href=\"{}\">", link))) << link;
        EXPECT_NE(get(link, "").status, 404) << link;
    }
    EXPECT_TRUE(page.body.contains("Version ")) << "outside of production";
    EXPECT_EQ(get("/favicon.ico", "").header("Content-Type"), "image/png");
    EXPECT_EQ(get("/docs/", "").header("Location"), "../docs");
    EXPECT_EQ(post("/v1/sales/", "{}").status, 308) << "with its method and body";
}

// docs/errors.md: never 406.
TEST_F(ContractTest, AcceptIsDisregarded) {
    for (const auto* accept : {"text/html", "application/xml;q=1, application/json;q=0", "nonsense"}) {
        const auto reply = send(http::Method::get, "/v1/tenant", {}, owner, {{"Accept", accept}});
        EXPECT_EQ(reply.status, 200) << accept;
        EXPECT_EQ(reply.header("Content-Type"), "application/json") << accept;
        const auto refused = send(http::Method::get, "/v1/tenant", {}, "", {{"Accept", accept}});
        EXPECT_EQ(refused.status, 401) << accept;
        EXPECT_EQ(refused.header("Content-Type"), "application/problem+json") << accept;
    }
}

}  // namespace
