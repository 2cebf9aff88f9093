// Uploads in pieces over our rows: who may, and what becomes of them. The protocol itself: src/uploads.

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "pos/modules/documents/tables.h"
#include "pos/modules/uploads/clean_up.h"
#include "pos/modules/uploads/finishing.h"
#include "pos/modules/uploads/tables.h"
#include "pos/testing/files.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class TusTest : public FilesTest {
protected:
    static void SetUpTestSuite() { set_up({{"FILES_QUOTA_MB", "1"}}); }
    void SetUp() override {
        app->database().execute("delete from upload_pieces");
        app->database().execute("delete from uploads");
        app->database().execute("update images set bytes = 0");
    }

    // "purpose image" in Base64.
    static constexpr std::string_view of_an_image = "purpose aW1hZ2U=,filetype aW1hZ2UvcG5n";
    static constexpr std::string_view of_a_document = "purpose ZG9jdW1lbnQ=,filename YS5jc3Y=";

    static InjectedResponse ask(http::Method method, std::string target, std::string bytes, Headers headers,
                                const std::string& token = owner) {
        headers.emplace_back("Tus-Resumable", "1.0.0");
        if (method == http::Method::patch) headers.emplace_back("Content-Type", "application/offset+octet-stream");
        return send(method, std::move(target), std::move(bytes), token, std::move(headers));
    }
    static InjectedResponse create(std::size_t length, std::string_view metadata, const std::string& token = owner) {
        return ask(http::Method::post, "/v1/uploads/tus", "",
                   {{"Upload-Length", std::to_string(length)}, {"Upload-Metadata", std::string(metadata)}}, token);
    }
    static std::string location_of(const InjectedResponse& reply) {
        EXPECT_EQ(reply.status, 201) << reply.body;
        const std::string location(reply.header("location").value_or(""));
        const auto at = location.find("/v1/");
        return at == std::string::npos ? location : location.substr(at);
    }
    static InjectedResponse append(const std::string& location, std::size_t offset, std::string bytes,
                                   const std::string& token = owner) {
        return ask(http::Method::patch, location, std::move(bytes), {{"Upload-Offset", std::to_string(offset)}}, token);
    }
    static std::string offset(const std::string& location) {
        return std::string(ask(http::Method::get, location, "", {}).header("upload-offset").value_or("none"));
    }
    static std::string id_of(const std::string& location) { return location.substr(location.rfind('/') + 1); }
    static std::string fence(const std::string& location) {
        return app->database().value("select fence from uploads where id = '" + id_of(location) + "'").value_or("");
    }
    static db::Db db() {
        const auto tenant = app->database().value("select tenant_id from uploads limit 1").value_or("");
        return db::tenant_db(app->host().databases(), base::Uuid::from_string(tenant).value(),
                             async::Loop::now() + std::chrono::seconds(20));
    }
    // As it lies there when the process dies between the last byte and what becomes of it: `bytes` are whole, nobody was told.
    static std::string left_whole(std::string_view metadata, const std::string& bytes) {
        auto location = location_of(create(bytes.size(), metadata));
        const auto id = *base::Uuid::from_string(id_of(location));
        if (!bytes.empty())
            app->run(write_piece(&app->host().services().use<uploads::Pieces>(), &db().loop(), id, bytes));
        app->database().execute(fmt::format(
            "insert into upload_pieces (tenant_id, upload_id, fence, first, length) "
            "select tenant_id, id, 7, 0, {0} from uploads where id = '{1}' and {0} > 0; "
            "update uploads set fence = 7, received = {0}, updated_at = now() - interval '3 minutes' where id = '{1}'",
            bytes.size(), id_of(location)));
        return location;
    }
    static async::Task<void> write_piece(uploads::Pieces* pieces, async::Loop* loop, base::Uuid id, std::string bytes) {
        auto piece = co_await pieces->open(loop, {.id = id, .fence = 7, .left = bytes.size()});
        co_await piece->write(bytes);
        co_await piece->sync();
        co_await piece->close(bytes.size());
    }
    static bool has_pieces(const std::string& location) {
        return std::filesystem::exists(std::filesystem::path(directory) / "pieces" / id_of(location));
    }
    // What the jobs do, each its own part.
    static std::int64_t found_whole() {
        const app::JobScope scope(&app->host());
        return app->run(find_whole_uploads(scope.system_db(), &scope.use<Runtime>()));
    }
    static void finish(const std::string& location) {
        const app::JobScope scope(&app->host());
        const TusParts parts{.pieces = &scope.use<uploads::Pieces>(),
                             .options = {},
                             .upload = {.stored = &scope.use<StoredFiles>(),
                                        .maker = &scope.use<ImageMaker>(),
                                        .runtime = &scope.use<Runtime>(),
                                        .settings = &scope.use<const FileSettings>(),
                                        .device = {}}};
        app->run(finish_upload(db(), UploadId(*base::Uuid::from_string(id_of(location))), parts));
    }
};

