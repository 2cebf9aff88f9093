// Texts that look the same are the same: names, SKUs, barcodes, codes and addresses, wherever they come in.

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "embedded/migrations.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;

class TextsTest : public ShopTest {
protected:
    static std::string quoted(std::string_view text) {
        std::string json;
        schema::write_json_string(text, json);
        return json;
    }
    static InjectedResponse add_product(std::string_view sku, const std::string& token = owner) {
        return post(
            "/v1/products",
            fmt::format(R"({{"name":"Sugar","variants":[{{"name":"Sugar 1kg","price":1,"sku":{}}}]}})", quoted(sku)),
            token);
    }
    static std::string sku_of(const InjectedResponse& reply) {
        return made<ProductDetails>(reply).variants->at(0).variant.fields.sku.value();
    }
};

TEST_F(TextsTest, ASecondSkuThatLooksTheSameIsTaken) {
    EXPECT_EQ(sku_of(add_product("  Su\u200bgar-\u00e9\u00a0 1")), "Sugar-\u00e9 1");
    for (const std::string_view same :
         {"Sugar-\u00e9 1", "sugar-\u00c9 1", "SUGAR-E\u0301 1", "Sugar-e\u0301\u00a01", "\ufeffSugar-\u00e9 1\u2028",
          "Su\u00adgar-\u00e9\u2003\u20031", "Sugar\u200d-\u00e9 1", "S\u202eugar-\u00e9 1", "Sugar-\u00e9 1\u3164",
          "Sugar-\u00e9 1\U000E0031", "Sugar-\u00e9\ufe0f 1"}) {
        const auto reply = add_product(same);
        EXPECT_EQ(reply.status, 409) << same << reply.body;
        EXPECT_THAT(reply.body, HasSubstr("variant.sku_taken")) << same;
    }
    EXPECT_EQ(add_product("Sugar-\u00e9 1", other).status, 201) << "another shop's";
    const auto variant = made<ProductDetails>(add_product("Sugar-2")).variants->at(0).variant;
    const auto path = "/v1/variants/" + text(variant.id);
    EXPECT_THAT(patch(path, R"({"sku":"SUGAR-E\u0301\u200b 1"})", 1).body, HasSubstr("variant.sku_taken"));
    EXPECT_EQ(patch(path, R"({"sku":"SUGAR-2"})", 1).status, 200) << "its own, in capitals";
}

TEST_F(TextsTest, TheSameSkuTwiceInOneRequest) {
    const auto reply = post("/v1/products", R"({"name":"Tea","variants":[{"name":"a","price":1,"sku":"tea\u200b-1"},
        {"name":"b","price":1,"sku":"TEA-1"}]})");
    EXPECT_EQ(reply.status, 422);
    EXPECT_THAT(reply.body, HasSubstr(R"("pointer":"/variants/1/sku","code":"repeated")"));
}

// In one request or in two: the rule of the table's key, lower(), in both.
TEST_F(TextsTest, TheSameSkuIsOneRuleInARequestAndInTheTable) {
    std::size_t number = 0;
    for (const auto& [one, two] : std::vector<std::pair<std::string, std::string>>{{"straße", "STRASSE"},
                                                                                   {"Σ", "ς"},
                                                                                   {"Σ", "σ"},
                                                                                   {"ﬁ", "FI"},
                                                                                   {"İ", "i\u0307"},
                                                                                   {"İ", "i"},
                                                                                   {"ı", "I"},
                                                                                   {"ẞ", "ß"},
                                                                                   {"É", "é"},
                                                                                   {"Я", "я"},
                                                                                   {"Ǆ", "ǅ"},
                                                                                   {"Ⅷ", "ⅷ"},
                                                                                   {"ſ", "S"},
                                                                                   {"K", "\u212a"},
                                                                                   {"Ꭰ", "ꭰ"},
                                                                                   {"𐐀", "𐐨"},
                                                                                   {"Ω", "\u2126"},
                                                                                   {"µ", "μ"}}) {
        const auto a = fmt::format("{}-{}", one, number);
        const auto b = fmt::format("{}-{}", two, number++);
        const auto together = post("/v1/products", fmt::format(R"({{"name":"x","variants":[
            {{"name":"a","price":1,"sku":{}}},{{"name":"b","price":1,"sku":{}}}]}})",
                                                               quoted("t" + a), quoted("t" + b)));
        ASSERT_EQ(add_product(a).status, 201) << a;
        const bool taken = add_product(b).status == 409;
        EXPECT_EQ(together.status, taken ? 422 : 201) << a << " " << b << together.body;
    }
}

