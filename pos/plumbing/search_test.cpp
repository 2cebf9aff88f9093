#include "pos/plumbing/search.h"

#include <gmock/gmock.h>

#include "pos/modules/catalogue/statements.h"
#include "pos/modules/locations/tables.h"

namespace {

using namespace pos;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto sites =
    db::tenant_table<Location>("sites", db::primary_key<&Location::id>(),
                               db::text_index<&LocationFields::name, &LocationFields::tax_pin>("sites_search"));
constexpr List<sites, By<&LocationFields::name>, Search, AnyOf<&Location::id>, Where<&LocationFields::is_warehouse>>
    site_list;

std::string sql_of(const auto& list, std::string_view name) {
    for (const auto& statement : list.statements()) {
        if (statement.full_name() == name) return db::render(statement);
    }
    return "";
}

TEST(Search, IndexesEveryText) {
    EXPECT_EQ(sites.constraints[1].expression, "lower(name) gin_trgm_ops, lower(tax_pin) gin_trgm_ops");
    EXPECT_EQ(sites.constraints[1].method, "gin");
}

TEST(Search, FindsInEveryTextByEveryFilter) {
    const auto objects = site_list.objects();
    ASSERT_EQ(objects.size(), 2U);
    EXPECT_EQ(objects[0].name, "pg_trgm");
    EXPECT_EQ(objects[1].name, "search_sites");
    EXPECT_EQ(objects[1].drop_sql,
              "drop function search_sites(text, uuid[], boolean, timestamptz, text, uuid, integer)");
    EXPECT_THAT(
        objects[1].create_sql,
        AllOf(HasSubstr("search_sites(term text, id uuid[], is_warehouse boolean, since timestamptz,\n"),
              HasSubstr(
                  "(lower(name) like $2 or lower(name) like $3 or lower(tax_pin) like $2 or lower(tax_pin) like $3)"),
              HasSubstr("($4 is null or id = any($4)) and ($5 is null or is_warehouse = $5)"),
              HasSubstr("security definer"), HasSubstr("owner to {{app_system}}")));
}

TEST(Search, RefusesAnOrderThatMayBeNull) {
    static constexpr schema::Accessor nullable[] = {&schema::detail::access_member<&LocationFields::tax_pin>,
                                                    &schema::detail::access_member<&Location::id>};
    EXPECT_THROW((void)detail::search_function({.table = sites.view(), .texts = {}, .filters = {}, .order = nullable}),
                 std::logic_error);
}

TEST(Search, IsOneMoreStatementOfItsList) {
    EXPECT_THAT(sql_of(site_list, "sites.page_id_is_warehouse"), Not(HasSubstr("search_sites")));
    EXPECT_THAT(
        sql_of(site_list, "sites.page_search"),
        HasSubstr(
            R"(from sites where tenant_id = $1 and id = any(array(select search_sites($2, $3, $4, $5, null, null, $6))) )"
            R"(order by "name", "id" limit $6::integer)"));
    EXPECT_THAT(sql_of(site_list, "sites.page_search_after"),
                HasSubstr(R"(search_sites($2, $3, $4, $5, $6, $7, $8))) order by "name", "id" limit $8::integer)"));
}

// What the migrations have made: a change of it is a migration, and not to be made by the way.
TEST(Search, OfProductsIsAsItWas) {
    const auto function = std::string(catalogue::product_list.objects()[1].create_sql);
    EXPECT_THAT(
        function,
        HasSubstr(
            R"(create or replace function search_products(term text, category uuid, is_active boolean, since timestamptz,
                                           after_name text, after_id uuid, most integer) returns setof uuid
)"));
    EXPECT_THAT(function, HasSubstr(R"(
    '  select id, name from products where tenant_id = $1 and deleted_at is null and (lower(name) like $2 or lower(name) like $3) '
    '  and ($4 is null or category_id = $4) and ($5 is null or active = $5) and ($6 is null or updated_at >= $6) '
    '  and ($7 is null or (name, id) > ($7, $8))) '
    'select id from matching order by name, id limit $9'
    using tenant, first_pattern, word_pattern, category, is_active, since, after_name, after_id, most;
)"));
}

}  // namespace