TEST_F(TusTest, WhatIsRefusedLeavesNoPiecesAndSaysWhyAgain) {
    const std::string bytes("\0\1\2\3 no document", 16);
    const auto location = location_of(create(bytes.size(), of_a_document));
    const auto refused = append(location, 0, bytes);
    EXPECT_EQ(refused.status, 415) << refused.body;
    EXPECT_FALSE(has_pieces(location));
    EXPECT_EQ(offset(location), std::to_string(bytes.size())) << "nobody needs to send it again";
    const auto again = append(location, bytes.size(), "");
    EXPECT_EQ(again.status, 415);
    EXPECT_THAT(again.body, HasSubstr("document.unsupported_type"));
}

TEST_F(TusTest, AnImageInThreePieces) {
    const auto bytes = picture();
    const auto location = location_of(create(bytes.size(), of_an_image));
    const std::size_t cut[] = {0, 10, bytes.size() / 2, bytes.size()};
    for (std::size_t i = 0; i + 1 < std::size(cut); ++i) {
        EXPECT_EQ(offset(location), std::to_string(cut[i]));
        const auto reply = append(location, cut[i], bytes.substr(cut[i], cut[i + 1] - cut[i]));
        EXPECT_EQ(reply.status, 204) << reply.body;
        EXPECT_EQ(reply.header("upload-offset"), std::to_string(cut[i + 1]));
    }
    const auto done = get("/v1/uploads/" + id_of(location));
    EXPECT_THAT(done.body, HasSubstr(R"("state":"completed")"));
    EXPECT_THAT(done.body, HasSubstr(R"("status":"ready")"));
    EXPECT_EQ(offset(location), std::to_string(bytes.size())) << "it stays known";
    EXPECT_THAT(keys(), Not(Contains(HasSubstr("/pending/"))));
    EXPECT_EQ(app->database().value("select count(*) from upload_pieces"), "0");
}

TEST_F(TusTest, NoBytesAreRefusedAtOnce) {
    const auto reply = create(0, of_a_document);
    EXPECT_EQ(reply.status, 415) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr("The file is empty"));
    EXPECT_EQ(app->database().value("select state from uploads"), "refused");
    EXPECT_EQ(app->database().value("select count(*) from documents where status = 'ready'"), "0");
}

// What no text of the database has.
TEST_F(TusTest, ANameWithAZeroIsCleaned) {
    const auto location = location_of(create(10, "purpose ZG9jdW1lbnQ=,filename YmUAaS5jc3Y="));
    EXPECT_THAT(get("/v1/uploads/" + id_of(location)).body, HasSubstr(R"("name":"bei.csv")"));
}

TEST_F(TusTest, TypesAreUnderstoodAsBrowsersCallThem) {
    // application/vnd.ms-excel, application/octet-stream
    for (const std::string_view type : {"YXBwbGljYXRpb24vdm5kLm1zLWV4Y2Vs", "YXBwbGljYXRpb24vb2N0ZXQtc3RyZWFt"}) {
        const auto reply = create(10, fmt::format("{},filetype {}", of_a_document, type));
        EXPECT_EQ(reply.status, 201) << reply.body;
    }
}

TEST_F(TusTest, AnOffsetThatIsNotTheUploadsMovesNothing) {
    const auto location = location_of(create(100, of_an_image));
    EXPECT_EQ(append(location, 0, "0123456789").status, 204);
    const auto reply = append(location, 0, "abcdefghij");
    EXPECT_EQ(reply.status, 409);
    EXPECT_EQ(offset(location), "10");
}