// A row from before is found and kept; a new one that looks the same is still refused where only the case differs.
TEST_F(TextsTest, OldRowsAreReadAsTheyAre) {
    const auto id = text(made<ProductDetails>(add_product("OLD-1")).variants->at(0).variant.id);
    app->database().execute("update variants set sku = 'Old\u200b-1', name = E'\\u0301' where id = '" + id + "'");
    EXPECT_THAT(get("/v1/variants/" + id).body, HasSubstr("Old\u200b-1"));
    EXPECT_EQ(patch("/v1/variants/" + id, R"({"price":2})", 1).status, 422) << "its name has to be mended first";
    EXPECT_EQ(patch("/v1/variants/" + id, R"({"price":2,"name":"Old"})", 1).status, 200);
}

// An old database: rows as the releases before kept them, and what a migration does to them.
class OldTexts : public TextsTest {
protected:
    static std::string made_with(std::string_view sku) {
        return text(made<ProductDetails>(add_product(sku)).variants->at(0).variant.id);
    }
    static Variant variant(const std::string& id) { return body<VariantDetails>(get("/v1/variants/" + id)).variant; }
    static std::string product_of(const std::string& variant) {
        return value("select product_id from variants where id = '" + variant + "'");
    }
    static std::string value(const std::string& sql) { return app->database().value(sql).value_or(""); }
    // What a migration does from the words on.
    // From the words on, to `last` where it is given.
    static void migrate(std::string_view migration, std::string_view words, std::string_view last = "") {
        const auto sql = text_of(migration);
        const auto begin = sql.find(words);
        const auto end = last.empty() ? sql.size() : sql.find(last, begin) + last.size();
        app->database().execute(sql.substr(begin, end - begin));
    }
    static std::string text_of(std::string_view migration) {
        const auto files = embedded::migrations();
        const auto file = std::ranges::find_if(files, [&](const base::EmbeddedFile& one) {
            return one.path.starts_with(migration) && one.path.ends_with(".sql");
        });
        return std::string(file->bytes);
    }
    // The payments: what follows needs the sales' table as it was.
    static void migrate_codes() {
        migrate("20261126133630", "create function text_as_mpesa_code", "drop function text_as_mpesa_code(text);");
        app->database().execute("drop table reused_codes");
    }
    static void migrate_texts() { migrate("20261126130000", "-- By hand"); }
};

TEST_F(OldTexts, SkusGetTheirForm) {
    auto& database = app->database();
    const std::vector ids{made_with("M1"), made_with("M2"), made_with("M3"), made_with("M4"), made_with("M5")};
    database.execute("drop index variants_sku");
    const auto renamed = "TEA-\u00e9 1-" + ids[1].substr(28);
    const std::vector<std::string> old{"Tea-\u00e9 1", "TEA-e\u0301\u00a01\u200b", "\u3164\u200b", "M4",
                                       "tea-\u00c9 1-" + ids[1].substr(28)};
    for (std::size_t i = 0; i < ids.size(); ++i)
        database.execute(fmt::format("update variants set sku = '{}' where id = '{}'", old[i], ids[i]));
    migrate_texts();

    EXPECT_EQ(variant(ids[0]).fields.sku, "Tea-\u00e9 1") << "the oldest keeps it";
    EXPECT_EQ(variant(ids[4]).fields.sku, old[4]) << "nobody takes what another has";
    EXPECT_EQ(variant(ids[1]).fields.sku, renamed + "-2");
    EXPECT_EQ(variant(ids[2]).fields.sku, std::nullopt);
    EXPECT_EQ(variant(ids[3]).meta.version, 1) << "nothing to do";
    EXPECT_EQ(variant(ids[1]).meta.version, 2);
    EXPECT_EQ(add_product("tea-\u00c9 1").status, 409);
}

