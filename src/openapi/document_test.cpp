#include "openapi/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "http/multipart.h"
#include "http/problem.h"
#include "openapi/example/shop.h"
#include "openapi/json_text.h"
#include "openapi/lint.h"
#include "openapi/problem.h"

namespace openapi {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::ThrowsMessage;

async::Task<void> nothing(http::Context&) { co_return; }
async::Task<example::Product> nothing_typed() { co_return example::Product{}; }

std::string example_document() {
    http::Router router;
    example::add_routes(router);
    return document(router, example::info());
}

// The member `name` of the object that `json` is, as text.
std::string member(std::string_view json, std::string_view name) {
    std::string key;
    schema::write_json_string(name, key);
    key += ":{";
    const auto at = json.find(key);
    if (at == std::string_view::npos) return "";
    int depth = 0;
    for (auto end = at + key.size() - 1; end < json.size(); ++end) {
        if (json[end] == '{') ++depth;
        if (json[end] == '}' && --depth == 0)
            return std::string(json.substr(at + key.size() - 1, end - at - key.size() + 2));
    }
    return "";
}

TEST(Document, IsTheSameTextEveryTime) { EXPECT_EQ(example_document(), example_document()); }

TEST(Document, EveryReferenceLeadsSomewhere) {
    http::Router router;
    example::add_routes(router);
    EXPECT_THAT(lint(router), IsEmpty());
    EXPECT_THAT(unresolved_references(example_document()), IsEmpty());
    EXPECT_THAT(unresolved_references(R"({"components":{"schemas":{"A":{}}},"x":[{"$ref":"#/components/schemas/A"},)"
                                      R"({"$ref":"#/components/schemas/B"},"\"$ref\":\"no\""]})"),
                ElementsAre("#/components/schemas/B"));
    EXPECT_THROW((void)unresolved_references("{"), std::invalid_argument);
}

TEST(Document, HasWebhooks) {
    http::Router router;
    example::add_routes(router);
    auto info = example::info();
    EXPECT_THAT(document(router, info), Not(HasSubstr("\"webhooks\"")));
    info.webhooks = {{.name = "product.created",
                      .summary = "A product was added",
                      .tag = "products",
                      .data = &schema::type_of<example::Product>,
                      .example = R"({"id":"0197"})"}};
    const auto json = document(router, info);
    EXPECT_THAT(unresolved_references(json), IsEmpty());
    const auto webhook = member(member(json, "webhooks"), "product.created");
    EXPECT_THAT(webhook, HasSubstr(R"("operationId":"onProductCreated")"));
    EXPECT_THAT(webhook, HasSubstr(R"("data":{"$ref":"#/components/schemas/)"));
    EXPECT_THAT(webhook,
                HasSubstr(R"("type":"product.created","occurredAt":"2026-11-22T06:14:03.120Z","data":{"id":"0197"}})"));
    EXPECT_THAT(webhook, HasSubstr("webhook-signature"));
    EXPECT_THAT(webhook, HasSubstr("once its change is committed"));
}

TEST(Document, HasInfoServersAndTags) {
    const auto json = example_document();
    EXPECT_THAT(json, HasSubstr(R"({"openapi":"3.1.0","info":{"title":"Example shop","version":"1.0.0")"));
    EXPECT_THAT(json, HasSubstr(R"("license":{"name":"MIT","identifier":"MIT"})"));
    EXPECT_THAT(
        json,
        HasSubstr(R"("contact":{"name":"Support","url":"https://shop.example/help","email":"help@shop.example"})"));
    EXPECT_THAT(json, HasSubstr(R"("servers":[{"url":"https://api.shop.example","description":"Production"}])"));
    EXPECT_THAT(json, HasSubstr(R"("tags":[{"name":"products","description":"What is sold."},{"name":"images")"));
}

TEST(Document, DescribesParameters) {
    const auto list = member(member(example_document(), "/v1/products"), "get");
    EXPECT_THAT(list,
                HasSubstr(R"({"name":"limit","in":"query","required":false,"description":"Page size \"at most\".",)"
                          R"("schema":{"type":"integer","format":"int32","minimum":1,"maximum":500,"default":50}})"));
    // Absent, but never null. An optional one has its example where no page takes it for a value.
    EXPECT_THAT(list, HasSubstr(R"("schema":{"type":"string","maxLength":10000,"examples":["eyJrIjoxfQ"]}})"));
    EXPECT_THAT(list, HasSubstr(R"("schema":{"$ref":"#/components/schemas/ProductStatus","examples":["active"]}})"));
    const auto change = member(member(example_document(), "/v1/products/{id}"), "patch");
    EXPECT_THAT(change, HasSubstr(R"({"name":"id","in":"path","required":true,)"
                                  R"("description":"An id that `GET /v1/products` lists.",)"
                                  R"("schema":{"type":"string","format":"uuid"},)"
                                  R"("example":"0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091"})"));
    EXPECT_THAT(change, HasSubstr(R"({"name":"If-Match","in":"header","required":true)"));
    EXPECT_THAT(change, HasSubstr(R"("example":"\"1\""})"));
}

TEST(Document, OffersIfNoneMatchWhereThereIsATag) {
    const auto one = member(example_document(), "/v1/products/{id}");
    EXPECT_THAT(member(one, "get"), HasSubstr(R"("name":"If-None-Match","in":"header","required":false)"));
    EXPECT_THAT(member(one, "patch"), Not(HasSubstr("If-None-Match")));
    EXPECT_THAT(member(example_document(), "/v1/products"), Not(HasSubstr("If-None-Match")));
}

TEST(Document, OffersMembersOfListsAlone) {
    const auto json = example_document();
    const auto list = member(member(json, "/v1/products"), "get");
    EXPECT_THAT(list, HasSubstr(R"("name":"fields","in":"query")"));
    EXPECT_THAT(list, HasSubstr(R"("schema":{"$ref":"#/components/schemas/ProductPage"},)"
                                R"("x-with-fields":{"$ref":"#/components/schemas/ProductPartial"})"));
    EXPECT_THAT(member(member(json, "schemas"), "ProductPartial"), Not(HasSubstr("required")));
    const auto one = member(member(json, "/v1/products/{id}"), "get");
    EXPECT_THAT(one, Not(HasSubstr("fields")));
}

TEST(Document, ShowsTailsAsParameters) {
    EXPECT_THAT(
        member(example_document(), "/v1/images/{path}"),
        HasSubstr(
            R"({"name":"path","in":"path","required":true,"description":"The rest of the path, slashes included.")"));
}

TEST(Document, TakesJSONAndForms) {
    const auto body = member(member(example_document(), "/v1/products"), "requestBody");
    EXPECT_EQ(body,
              R"({"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/NewProduct"},)"
              R"("example":{"sku":"SUGAR-1KG","name":"Sugar","price":15000}},)"
              R"("application/x-www-form-urlencoded":{"schema":{"$ref":"#/components/schemas/NewProduct"}}}})");
}

TEST(Document, DescribesTheReplyWithItsHeaders) {
    const auto create = member(member(example_document(), "/v1/products"), "post");
    const auto created = member(create, "201");
    for (const auto* name : {"ETag", "Location", "X-Request-Id"}) EXPECT_THAT(created, HasSubstr(name));
    EXPECT_THAT(created,
                HasSubstr(R"("content":{"application/json":{"schema":{"$ref":"#/components/schemas/Product"}}})"));
    const auto one = member(example_document(), "/v1/products/{id}");
    EXPECT_THAT(member(member(one, "get"), "304"), HasSubstr("ETag"));
    EXPECT_EQ(member(member(one, "patch"), "304"), "");
    EXPECT_THAT(member(member(one, "delete"), "204"), Not(HasSubstr("content")));
}

TEST(Document, DescribesFilesEventsAndRedirects) {
    const auto label = member(member(example_document(), "/v1/products/{id}/label"), "get");
    EXPECT_THAT(label, HasSubstr(R"({"name":"Range","in":"header","required":false)"));
    EXPECT_THAT(label, HasSubstr(R"({"name":"If-None-Match","in":"header","required":false)"));
    EXPECT_THAT(member(label, "200"), HasSubstr(R"("content":{"application/pdf":{}})"));
    EXPECT_THAT(member(label, "200"), HasSubstr(R"("Content-Disposition":)"));
    EXPECT_THAT(member(label, "206"), HasSubstr(R"("Content-Range":)"));
    EXPECT_THAT(member(label, "304"), Not(HasSubstr("content")));
    EXPECT_THAT(member(label, "416"), HasSubstr("request.range_not_satisfiable"));
    const auto events = member(member(example_document(), "/v1/product-events"), "get");
    EXPECT_THAT(member(events, "200"), HasSubstr(R"("text/event-stream":{"schema":{"type":"string"}})"));
    EXPECT_THAT(events, HasSubstr(R"("name":"Last-Event-ID","in":"header","required":false)"));
    EXPECT_THAT(events, Not(HasSubstr(R"("name":"Range")")));
    const auto maker = member(member(example_document(), "/v1/products/{id}/maker"), "get");
    EXPECT_THAT(member(maker, "303"), HasSubstr("Location"));
    EXPECT_THAT(member(maker, "303"), Not(HasSubstr("content")));
}

TEST(Document, GroupsProblemsByStatus) {
    const auto json = example_document();
    const auto create = member(member(json, "/v1/products"), "post");
    EXPECT_EQ(member(create, "401"), R"({"$ref":"#/components/responses/auth.invalid_token"})");
    const auto conflict = member(create, "409");
    EXPECT_THAT(conflict,
                HasSubstr(R"("idempotency.in_progress":{"$ref":"#/components/examples/idempotency.in_progress"})"));
    EXPECT_THAT(conflict, HasSubstr(R"("product.sku_taken":{"$ref":)"));
    EXPECT_THAT(conflict, HasSubstr("Retry-After"));
    const auto responses = member(member(json, "components"), "responses");
    EXPECT_THAT(member(responses, "http.overloaded"), HasSubstr("Retry-After"));
    EXPECT_THAT(member(responses, "server.internal"), Not(HasSubstr("Retry-After")));
    EXPECT_THAT(member(responses, "auth.invalid_token"), HasSubstr("WWW-Authenticate"));
    EXPECT_THAT(member(responses, "auth.forbidden"), HasSubstr("WWW-Authenticate"));
    EXPECT_THAT(member(responses, "rate.limited"), Not(HasSubstr("WWW-Authenticate")));
}

// A probe's 503 says what is away; before the handler it is a problem, as anywhere.
struct Probe {
    static void send(http::Context&, Probe) {}
    static void describe(http::Operation& operation) {
        operation.can_answer({.status = 200, .body = &schema::type_of<example::ProductPage>});
        operation.can_answer({.status = 503, .body = &schema::type_of<example::ProductPage>});
        operation.can_answer({.status = 203, .media_type = "text/plain"});
    }
};
async::Task<Probe> probe() { co_return Probe{}; }

TEST(Document, AStatusMayBeAProblemOrNone) {
    http::Router router;
    http::Routes(router.group(""), "t").get("/probe", probe, {.id = "probe"});
    const auto route = member(document(router, {.title = "t", .version = "1"}), "/probe");
    const auto away = member(route, "503");
    EXPECT_THAT(away, HasSubstr(R"("application/json":{"schema":{"$ref":"#/components/schemas/ProductPage"}})"));
    EXPECT_THAT(away, HasSubstr(R"("application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"})"));
    EXPECT_THAT(away, HasSubstr("Retry-After"));
    EXPECT_THAT(member(route, "203"), HasSubstr(R"("text/plain":{"schema":{"type":"string"}})"));
}

struct LabelFields {
    std::string note;
    friend constexpr auto describe(LabelFields*) {
        return schema::object<LabelFields>(
            "LabelFields", schema::field<&LabelFields::note>("note", {.max_length = 9, .text = schema::Text::free}));
    }
};
using LabelForm =
    http::Multipart<LabelFields, http::FileField<"picture", http::FileRules{.required = true, .media_type = "image/*"}>,
                    http::FileField<"pages", http::FileRules{.most = 3, .doc = "In their order."}>>;
async::Task<http::NoContent> add_labels(LabelForm) { co_return http::NoContent{}; }

TEST(Document, AFormHasItsFieldsAndItsFiles) {
    http::Router router;
    http::Routes(router.group(""), "t").post("/labels", add_labels, {.id = "addLabels", .summary = "Add labels"});
    const auto json = document(router, {.title = "t", .version = "1"});
    const auto form = member(member(member(json, "/labels"), "requestBody"), "multipart/form-data");
    EXPECT_THAT(form, HasSubstr(R"("note":{"type":"string")"));
    EXPECT_THAT(form, HasSubstr(R"("picture":{"type":"string","format":"binary","contentMediaType":"image/*"})"));
    EXPECT_THAT(form, HasSubstr(R"("pages":{"type":"array","items":{"type":"string","format":"binary",)"));
    EXPECT_THAT(form, HasSubstr(R"("maxItems":3)"));
    EXPECT_THAT(form, HasSubstr(R"("required":["note","picture"])"));
    EXPECT_THAT(json, HasSubstr("multipart.file_too_large"));
    EXPECT_THAT(unresolved_references(json), IsEmpty());
}

TEST(Document, ListsTheErrorsOfTheService) {
    EXPECT_THAT(member(example_document(), "x-problems"),
                HasSubstr(R"("product.sku_taken":{"status":409,"title":"Another product has this SKU",)"
                          R"("retriable":false,"action":"fix"})"));
}

TEST(Document, AnExampleIsOfSomething) {
    http::Router router;
    example::add_routes(router);
    const auto with = [&](Example one) {
        auto info = example::info();
        info.examples = {std::move(one)};
        return document(router, info);
    };
    EXPECT_NO_THROW((void)with({.operation = "changeProduct", .body = R"({"name":"Salt"})"}));
    EXPECT_THROW((void)with({.operation = "sellProduct", .body = "{}"}), std::logic_error);
    EXPECT_THROW((void)with({.operation = "getProduct", .body = "{}"}), std::logic_error) << "it takes no body";
    EXPECT_THROW((void)with({.operation = "changeProduct", .body = "{"}), std::logic_error);
    EXPECT_THROW((void)with({.operation = "getProduct", .parameters = {{"colour", "1"}}}), std::logic_error);
    EXPECT_THROW((void)with({.operation = "getProduct", .parameters = {{"id", "a b"}}}), std::logic_error);
}

TEST(Document, ListsWhatTheLinksOfAGroupAnswer) {
    const auto json = example_document();
    const std::string shared = R"({"$ref":"#/components/responses/rate.limited"})";
    EXPECT_EQ(member(member(member(json, "/v1/products"), "get"), "429"), shared);
    EXPECT_EQ(member(member(member(json, "/v1/images/{path}"), "get"), "429"), shared);
    const auto limited = member(member(member(json, "components"), "responses"), "rate.limited");
    for (const auto* name : {"Retry-After", "RateLimit", "RateLimit-Policy"}) {
        EXPECT_THAT(limited, HasSubstr(std::string("\"") + name + "\":{\"$ref\"")) << limited;
    }

    http::Router router;
    const auto outer = router.group("/outer").answering({example::rate_limited});
    http::Routes(outer.group("/inner").answering({example::invalid_token}), "t").get("/x", nothing_typed, {.id = "x"});
    http::Routes(router.group("/free"), "t").get("/y", nothing_typed, {.id = "y"});
    auto info = example::info();
    info.examples.clear();
    const auto nested = document(router, info);
    EXPECT_NE(member(member(nested, "/outer/inner/x"), "429"), "");
    EXPECT_NE(member(member(nested, "/outer/inner/x"), "401"), "");
    EXPECT_EQ(member(member(nested, "/free/y"), "429"), "");
}

TEST(Document, ExamplesAreProblems) {
    // Responses have members of that name too: the last one is that of the components.
    const auto json = example_document();
    const auto examples = member(json.substr(json.rfind(R"("examples":{)")), "examples");
    const auto taken = schema::parse<Problem>(member(member(examples, "product.sku_taken"), "value"));
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->type, "/problems/product.sku_taken");
    EXPECT_EQ(taken->status, 409);
    EXPECT_EQ(taken->action, ProblemAction::fix);
    EXPECT_FALSE(taken->retriable);
    const auto running = schema::parse<Problem>(member(member(examples, "idempotency.in_progress"), "value"));
    ASSERT_TRUE(running);
    EXPECT_EQ(running->retry_after_ms, 1000);
    const auto invalid = schema::parse<Problem>(member(member(examples, "request.invalid"), "value"));
    ASSERT_TRUE(invalid && invalid->errors);
    EXPECT_EQ(invalid->errors->front().pointer, "/name");
}

TEST(Document, ProblemIsWhatIsSent) {
    const auto failure =
        base::Failure(example::sku_taken, {{"body", "/sku", "taken", "is taken", {{"sku", R"("A\"1")"}}}}, "of A\"1")
            .retry_after(250)
            .member("current", R"({"version":9})");
    const auto sent = http::problem_json(failure, {.instance = "/v1/products", .request_id = "abcdefgh"});
    const auto problem = schema::parse<Problem>(sent);
    ASSERT_TRUE(problem) << sent;
    EXPECT_EQ(problem->code, "product.sku_taken");
    EXPECT_EQ(problem->detail.value(), "of A\"1");
    EXPECT_EQ(problem->retry_after_ms, 250);
    EXPECT_EQ(problem->further.text, R"({"current":{"version":9}})");
    // Every other member, in the same order.
    const auto declared = schema::to_json(*problem);
    EXPECT_EQ(declared.substr(0, declared.size() - 1) + R"(,"current":{"version":9}})", sent);
}

TEST(Document, OffersTheSecurityAlternatives) {
    const auto json = example_document();
    EXPECT_THAT(member(json, "/v1/products"), HasSubstr(R"("security":[{"bearer":[]},{"session":[]}])"));
    EXPECT_THAT(member(json, "/v1/images/{path}"), HasSubstr(R"("security":[])"));
    EXPECT_THAT(member(json, "securitySchemes"),
                HasSubstr(R"("bearer":{"type":"http","scheme":"bearer","bearerFormat":"JWT")"));
    EXPECT_THAT(member(json, "securitySchemes"),
                HasSubstr(R"("session":{"type":"apiKey","in":"cookie","name":"__Host-sid")"));
    EXPECT_THAT(json, HasSubstr(R"("x-permission":"products.write")"));
}

TEST(Document, LeavesOutRoutesWithoutOperation) {
    http::Router router;
    router.add(http::Method::get, "/hidden", {.handler = nothing});
    const auto json = document(router, {.title = "t", .version = "1"});
    EXPECT_THAT(json, HasSubstr(R"("paths":{})"));
    EXPECT_THAT(json, HasSubstr(R"("servers":[{"url":"/"}])"));
    EXPECT_THAT(unresolved_references(json), IsEmpty());
}

struct Clash {
    const char* name;
    void (*add)(http::Routes);
    const char* message;
};

constexpr base::ErrorCode other_sku_taken{"product.sku_taken", 422, false, base::Action::fix, "Something else"};

struct Stranger {
    static Stranger read(http::Context&, http::Findings&) { return {}; }
    static void describe(http::Operation& operation) { operation.security = {"basic"}; }
};
async::Task<void> for_strangers(Stranger) { co_return; }

const Clash clashes[] = {
    {"SameId",
     [](http::Routes routes) {
         routes.get("/a", nothing, {.id = "same"});
         routes.get("/b", nothing, {.id = "same"});
     },
     "openapi: GET /a and GET /b have the same operationId \"same\""},
    {"SamePath",
     [](http::Routes routes) {
         routes.get("/a/{x}", nothing, {.id = "a"});
         routes.get("/a/{x...}", nothing, {.id = "b"});
     },
     "openapi: GET /a/{x} and GET /a/{x...} are one path in OpenAPI"},
    {"SameCode",
     [](http::Routes routes) {
         routes.get("/a", nothing, {.id = "a", .errors = {example::sku_taken}});
         routes.get("/b", nothing, {.id = "b", .errors = {other_sku_taken}});
     },
     "openapi: two error tables define product.sku_taken differently"},
    {"UnknownScheme", [](http::Routes routes) { routes.get("/a", for_strangers, {.id = "a"}); },
     "openapi: GET /a names the security scheme \"basic\", which is not declared"},
};

class Clashes : public testing::TestWithParam<Clash> {};
TEST_P(Clashes, StopTheStart) {
    http::Router router;
    GetParam().add(http::Routes(router.group(""), "tag"));
    EXPECT_THAT([&] { (void)document(router, {.title = "t", .version = "1"}); },
                ThrowsMessage<std::logic_error>(GetParam().message));
}
INSTANTIATE_TEST_SUITE_P(Document, Clashes, testing::ValuesIn(clashes),
                         [](const auto& test) { return test.param.name; });

TEST(Lint, NamesEveryFault) {
    constexpr base::ErrorCode silent{"a.silent", 409, false, base::Action::none, "Nobody knows"};
    constexpr base::ErrorCode fine{"a.fine", 200, false, base::Action::fix, "All is well"};
    constexpr base::ErrorCode hopeful{"a.hopeful", 500, true, base::Action::contact, "A fault that passes by itself"};
    constexpr base::ErrorCode stubborn{"a.stubborn", 503, false, base::Action::retry, "Again, to no avail"};
    http::Router router;
    http::Routes untagged(router.group(""), "");
    untagged.get("/a/{x}", nothing_typed, {.id = "get a", .errors = {silent, fine, hopeful, stubborn}});
    http::Routes tagged(router.group(""), "tag");
    tagged.get("/b", nothing, {.id = "b", .summary = "B"});
    tagged.get("/c", nothing, {.id = "b", .summary = "C"});
    EXPECT_THAT(lint(router), ElementsAre("GET /a/{x}: \"get a\" is no operationId that clients can name a function by",
                                          "GET /a/{x}: has no summary", "GET /a/{x}: has no tag",
                                          "GET /a/{x}: the path parameter x is not described",
                                          "GET /a/{x}: a.silent does not say what a client does next",
                                          "GET /a/{x}: a.fine has the status 200",
                                          "GET /a/{x}: a.hopeful is retriable and says `contact`",
                                          "GET /a/{x}: a.stubborn is not retriable and says `retry`",
                                          "GET /c: the operationId b is used before"));
}

TEST(Document, SaysWhatGoesAndWhatIsCalledInstead) {
    http::Router router;
    http::Routes routes(router.group(""), "things");
    routes.get(
        "/old", nothing_typed,
        {.id = "oldThing",
         .summary = "Old",
         .deprecation = http::Deprecation{.since = "2026-12-01", .sunset = "2027-07-01", .instead = "newThing"}});
    EXPECT_THAT(lint(router), ElementsAre("GET /old: names newThing in its place, which is no operation"));
    routes.get("/new", nothing_typed, {.id = "newThing", .summary = "New"});
    EXPECT_THAT(lint(router), IsEmpty());
    const auto json = document(router, {.title = "Things", .version = "1.0.0"});
    const auto old = member(json, "/old");
    EXPECT_THAT(old, HasSubstr(R"("deprecated":true)"));
    EXPECT_THAT(old,
                HasSubstr("Deprecated since 2026-12-01; it may be gone from 2027-07-01 on. Use `newThing` instead."));
    EXPECT_THAT(old, HasSubstr(R"("Sunset":{"$ref":"#/components/headers/Sunset"})"));
    EXPECT_THAT(member(json, "/new"), Not(HasSubstr("deprecated")));
    EXPECT_THAT(unresolved_references(json), IsEmpty());
}

TEST(Document, LinksRepliesToTheParametersTheyFeed) {
    http::Router router;
    http::Routes routes(router.group(""), "things");
    routes.get("/things", nothing_typed, {.id = "listThings"});
    routes.get("/things/{id}", nothing, {.id = "getThing"});
    Info info{.title = "Things", .version = "1.0.0"};
    info.examples = {{.operation = "getThing",
                      .parameters = {{"id", R"("1")"}},
                      .needs = "a thing has to be there",
                      .from = {{"id", {.operation = "listThings", .pointer = "/data/0/id"}}}},
                     {.operation = "listThings", .reply = R"({"data":[]})"}};
    const auto json = document(router, info);
    EXPECT_THAT(member(json, "links"), testing::StrEq(R"({"getThing":{"operationId":"getThing",)"
                                                      R"("parameters":{"id":"$response.body#/data/0/id"}}})"));
    EXPECT_THAT(member(json, "/things/{id}"), HasSubstr(R"("x-needs":"a thing has to be there")"));
    EXPECT_THAT(member(member(json, "/things"), "200"), HasSubstr(R"("example":{"data":[]})"));
    info.examples[0].from["id"].operation = "listNothing";
    EXPECT_THROW((void)document(router, info), std::logic_error);
}

TEST(JsonText, EscapesNamesAndTexts) {
    EXPECT_EQ(JsonObject().take(), "{}");
    EXPECT_EQ(JsonArray().take(), "[]");
    JsonObject object;
    object.text("a\"b", "line\nbreak \\ </script>").flag("yes", true).number("n", -7).text_unless_empty("no", "");
    object.raw("list", std::move(JsonArray().text("x").raw("1")).take());
    EXPECT_EQ(std::move(object).take(), R"({"a\"b":"line\nbreak \\ </script>","yes":true,"n":-7,"list":["x",1]})");
}

}  // namespace
}  // namespace openapi
