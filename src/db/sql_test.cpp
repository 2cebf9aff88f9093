#include "db/sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "db/migrate/shop_schema.h"
#include "db/types.h"

namespace db {
namespace {

using shop::Category;
using shop::Movement;
using shop::Product;
using shop::ProductFields;
using shop::User;

TEST(ColumnName, IsSnakeCase) {
    EXPECT_EQ(column_name("id"), "id");
    EXPECT_EQ(column_name("createdAt"), "created_at");
    EXPECT_EQ(column_name("lastSeenAt"), "last_seen_at");
    EXPECT_EQ(column_name("two-words"), "two_words");
}

TEST(TableView, FindsFieldsOfFlattenedStructs) {
    const auto view = shop::products.view();
    const auto* field = find_field(*view.row, &schema::detail::access_member<&ProductFields::sku>);
    ASSERT_NE(field, nullptr);
    EXPECT_EQ(field->name, "sku");
    EXPECT_EQ(find_field(*view.row, &schema::detail::access_member<&Category::name>), nullptr);
    EXPECT_EQ(view.primary_key().column_count, 1U);
}

TEST(SqlType, OfEveryKind) {
    using schema::type_of;
    EXPECT_EQ(sql_type(type_of<bool>), "boolean");
    EXPECT_EQ(sql_type(type_of<std::int16_t>), "smallint");
    EXPECT_EQ(sql_type(type_of<std::int32_t>), "integer");
    EXPECT_EQ(sql_type(type_of<std::int64_t>), "bigint");
    EXPECT_EQ(sql_type(type_of<double>), "double precision");
    EXPECT_EQ(sql_type(type_of<std::string>), "text");
    EXPECT_EQ(sql_type(type_of<shop::ProductId>), "uuid");
    EXPECT_EQ(sql_type(type_of<base::Timestamp>), "timestamptz");
    EXPECT_EQ(sql_type(type_of<base::Date>), "date");
    EXPECT_EQ(sql_type(type_of<base::Money>), "bigint");
    EXPECT_EQ(sql_type(type_of<std::optional<base::Quantity>>), "numeric(18,4)");
    EXPECT_EQ(sql_type(type_of<base::Rate>), "integer");
    EXPECT_EQ(sql_type(type_of<shop::SoldBy>), "text");
    EXPECT_EQ(sql_type(type_of<schema::Json>), "jsonb");
    EXPECT_EQ(sql_type(type_of<schema::Bytes>), "bytea");
    EXPECT_EQ(sql_type(type_of<shop::Label>), "jsonb");
    EXPECT_EQ(sql_type(type_of<std::vector<shop::Label>>), "jsonb");
    EXPECT_EQ(sql_type(type_of<std::vector<std::string>>), "text[]");
    EXPECT_EQ(sql_type(type_of<std::optional<std::vector<base::Quantity>>>), "numeric(18,4)[]");
    EXPECT_EQ(type_oid(type_of<std::vector<shop::ProductId>>), type::uuid_array);
    EXPECT_EQ(type_oid(type_of<std::vector<shop::Label>>), type::jsonb);
    EXPECT_TRUE(is_nullable(type_of<schema::Maybe<std::string>>));
    EXPECT_FALSE(is_nullable(type_of<std::string>));
}

TEST(EnumCheck, ListsTheValues) {
    EXPECT_EQ(enum_check("sold_by", schema::type_of<std::optional<shop::SoldBy>>), "sold_by in ('unit', 'weight')");
    EXPECT_EQ(enum_check("kinds", schema::type_of<std::vector<shop::SoldBy>>),
              "kinds <@ array['unit', 'weight']::text[]");
    EXPECT_EQ(enum_check("name", schema::type_of<std::string>), std::nullopt);
}

TEST(Quote, WhereNeededAlone) {
    EXPECT_EQ(quote_identifier("sold_by"), "sold_by");
    EXPECT_EQ(quote_identifier("order"), "\"order\"");
    EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
    EXPECT_EQ(quote_literal("it's"), "'it''s'");
}

inline constexpr auto category_page = db::select<shop::products>()
                                          .where<&ProductFields::category_id>()
                                          .where<&Product::deleted_at, Compare::is_null>()
                                          .order_by<&ProductFields::name, &Product::id>()
                                          .page("products.of_category", "products.of_category_after");
inline constexpr auto newest_page = db::select<shop::movements>().order_by_descending<&Movement::id>().page(
    "movements.newest", "movements.newest_after");

struct Golden {
    StatementView statement;
    const char* sql;
};

std::vector<Golden> goldens() {
    static constexpr auto find_product = db::find<shop::products>("p.find");
    static constexpr auto lock_product = db::find_for_update<shop::products>("p.lock");
    static constexpr auto find_tenant = db::find<shop::tenants>("t.find");
    static constexpr auto find_user = db::select<shop::users>().where<&User::email>().named("u.by_email");
    static constexpr auto any_of = db::select<shop::categories>().where<&Category::id, Compare::any>().named("c.any");
    static constexpr auto compared = db::select<shop::movements>()
                                         .where<&Movement::day, Compare::at_least>()
                                         .where<&Movement::day, Compare::less>()
                                         .where<&Movement::note, Compare::not_equal>()
                                         .order_by<&Movement::day>()
                                         .named("m.between");
    static constexpr auto joined = db::select_joined<shop::products, shop::categories, &ProductFields::category_id>()
                                       .where<&ProductFields::sku>()
                                       .named("p.category");
    static constexpr auto add_category = db::insert<shop::categories>("c.add");
    static constexpr auto add_user = db::insert<shop::users>("u.add");
    static constexpr auto add_tenant = db::insert<shop::tenants>("t.add");
    static constexpr auto add_movements = db::insert_all<shop::movements>("m.add");
    static constexpr auto add_users = db::insert_all<shop::users>("u.add_all");
    static constexpr auto put_category = db::upsert<shop::categories>("c.put");
    static constexpr auto rename =
        db::update<shop::categories, &Category::name, &Category::parent_id>().where<&Category::id>().returning().named(
            "c.rename");
    static constexpr auto replace_product = db::replace<shop::products>("p.replace");
    static constexpr auto remove = db::remove<shop::categories>().where<&Category::id>().named("c.remove");
    static constexpr auto count = db::count<shop::products>().where<&ProductFields::category_id>().named("p.count");
    return {
        {find_product.view(),
         "select id, sku, name, category_id, price, sold_by, tags, labels, extra, version, deleted_at from products "
         "where tenant_id = $1 and id = $2"},
        {lock_product.view(),
         "select id, sku, name, category_id, price, sold_by, tags, labels, extra, version, deleted_at from products "
         "where tenant_id = $1 and id = $2 for no key update"},
        {lock_product.to_remove.view(),
         "select id, sku, name, category_id, price, sold_by, tags, labels, extra, version, deleted_at from products "
         "where tenant_id = $1 and id = $2 for update"},
        {find_tenant.view(), "select id, name from tenants where id = $1 and id = $2"},
        {find_user.view(), "select id, email, created_at from users where email = $1"},
        {any_of.view(), "select id, name, parent_id from categories where tenant_id = $1 and id = any($2)"},
        {compared.view(),
         "select id, product_id, delta, sold_by, day, note from movements "
         "where tenant_id = $1 and day >= $2 and day < $3 and note <> $4 order by day"},
        {joined.view(),
         "select target.id, target.name, target.parent_id from products as source join categories as target "
         "on target.tenant_id = $1 and target.id = source.category_id where source.tenant_id = $1 and source.sku = $2"},
        {category_page.first.view(),
         "select id, sku, name, category_id, price, sold_by, tags, labels, extra, version, deleted_at from products "
         "where tenant_id = $1 and category_id = $2 and deleted_at is null order by name, id limit $3::integer"},
        {category_page.after.view(),
         "select id, sku, name, category_id, price, sold_by, tags, labels, extra, version, deleted_at from products "
         "where tenant_id = $1 and category_id = $2 and deleted_at is null and (name, id) > ($3, $4) order by name, id "
         "limit $5::integer"},
        // Whatever a list's conditions are, they count it, too.
        {category_page.count_view(),
         "select count(*) from (select id, sku, name, category_id, price, sold_by, tags, labels, extra, version, "
         "deleted_at from products where tenant_id = $1 and category_id = $2 and deleted_at is null order by name, id "
         "limit $3::integer) as list"},
        {newest_page.after.view(),
         "select id, product_id, delta, sold_by, day, note from movements where tenant_id = $1 and id < $2 "
         "order by id desc limit $3::integer"},
        {add_category.view(), "insert into categories (tenant_id, id, name, parent_id) values ($1, $2, $3, $4)"},
        {add_user.view(), "insert into users (id, email, created_at) values ($1, $2, $3)"},
        {add_tenant.view(), "insert into tenants (id, name) values ($2, $3)"},
        {add_movements.view(),
         "insert into movements (tenant_id, id, product_id, delta, sold_by, day, note) select $1::uuid, * from "
         "unnest($2::uuid[], $3::uuid[], $4::numeric[], $5::text[], $6::date[], $7::text[])"},
        {add_users.view(),
         "insert into users (id, email, created_at) select * from unnest($1::uuid[], $2::text[], $3::timestamptz[])"},
        {put_category.view(),
         "insert into categories (tenant_id, id, name, parent_id) values ($1, $2, $3, $4) on conflict (tenant_id, id) "
         "do update set name = excluded.name, parent_id = excluded.parent_id"},
        {rename.view(),
         "update categories set name = $2, parent_id = $3 where tenant_id = $1 and id = $4 returning id, name, "
         "parent_id"},
        {replace_product.view(),
         "update products set sku = $3, name = $4, category_id = $5, price = $6, sold_by = $7, tags = $8, labels = $9, "
         "extra = $10, version = $11, deleted_at = $12 where tenant_id = $1 and id = $2 and version = $13"},
        {remove.view(), "delete from categories where tenant_id = $1 and id = $2"},
        {count.view(), "select count(*) from products where tenant_id = $1 and category_id = $2"},
    };
}

TEST(Render, EveryVerb) {
    for (const auto& [statement, sql] : goldens()) EXPECT_EQ(render(statement), sql) << statement.name;
}

TEST(Render, RefusesPlansThatMakeNoStatement) {
    static constexpr auto nullable =
        db::select<shop::products>().order_by<&Product::deleted_at, &Product::id>().page("a", "b");
    static constexpr auto partial = db::select<shop::products>().order_by<&ProductFields::name>().page("a", "b");
    static constexpr auto all = db::remove<shop::products>().named("a");
    static constexpr auto versionless = db::replace<shop::categories>("a");
    static constexpr auto arrays = db::insert_all<shop::products>("a");
    const auto message_of = [](const StatementView& statement) -> std::string {
        try {
            return "rendered: " + render(statement);
        } catch (const std::logic_error& error) {
            return error.what();
        }
    };
    EXPECT_THAT(message_of(nullable.first.view()), testing::HasSubstr("products.deleted_at, which may be null"));
    EXPECT_THAT(message_of(partial.first.view()), testing::HasSubstr("not total"));
    EXPECT_THAT(message_of(all.view()), testing::HasSubstr("every row"));
    EXPECT_THAT(message_of(versionless.view()), testing::HasSubstr("no std::int32_t version"));
    EXPECT_THAT(message_of(arrays.view()), testing::HasSubstr("tags is an array"));
}

TEST(ParametersOf, ExpandsObjectsAndArraysOfObjects) {
    static constexpr auto add = db::insert<shop::categories>("c.add");
    static constexpr auto add_all = db::insert_all<shop::users>("u.add_all");
    EXPECT_THAT(parameters_of(add.view()),
                testing::ElementsAre(TypedName{"tenant_id", type::uuid, false}, TypedName{"id", type::uuid, false},
                                     TypedName{"name", type::text, false}, TypedName{"parent_id", type::uuid, true}));
    EXPECT_THAT(
        parameters_of(add_all.view()),
        testing::ElementsAre(TypedName{"id", type::uuid_array, false}, TypedName{"email", type::text_array, false},
                             TypedName{"created_at", type::timestamptz_array, false}));
    EXPECT_TRUE(columns_of(add.view()).empty());
    static constexpr Query<std::int64_t(base::Date)> one{"m.sum", "select 1"};
    EXPECT_THAT(columns_of(one.view()), testing::ElementsAre(TypedName{"", type::int8, false}));
    EXPECT_THAT(parameters_of(one.view()), testing::ElementsAre(TypedName{"tenant_id", type::uuid, false},
                                                                TypedName{"argument 1", type::date, false}));
}

}  // namespace
}  // namespace db