TEST_F(TusTest, WhatIsNoPictureIsRefusedForGood) {
    const std::string bytes(200, '<');
    const auto location = location_of(create(bytes.size(), of_an_image));
    EXPECT_EQ(append(location, 0, bytes).status, 415);
    EXPECT_THAT(get("/v1/uploads/" + id_of(location)).body, HasSubstr(R"("state":"refused")"));
    EXPECT_EQ(ask(http::Method::get, location, "", {}).status, 204) << "all of it is here: nobody sends it again";
    EXPECT_THAT(keys(), Not(Contains(HasSubstr(id_of(location)))));
}

TEST_F(TusTest, IsOfItsTenantAndOfThoseWhoMay) {
    const auto location = location_of(create(100, of_an_image));
    EXPECT_EQ(ask(http::Method::get, location, "", {}, other).status, 404);
    EXPECT_EQ(append(location, 0, "x", other).status, 404);
    EXPECT_EQ(ask(http::Method::del, location, "", {}, other).status, 404);
    EXPECT_EQ(ask(http::Method::get, location, "", {}, viewer).status, 404);
    EXPECT_EQ(create(100, of_an_image, viewer).status, 403);
    EXPECT_EQ(create(100, of_a_document, viewer).status, 403);
    EXPECT_EQ(create(100, of_an_image, "").status, 401);
    EXPECT_EQ(create(100, "purpose Ym90aA==").status, 422) << "both";
    EXPECT_EQ(offset(location), "0");
}

