// Uploads by signed URLs, and what is left of those that nobody ends.

#include <gmock/gmock.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "pos/modules/documents/tables.h"
#include "pos/modules/files/keys.h"
#include "pos/modules/tenants/tables.h"
#include "pos/modules/uploads/clean_up.h"
#include "pos/modules/uploads/tables.h"
#include "pos/testing/files.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class UploadsTest : public FilesTest {
protected:
    static void SetUpTestSuite() { set_up({{"FILES_QUOTA_MB", "1"}}); }
    void SetUp() override {
        app->database().execute("delete from uploads");
        app->database().execute("update images set bytes = 0");
        app->database().execute("update documents set bytes = 0");
    }

    struct Begun {
        std::string id;
        std::string url;
        std::string image;
        std::string document;
        std::string key;
    };
    static std::string member(std::string_view json, std::string_view name) {
        const auto mark = fmt::format(R"("{}":")", name);
        const auto at = json.find(mark);
        if (at == std::string_view::npos) return "";
        const auto from = at + mark.size();
        return std::string(json.substr(from, json.find('"', from) - from));
    }
    static std::string tenant() { return text(body<Tenant>(get("/v1/tenant")).id); }
    static std::string announced(std::string_view purpose, std::string_view type, const std::string& bytes) {
        return fmt::format(R"({{"purpose":"{}","contentType":"{}","bytes":{},"sha256":"{}"}})", purpose, type,
                           bytes.size(), files::hex(base::sha256(bytes)));
    }
    static std::string becomes(std::string_view id, std::string_view column) {
        return app->database()
            .value(fmt::format("select coalesce({}::text, '') from uploads where id = '{}'", column, id))
            .value_or("");
    }
    static Begun begin(const std::string& json, Headers headers = {}) {
        const auto reply = post("/v1/uploads", json, owner, std::move(headers));
        EXPECT_EQ(reply.status, 201) << reply.body;
        EXPECT_EQ(reply.header("cache-control"), "no-store");
        EXPECT_EQ(member(reply.body, "imageId") + member(reply.body, "documentId"), "") << "it has become nothing yet";
        Begun begun{member(reply.body, "id"), path_of(member(reply.body, "url")), "", "", ""};
        begun.image = becomes(begun.id, "image_id");
        begun.document = becomes(begun.id, "document_id");
        begun.key = fmt::format("t/{}/pending/{}", tenant(), begun.id);
        return begun;
    }
    static Begun begin_picture() { return begin(announced("image", "image/png", picture())); }
    static InjectedResponse complete(const std::string& id, const std::string& token = owner) {
        return post("/v1/uploads/" + id + "/complete", "", token);
    }
    static app::JobScope scope() { return app::JobScope(&app->host()); }
    static void store(const std::string& key, std::string bytes) {
        const auto done = app->run(stored().store().put({.key = key, .source = storage::source_of(std::move(bytes))},
                                                        async::Loop::now() + std::chrono::seconds(10)));
        ASSERT_TRUE(done);
    }
};

TEST_F(UploadsTest, AnImageByASignedUrl) {
    const auto begun = begin_picture();
    EXPECT_THAT(get("/v1/images/" + begun.image).body, HasSubstr(R"("status":"pending")"));
    EXPECT_EQ(complete(begun.id).status, 409) << "nothing is there";
    EXPECT_EQ(put(begun.url, picture(), "image/png").status, 200);
    const auto done = complete(begun.id);
    EXPECT_EQ(done.status, 200) << done.body;
    EXPECT_THAT(done.body, HasSubstr(R"("state":"completed")"));
    EXPECT_THAT(done.body, HasSubstr(R"("status":"ready")"));
    EXPECT_THAT(keys(), Not(Contains(begun.key)));
    EXPECT_EQ(complete(begun.id).body, done.body) << "as often as it is asked";
    EXPECT_EQ(get("/v1/uploads/" + begun.id).body, done.body);
}

