#include "openapi/collection.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

#include "openapi/collection_fresh.h"
#include "openapi/collection_text.h"

namespace openapi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view shop = R"({
"openapi":"3.1.0","info":{"title":"Shop","version":"1.0.0","description":"Words"},
"tags":[{"name":"people","description":"Who comes in."},{"name":"things"}],
"paths":{
 "/things/{id}":{
  "get":{"operationId":"getThing","tags":["things"],"security":[{"bearer":[]}],
   "parameters":[{"name":"id","in":"path","example":"7"},{"name":"If-None-Match","in":"header","schema":{"examples":["\"1\""]}}],
   "responses":{"200":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing"}}}},"404":{},"500":{}}},
  "delete":{"operationId":"deleteThing","tags":["things"],"security":[{"bearer":[]}],"x-needs":"nobody may have it",
   "parameters":[{"name":"id","in":"path","example":"7"},{"name":"If-Match","in":"header","example":"\"1\""}],
   "responses":{"204":{},"404":{}}}},
 "/things":{
  "get":{"operationId":"listThings","tags":["things"],"security":[{"bearer":[]}],
   "parameters":[{"name":"fields","in":"query","schema":{"examples":[["id","name"]]}},{"name":"limit","in":"query","schema":{"default":50}},
    {"name":"place","in":"query","example":"a/b"}],
   "responses":{"200":{"content":{"text/csv":{}}}}},
  "post":{"operationId":"createThing","tags":["things"],"security":[{"bearer":[]}],
   "parameters":[{"name":"Idempotency-Key","in":"header","example":"0197"}],
   "requestBody":{"content":{"application/json":{"example":{"clientRequestId":"0197","name":"Sugar"}},"application/x-www-form-urlencoded":{}}},
   "responses":{"201":{"content":{"application/json":{"example":{"id":"8"}}},
     "links":{"getThing":{"operationId":"getThing","parameters":{"id":"$response.body#/id"}}}}}}},
 "/events":{"get":{"operationId":"getEvents","tags":["things"],"responses":{"200":{"content":{"text/event-stream":{}}}}}},
 "/ws":{"get":{"operationId":"connectSocket","tags":["things"],"responses":{"101":{},"426":{"content":{"application/problem+json":{}}}}}},
 "/photos":{"post":{"operationId":"addPhoto","tags":["things"],
  "requestBody":{"content":{"image/png":{},"multipart/form-data":{"schema":{"properties":{"file":{},"more":{}},"required":["file"]}}}},
  "responses":{"201":{}}}},
 "/logout":{"post":{"operationId":"logout","tags":["people"],"security":[{"bearer":[]}],"responses":{"204":{}}}},
 "/me":{"get":{"operationId":"getMe","tags":["people"],"security":[{"bearer":[]}],"responses":{"200":{}}}},
 "/login":{"post":{"operationId":"login","tags":["people"],"security":[],
  "requestBody":{"content":{"application/json":{"example":{"email":"a@b.example","password":"open"}}}},
  "responses":{"200":{"content":{"application/json":{}}}}}}},
"components":{"schemas":{"Thing":{"type":"object","required":["id","name"],"properties":{"id":{}}}}}})";

Collection example(std::vector<std::string> order = {"logout", "getMe", "login", "deleteThing", "getThing",
                                                     "listThings", "createThing", "getEvents", "addPhoto"}) {
    return collection_of(shop, order,
                         {.login = "login",
                          .account = {{"email", "a@b.example"}, {"password", "open", true}},
                          .ends_login = {"logout"},
                          .base_url = "http://localhost:3000"});
}

std::vector<std::string> ids_of(const CollectionFolder& folder) {
    std::vector<std::string> ids;
    for (const auto& request : folder.requests) ids.push_back(request.id);
    return ids;
}

const CollectionRequest& request_of(const Collection& collection, std::string_view id) {
    for (const auto& folder : collection.folders) {
        for (const auto& request : folder.requests) {
            if (request.id == id) return request;
        }
    }
    throw std::out_of_range(std::string(id));
}

