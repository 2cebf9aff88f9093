// Documents from the request to their download.

#include <gmock/gmock.h>

#include "pos/modules/documents/tables.h"
#include "pos/testing/files.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class DocumentsTest : public FilesTest {
protected:
    static constexpr std::string_view csv = "sku,price\nA-1,150\n";
    static std::string pdf() { return "%PDF-1.7\n" + std::string(2'000, 'x') + "\n%%EOF\n"; }

    static std::string member(const InjectedResponse& reply, std::string_view name) {
        const auto mark = fmt::format(R"("{}":")", name);
        const auto at = reply.body.find(mark);
        if (at == std::string::npos) return "";
        const auto from = at + mark.size();
        return reply.body.substr(from, reply.body.find('"', from) - from);
    }
};

TEST_F(DocumentsTest, AreKeptAsTheyCame) {
    for (const auto& [bytes, type, name] : {std::tuple{std::string(csv), "text/csv", "Bei za café"},
                                            std::tuple{pdf(), "application/pdf", "Delivery note"}}) {
        const auto added = send_file(
            "/v1/documents?name=" +
                std::string(name == std::string("Delivery note") ? "Delivery%20note" : "Bei%20za%20caf%C3%A9"),
            bytes, "application/octet-stream");
        const auto document = made<Document>(added);
        EXPECT_EQ(document.content_type, type);
        EXPECT_EQ(document.name, name);
        EXPECT_EQ(document.bytes, std::ssize(bytes));
        const auto shown = get("/v1/documents/" + text(document.id));
        EXPECT_EQ(shown.header("cache-control"), "no-store");
        const auto url = path_of(member(shown, "url"));
        const auto reply = see(url);
        EXPECT_EQ(reply.status, 200) << url << reply.body;
        EXPECT_EQ(reply.body, bytes);
        EXPECT_EQ(reply.header("content-type"), type);
        EXPECT_THAT(std::string(reply.header("content-disposition").value_or("")), StartsWith("attachment"));
        EXPECT_THAT(std::string(reply.header("cache-control").value_or("")),
                    AllOf(StartsWith("private, max-age="), Not(HasSubstr("immutable"))));
        EXPECT_EQ(reply.header("x-content-type-options"), "nosniff");
        EXPECT_EQ(reply.header("content-security-policy"), "sandbox");
        // Another file's name, another time: the signature is of all of it.
        EXPECT_EQ(send(http::Method::get, url + "&x=1", {}, "").status, 403);
        EXPECT_EQ(send(http::Method::get, url.substr(0, url.size() - 2), {}, "").status, 403);
        EXPECT_EQ(send(http::Method::put, url, "x", "", {{"Content-Type", "text/csv"}}).status, 403);
    }
}

TEST_F(DocumentsTest, WhatIsNeitherPdfNorCsvLeavesNothing) {
    const auto before = keys().size();
    for (const std::string& bytes :
         {std::string("<!doctype html><script>"), std::string("PK\x03\x04"), pdf().substr(0, 100), std::string(),
          std::string("\xEF\xBB\xBF"), std::string(R"({"file":"YWJj"})")}) {
        const auto reply = send_file("/v1/documents", bytes, "text/csv");
        EXPECT_EQ(reply.status, 415) << bytes;
        EXPECT_THAT(reply.body, Not(HasSubstr(R"("detail":null)"))) << "it says why";
    }
    EXPECT_EQ(keys().size(), before);
    EXPECT_EQ(app->database().value("select count(*) from documents where status = 'pending'"), "0");
}

// Names are cut for the header alone, and what is saved is opened by what it is.
TEST_F(DocumentsTest, OfAnyNameCanBeFetched) {
    const std::pair<std::string_view, int> letters[] = {{"%D9%82", 200}, {"%E4%BB%B7", 200}, {"%F0%9F%98%80", 200},
                                                        {"%C3%A9", 200}, {"a", 200},         {"%F0%9F%98%80", 1}};
    for (const auto& [letter, count] : letters) {
        std::string name;
        for (int i = 0; i < count; ++i) name += letter;
        const auto document = made<Document>(send_file("/v1/documents?name=" + name, std::string(csv), "text/csv"));
        const auto shown = get("/v1/documents/" + text(document.id));
        ASSERT_EQ(shown.status, 200) << letter << shown.body;
        const auto reply = see(path_of(member(shown, "url")));
        EXPECT_EQ(reply.status, 200) << letter;
        EXPECT_EQ(reply.body, csv);
        EXPECT_THAT(std::string(reply.header("content-disposition").value_or("")), HasSubstr(".csv")) << letter;
    }
}

TEST_F(DocumentsTest, AreSavedWithTheEndingOfTheirType) {
    const std::tuple<std::string_view, std::string, std::string_view> rows[] = {
        {"Prices", std::string(csv), R"(filename="Prices.csv")"},
        {"prices.bat", "@echo off\n", R"(filename="prices.bat.csv")"},
        {"x.hta", std::string(csv), R"(filename="x.hta.csv")"},
        {"note.PDF", pdf(), R"(filename="note.PDF")"},
    };
    for (const auto& [name, bytes, disposition] : rows) {
        const auto document = made<Document>(send_file("/v1/documents?name=" + std::string(name), bytes, "text/csv"));
        EXPECT_EQ(document.name, name) << "what people called it stays";
        const auto reply = see(path_of(member(get("/v1/documents/" + text(document.id)), "url")));
        EXPECT_THAT(std::string(reply.header("content-disposition").value_or("")), HasSubstr(disposition));
    }
}

TEST_F(DocumentsTest, ThatAKeyHasMadeAndSomebodyDeletedAreGone) {
    const Headers key{{"Idempotency-Key", "document-deleted"}};
    const auto document = made<Document>(send_file("/v1/documents", std::string(csv), "text/csv", key));
    ASSERT_EQ(del("/v1/documents/" + text(document.id), document.meta.version).status, 204);
    const auto again = send_file("/v1/documents", std::string(csv), "text/csv", key);
    EXPECT_EQ(again.status, 410) << again.body;
    EXPECT_THAT(again.body, HasSubstr("document.deleted"));
    const auto anew = send_file("/v1/documents", std::string(csv), "text/csv", {{"Idempotency-Key", "document-anew"}});
    EXPECT_EQ(anew.status, 201);
}

// A file within something else would be kept as that.
TEST_F(DocumentsTest, WhatIsWrappedIsNoFile) {
    for (const std::string type : {"application/json", "application/problem+json", "application/x-www-form-urlencoded",
                                   "multipart/mixed; boundary=b", ""}) {
        const auto reply = send_file("/v1/documents", std::string(csv), type);
        EXPECT_EQ(reply.status, 415) << type;
        EXPECT_THAT(reply.body, HasSubstr("request.unsupported_media_type")) << type;
    }
    EXPECT_EQ(send_file("/v1/documents", std::string(csv), "text/csv; charset=binary").status, 201);
}

TEST_F(DocumentsTest, OneKeyIsOneDocument) {
    const Headers key{{"Idempotency-Key", "document-1"}};
    const auto first = send_file("/v1/documents", std::string(csv), "text/csv", key);
    const auto again = send_file("/v1/documents", std::string(csv), "text/csv", key);
    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(send_file("/v1/documents", pdf(), "application/pdf", key).status, 422);
    EXPECT_THAT(keys(), Not(::testing::Contains(HasSubstr("/pending/"))));
}

TEST_F(DocumentsTest, AreOfTheirTenantAndDeletedWithTheirFile) {
    const auto document = made<Document>(send_file("/v1/documents", std::string(csv), "text/csv"));
    const auto path = "/v1/documents/" + text(document.id);
    const auto url = path_of(member(get(path), "url"));
    EXPECT_EQ(get(path, other).status, 404);
    EXPECT_EQ(get(path, viewer).status, 403);
    EXPECT_EQ(del(path, document.meta.version, other).status, 404);
    EXPECT_EQ(del(path, document.meta.version).status, 204);
    EXPECT_EQ(get(path).status, 404);
    EXPECT_EQ(see(url).status, 404) << "nothing survives behind a URL that still serves";
    for (const auto& key : keys()) EXPECT_THAT(key, Not(HasSubstr(text(document.id))));
}

}  // namespace