TEST_F(UploadsTest, TheUrlTakesNothingElse) {
    const auto begun = begin_picture();
    EXPECT_THAT(put(begun.url, picture() + "x", "image/png").status, AnyOf(403, 413, 422)) << "a byte more";
    EXPECT_THAT(put(begun.url, picture().substr(1), "image/png").status, AnyOf(403, 422)) << "one less";
    EXPECT_THAT(put(begun.url, picture(), "text/html").status, AnyOf(403, 422)) << "another type";
    EXPECT_EQ(send(http::Method::get, begun.url, {}, "").status, 403) << "nor is it for reading";
    EXPECT_THAT(keys(), Not(Contains(begun.key)));
}

// Whoever has the URL may go on putting files there: what is shown stays what it was.
TEST_F(UploadsTest, WhatIsPutLaterIsNeverServed) {
    const auto begun = begin_picture();
    const std::string other_bytes(picture().size(), 'x');
    ASSERT_EQ(put(begun.url, picture(), "image/png").status, 200);
    ASSERT_EQ(complete(begun.id).status, 200);
    const auto url = *body<Image>(get("/v1/images/" + begun.image)).url;
    const auto before = see(url).body;
    EXPECT_EQ(put(begun.url, other_bytes, "image/png").status, 403) << "the upload is over";
    store(begun.key, other_bytes);  // as a bucket would take it
    EXPECT_EQ(complete(begun.id).status, 200);
    EXPECT_EQ(see(url).body, before);
    EXPECT_EQ(app->run(sweep_files(scope())).orphans, 1) << "however young it is";
    EXPECT_THAT(keys(), Not(Contains(begun.key)));
    EXPECT_EQ(see(url).body, before);
}

TEST_F(UploadsTest, AFileThatWasNotAnnouncedIsRefusedAndRemoved) {
    const std::string html(picture().size(), '<');
    for (const auto& [name, json, bytes, code] :
         {std::tuple{"no picture",
                     fmt::format(R"({{"purpose":"image","contentType":"image/png","bytes":{}}})", html.size()), html,
                     "image.unsupported_type"},
          std::tuple{"another hash", announced("image", "image/png", std::string(picture().size(), 'y')), picture(),
                     "upload.differs"},
          std::tuple{"another type", announced("image", "image/jpeg", picture()), picture(), "upload.differs"},
          std::tuple{"no document", announced("document", "text/csv", html), html, "document.unsupported_type"}}) {
        const auto begun = begin(json);
        const auto type = member(json, "contentType");
        ASSERT_EQ(put(begun.url, bytes, type).status, 200) << name;
        const auto refused = complete(begun.id);
        EXPECT_THAT(refused.body, HasSubstr(code)) << name;
        EXPECT_THAT(refused.status, AnyOf(415, 422)) << name;
        EXPECT_THAT(keys(), Not(Contains(begun.key))) << name;
        const auto row = get("/v1/uploads/" + begun.id);
        EXPECT_THAT(row.body, HasSubstr(R"("state":"refused")")) << name;
        EXPECT_THAT(row.body, HasSubstr(code)) << name;
        EXPECT_THAT(row.body, Not(HasSubstr(R"(Id":")"))) << "nothing has become of it";
        const auto again = complete(begun.id);
        EXPECT_EQ(again.status, refused.status) << "whoever lost the answer is told the same";
        EXPECT_THAT(again.body, HasSubstr(code)) << name;
        if (!begun.image.empty()) EXPECT_EQ(get("/v1/images/" + begun.image).status, 404) << name;
    }
}

// A store that says "done" and has kept nothing, or half of it.
TEST_F(UploadsTest, WhatIsReallyThereCounts) {
    const auto begun = begin_picture();
    for (const std::string& bytes : {std::string(), picture().substr(0, 100)}) {
        const auto again = begin_picture();
        store(again.key, bytes);
        EXPECT_EQ(complete(again.id).status, 422) << bytes.size();
    }
    EXPECT_EQ(complete(begun.id).status, 409);
}

TEST_F(UploadsTest, ADocumentOfNoBytes) {
    const auto begun = begin(R"({"purpose":"document","contentType":"text/csv","bytes":0,"name":"Nothing"})");
    ASSERT_EQ(put(begun.url, "", "text/csv").status, 200);
    const auto done = complete(begun.id);
    EXPECT_EQ(done.status, 415) << "nobody has meant that";
    EXPECT_THAT(done.body, HasSubstr("empty"));
}