TEST(Collection, FoldersAreTagsAndRowsAreMadeBeforeTheyAreReadAndDeletedLast) {
    const auto collection = example();
    ASSERT_EQ(collection.folders.size(), 2U);
    EXPECT_EQ(collection.folders[0].description, "Who comes in.");
    EXPECT_THAT(ids_of(collection.folders[0]), ElementsAre("login", "getMe", "logout"));
    // A stream of events does not end, so it is no request of a collection.
    EXPECT_THAT(ids_of(collection.folders[1]),
                ElementsAre("listThings", "createThing", "addPhoto", "getThing", "deleteThing"));
}

TEST(Collection, WhatIsSentIsTheDocumentsExample) {
    const auto collection = example();
    const auto& list = request_of(collection, "listThings");
    ASSERT_EQ(list.query.size(), 3U);
    EXPECT_EQ(list.query[0].value, "id,name");
    EXPECT_FALSE(list.query[0].is_sent);
    EXPECT_EQ(list.query[1].value, "50");
    EXPECT_TRUE(list.query[2].is_sent);
    const auto& photo = request_of(collection, "addPhoto");
    EXPECT_EQ(photo.media_type, "multipart/form-data");
    ASSERT_EQ(photo.form.size(), 2U);
    EXPECT_TRUE(photo.form[0].is_sent);
    EXPECT_FALSE(photo.form[1].is_sent);
}

TEST(Collection, KeysVersionsIdsAndTheAccountAreVariables) {
    const auto collection = example();
    const auto& create = request_of(collection, "createThing");
    EXPECT_EQ(create.body, "{\n  \"clientRequestId\": \"{{key}}\",\n  \"name\": \"Sugar\"\n}");
    EXPECT_EQ(create.headers[0].value, "{{key}}");
    ASSERT_EQ(create.keeps.size(), 1U);
    EXPECT_EQ(create.keeps[0].variable, "createThingId");
    EXPECT_EQ(request_of(collection, "getThing").path_values[0].value, "{{createThingId}}");
    EXPECT_EQ(request_of(collection, "deleteThing").path_values[0].value, "7");
    EXPECT_EQ(request_of(collection, "deleteThing").headers[0].value, "{{ifMatch}}");
    EXPECT_EQ(request_of(collection, "login").body,
              "{\n  \"email\": \"{{email}}\",\n  \"password\": \"{{password}}\"\n}");
    // What a request sends before anything was kept.
    EXPECT_THAT(collection.variables,
                testing::Contains(testing::AllOf(testing::Field(&CollectionVariable::name, "createThingId"),
                                                 testing::Field(&CollectionVariable::value, "7"))));
}

// POST /goods answers 201 with an id: what stands below it is of what was made.
constexpr std::string_view goods = R"({
"info":{"title":"Goods","version":"1.0.0"},"tags":[{"name":"goods"}],
"paths":{
 "/goods":{"post":{"operationId":"createGood","tags":["goods"],"security":[{"bearer":[]}],
   "requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/NewGood"},
    "example":{"zone":"b","sku":"TEA-1","madeOn":"2026-01-16","note":"TEA-1","secret":"open","parts":[{"sku":"TEA-2"}]}}}},
   "responses":{"201":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Good"}}}},
    "409":{"$ref":"#/components/responses/good.sku_taken"}}}},
 "/goods/{id}":{
  "get":{"operationId":"getGood","tags":["goods"],"parameters":[{"name":"id","in":"path","example":"7"}],"responses":{"200":{}}},
  "delete":{"operationId":"deleteGood","tags":["goods"],"parameters":[{"name":"id","in":"path","example":"9"}],"responses":{"204":{},"404":{}}}},
 "/goods/by-client-request/{key}":{
  "get":{"operationId":"getGoodByKey","tags":["goods"],"parameters":[{"name":"key","in":"path","example":"k"}],"responses":{"200":{}}}},
 "/goods/{id}/parts":{"post":{"operationId":"addPart","tags":["goods"],"parameters":[{"name":"id","in":"path","example":"7"}],
   "responses":{"201":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Good"}}}}}}},
 "/goods/{id}/parts/{partId}":{"delete":{"operationId":"removePart","tags":["goods"],
   "parameters":[{"name":"id","in":"path","example":"8"},{"name":"partId","in":"path","example":"3"}],"responses":{"204":{}}}},
 "/goods/list":{"get":{"operationId":"listGoods","tags":["goods"],
   "parameters":[{"name":"updatedSince","in":"query","schema":{"format":"date-time","examples":["2026-01-01T00:00:00+03:00"]}}],
   "responses":{"200":{}}}}},
"components":{
 "responses":{"good.sku_taken":{"content":{"application/problem+json":{"examples":{"good.sku_taken":{}}}}}},
 "schemas":{"Good":{"required":["id","clientRequestId"]},
  "NewGood":{"properties":{"zone":{},"sku":{"maxLength":16},"madeOn":{"format":"date"},"note":{},"secret":{},
   "parts":{"items":{"properties":{"sku":{"maxLength":14}}}}}}}}})";