// What was announced is reserved from the beginning, and free when the upload ends.
TEST_F(TusTest, TheQuotaCountsFromTheBeginning) {
    std::ignore = app->run(sweep_files(app::JobScope(&app->host())));  // what other tests have left
    const auto location = location_of(create(600'000, of_an_image));
    const auto second = create(600'000, of_an_image);
    EXPECT_EQ(second.status, 409);
    EXPECT_THAT(second.body, HasSubstr("plan.storage"));
    EXPECT_EQ(ask(http::Method::del, location, "", {}).status, 204);
    EXPECT_EQ(ask(http::Method::get, location, "", {}).status, 404);
    const auto third = location_of(create(600'000, of_an_image));
    EXPECT_EQ(append(third, 0, std::string(1'000, 'x')).status, 204);
    app->database().execute("update uploads set expires_at = now() - interval '1 minute'");
    EXPECT_EQ(append(third, 1'000, "x").status, 404);
    EXPECT_EQ(app->run(clean_up_files(app::JobScope(&app->host()))).expired, 1);
    EXPECT_EQ(app->run(sweep_files(app::JobScope(&app->host()))).pieces, 0) << "nothing was left of it";
    std::ignore = location_of(create(600'000, of_an_image));
}

// The process died after the last byte: a job makes of it what it is, and nobody has to ask.
TEST_F(TusTest, WhatIsWholeIsFinishedThoughNobodyAsks) {
    const auto location = left_whole(of_an_image, picture());
    EXPECT_THAT(get("/v1/uploads/" + id_of(location)).body, HasSubstr(R"("state":"open")"));
    EXPECT_EQ(found_whole(), 1);
    EXPECT_EQ(
        app->database().value("select count(*) from outbox_jobs where name = 'files.finish_upload' and data::text "
                              "like '%" +
                              id_of(location) + "%'"),
        "1");
    EXPECT_EQ(found_whole(), 0) << "one job at a time";
    EXPECT_TRUE(has_pieces(location));
    finish(location);
    const auto done = get("/v1/uploads/" + id_of(location));
    EXPECT_THAT(done.body, HasSubstr(R"("state":"completed")"));
    EXPECT_THAT(done.body, HasSubstr(R"("status":"ready")"));
    EXPECT_THAT(keys(), Not(Contains(HasSubstr("/pending/"))));
    EXPECT_FALSE(has_pieces(location)) << "nothing was left of it";
    finish(location);
    EXPECT_EQ(get("/v1/uploads/" + id_of(location)).body, done.body) << "once";
}

// The copy that stays needs the room of the pieces: they are gone before it is made, and nothing is lost when it cannot be.
TEST_F(TusTest, PiecesGoBeforeTheCopyThatStays) {
    const std::string bytes = "sku,price\nA-1,150\n";
    const auto location = location_of(create(bytes.size(), of_a_document));
    const auto document =
        app->database().value("select document_id from uploads where id = '" + id_of(location) + "'").value();
    const auto folder = directory / "files" / "t.dir" / (db().tenant().to_string() + ".dir") / "documents.dir";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / (document + ".dir")) << "in the way";
    EXPECT_EQ(append(location, 0, bytes).status, 503);
    EXPECT_FALSE(has_pieces(location));
    EXPECT_THAT(keys(), Contains(HasSubstr("/pending/" + id_of(location))));
    EXPECT_EQ(offset(location), std::to_string(bytes.size())) << "nobody needs to send it again";
    EXPECT_EQ(append(location, bytes.size(), "").status, 503) << "asked again, as long as it cannot be made";
    std::filesystem::remove(folder / (document + ".dir"));
    EXPECT_EQ(append(location, bytes.size(), "").status, 204);
    EXPECT_THAT(get("/v1/uploads/" + id_of(location)).body, HasSubstr(R"("state":"completed")"));
    EXPECT_THAT(keys(), Not(Contains(HasSubstr("/pending/" + id_of(location)))));
    EXPECT_THAT(keys(), Contains(HasSubstr("/documents/" + document)));
}

// … and so is what a process had put together when it died, pieces or not.
TEST_F(TusTest, WhatWasPutTogetherNeedsNoPieces) {
    const std::string bytes = "sku,price\nB-2,90\n";
    const auto location = left_whole(of_a_document, bytes);
    const auto key = fmt::format("t/{}/pending/{}", db().tenant().to_string(), id_of(location));
    std::ignore = app->run(stored().put({.key = key, .source = storage::source_of(bytes), .length = bytes.size()},
                                        async::Loop::now() + std::chrono::seconds(10)));
    std::filesystem::remove_all(directory / "pieces" / id_of(location));
    finish(location);
    EXPECT_THAT(get("/v1/uploads/" + id_of(location)).body, HasSubstr(R"("state":"completed")"));
    EXPECT_THAT(keys(), Not(Contains(key)));
}

TEST_F(TusTest, WhatIsWholeAndNoPictureIsRefusedByTheJob) {
    const auto location = left_whole(of_an_image, std::string(200, '<'));
    finish(location);
    EXPECT_THAT(get("/v1/uploads/" + id_of(location)).body, HasSubstr(R"("state":"refused")"));
    EXPECT_FALSE(has_pieces(location));
    EXPECT_EQ(found_whole(), 0);
}

TEST_F(TusTest, WhatIsNotWholeOrIsAtWorkIsLeftAlone) {
    const auto half = location_of(create(100, of_an_image));
    EXPECT_EQ(append(half, 0, "0123456789").status, 204);
    app->database().execute("update uploads set updated_at = now() - interval '1 hour'");
    const auto at_work = left_whole(of_a_document, "a,b\n");
    app->database().execute("update uploads set updated_at = now() where id = '" + id_of(at_work) + "'");
    const auto expired = left_whole(of_a_document, "a,b\n");
    app->database().execute("update uploads set expires_at = now() where id = '" + id_of(expired) + "'");
    EXPECT_EQ(found_whole(), 0);
    finish(half);
    EXPECT_EQ(offset(half), "10");
}

// A claim takes the upload from whoever sends it: it is not for those who may not have it.
TEST_F(TusTest, WhoMayNotMovesNothing) {
    const auto location = location_of(create(100, of_an_image));
    EXPECT_EQ(append(location, 0, "0123456789").status, 204);
    const auto before = fence(location);
    for (const auto& nobody : {viewer, other, std::string()}) {
        EXPECT_GE(ask(http::Method::head, location, "", {}, nobody).status, 401);
        EXPECT_GE(append(location, 10, "x", nobody).status, 401);
        EXPECT_GE(ask(http::Method::del, location, "", {}, nobody).status, 401);
    }
    EXPECT_EQ(fence(location), before);
    EXPECT_EQ(offset(location), "10");
    EXPECT_EQ(ask(http::Method::head, location, "", {}).header("upload-offset"), "10");
    EXPECT_NE(fence(location), before) << "its owner goes on";
}

}  // namespace