TEST_F(OldTexts, NamesGetTheirForm) {
    auto& database = app->database();
    const std::vector ids{made_with("N1"), made_with("N2"), made_with("N3"), made_with("N4"), made_with("N5")};
    const auto category = text(made<Category>(post("/v1/categories", R"({"name":"x"})")).id);
    const std::vector<std::string> old{"Cafe\u0301 forte", "\u2800Sug\u200bar \u00a0raw\u3164", "\u200b\u200d",
                                       "क्‍ष", "\u0301 \u0323\ufe0f"};
    for (std::size_t i = 0; i < ids.size(); ++i)
        database.execute(fmt::format("update products set name = '{}', brand = '\u200b' where id = '{}'", old[i],
                                     product_of(ids[i])));
    database.execute("update variants set name = E'e\\u0301' where id = '" + ids[3] + "'");
    database.execute("update categories set name = E'e\\u0301' where id = '" + category + "'");
    migrate_texts();

    EXPECT_THAT(get("/v1/products?search=Caf%C3%A9%20forte").body, HasSubstr(product_of(ids[0])));
    EXPECT_THAT(get("/v1/products?search=Cafe%CC%81%20forte").body, HasSubstr(product_of(ids[0])));
    EXPECT_THAT(get("/v1/products?search=Sugar%20raw").body, HasSubstr(R"("name":"Sugar raw")"));
    const auto nameless = get("/v1/products/" + product_of(ids[2]));
    EXPECT_THAT(nameless.body, HasSubstr(R"("name":"unnamed )" + product_of(ids[2]).substr(28)));
    for (const auto& nothing_visible : {product_of(ids[2]), product_of(ids[4])}) {
        EXPECT_EQ(value("select name || version from products where id = '" + nothing_visible + "'"),
                  "unnamed " + nothing_visible.substr(28) + "2");
        EXPECT_EQ(patch("/v1/products/" + nothing_visible, R"({"brand":"b"})", 2).status, 200);
    }
    EXPECT_EQ(value("select name || coalesce(brand, '') from products where id = '" + product_of(ids[3]) + "'"),
              old[3]);
    EXPECT_EQ(variant(ids[3]).fields.name, "\u00e9");
    EXPECT_EQ(value("select name || version from categories where id = '" + category + "'"), "\u00e92");
}

// The form in the migration's SQL is the reader's.
TEST_F(OldTexts, FormsAreTheReaders) {
    auto& database = app->database();
    database.execute("drop index variants_sku");
    std::vector<std::pair<std::string, std::string>> old;
    for (const std::string_view sample : {"a",
                                          "a\u0001b",
                                          "a\u0085b",
                                          "a\ufffcb",
                                          "a\ufdd0\uffffb",
                                          "x\u200dy",
                                          "x\u00ady",
                                          "\u034fx",
                                          "x\u034f",
                                          "x\ufe0f",
                                          "\U0001f3f4\U000e0067\U000e007f",
                                          "x\U000e0067",
                                          "x\u180ey",
                                          "x\u180by",
                                          "\u115fx\u115f",
                                          "x\u2028\u2029y",
                                          "\ufff9x",
                                          "x\U0001d173y",
                                          "x\U00013430y",
                                          "\U000e0100x\U000e0100",
                                          "e\u0301",
                                          "\u212b",
                                          "\u1100\u1161",
                                          "a\u0301\u0323",
                                          "x\ufffdy"}) {
        old.emplace_back(made_with(fmt::format("F{}", old.size())), sample);
        database.execute(
            fmt::format("update variants set name = '{0}', sku = '{0}\u00a0'||left(sku, 3) where id = '{1}'", sample,
                        old.back().first));
    }
    migrate_texts();
    for (std::size_t i = 0; i < old.size(); ++i) {
        auto name = old[i].second;
        base::normalise_name(name);
        auto sku = fmt::format("{}\u00a0F{}", old[i].second, i);
        base::normalise_identifier(sku);
        EXPECT_EQ(variant(old[i].first).fields.name, name) << i;
        EXPECT_EQ(variant(old[i].first).fields.sku, sku) << i;
    }
}

TEST_F(OldTexts, ChangesAreInTheFeed) {
    const auto changed = made_with("C1");
    const auto same = made_with("C2");
    const auto tenant = value("select tenant_id from variants where id = '" + changed + "'");
    const auto counter = "select change_seq from tenant_counters where tenant_id = '" + tenant + "'";
    const auto others = "select sum(change_seq) from tenant_counters where tenant_id <> '" + tenant + "'";
    migrate_texts();
    const auto before = std::stoll(value(counter));
    const auto before_others = value(others);
    const auto before_same = feed("variants", same);
    app->database().execute("update variants set sku = E'C1\\u200b' where id = '" + changed + "'");
    migrate_texts();
    EXPECT_EQ(feed("products", product_of(changed)), fmt::format("{} u", before + 1));
    EXPECT_EQ(feed("variants", changed), fmt::format("{} u", before + 2));
    EXPECT_EQ(value(counter), std::to_string(before + 2));
    EXPECT_EQ(value(others), before_others);
    EXPECT_EQ(feed("variants", same), before_same);
    EXPECT_EQ(patch("/v1/variants/" + same, R"({"price":2})", 1).status, 200) << "the numbers go on";
}

TEST_F(OldTexts, MpesaCodesGetTheirForm) {
    auto& database = app->database();
    const auto tenant = value("select tenant_id from variants where id = '" + made_with("P1") + "'");
    const std::vector<std::pair<std::string, std::string>> old{
        {"slk7abc123", "SLK7ABC123 accepted"},
        {"SLK7ABC123", " unverified"},
        {"paid", " accepted"},
        {" slk7\u200b abc124", "SLK7ABC124 accepted"},
        {"SLK7ABC125", "SLK7ABC125 accepted"},
        {"SLK7-ABC 126.", "SLK7ABC126 accepted"},
        {"\uff33\uff2c\uff2b\uff17ABC\uff0f127", "SLK7ABC127 accepted"},
        {"\u0131LK7ABC123", " accepted"},
        {"SLK7–ABC128", "SLK7ABC128 accepted"},
        {"“SLK7ABC129”", "SLK7ABC129 accepted"},
        {"✅SLK7ABC130\u0301", "SLK7ABC130 accepted"},
        {"• slk7abc130", " unverified"}};
    for (std::size_t i = 0; i < old.size(); ++i)
        database.execute(fmt::format(
            "insert into payments (tenant_id, id, method, amount, reference, external_ref, status, recorded_at) "
            "values ('{0}', '00000000-0000-7000-8000-{1:012}', 'mpesa', 1, '{2}', '{2}', 'accepted', "
            "timestamptz '2026-01-01' + {1} * interval '1 second')",
            tenant, i, old[i].first));
    migrate_codes();
    for (std::size_t i = 0; i < old.size(); ++i)
        EXPECT_EQ(value(fmt::format("select coalesce(external_ref, '') || ' ' || status from payments "
                                    "where tenant_id = '{}' and id = '00000000-0000-7000-8000-{:012}'",
                                    tenant, i)),
                  old[i].second);
}

// By another method: the first of each bears its code, which is compared then.
TEST_F(OldTexts, CodesOfOtherMethodsAreFound) {
    const auto tenant = value("select tenant_id from variants where id = '" + made_with("P2") + "'");
    const std::vector<std::tuple<std::string, std::string, std::string>> old{{"card", "SLK7-ABC140", "SLK7ABC140"},
                                                                             {"card", "slk7abc140", ""},
                                                                             {"bank", "SLK7ABC140", "SLK7ABC140"},
                                                                             {"card", "0712345678", ""},
                                                                             {"cash", "paid", ""}};
    for (std::size_t i = 0; i < old.size(); ++i)
        app->database().execute(
            fmt::format("insert into payments (tenant_id, id, method, amount, reference, status, recorded_at) "
                        "values ('{0}', '00000000-0000-7000-8001-{1:012}', '{2}', 1, '{3}', 'accepted', "
                        "timestamptz '2026-01-01' + {1} * interval '1 second')",
                        tenant, i, std::get<0>(old[i]), std::get<1>(old[i])));
    migrate_codes();
    for (std::size_t i = 0; i < old.size(); ++i)
        EXPECT_EQ(value(fmt::format("select coalesce(external_ref, '') from payments where tenant_id = '{}' "
                                    "and id = '00000000-0000-7000-8001-{:012}'",
                                    tenant, i)),
                  std::get<2>(old[i]));
}

// Who reads variants is not shut out while the texts are put in order.
TEST_F(OldTexts, TheTableIsShutInTheLastLinesAlone) {
    const auto id = made_with("L1");
    app->database().execute("update variants set name = E'e\\u0301', sku = E'L1\\u200b' where id = '" + id + "'");
    const auto sql = text_of("20261126130000");
    const auto begin = sql.find("-- By hand");
    const auto drop = sql.find("drop index if exists variants_sku;");
    ASSERT_NE(drop, std::string::npos);
    app->database().execute("begin;" + sql.substr(begin, drop - begin) +
                            "do $$ begin if exists (select from pg_locks where pid = pg_backend_pid() "
                            "and relation = 'variants'::regclass and mode = 'AccessExclusiveLock') then "
                            "raise exception 'variants is shut'; end if; end $$; rollback");
}

TEST_F(TextsTest, NamesMadeOfNothingVisible) {
    const std::string tax_class = text(made<TaxClass>(post("/v1/tax-classes", R"({"code":"t1","name":"T"})")).id);
    for (const std::string_view nothing :
         {"\u200b", "\u00a0\u2003", "\u0301", "\u3164", "\u2800", "\U000E0041\U000E0042", "\u202e\u2066",
          "\ufe0f\u200d", "\u115f", "\u034f\u0323", "\U0001d159", "\ufffc\uffff"}) {
        const auto name = quoted(nothing);
        const std::vector<std::pair<std::string, std::string>> bodies{
            {"/v1/categories", fmt::format(R"({{"name":{}}})", name)},
            {"/v1/products", fmt::format(R"({{"name":{}}})", name)},
            {"/v1/products", fmt::format(R"({{"name":"x","variants":[{{"name":{},"price":1}}]}})", name)},
            {"/v1/products", fmt::format(R"({{"name":"x","variants":[{{"name":"x","price":1,"sku":{}}}]}})", name)},
            {"/v1/tax-classes", fmt::format(R"({{"code":"t2","name":{}}})", name)},
            {"/v1/tax-classes", fmt::format(R"({{"code":{},"name":"x"}})", name)},
            {"/v1/tax-classes/" + tax_class + "/rates", fmt::format(R"({{"name":{},"ratePpm":1}})", name)},
            {"/v1/locations", fmt::format(R"({{"code":"X1","name":{}}})", name)},
            {"/v1/devices", fmt::format(R"({{"locationId":"{}","name":{}}})", location(), name)},
        };
        for (const auto& [path, json] : bodies) EXPECT_EQ(post(path, json).status, 422) << path << json;
        EXPECT_EQ(patch("/v1/tenant", fmt::format(R"({{"name":{}}})", name), 1).status, 422) << name;
    }
}

TEST_F(TextsTest, NamesKeepTheirLetters) {
    for (const std::string_view kept : {"ශ්‍රී ලංකා තේ", "می‌خواهم",
                                        "👩‍👩‍👧 pack", "☕️", "क्‍ष"}) {
        const auto reply = post("/v1/categories", fmt::format(R"({{"name":{}}})", quoted(kept)));
        EXPECT_EQ(made<Category>(reply).fields.name, kept);
    }
}

TEST_F(TextsTest, LookUpsTakeWhatWasStored) {
    ASSERT_EQ(post("/v1/products", R"({"name":"Cafe\u0301 latte","variants":[{"name":"Latte","price":1,
        "barcodes":[{"barcode":"\u00a06161100000018\u200b"}]}]})")
                  .status,
              201);
    for (const std::string_view scanned : {"6161100000018", "%C2%A06161100000018", "6161%E2%80%8B100000018%0A"})
        EXPECT_EQ(get(fmt::format("/v1/variants/lookup?barcode={}", scanned)).status, 200) << scanned;
    for (const std::string_view term : {"caf%C3%A9", "CAFE%CC%81", "%C2%A0caf%C3%A9%E2%80%8B"})
        EXPECT_THAT(get(fmt::format("/v1/products?search={}", term)).body, HasSubstr("latte")) << term;
    EXPECT_EQ(get("/v1/products?search=%E2%80%8B").status, 422);
}