TEST(Collection, WhatWasMadeIsReadChangedAndDeleted) {
    const auto collection = collection_of(
        goods, {"createGood", "getGood", "deleteGood", "getGoodByKey", "addPart", "removePart", "listGoods"}, {});
    EXPECT_THAT(ids_of(collection.folders.at(0)), ElementsAre("listGoods", "createGood", "addPart", "getGood",
                                                              "getGoodByKey", "removePart", "deleteGood"));
    EXPECT_EQ(request_of(collection, "getGood").path_values[0].value, "{{createGoodId}}");
    EXPECT_EQ(request_of(collection, "getGoodByKey").path_values[0].value, "{{createGoodClientRequestId}}");
    // Alone it deletes the row of its own example.
    EXPECT_EQ(request_of(collection, "deleteGood").path_values[0].value, "{{deleteGoodId}}");
    EXPECT_EQ(request_of(collection, "removePart").path_values[1].value, "{{addPartId}}");
    const auto has = [](std::string_view name, std::string_view value) {
        return testing::AllOf(testing::Field(&CollectionVariable::name, name),
                              testing::Field(&CollectionVariable::value, value));
    };
    EXPECT_THAT(collection.seeded, testing::IsSupersetOf({has("createGoodId", "7"), has("deleteGoodId", "9"),
                                                          has("removePartId", "8"), has("addPartId", "3")}));
    // Gone with its parts; a part that is gone takes nothing else with it.
    EXPECT_EQ(request_of(collection, "deleteGood").ended.size(), 5U);
    EXPECT_THAT(request_of(collection, "removePart").ended, ElementsAre(has("addPartId", "3")));
    EXPECT_THAT(request_of(collection, "getGood").ended, IsEmpty());
    const auto text = postman_collection(collection);
    EXPECT_THAT(
        text,
        HasSubstr(
            R"(if (pm.response.code === 404) for (const [name, value] of Object.entries({ createGoodClientRequestId: \"k\", createGoodId: \"7\")"));
}

// An upload of tus, which would stay for ever.
TEST(Collection, WhatSaysWhereItLiesInAHeaderAloneIsDeletedToo) {
    constexpr std::string_view uploads = R"({"info":{"title":"","version":""},"tags":[{"name":"t"}],"paths":{
 "/u":{"post":{"operationId":"createU","tags":["t"],"responses":{"201":{"headers":{"Location":{},"Upload-Offset":{}}}}}},
 "/u/{id}":{"get":{"operationId":"getU","tags":["t"],"parameters":[{"name":"id","in":"path","example":"7"}],"responses":{"204":{}}},
  "delete":{"operationId":"deleteU","tags":["t"],"parameters":[{"name":"id","in":"path","example":"7"}],"responses":{"204":{}}}}}})";
    const auto collection = collection_of(uploads, {"createU", "getU", "deleteU"}, {});
    EXPECT_THAT(ids_of(collection.folders.at(0)), ElementsAre("createU", "getU", "deleteU"));
    EXPECT_EQ(request_of(collection, "getU").path_values[0].value, "{{createUId}}");
    EXPECT_EQ(request_of(collection, "deleteU").path_values[0].value, "{{createUId}}");
    EXPECT_EQ(request_of(collection, "deleteU").ended.size(), 1U);
    for (const auto& [text, place, set] :
         {std::array<std::string, 3>{postman_collection(collection), "pm.response.headers.get('Location')",
                                     "pm.collectionVariables.set"},
          {insomnia_collection(collection), "insomnia.response.headers.get('Location')",
           "insomnia.baseEnvironment.set"}}) {
        EXPECT_THAT(text, HasSubstr(fmt::format("const madeAt = String({} || '').split('/').pop();", place)));
        EXPECT_THAT(text, HasSubstr(fmt::format("{}(name, madeAt);", set)));
        EXPECT_THAT(text, Not(HasSubstr("const reply =")));
    }
    const auto files = bruno_collection(collection);
    const auto create = std::ranges::find(files, "t/createU.bru", &CollectionFile::path);
    ASSERT_NE(create, files.end());
    EXPECT_THAT(create->text, HasSubstr("const madeAt = String(res.getHeader('location') || '').split('/').pop();"));
}