TEST_F(UploadsTest, TypesAreUnderstoodAsClientsCallThem) {
    const std::tuple<std::string_view, std::string_view, std::string_view> rows[] = {
        {"image", "image/jpg", "image/jpeg"},
        {"image", "IMAGE/PNG", "image/png"},
        {"image", "image/png; charset=binary", "image/png"},
        {"document", "application/vnd.ms-excel", "text/csv"},
        {"document", "text/csv; charset=utf-8", "text/csv"},
        {"document", "Application/PDF", "application/pdf"},
    };
    for (const auto& [purpose, announced, type] : rows) {
        const auto reply =
            post("/v1/uploads", fmt::format(R"({{"purpose":"{}","contentType":"{}","bytes":10}})", purpose, announced));
        EXPECT_EQ(reply.status, 201) << announced << reply.body;
        EXPECT_EQ(member(reply.body, "contentType"), type) << announced;
    }
    const auto refused = post("/v1/uploads", R"({"purpose":"image","contentType":"text/csv","bytes":10})");
    EXPECT_EQ(refused.status, 422);
    const auto large = post("/v1/uploads", R"({"purpose":"image","contentType":"image/png","bytes":4000000000})");
    EXPECT_THAT(large.body, HasSubstr("At most 20000000 bytes")) << "the limit is told";
    auto sum = files::hex(base::sha256(picture()));
    std::ranges::transform(sum, sum.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
    const auto capitals = begin(fmt::format(
        R"({{"purpose":"image","contentType":"image/png","bytes":{},"sha256":"{}"}})", picture().size(), sum));
    ASSERT_EQ(put(capitals.url, picture(), "image/png").status, 200);
    const auto done = complete(capitals.id);
    EXPECT_EQ(done.status, 200) << done.body;
    EXPECT_THAT(done.body, HasSubstr(fmt::format(R"("received":{})", picture().size())));
}

TEST_F(UploadsTest, OneKeyIsOneUploadAndItsUrlServes) {
    const Headers key{{"Idempotency-Key", "upload-1"}};
    const auto json = announced("image", "image/png", picture());
    const auto first = begin(json, key);
    const auto again = begin(json, key);
    EXPECT_EQ(again.id, first.id);
    EXPECT_FALSE(again.url.empty());
    EXPECT_EQ(app->database().value("select count(*) from uploads"), "1");
    EXPECT_EQ(post("/v1/uploads", announced("image", "image/png", red_picture()), owner, key).status, 422);
}

TEST_F(UploadsTest, AnotherTenantGets404) {
    const auto begun = begin_picture();
    EXPECT_EQ(get("/v1/uploads/" + begun.id, other).status, 404);
    EXPECT_EQ(complete(begun.id, other).status, 404);
    EXPECT_EQ(send(http::Method::del, "/v1/uploads/" + begun.id, {}, other).status, 404);
    EXPECT_THAT(get("/v1/uploads", other).body, Not(HasSubstr(begun.id)));
}

// Room is taken when an upload begins, and given back when it ends, however that is.
TEST_F(UploadsTest, TheQuotaCountsWhatIsAnnounced) {
    const auto half = R"({"purpose":"image","contentType":"image/png","bytes":600000})";
    const auto first = begin(half);
    const auto second = post("/v1/uploads", half);
    EXPECT_EQ(second.status, 409);
    EXPECT_THAT(second.body, HasSubstr("plan.storage"));
    EXPECT_THAT(second.body, AllOf(HasSubstr(R"("usedBytes":600000)"), HasSubstr(R"("limitBytes":1000000)")));
    EXPECT_THAT(get("/v1/subscription").body, HasSubstr(R"("storage":{"usedBytes":600000,"limitBytes":1000000})"));
    EXPECT_EQ(send(http::Method::del, "/v1/uploads/" + first.id, {}, owner).status, 204);
    const auto third = begin(half);
    app->database().execute("update uploads set expires_at = now() - interval '1 minute'");
    EXPECT_EQ(complete(third.id).status, 410);
    EXPECT_EQ(app->run(clean_up_files(scope())).expired, 1);
    EXPECT_EQ(get("/v1/images/" + third.image).status, 404);
    std::ignore = begin(half);
    EXPECT_EQ(post("/v1/uploads", half, other).status, 201) << "each tenant has its own";
}

TEST_F(UploadsTest, APlanSaysHowMuch) {
    app->database().execute(fmt::format(
        "insert into subscriptions select (jsonb_populate_record(s, jsonb_build_object('tenant_id', '{}', 'id', "
        "'0197f0c2-0000-7000-8000-000000000001', 'plan_code', 'DUKA', 'plan_name', 'Duka', 'price', 0, 'currency', "
        "'KES', "
        "'period', 'month', 'limits', jsonb_build_object('storageBytes', 5000000), 'state', 'active', 'period_start', "
        "'2026-11-01', 'period_end', '2026-12-01', 'grace_until', '2026-12-15', 'cancels_at_end', false, 'anchor_day', "
        "1, 'created_at', now(), "
        "'updated_at', now(), "
        "'version', "
        "1))).* from (select null::subscriptions as s) as nothing",
        tenant()));
    std::ignore = begin(R"({"purpose":"image","contentType":"image/png","bytes":4000000})");
    EXPECT_EQ(post("/v1/uploads", R"({"purpose":"image","contentType":"image/png","bytes":2000000})").status, 409);
    app->database().execute("delete from subscriptions");
}

TEST_F(UploadsTest, ATenantHasAFewAtOnce) {
    app->database().execute(fmt::format(
        "insert into uploads (tenant_id, id, purpose, kind, state, content_type, bytes, received, image_id, "
        "expires_at, "
        "fence, metadata, created_at, updated_at) select '{}', gen_random_uuid(), 'image', 'signed_url', 'open', "
        "'image/png', 0, 0, (select id from images limit 1), now() + interval '1 hour', 0, '', now(), now() "
        "from generate_series(1, 200)",
        tenant()));
    const auto reply = post("/v1/uploads", R"({"purpose":"image","contentType":"image/png","bytes":1})");
    EXPECT_EQ(reply.status, 429);
    EXPECT_THAT(reply.body, HasSubstr("upload.too_many"));
}

// A process was killed between two steps; its rows and files are these.
TEST_F(UploadsTest, WhatNobodyOwnsGoes) {
    const auto id = "0197f0c2-0000-7000-8000-00000000000";
    const auto prefix = "t/" + tenant();
    const std::string digest(64, 'a');
    const std::vector<std::string> orphans{fmt::format("{}/pending/{}1", prefix, id),
                                           fmt::format("{}/images/{}2/{}/320.webp", prefix, id, digest),
                                           fmt::format("{}/documents/{}3/{}", prefix, id, digest)};
    for (const auto& key : orphans) store(key, "left");
    store("somebody/elses", "theirs");
    const auto image = made<Image>(send_file("/v1/images", picture(), "image/png"));
    const auto open = begin_picture();
    ASSERT_EQ(put(open.url, picture(), "image/png").status, 200);

    EXPECT_EQ(app->run(sweep_files(scope())).orphans, 0) << "they are young";
    const auto swept = app->run(sweep_files(scope(), std::chrono::hours(-1)));
    EXPECT_GE(swept.orphans, 3);
    EXPECT_EQ(swept.lost, 0);
    for (const auto& key : orphans) EXPECT_THAT(keys(), Not(Contains(key)));
    EXPECT_EQ(keys("somebody/").size(), 1U);
    EXPECT_EQ(see(*image.url).status, 200);
    EXPECT_EQ(complete(open.id).status, 200) << "what is under way is owned";
}

TEST_F(UploadsTest, ARowWhoseFilesAreGoneSaysSo) {
    const auto image = made<Image>(send_file("/v1/images", picture(), "image/png"));
    EXPECT_TRUE(app->run(stored().remove_below(files::image_prefix(*base::Uuid::from_string(tenant()), image.id.uuid()),
                                               async::Loop::now() + std::chrono::seconds(10))));
    EXPECT_EQ(see(*image.url).status, 404);
    EXPECT_EQ(app->run(sweep_files(scope())).lost, 1);
    EXPECT_EQ(body<Image>(get("/v1/images/" + text(image.id))).status, ImageStatus::lost);
}

TEST_F(UploadsTest, AFileThatIsThereAgainIsReadyAgain) {
    const auto image = made<Image>(send_file("/v1/images", picture(), "image/png"));
    EXPECT_EQ(app->run(sweep_files(scope())).lost, 0);
    app->database().execute(fmt::format("update images set status = 'lost' where id = '{}'", text(image.id)));
    EXPECT_EQ(see(*image.url).status, 404);
    const auto swept = app->run(sweep_files(scope()));
    EXPECT_EQ(swept.found, 1);
    EXPECT_EQ(body<Image>(get("/v1/images/" + text(image.id))).status, ImageStatus::ready);
    EXPECT_EQ(see(*image.url).status, 200);
}

// A disk that is not mounted has no mark, and one that has lost most of its files is no reason to give up their rows.
TEST_F(UploadsTest, AStorageThatIsNotTheRightOneLosesNothing) {
    namespace fs = std::filesystem;
    const auto image = made<Image>(send_file("/v1/images", picture(), "image/png"));
    EXPECT_EQ(app->run(sweep_files(scope())).lost, 0);
    const auto files = fs::path(directory) / "files";
    const auto away = fs::path(directory) / "away";
    fs::rename(files, away);
    fs::create_directory(files);
    auto swept = app->run(sweep_files(scope()));
    EXPECT_EQ(swept.lost + swept.doubtful, 0);
    EXPECT_EQ(stored().owner().storage.load(), Whose::missing);
    fs::remove_all(files);
    fs::rename(away, files);

    app->database().execute(
        fmt::format("insert into images select (jsonb_populate_record(i, jsonb_build_object('id', gen_random_uuid(), "
                    "'request_key', null))).* from images i, generate_series(1, 20) where i.id = '{}'",
                    text(image.id)));
    app->database().execute("delete from file_sweeps");
    swept = app->run(sweep_files(scope()));
    EXPECT_EQ(swept.lost, 0);
    EXPECT_EQ(swept.doubtful, 20);
    EXPECT_EQ(see(*image.url).status, 200);
    app->database().execute(
        fmt::format("delete from images where sha256 = (select sha256 from images where id = '{0}') "
                    "and id <> '{0}' and not exists (select from uploads u where u.image_id = images.id)",
                    text(image.id)));
}

// Another database before the same storage, or a copy of this one that went on.
TEST_F(UploadsTest, NothingIsRemovedFromAStorageOfAnotherDatabase) {
    const auto orphan = fmt::format("t/{}/pending/0197f0c2-0000-7000-8000-0000000000a1", tenant());
    std::ignore = app->run(sweep_files(scope()));
    store(orphan, "left");
    store("owner", "0197f0c2-0000-7000-8000-0000000000ff");
    EXPECT_EQ(app->run(sweep_files(scope(), std::chrono::hours(-1))).orphans, 0);
    EXPECT_THAT(keys(), Contains(orphan));
    EXPECT_FALSE(app->run(stored().remove(orphan, async::Loop::now() + std::chrono::seconds(10))));
    app->host().readiness().looked = {};
    EXPECT_THAT(app->get("/ready").body, HasSubstr("files claim"));

    std::ostringstream out;
    app->run(claim_files_command().run(&app->host(), {.options = {}, .out = &out}));
    EXPECT_GE(app->run(sweep_files(scope(), std::chrono::hours(-1))).orphans, 1);
    EXPECT_THAT(keys(), Not(Contains(orphan)));
}

// An empty database in front of a storage that was never marked.
TEST_F(UploadsTest, FilesOfTenantsThatAreUnknownHereStay) {
    const std::string foreign = "t/0197f0c2-0000-7000-8000-00000000ffff";
    const std::string digest(64, 'a');
    const auto id = "0197f0c2-0000-7000-8000-000000000001";
    const std::vector<std::string> theirs{fmt::format("{}/pending/{}", foreign, id),
                                          fmt::format("{}/images/{}/{}/320.webp", foreign, id, digest),
                                          fmt::format("{}/documents/{}/{}", foreign, id, digest)};
    for (const auto& key : theirs) store(key, "theirs");
    std::ignore = app->run(sweep_files(scope(), std::chrono::hours(-1)));
    for (const auto& key : theirs) EXPECT_THAT(keys(), Contains(key));
    for (const auto& key : theirs)
        EXPECT_TRUE(app->run(stored().remove(key, async::Loop::now() + std::chrono::seconds(10))));
}

TEST_F(UploadsTest, PiecesInAnothersDirectoryStay) {
    namespace fs = std::filesystem;
    const auto pieces = fs::path(directory) / "pieces";
    std::ignore = app->run(sweep_files(scope()));
    const auto theirs = pieces / "0197f0c2-0000-7000-8000-0000000000b1";
    fs::create_directories(theirs);
    EXPECT_EQ(app->run(sweep_files(scope())).pieces, 0) << "it is young";
    std::ofstream(pieces / "owner") << "another";
    EXPECT_EQ(app->run(sweep_files(scope(), std::chrono::hours(-1))).pieces, 0);
    EXPECT_TRUE(fs::exists(theirs));
    fs::remove(pieces / "owner");
    EXPECT_EQ(app->run(sweep_files(scope(), std::chrono::hours(-1))).pieces, 0) << "there are others' uploads";
    fs::remove_all(theirs);
    EXPECT_EQ(app->run(sweep_files(scope(), std::chrono::hours(-1))).pieces, 0);
    EXPECT_EQ(stored().owner().pieces.load(), Whose::ours) << "an empty one is taken anew";
}

TEST_F(UploadsTest, ASignedUrlServesNoLongerThanItsUpload) {
    for (const bool is_expired : {false, true}) {
        const auto begun = begin_picture();
        EXPECT_EQ(put(begun.url, picture(), "image/png").status, 200);
        if (is_expired) {
            app->database().execute("update uploads set expires_at = now() - interval '1 minute'");
            EXPECT_GE(app->run(clean_up_files(scope())).expired, 1);
        } else {
            EXPECT_EQ(send(http::Method::del, "/v1/uploads/" + begun.id, {}, owner).status, 204);
        }
        const auto late = put(begun.url, picture(), "image/png");
        EXPECT_EQ(late.status, 403);
        EXPECT_THAT(late.body, HasSubstr("storage.expired"));
        EXPECT_THAT(keys(), Not(Contains(begun.key)));
    }
}

// Each refused form or body of a document gives its room back with its answer.
TEST_F(UploadsTest, ARefusedDocumentKeepsNoRoom) {
    const std::string pdf = "%PDF-1.4\n%%EOF\n";
    const Headers key{{"Idempotency-Key", "refused-document"}};
    struct Refused {
        std::string body;
        std::string type;
        Headers headers;
    };
    for (const auto& [bytes, type, headers] :
         {Refused{std::string("\0\1\2", 3), "application/pdf", key},
          Refused{
              pdf, "application/pdf", {{"Content-Digest", "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:"}}},
          Refused{"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\na,b\n",
                  "multipart/form-data; boundary=b",
                  {}}}) {
        const auto held = [] {
            return app->database().value(
                "select count(*) from documents d where d.status = 'pending' and d.deleted_at is null "
                "and not exists (select from uploads u where u.document_id = d.id)");
        };
        const auto before = held();
        EXPECT_GE(send_file("/v1/documents", bytes, type, headers).status, 400) << bytes;
        EXPECT_EQ(held(), before) << bytes;
    }
    EXPECT_EQ(send_file("/v1/documents", "a,b\n1,2\n", "text/csv", key).status, 201) << "and its key is free";
}

// Killed between the row of an image and its files.
TEST_F(UploadsTest, ImagesThatNeverBecameReadyGo) {
    const auto image = made<Image>(send_file("/v1/images", picture(), "image/png", {{"Idempotency-Key", "cut-off"}}));
    app->database().execute(
        fmt::format("update images set status = 'pending', created_at = now() - interval '3 hours' where id = '{}'",
                    text(image.id)));
    const auto done = app->run(clean_up_files(scope()));
    EXPECT_EQ(done.abandoned, 1);
    EXPECT_EQ(done.removed, 1);
    for (const auto& key : keys()) EXPECT_THAT(key, Not(HasSubstr(text(image.id))));
    const auto again = made<Image>(send_file("/v1/images", picture(), "image/png", {{"Idempotency-Key", "cut-off"}}));
    EXPECT_NE(again.id, image.id) << "its key was free again";
}

// Each run ends after a number of them, and what cannot be removed stands in nobody's way.
TEST_F(UploadsTest, AbandonedUploadsByTheThousandGoInBoundedRuns) {
    namespace fs = std::filesystem;
    const auto shown = begin_picture().image;
    app->database().execute("delete from uploads");
    app->database().execute(fmt::format(
        "insert into uploads (tenant_id, id, purpose, kind, state, content_type, bytes, received, image_id, "
        "expires_at, fence, metadata, created_at, updated_at) "
        "select '{}', ('0197f0c2-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, 'image', "
        "case when n % 2 = 0 then 'tus' else 'signed_url' end, 'open', 'image/png', 1000, 0, '{}', "
        "now() - interval '1 hour' + n * interval '1 millisecond', 0, '', now(), now() from generate_series(0, 1199) n",
        tenant(), shown));
    const auto id = [](int n) { return fmt::format("0197f0c2-0000-7000-9000-{:012}", n); };
    const auto pending = [](const std::string& upload) { return fmt::format("t/{}/pending/{}", tenant(), upload); };
    const auto pieces = fs::path(directory) / "pieces";
    for (int n = 0; n < 1'200; n += 2) {
        fs::create_directories(pieces / id(n));
        std::ofstream(pieces / id(n) / "room") << "kept";
    }
    for (int n = 101; n < 121; n += 2) store(pending(id(n)), "half");
    // In the place of the first hundred is what no unlink() removes.
    store(pending(id(0)), "x");
    fs::path place;
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(directory) / "files")) {
        if (entry.is_regular_file() && entry.path().filename().string().starts_with(id(0))) place = entry.path();
    }
    ASSERT_FALSE(place.empty());
    const auto name = place.filename().string().substr(id(0).size());
    fs::remove(place);
    for (int n = 0; n < 100; ++n) fs::create_directories(place.parent_path() / (id(n) + name));

    const auto more = R"({"purpose":"image","contentType":"image/png","bytes":1000})";
    EXPECT_EQ(post("/v1/uploads", more).status, 429) << "what is abandoned counts until it is gone";
    EXPECT_EQ(app->run(clean_up_files(scope())).expired, 900);
    EXPECT_EQ(app->run(clean_up_files(scope())).expired, 200);
    EXPECT_EQ(app->run(clean_up_files(scope())).expired, 0);
    EXPECT_EQ(app->database().value("select count(*) from uploads where state = 'open'"), "100");
    for (int n = 0; n < 100; ++n) fs::remove(place.parent_path() / (id(n) + name));
    EXPECT_EQ(app->run(clean_up_files(scope())).expired, 100);
    EXPECT_EQ(std::ranges::count_if(fs::directory_iterator(pieces), [](const auto& at) { return at.is_directory(); }),
              0);
    EXPECT_THAT(keys(), Not(Contains(HasSubstr("/pending/"))));
    EXPECT_EQ(get("/v1/images/" + shown).status, 404);
    EXPECT_EQ(post("/v1/uploads", more).status, 201) << "and its room is free";
}

TEST_F(UploadsTest, RowsOfAMonthAgoGo) {
    const auto begun = begin_picture();
    EXPECT_EQ(send(http::Method::del, "/v1/uploads/" + begun.id, {}, owner).status, 204);
    app->database().execute("update uploads set updated_at = now() - interval '31 days'");
    EXPECT_EQ(app->run(clean_up_files(scope())).forgotten, 1);
    EXPECT_EQ(get("/v1/uploads/" + begun.id).status, 404);
}

}  // namespace