TEST_F(TextsTest, CodesAreInCapitals) {
    EXPECT_EQ(made<Location>(post("/v1/locations", R"({"code":"\u00a0nrb\u200b-9","name":"x"})")).fields.code, "NRB-9");
    EXPECT_THAT(post("/v1/locations", R"({"code":"Nrb-9","name":"y"})").body, HasSubstr("location.code_taken"));
    EXPECT_EQ(made<TaxClass>(post("/v1/tax-classes", R"({"code":"vat9","name":"x"})")).fields.code, "VAT9");
    EXPECT_EQ(post("/v1/tax-classes", R"({"code":"VAT9\ufeff","name":"y"})").status, 409);
    EXPECT_EQ(post("/v1/locations", R"({"code":"\u0430BC","name":"x"})").status, 422) << "Cyrillic";
}

TEST_F(TextsTest, AddressesAreOneAtTheDoorAndInside) {
    const auto json = [](std::string_view email) {
        return fmt::format(R"({{"email":{},"password":"{}"}})", quoted(email), password);
    };
    for (const std::string_view same : {"OWNER@duka.example", " owner@Duka.example\u00a0", "ow\u200bner@duka.example"})
        EXPECT_EQ(post("/v1/auth/login", json(same), "").status, 200) << same;
    EXPECT_EQ(post("/v1/auth/login", json("\u043ewner@duka.example"), "").status, 422) << "Cyrillic";
    const auto role = text(body<RoleList>(get("/v1/roles")).data.at(0).id);
    const auto taken = post(
        "/v1/users",
        fmt::format(R"({{"name":"J","email":"\u2060Viewer@Duka.Example","password":"{}","roles":[{{"roleId":"{}"}}]}})",
                    password, role),
        owner, {{"Idempotency-Key", "taken"}});
    EXPECT_THAT(taken.body, HasSubstr("user.email_taken"));
}