TEST(Collection, ABatchChangesTheRowThatWasMade) {
    constexpr std::string_view things = R"({"info":{"title":"","version":""},"tags":[{"name":"t"}],"paths":{
 "/t":{"post":{"operationId":"createT","tags":["t"],"responses":{"201":{"content":{"application/json":{"schema":{"required":["id"]}}}}}}},
 "/t/{id}":{"get":{"operationId":"getT","tags":["t"],"parameters":[{"name":"id","in":"path","example":"7"}],"responses":{"200":{}}}},
 "/t/batch":{"post":{"operationId":"batchT","tags":["t"],"requestBody":{"content":{"application/json":{"example":
  {"items":[{"id":"3","version":1,"data":{}},{"id":"4","version":12},{"id":"5","version":1},{"id":"6"}]}}}},"responses":{"200":{}}}}}})";
    const auto collection = collection_of(things, {"createT", "getT", "batchT"}, {});
    const auto& body = request_of(collection, "batchT").body;
    EXPECT_THAT(body, HasSubstr("\"id\": \"{{createTId}}\",\n      \"version\": 1,"));
    EXPECT_THAT(body, HasSubstr("\"id\": \"{{createTId}}\",\n      \"version\": 1\n"));
    EXPECT_THAT(body, HasSubstr("\"id\": \"4\",\n      \"version\": 12"));
    EXPECT_THAT(body, HasSubstr("\"id\": \"6\""));
}

TEST(Collection, WhatOneRowAloneMayHaveIsNewAndTimesAreThePresent) {
    const auto collection = collection_of(goods, {"createGood", "listGoods"}, {.account = {{"secret", "open", true}}});
    EXPECT_EQ(
        request_of(collection, "createGood").body,
        "{\n  \"zone\": \"b\",\n  \"sku\": \"TEA-1-{{fresh}}\",\n  \"madeOn\": \"{{today}}\",\n  \"note\": \"TEA-1\",\n"
        "  \"secret\": \"{{secret}}\",\n  \"parts\": [\n    {\n      \"sku\": \"TEA--{{fresh}}\"\n    }\n  ]\n}");
    const auto& list = request_of(collection, "listGoods");
    EXPECT_EQ(list.query[0].value, "{{aWeekAgo}}");
    EXPECT_FALSE(list.query[0].is_sent);
    EXPECT_THAT(insomnia_collection(collection), HasSubstr(R"(\"secret\": {{ _.secret | dump }})"));
}

TEST(CollectionFresh, FitsInWhatTheSchemaTakes) {
    struct Case {
        std::string_view text;
        SchemaView schema;
        std::string_view wanted;
    };
    const auto of = [](std::string format, std::string pattern, std::int64_t most) {
        SchemaView view;
        view.format = std::move(format);
        view.pattern = std::move(pattern);
        view.max_length = most;
        return view;
    };
    const Case cases[] = {
        {"MSA1", of("code", "^[A-Za-z0-9][A-Za-z0-9-]{0,15}$", 16), "MSA1-{{fresh}}"},
        {"MSA1", of("code", "^[A-Z0-9]+$", 16), "MSA1{{fresh}}"},
        {"MSA1", of("code", "^[A-Z]+$", 16), "MSA1"},
        {"MOMBASA-1", of("code", {}, 16), "MOMBAS-{{fresh}}"},
        {"MSA1", of("code", {}, 10), "MSA1{{freshShort}}"},
        {"MSA1", of("code", {}, 4), "MSA1"},
        {"MSA1", of("code", "(", 0), "MSA1"},
        {"njeri@demo.example", of("email", {}, 254), "njeri.{{fresh}}@demo.example"},
        {"6161100000018", of("barcode", "^[!-~]{1,64}$", 10000), "6161{{fresh}}"},
        {"+254712345678", of("phone", {}, 40), "+254712{{freshShort}}"},
        {"0712 345 678", of("phone", {}, 40), "0712 345 678"},
        {"12", of({}, {}, 0), "12"},
        {"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091", of("uuid", {}, 0), "0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091"},
    };
    for (const auto& one : cases)
        EXPECT_EQ(fresh_text(one.text, one.schema), one.wanted) << one.text << one.schema.pattern;
}

