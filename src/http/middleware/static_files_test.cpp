#include "http/middleware/static_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "async/blocking_pool.h"
#include "http/middleware/chain_for_test.h"
#include "http/middleware/problems.h"

namespace http {
namespace {

namespace fs = std::filesystem;

class StaticDirectory : public testing::Test {
public:
    StaticDirectory() {
        std::string pattern = fs::temp_directory_path() / "static-files-XXXXXX";
        root_ = mkdtemp(pattern.data());
        fs::create_directories(root_ / "public/docs");
        write("public/app.js", "let a = 1;");
        write("public/index.html", "<p>home</p>");
        write("public/docs/index.html", "<p>docs</p>");
        write("public/.env", "SECRET=1");
        write("public/sp ace.txt", "space");
        write("secret.txt", "secret");
        fs::create_symlink("../secret.txt", root_ / "public/escape.txt");
        fs::create_symlink("app.js", root_ / "public/alias.js");
    }
    ~StaticDirectory() override {
        pool_.stop();
        fs::remove_all(root_);
    }

protected:
    void write(const std::string& path, std::string_view text) const {
        std::ofstream(root_ / path, std::ios::binary) << text;
    }

    InjectedResponse get(std::string target, std::vector<std::pair<std::string, std::string>> headers = {},
                         Method method = Method::get) {
        StaticFilesOptions options{
            .prefix = "/files/", .directory = root_ / "public", .pool = &pool_, .max_age_seconds = 60};
        return chain_.run({problems(), static_files(options)}, Replies{.body = "next"},
                          {.method = method, .target = std::move(target), .headers = std::move(headers)});
    }