// Every text that a request may hold says what it is, so that nobody forgets to ask. What keeps unknown members is a sale,
// whose texts stay as they were printed.
class RequestTexts : public TextsTest {
protected:
    void visit(const schema::Type& type, const schema::Rules& rules, const std::string& at) {
        if (type.kind == schema::Kind::string && rules.text == schema::Text::unsaid) unsaid_.push_back(at);
        if (type.element != nullptr) visit(*type.element, rules, at);
        if (type.object == nullptr || !seen_.insert(type.object).second) return;
        for (const auto& field : type.object->fields) {
            if (type.object->unknown_keys == schema::UnknownKeys::keep && field.type->object == nullptr) continue;
            if (!field.rules.internal && !field.rules.read_only)
                visit(*field.type, field.rules, fmt::format("{}.{}", type.object->name, field.name));
        }
    }

    std::set<const schema::ObjectType*> seen_;
    std::vector<std::string> unsaid_;
};

TEST_F(RequestTexts, SayWhatTheyAre) {
    for (const auto& route : app->app().router.routes()) {
        if (!route.operation) continue;
        if (route.operation->body != nullptr) visit(*route.operation->body, {}, route.pattern);
        for (const auto& parameter : route.operation->parameters) {
            if (parameter.in == "query" && parameter.members == nullptr)
                visit(*parameter.field->type, parameter.field->rules,
                      fmt::format("{}?{}", route.pattern, parameter.field->name));
        }
    }
    EXPECT_THAT(unsaid_, ::testing::IsEmpty());
    EXPECT_GT(seen_.size(), 20U);
}

}  // namespace
