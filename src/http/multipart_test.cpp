// Forms with files that a typed handler takes as streams.

#include "http/multipart.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <vector>

#include "base/hasher.h"
#include "base/strings.h"
#include "http/errors.h"
#include "http/middleware/body_decoding.h"
#include "http/middleware/problems.h"
#include "http/server_for_test.h"

namespace http {
namespace {

using namespace std::chrono_literals;

struct PictureFields {
    std::string note;
    std::vector<std::string> tags;
    std::optional<std::int32_t> width;

    static constexpr MultipartLimits multipart_limits{
        .field_bytes = 1000, .fields_bytes = 4000, .fields = 5, .files = 3};

    friend constexpr auto describe(PictureFields*) {
        return schema::object<PictureFields>(
            "PictureFields",
            schema::field<&PictureFields::note>("note", {.max_length = 900, .text = schema::Text::free}),
            schema::field<&PictureFields::tags>("tags", {.items = {.text = schema::Text::name}, .defaulted = true}),
            schema::field<&PictureFields::width>("width"));
    }
};

using NewPicture =
    Multipart<PictureFields,
              FileField<"picture", FileRules{.most_bytes = 300'000, .required = true, .media_type = "image/*"}>,
              FileField<"page", FileRules{.most_bytes = 50, .most = 3}>>;

struct Told {
    std::string text;

    friend constexpr auto describe(Told*) {
        return schema::object<Told>("Told", schema::field<&Told::text>("text", {.text = schema::Text::raw}));
    }
};

std::atomic<int> whole_forms = 0;
std::atomic<int> handlers_begun = 0;
std::atomic<int> handlers_running = 0;

struct Running {
    Running() { ++handlers_running; }
    ~Running() { --handlers_running; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
};

async::Task<Told> take(NewPicture form) {
    ++handlers_begun;
    const Running running;
    Told told{form->note};
    for (const auto& tag : form->tags) told.text += "," + tag;
    while (const auto file = co_await form.next_file()) {
        std::size_t bytes = 0;
        while (const auto piece = co_await form.next()) bytes += piece->size();
        told.text += fmt::format("|{} {} {} {}", file->field, file->name, file->media_type, bytes);
    }
    ++whole_forms;
    co_return told;
}

// Reads no byte of any file.
async::Task<Told> skip(NewPicture form) {
    Told told;
    while (const auto file = co_await form.next_file()) told.text += file->name + ";";
    co_return told;
}

// Asks again after a failure.
async::Task<Told> insist(NewPicture form) {
    std::string codes;
    for (int i = 0; i < 3; ++i) {
        try {
            while (co_await form.next_file()) {
                while (co_await form.next()) {}
            }
            codes += "whole ";
        } catch (const base::Failure& failure) {
            codes += std::string(failure.code().code) + " ";
        }
    }
    co_return Told{codes};
}

std::string field(std::string_view name, std::string_view value) {
    return fmt::format("--b\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", name, value);
}
std::string file(std::string_view name, std::string_view file_name, std::string_view data,
                 std::string_view type = "image/png") {
    return fmt::format(
        "--b\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n{}\r\n", name,
        file_name, type, data);
}
std::string form(std::string_view parts) { return std::string(parts) + "--b--\r\n"; }
std::string send(std::string_view path, std::string_view body) {
    return post(path, body, "Content-Type: multipart/form-data; boundary=b\r\n");
}

std::string sha256_of(std::string_view bytes) {
    base::Hasher hasher(base::Hasher::Algorithm::sha256);
    hasher.add(bytes);
    return "sha-256=:" + base::base64_encode(hasher.finish()) + ":";
}

class MultipartTest : public ServerForTest {
protected:
    void SetUp() override {
        ServerForTest::SetUp();
        whole_forms = 0;
        handlers_begun = 0;
        Routes routes(router.group("", {problems(), body_decoding()}), "test");
        routes.post("/take", take, {.options = {.body_limit = 8 << 20}});
        routes.post("/small", take, {.options = {.body_limit = 1000}});
        routes.post("/skip", skip, {.options = {.body_limit = 8 << 20}});
        routes.post("/insist", insist, {.options = {.body_limit = 8 << 20}});
    }
    void expect(std::string_view request, std::string_view status, std::string_view part) {
        const auto reply = exchange(request);
        EXPECT_TRUE(reply.starts_with(fmt::format("HTTP/1.1 {}", status))) << reply << "\n" << request.substr(0, 500);
        EXPECT_TRUE(reply.contains(part)) << reply << "\nwanted: " << part;
    }
};

TEST_F(MultipartTest, FieldsAndFilesArrive) {
    options.body_memory = {.total = 256 * 1024, .per_caller = 64 * 1024, .small_caller = 32 * 1024};
    start();
    expect(send("/take", form(field("note", "Habari") + field("tags", "a") + field("tags", "b") +
                              file("picture", "C:\\x\\cafe\xcc\x81.png", std::string(300'000, 'x')) +
                              file("page", "", "1") + file("page", "2.txt", "22", "text/plain"))),
           "200", "Habari,a,b|picture caf\xc3\xa9.png image/png 300000|page  image/png 1|page 2.txt text/plain 2");
    expect(send("/skip",
                form(field("note", "x") + file("picture", "a", std::string(200'000, 'x')) + file("page", "b", "y"))),
           "200", "a;b;");
    // Without a filename it is a file too, as its name is that of one.
    expect(send("/take", form(field("note", "x") + field("page", "y") + file("picture", "a", "z"))), "200",
           "x|page  text/plain 1|picture a image/png 1");
    // An input with nothing chosen.
    expect(send("/take", form(field("note", "x") + file("page", "", "", "application/octet-stream") +
                              file("picture", "a", "z") + file("page", "", "", "application/octet-stream"))),
           "200", "x|picture a image/png 1\"");
}

TEST_F(MultipartTest, ADigestIsOfTheWholeBody) {
    start();
    const auto body = form(field("note", "x") + file("picture", "a.png", "abc"));
    const auto with = [&](std::string_view path, const std::string& digest) {
        return post(path, body, "Content-Type: multipart/form-data; boundary=b\r\nContent-Digest: " + digest + "\r\n");
    };
    expect(with("/take", sha256_of(body)), "200", "picture a.png image/png 3");
    const auto before = whole_forms.load();
    expect(with("/take", sha256_of("abc")), "400", "upload.digest_mismatch");
    expect(with("/take", "md5=:AAAA:"), "400", "upload.digest_malformed");
    expect(with("/insist", sha256_of("abc")), "200", "upload.digest_mismatch upload.digest_mismatch");
    EXPECT_EQ(whole_forms, before);
}

TEST_F(MultipartTest, AFileUnderAnotherNameIsToldTheRightOne) {
    start();
    expect(send("/take", form(field("note", "x") + file("photo", "a", "x"))), "422",
           R"(\"photo\" takes no file: send it as \"picture\" or \"page\")");
}

TEST_F(MultipartTest, WhatIsWrongHasItsCode) {
    start();
    const auto picture = file("picture", "a.png", "x");
    const auto note = field("note", "x");
    const struct {
        std::string request;
        std::string_view status;
        std::string_view part;
    } cases[] = {
        {post("/take", "{}", "Content-Type: application/json\r\n"), "415", "request.unsupported_media_type"},
        {post("/take", "x"), "415", "request.unsupported_media_type"},
        {post("/take", "x", "Content-Type: multipart/form-data\r\n"), "400", "multipart.malformed"},
        {post("/take", "x", "Content-Type: multipart/form-data; boundary=" + std::string(71, 'b') + "\r\n"), "400",
         "multipart.malformed"},
        {send("/take", ""), "400", "multipart.malformed"},
        {send("/take", note + picture), "400", "multipart.malformed"},
        {send("/take", form("--b\r\n" + std::string(9000, 'a') + ": b\r\n\r\n\r\n")), "400",
         "multipart.head_too_large"},
        {send("/take", form(picture)), "422", "\"/note\""},
        {send("/take", form(note)), "422", "\"/picture\""},
        {send("/take", form(field("page", ""))), "422", "\"/note\""},
        {send("/take", form(note + file("page", "a", "x"))), "422", "\"/picture\""},
        {send("/take", form(note + picture + field("width", "3"))), "422", "field_behind_file"},
        {send("/take", form(note + file("nothing", "a", "x") + picture)), "422", "file_not_expected"},
        {send("/take", form(note + picture + file("note", "a", "x"))), "422", "file_not_expected"},
        {send("/take", form(note + field("colour", "red") + picture)), "422", "\"/colour\""},
        {send("/take", form(note + field("tags[0]", "red") + picture)), "422", "unknown"},
        {send("/take", form(note + field("__proto__", "red") + picture)), "422", "__proto__"},
        {send("/take", form(note + field("width", "wide") + picture)), "422", "\"/width\""},
        {send("/take", form(note + field("\xff", "x") + picture)), "422", "malformed"},
        {send("/take", form(field("note", "caf\xe9") + picture)), "422", "\"/note\""},
        {send("/take", form(field("note", std::string(1001, 'x')) + picture)), "413", "multipart.field_too_large"},
        {send("/take", form(note + field("tags", std::string(999, 'x')) + field("tags", std::string(999, 'x')) +
                            field("tags", std::string(999, 'x')) + field("tags", std::string(999, 'x')) +
                            field("tags", "x") + picture)),
         "413", "multipart.field_too_large"},
        {send("/take", form(note + note + note + note + note + note + picture)), "413", "multipart.too_many_fields"},
        {send("/take", form(note + file("picture", "a.png", std::string(300'001, 'x')))), "413",
         "multipart.file_too_large"},
        {send("/skip", form(note + file("picture", "a.png", std::string(300'001, 'x')))), "413",
         "multipart.file_too_large"},
        {send("/take", form(note + picture + picture)), "413", "multipart.too_many_files"},
        {send("/take", form(note + picture + file("page", "", "1") + file("page", "", "1") + file("page", "", "1"))),
         "413", "multipart.too_many_files"},
        {send("/take", form(note + file("picture", "a.txt", "x", "text/plain"))), "415", "multipart.file_type_refused"},
        {send("/take", form(note + file("picture", "a.txt", "x", "imagex/png"))), "415", "multipart.file_type_refused"},
        {send("/small", form(note + file("picture", "a", std::string(2000, 'x')))), "413", "http.body_too_large"},
        {send("/take?x=1", form(note + picture)), "422", "\"in\":\"query\""},
    };
    for (const auto& [request, status, part] : cases) expect(request, status, part);
    EXPECT_EQ(whole_forms, 0);
}

TEST_F(MultipartTest, NamesBuildNothingAndFillNoMemory) {
    options.body_memory = {.total = 1 << 20, .per_caller = 1 << 20, .small_caller = 32 * 1024};
    start();
    std::string many;
    for (int i = 0; i < 10'000; ++i) many += field(fmt::format("a[{}]", i * 1'000L), "");
    expect(send("/take", form(many)), "413", "multipart.too_many_fields");
    std::string empty;
    for (int i = 0; i < 10'000; ++i) empty += field("", "");
    expect(send("/take", form(empty)), "413", "multipart.too_many_fields");
    expect(send("/take", form(field(std::string(65'536, 'a'), "x"))), "400", "multipart.head_too_large");
    std::string files;
    for (int i = 0; i < 10'000; ++i) files += file("page", "", "");  // inputs with nothing chosen
    expect(send("/take", form(field("note", "x") + file("picture", "a", "x") + files)), "200",
           "x|picture a image/png 1");
    EXPECT_TRUE(exchange(get("/health")).ends_with("ok"));
}

TEST_F(MultipartTest, NoBodyThatWasCutIsWhole) {
    start();
    const auto body = form(field("note", "x") + file("picture", "a.png", "yyyy") + file("page", "b", "z"));
    for (std::size_t length = 0; length + 2 < body.size(); ++length) {
        expect(send("/take", body.substr(0, length)), "400", "multipart.malformed");
        if (length % 7 != 0) continue;
        // The length lies, and the client goes away.
        auto lying = send("/take", body);
        lying.resize(lying.size() - body.size() + length);
        expect(lying, "400", "http.body_malformed");
    }
    EXPECT_EQ(whole_forms, 0);
    for (std::size_t cut = 0; cut <= body.size(); cut += 3) {
        const Client client(port);
        const auto request = send("/take", body);
        client.send(std::string_view(request).substr(0, request.size() - cut));
        turn();
        client.send(std::string_view(request).substr(request.size() - cut));
        EXPECT_TRUE(client.read_until("}").contains("x|picture a.png image/png 4|page b image/png 1")) << cut;
    }
}

TEST_F(MultipartTest, FiveHundredBrokenFormsLeaveNothing) {
    options.body_deadline = 200ms;
    start();
    const auto descriptors = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                             std::filesystem::directory_iterator());
    };
    EXPECT_TRUE(exchange(get("/health")).ends_with("ok"));
    turn();
    const auto before = descriptors();
    auto request = send("/take", form(field("note", "x") + file("picture", "a.png", std::string(100'000, 'x'))));
    request.resize(50'000);
    for (int i = 0; i < 500; ++i) {
        Client client(port);
        client.send(request);
        if (i % 100 == 0) {
            EXPECT_TRUE(client.read_all().contains("http.request_timeout"));  // silent until the server has had enough
        } else if (i % 2 == 0) {
            client.abort();
        } else {
            client.close();
        }
    }
    const auto until = std::chrono::steady_clock::now() + 10s;
    while ((descriptors() > before || handlers_running > 0) && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
    EXPECT_LE(descriptors(), before);
    EXPECT_EQ(handlers_running, 0);
    EXPECT_GT(handlers_begun, 0);
    EXPECT_EQ(whole_forms, 0);
}

TEST_F(MultipartTest, AFailureStaysOne) {
    start();
    expect(send("/insist", form(field("note", "x") + file("picture", "a", std::string(300'001, 'x')))), "200",
           "multipart.file_too_large multipart.file_too_large multipart.file_too_large ");
    expect(send("/insist", form(field("note", "x") + file("picture", "a", "x") + field("note", "x"))), "200",
           "request.invalid request.invalid request.invalid ");
    expect(send("/insist", form(field("note", "x") + file("picture", "a", "x"))), "200", "whole whole whole ");
}

TEST_F(MultipartTest, AFormThatIsRefusedAsksForNoFile) {
    start();
    const Client client(port);
    const auto head =
        "POST /take HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        "Content-Length: 300000\r\n\r\n" +
        field("width", "wide") +
        "--b\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"a\"\r\n"
        "Content-Type: image/png\r\n\r\n";
    client.send(head);  // and no byte of the file
    std::string reply;
    while (!reply.contains("/width") && client.read_more(reply)) {}
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 422")) << reply;
    EXPECT_EQ(handlers_begun, 0);
}

TEST(MultipartDocument, NamesFieldsAndFiles) {
    Operation operation;
    NewPicture::describe(operation);
    EXPECT_EQ(operation.form, &schema::object_of<PictureFields>);
    ASSERT_EQ(operation.form_files.size(), 2U);
    EXPECT_EQ(operation.form_files[0].name, "picture");
    EXPECT_EQ(operation.form_files[0].media_type, "image/*");
    EXPECT_TRUE(operation.form_files[0].required);
    EXPECT_EQ(operation.form_files[1].most, 3U);
    EXPECT_EQ(operation.body_media_types, std::vector<std::string_view>{"multipart/form-data"});
}

}  // namespace
}  // namespace http