    fs::path root_;
    async::BlockingPool pool_{{.threads = 1, .queue_limit = 8}};
    ChainForTest chain_;
};

TEST_F(StaticDirectory, SendsFilesWithTheirHeaders) {
    const auto reply = get("/files/app.js");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "let a = 1;");
    EXPECT_EQ(reply.header("Content-Type"), "text/javascript; charset=utf-8");
    EXPECT_EQ(reply.header("Cache-Control"), "public, max-age=60");
    EXPECT_EQ(reply.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(reply.header("Vary"), "Accept-Encoding");
    EXPECT_EQ(reply.header("Accept-Ranges"), "bytes");
    EXPECT_TRUE(reply.header("ETag")->starts_with("\"a-"));
    EXPECT_TRUE(reply.header("Last-Modified")->ends_with("GMT"));
    EXPECT_TRUE(get("/files/app.js", {}, Method::head).body.empty());
}

struct PathCase {
    const char* target;
    int status;
    const char* body;
};

TEST_F(StaticDirectory, Paths) {
    const std::vector<PathCase> cases{
        {"/files/", 200, "<p>home</p>"},
        {"/files/docs/", 200, "<p>docs</p>"},
        {"/files/sp%20ace.txt", 200, "space"},
        {"/files/alias.js", 200, "let a = 1;"},
        {"/files/docs", 301, ""},
        {"/files", 301, ""},
        {"/files/none.txt", 200, "next"},
        {"/files/escape.txt", 200, "next"},
        {"/files/.env", 200, "next"},
        {"/files/docs/.x/y", 200, "next"},
        {"/files//app.js", 200, "next"},
        {"/filesapp.js", 200, "next"},
        {"/files/app.js/", 200, "next"},
        {"/files/app.js/x", 200, "next"},
        {"/other/app.js", 200, "next"},
    };
    for (const auto& test : cases) {
        const auto reply = get(test.target);
        EXPECT_EQ(reply.status, test.status) << test.target;
        EXPECT_EQ(reply.body, test.body) << test.target;
    }
    EXPECT_EQ(get("/files/docs").header("Location"), "docs/");
    EXPECT_EQ(get("/files/app.js", {}, Method::post).body, "next");
    ASSERT_EQ(mkfifo((root_ / "public/pipe").c_str(), 0600), 0);
    EXPECT_EQ(get("/files/pipe").body, "next");
}

TEST_F(StaticDirectory, Conditions) {
    const auto first = get("/files/app.js");
    const auto etag = std::string(*first.header("ETag"));
    const std::string date(*first.header("Last-Modified"));
    EXPECT_EQ(get("/files/app.js", {{"If-None-Match", etag}}).status, 304);
    EXPECT_FALSE(get("/files/app.js", {{"If-None-Match", etag}}).header("Content-Type"));
    EXPECT_EQ(get("/files/app.js", {{"If-Modified-Since", date}}).status, 304);
    EXPECT_EQ(get("/files/app.js", {{"If-None-Match", "\"other\""}, {"If-Modified-Since", date}}).status, 200);
    write("public/app.js", "let a = 22;");
    EXPECT_EQ(get("/files/app.js", {{"If-None-Match", etag}}).status, 200);
}

TEST_F(StaticDirectory, Ranges) {
    const std::string etag(*get("/files/app.js").header("ETag"));
    struct Case {
        std::vector<std::pair<std::string, std::string>> headers;
        int status;
        const char* body;
        std::optional<std::string> content_range;
    };
    const std::vector<Case> cases{
        {{{"Range", "bytes=0-2"}}, 206, "let", "bytes 0-2/10"},
        {{{"Range", "bytes=8-"}}, 206, "1;", "bytes 8-9/10"},
        {{{"Range", "bytes=-3"}}, 206, " 1;", "bytes 7-9/10"},
        {{{"Range", "bytes=-99"}}, 206, "let a = 1;", "bytes 0-9/10"},
        {{{"Range", "bytes=4-99"}}, 206, "a = 1;", "bytes 4-9/10"},
        {{{"Range", "bytes=10-"}}, 416, nullptr, "bytes */10"},
        {{{"Range", "bytes=-0"}}, 416, nullptr, "bytes */10"},
        {{{"Range", "bytes=0-1,3-4"}}, 200, "let a = 1;", std::nullopt},
        {{{"Range", "lines=0-1"}}, 200, "let a = 1;", std::nullopt},
        {{{"Range", "bytes=2-1"}}, 200, "let a = 1;", std::nullopt},
        {{{"Range", "bytes=+1-2"}}, 200, "let a = 1;", std::nullopt},
        {{{"Range", "bytes=0-2"}, {"If-Range", etag}}, 206, "let", "bytes 0-2/10"},
        {{{"Range", "bytes=0-2"}, {"If-Range", "\"old\""}}, 200, "let a = 1;", std::nullopt},
        {{{"Range", "bytes=0-2"}, {"If-Range", "W/" + etag}}, 200, "let a = 1;", std::nullopt},
    };
    for (const auto& test : cases) {
        const auto reply = get("/files/app.js", test.headers);
        EXPECT_EQ(reply.status, test.status) << test.headers[0].second;
        EXPECT_EQ(reply.header("Content-Range"), test.content_range) << test.headers[0].second;
        if (test.body != nullptr) EXPECT_EQ(reply.body, test.body) << test.headers[0].second;
    }
    EXPECT_EQ(get("/files/app.js", {{"Range", "bytes=0-2"}}, Method::head).status, 200);
}

TEST_F(StaticDirectory, PrecompressedNeighbours) {
    write("public/app.js.br", "BR");
    write("public/app.js.gz", "GZ");
    const auto plain = get("/files/app.js");
    const auto br = get("/files/app.js", {{"Accept-Encoding", "gzip, br"}});
    EXPECT_EQ(br.body, "BR");
    EXPECT_EQ(br.header("Content-Encoding"), "br");
    EXPECT_EQ(br.header("Content-Type"), "text/javascript; charset=utf-8");
    const std::string tag(*plain.header("ETag"));
    EXPECT_EQ(br.header("ETag"), tag.substr(0, tag.size() - 1) + "-br\"");
    EXPECT_EQ(get("/files/app.js", {{"Accept-Encoding", "gzip"}}).body, "GZ");
    EXPECT_EQ(get("/files/app.js", {{"Accept-Encoding", "br"}, {"Range", "bytes=0-2"}}).body, "let");
    EXPECT_EQ(
        get("/files/app.js", {{"Accept-Encoding", "br"}, {"If-None-Match", std::string(*br.header("ETag"))}}).status,
        304);
    fs::last_write_time(root_ / "public/app.js.br",
                        fs::last_write_time(root_ / "public/app.js") - std::chrono::hours(1));
    EXPECT_EQ(get("/files/app.js", {{"Accept-Encoding", "br"}}).body, "let a = 1;");
}

TEST_F(StaticDirectory, LargeFilesAreStreamed) {
    std::string text(1'000'003, 'x');
    text.back() = 'y';
    write("public/large.bin", text);
    const auto whole = get("/files/large.bin");
    EXPECT_TRUE(whole.complete);
    EXPECT_TRUE(whole.body == text);
    EXPECT_EQ(whole.header("Content-Length"), "1000003");
    const auto part = get("/files/large.bin", {{"Range", "bytes=300000-1000002"}});
    EXPECT_EQ(part.status, 206);
    EXPECT_TRUE(part.body == text.substr(300'000));
}

TEST_F(StaticDirectory, RefusesBadConfiguration) {
    EXPECT_THROW((void)static_files({.directory = root_ / "none", .pool = &pool_}), std::system_error);
    EXPECT_THROW((void)static_files({.directory = root_}), std::invalid_argument);
}

TEST(StaticAssets, AreServedFromTheBinary) {
    ChainForTest chain;
    const auto handler = static_handler({.prefix = "/docs",
                                         .assets = {{"index.html", "<p>docs</p>"}, {"js/ui.js", "ui()", "BR", ""}},
                                         .max_age_seconds = 31'536'000,
                                         .immutable = true});
    const auto get = [&](std::string target, std::vector<std::pair<std::string, std::string>> headers = {}) {
        return chain.run({problems()}, handler, {.target = std::move(target), .headers = std::move(headers)});
    };
    EXPECT_EQ(get("/docs/").body, "<p>docs</p>");
    EXPECT_EQ(get("/docs/").header("Cache-Control"), "public, max-age=31536000, immutable");
    EXPECT_EQ(get("/docs").header("Location"), "docs/");
    EXPECT_EQ(get("/docs/js").status, 301);
    EXPECT_EQ(get("/docs/js/").status, 404);
    EXPECT_EQ(get("/docs/none").status, 404);
    EXPECT_EQ(get("/docs/js/ui.js", {{"Accept-Encoding", "br, gzip"}}).body, "BR");
    EXPECT_EQ(get("/docs/js/ui.js", {{"Accept-Encoding", "gzip"}}).body, "ui()");
    EXPECT_EQ(get("/docs/js/ui.js", {{"Range", "bytes=1-2"}}).body, "i(");
    const std::string etag(*get("/docs/js/ui.js").header("ETag"));
    EXPECT_EQ(get("/docs/js/ui.js", {{"If-None-Match", etag}}).status, 304);
}

TEST(ContentTypeOf, GoesByTheExtension) {
    EXPECT_EQ(content_type_of("a.b.HTML"), "text/html; charset=utf-8");
    EXPECT_EQ(content_type_of("photo.webp"), "image/webp");
    EXPECT_EQ(content_type_of("Makefile"), "application/octet-stream");
    EXPECT_EQ(content_type_of("x.unknown"), "application/octet-stream");
}

}  // namespace
}  // namespace http