TEST(CollectionFresh, TimesAreNamedByWhatTheyMean) {
    EXPECT_EQ(time_variable("occurredAt", "date-time"), "{{now}}");
    EXPECT_EQ(time_variable("since", "date-time"), "{{aWeekAgo}}");
    EXPECT_EQ(time_variable("expiresAt", "date-time"), "{{inADay}}");
    EXPECT_EQ(time_variable("from", "date"), "{{lastWeek}}");
    EXPECT_EQ(time_variable("to", "date"), "{{today}}");
    EXPECT_EQ(time_variable("validFrom", "date"), "{{tomorrow}}");
    EXPECT_EQ(time_variable("validTo", "date"), "{{nextYear}}");
    EXPECT_EQ(time_variable("from", ""), "");
}

TEST(Collection, BrunosFilesAreKnownAgainUntilTheyAreEdited) {
    for (const auto& file : bruno_collection(example())) {
        const bool has_mark = file.path != "bruno.json" && !file.path.starts_with("environments/");
        EXPECT_EQ(bruno_file_of(file.path, file.text), has_mark ? BrunoFile::written : BrunoFile::own) << file.path;
        if (!has_mark) continue;
        EXPECT_EQ(bruno_file_of("other/" + file.path, file.text), BrunoFile::edited);
        EXPECT_EQ(bruno_file_of(file.path, file.text + "\n"), BrunoFile::edited);
        auto of_windows = file.text;
        for (auto at = of_windows.find('\n'); at != std::string::npos; at = of_windows.find('\n', at + 2))
            of_windows.insert(at, "\r");
        EXPECT_EQ(bruno_file_of(file.path, of_windows), BrunoFile::written);
        EXPECT_EQ(bruno_file_of(file.path, of_windows + "\r\n"), BrunoFile::edited);
        EXPECT_EQ(bruno_file_of(file.path, file.text.substr(0, file.text.find("this program: ") + 20)),
                  BrunoFile::edited);
    }
    EXPECT_EQ(bruno_file_of("a/b.bru", "meta {\n}\n"), BrunoFile::own);
}

TEST(Collection, EachReplyIsTested) {
    const auto collection = example();
    const auto get = postman_collection(collection);
    EXPECT_THAT(get, HasSubstr(R"(include.all.keys(\"id\", \"name\"))"));
    EXPECT_THAT(get, HasSubstr(R"(to.be.oneOf([\"text/csv\"]))"));
    EXPECT_THAT(
        get,
        HasSubstr(
            R"(if (reply?.id) for (const name of [\"createThingId\"]) pm.collectionVariables.set(name, String(reply?.id));)"));
    // One that cannot succeed takes what the document has, and no 5xx.
    EXPECT_THAT(get, HasSubstr("// It needs more than this: nobody may have it"));
    EXPECT_THAT(get, HasSubstr("to.be.oneOf([204, 404])"));
    EXPECT_THAT(get, Not(HasSubstr("404, 500")));
    // Whoever logged out logs in again.
    EXPECT_THAT(get, HasSubstr(R"(if (succeeded) pm.collectionVariables.set(\"token\", \"\");)"));
}

TEST(Collection, PostmansUrlsHaveAllTheirForms) {
    const auto text = postman_collection(example());
    EXPECT_THAT(text, HasSubstr(R"("raw": "{{baseUrl}}/things?place=a/b")"));
    EXPECT_THAT(text, HasSubstr(R"("raw": "{{baseUrl}}/things/:id")"));
    EXPECT_THAT(text, HasSubstr(R"("schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json")"));
    EXPECT_THAT(postman_environment(example()), HasSubstr(R"("type": "secret")"));
}

TEST(Collection, InsomniaHasItsOwnTemplates) {
    const auto text = insomnia_collection(example());
    EXPECT_THAT(text, HasSubstr(R"(url: "{{ _.base }}/things/:id")"));
    EXPECT_THAT(text, HasSubstr(R"(value: "{{ _.createThingId }}")"));
    EXPECT_THAT(text, Not(HasSubstr("{{key}}")));
}

