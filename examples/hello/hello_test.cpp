#include <gtest/gtest.h>

#include "testing/app/test_app.h"

app::Definition hello();  // of main.cpp

namespace {

TEST(Hello, writes_a_note_and_reads_it) {
    testing::TestApp app(hello());

    const auto written = app.post("/v1/notes", R"({"text":"  milk, bread "})");
    ASSERT_EQ(written.status, 201) << written.body;
    EXPECT_NE(written.body.find(R"("text":"milk, bread")"), std::string::npos) << written.body;

    const auto read = app.get(std::string(written.header("Location").value()));
    EXPECT_EQ(read.status, 200);
    EXPECT_EQ(read.body, written.body);
}

TEST(Hello, answers_problems) {
    testing::TestApp app(hello());

    const auto invalid = app.post("/v1/notes", R"({"text":"","id":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01"})");
    EXPECT_EQ(invalid.status, 422);
    EXPECT_NE(invalid.body.find(R"("pointer":"/text","code":"too_short")"), std::string::npos) << invalid.body;
    EXPECT_NE(invalid.body.find(R"("pointer":"/id","code":"read_only")"), std::string::npos) << invalid.body;

    const auto missing = app.get("/v1/notes/0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(missing.header("Content-Type"), "application/problem+json");
}

TEST(Hello, documents_its_routes) {
    testing::TestApp app(hello());
    const auto document = app.get("/openapi.json").body;
    EXPECT_NE(document.find(R"("operationId":"writeNote")"), std::string::npos);
    EXPECT_NE(document.find(R"("operationId":"showNote")"), std::string::npos);
    EXPECT_NE(document.find(R"("429":{"$ref":"#/components/responses/request.rate_limited"})"), std::string::npos);
}

}  // namespace
