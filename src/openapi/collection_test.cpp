#include "openapi/collection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

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

TEST(Collection, EachReplyIsTested) {
    const auto collection = example();
    const auto get = postman_collection(collection);
    EXPECT_THAT(get, HasSubstr(R"(include.all.keys(\"id\", \"name\"))"));
    EXPECT_THAT(get, HasSubstr(R"(to.be.oneOf([\"text/csv\"]))"));
    EXPECT_THAT(get, HasSubstr(R"(if (reply?.id) pm.collectionVariables.set(\"createThingId\", String(reply?.id));)"));
    // One that cannot succeed takes what the document has, and no 5xx.
    EXPECT_THAT(get, HasSubstr("// It needs more than this: nobody may have it"));
    EXPECT_THAT(get, HasSubstr("to.be.oneOf([204, 404])"));
    EXPECT_THAT(get, Not(HasSubstr("500")));
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
    EXPECT_THAT(text, HasSubstr(R"(url: "{{ _.baseUrl }}/things/:id")"));
    EXPECT_THAT(text, HasSubstr(R"(value: "{{ _.createThingId }}")"));
    EXPECT_THAT(text, Not(HasSubstr("{{key}}")));
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