// What is kept, and goes along with an export, says nothing of the password.
TEST(Collection, WhoseATokenIsHasNoPassword) {
    const auto collection = example();
    auto bruno = std::string();
    for (const auto& file : bruno_collection(collection)) bruno += file.text;
    for (const auto& text : {postman_collection(collection), insomnia_collection(collection), bruno}) {
        const auto at = text.find("const whose = ");
        ASSERT_NE(at, std::string::npos);
        const auto line = text.substr(at, text.find(';', at) - at);
        EXPECT_THAT(line, HasSubstr("email"));
        EXPECT_THAT(line, Not(HasSubstr("password")));
        EXPECT_THAT(text, Not(HasSubstr("codePointAt")));
    }
    EXPECT_THAT(postman_collection(collection), Not(HasSubstr("collectionVariables.set('refused'")));
    EXPECT_THAT(insomnia_collection(collection), Not(HasSubstr("baseEnvironment.set('refused'")));
}

TEST(Collection, TheAddressOfAKeptEnvironmentIsRead) {
    auto bruno = bruno_collection(example());
    const auto local = std::ranges::find(bruno, "environments/local.bru", &CollectionFile::path);
    ASSERT_NE(local, bruno.end());
    EXPECT_EQ(bruno_base_url(local->text), "http://localhost:3000");
    EXPECT_EQ(postman_base_url(postman_environment(example())), "http://localhost:3000");
    EXPECT_EQ(bruno_base_url("vars {\r\n  email: a\r\n  baseUrl: http://{{host}}:1/\r\n}\r\n"), "http://{{host}}:1/");
    for (const auto* text : {"", "vars {\n  ~baseUrl: x\n}\n", "docs {\n  baseUrl: x\n}\n", "vars {\n  baseUrl\n}\n"})
        EXPECT_EQ(bruno_base_url(text), std::nullopt) << text;
    for (const auto* text :
         {"", "{", "[]", R"({"values":[]})", R"({"values":[{"key":"baseUrl","value":"x","enabled":false}]})"})
        EXPECT_EQ(postman_base_url(text), std::nullopt) << text;
}

TEST(Collection, NoLineOfATextEndsABlockOfBruno) {
    for (const auto& file : bruno_collection(example())) {
        if (!file.path.ends_with(".bru")) continue;
        bool is_inside = false;
        std::size_t at = 0;
        while (at < file.text.size()) {
            const auto line = std::string_view(file.text).substr(at, file.text.find('\n', at) - at);
            at += line.size() + 1;
            if (line.empty()) continue;
            if (!is_inside) {
                EXPECT_TRUE(line.ends_with(" {")) << file.path << ": " << line;
                is_inside = true;
            } else if (line == "}") {
                is_inside = false;
            } else {
                EXPECT_TRUE(line.starts_with("  ")) << file.path << ": " << line;
            }
        }
        EXPECT_FALSE(is_inside) << file.path;
    }
}

TEST(Collection, IsTheSameTextEveryTime) {
    EXPECT_EQ(postman_collection(example()), postman_collection(example()));
    EXPECT_EQ(insomnia_collection(example()), insomnia_collection(example()));
}

TEST(Collection, RefusesWhatIsNoDocument) {
    EXPECT_THROW((void)collection_of("{", {}, {}), std::invalid_argument);
    EXPECT_THROW((void)collection_of(R"({"openapi":"3.1.0"})", {}, {}), std::invalid_argument);
    EXPECT_THAT(collection_of(R"({"info":{"title":"","version":""},"paths":{}})", {}, {}).folders, IsEmpty());
}

TEST(CollectionText, JsonIsIndentedWithoutBeingReadInside) {
    EXPECT_EQ(indented(R"({"a":[],"b":{},"c":[1,{"d":"x,{}:\"y"}]})"),
              "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1,\n    {\n      \"d\": \"x,{}:\\\"y\"\n    }\n  ]\n}");
    EXPECT_EQ(indented("\"cut"), "\"cut");
    EXPECT_EQ(indented("}}]"), "\n}\n}\n]");
    EXPECT_EQ(with_variables("a{{b}}c{{d}}e{{f", "<", ">"), "a<b>c<d>e{{f");
    EXPECT_EQ(with_colons("/a/{b}/c"), "/a/:b/c");
}

}  // namespace
}  // namespace openapi
