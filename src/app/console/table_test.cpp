#include "app/console/table.h"

#include <gmock/gmock.h>

#include "app/console/pages.h"
#include "app/console/tables_for_test.h"

namespace app::console {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const Table& table(const std::vector<Table>& tables, std::string_view name) {
    return *std::ranges::find(tables, name, &Table::name);
}

const std::vector<Table>& library() {
    static const auto tables = read_tables(testing::declared());
    return tables;
}

TEST(ConsoleTable, HasTheTablesOfTenantsByName) {
    std::vector<std::string> names;
    for (const auto& one : library()) names.push_back(one.name);
    EXPECT_THAT(names, ElementsAre("books", "libraries", "marks", "pages", "rules", "tickets", "writers"));
}

TEST(ConsoleTable, WithholdsWhatItsDeclarationKeepsFromClients) {
    const auto& books = table(library(), "books");
    struct Case {
        std::string_view column;
        Shown shown;
        bool can_filter;
    };
    for (const auto& [column, shown, can_filter] : {
             Case{"id", Shown::value, true},
             Case{"title", Shown::value, true},
             Case{"writer_id", Shown::value, true},        // internal, but an id
             Case{"created_by", Shown::value, true},       // internal, but an id, of a table that is not shown
             Case{"login_token", Shown::withheld, false},  // an id, by what the log redacts
             Case{"mood", Shown::value, true},             // internal, but a word of an enumeration
             Case{"deleted_at", Shown::value, true},       // internal, but a time
             Case{"remark", Shown::withheld, false},       // internal text
             Case{"reset_token", Shown::withheld, false},  // by what the log redacts
             Case{"owner_word", Shown::withheld, false},   // a password, by its format
             Case{"extra", Shown::value, false},
             Case{"doors", Shown::withheld, false},  // JSON with a write-only member
             Case{"order", Shown::value, false},
             Case{"cover", Shown::length, false},
         }) {
        const auto index = books.find_column(column);
        ASSERT_TRUE(index) << column;
        EXPECT_EQ(books.columns[*index].shown, shown) << column;
        EXPECT_EQ(books.columns[*index].can_filter, can_filter) << column;
    }
    EXPECT_FALSE(table(library(), "tickets").has_rows) << "who has its key has what it is for";
}

TEST(ConsoleTable, NamesNoWithheldColumnInAStatement) {
    const auto& books = table(library(), "books");
    for (const auto& sql : {rows_sql(books, {}), rows_sql(books, {.filter = 1, .after = true}), row_sql(books)}) {
        for (const auto* withheld : {"remark", "token", "owner_word", "doors"})
            EXPECT_THAT(sql, Not(HasSubstr(withheld)));
        EXPECT_THAT(sql, HasSubstr("octet_length(cover)"));
        EXPECT_THAT(sql, HasSubstr("\nfrom books\nwhere tenant_id = $1"));
        EXPECT_THAT(sql, HasSubstr("\"order\"")) << "a key word is quoted";
    }
}

TEST(ConsoleTable, ReadsRowsInTheOrderOfTheirKey) {
    EXPECT_EQ(rows_sql(table(library(), "pages"), {.filter = 2, .after = true}),
              "select cast(book_id as text),\ncast(number as text),\nleft(cast(book_id as text), 201),\n"
              "left(cast(number as text), 201),\nleft(cast(text as text), 201)\nfrom pages\nwhere tenant_id = $1\n"
              "and text = cast($2 as text)\nand (book_id, number) > (cast($3 as uuid), cast($4 as integer))\n"
              "order by book_id, number\nlimit 51");
    EXPECT_THAT(row_sql(table(library(), "pages")),
                HasSubstr("\nand (book_id, number) = (cast($2 as uuid), cast($3 as integer))"));
    EXPECT_THAT(rows_sql(table(library(), "libraries"), {}), HasSubstr("\nwhere id = $1"));
    EXPECT_THAT(rows_sql(table(library(), "rules"), {.after = true}), Not(HasSubstr("order by")));
    EXPECT_EQ(count_sql(table(library(), "pages")),
              "select count(*)\nfrom (select 1\nfrom pages\nwhere tenant_id = $1\nlimit 1001) as counted");
}

TEST(ConsoleTable, SaysDaysThatNoCalendarWritesAsPostgresDoes) {
    EXPECT_THAT(rows_sql(table(library(), "books"), {}),
                HasSubstr("left(case when isfinite((deleted_at at time zone 'UTC')) "
                          "and (deleted_at at time zone 'UTC') >= timestamp '0001-01-01' "
                          "then to_char((deleted_at at time zone 'UTC'), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') "
                          "else cast((deleted_at at time zone 'UTC') as text) end, 201)"));
}

TEST(ConsoleTable, FollowsReferencesBothWays) {
    const auto& books = table(library(), "books");
    ASSERT_EQ(books.links.size(), 1U);
    EXPECT_EQ(library()[books.links[0].table].name, "writers");
    const auto& writers = table(library(), "writers");
    ASSERT_EQ(writers.back_links.size(), 1U);
    EXPECT_EQ(library()[writers.back_links[0].table].name, "books");
    EXPECT_EQ(table(library(), "marks").links.at(0).columns.size(), 2U);
    EXPECT_TRUE(table(library(), "pages").back_links.empty()) << "a key of two columns is no filter";
}

RowsPage pages_of_a_book(std::vector<Row> rows) {
    const auto at = std::ranges::find(library(), "pages", &Table::name) - library().begin();
    return {.tenant = "t<>", .tables = library(), .table = static_cast<std::size_t>(at), .rows = std::move(rows)};
}

TEST(ConsolePages, ShowWhatARowHoldsAsText) {
    const std::string hostile = "<script>alert(1)</script>\"'&";
    auto shown = pages_of_a_book({{.key = {"b\"><i>", "1&x"}, .values = {"b\"><i>", "1", hostile}}});
    shown.filter = Filter{2, hostile};
    for (const auto& html :
         {rows_page(shown), row_page("t<>", library(), shown.table, shown.rows[0].values),
          tenants_page(std::vector<Tenant>{{hostile, hostile}}), complaint_page(hostile, hostile), page(hostile, "")}) {
        EXPECT_THAT(html, Not(HasSubstr("<script"))) << html;
        EXPECT_THAT(html, Not(HasSubstr("<i>"))) << html;
        EXPECT_THAT(html, Not(HasSubstr("t<>"))) << html;
    }
    EXPECT_THAT(rows_page(shown), HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
    EXPECT_THAT(rows_page(shown), HasSubstr("key=b%22%3E%3Ci%3E&amp;key=1%26x"));
}

TEST(ConsolePages, SayWhyATableIsNotCountedAndLeadOnToTheOthers) {
    std::vector<Count> counts(library().size(), Count{.rows = 7});
    counts[0].failure = "locked <by> another";
    const auto html = tables_page("t", library(), counts);
    EXPECT_THAT(html,
                HasSubstr("<a href=\"/t/books\">books</a> <small class=\"fault\">locked &lt;by&gt; another</small>"));
    EXPECT_THAT(html, HasSubstr("<a href=\"/t/pages\">pages</a> <small>7 rows</small>"));
    EXPECT_THAT(complaint_page("Locked", "Later", "t"), HasSubstr("<a href=\"/t\">Tables</a>"));
    EXPECT_THAT(complaint_page("Locked", "Later"), Not(HasSubstr("Tables")));
}

TEST(ConsolePages, CutWhatIsLongBetweenCharacters) {
    std::string text;
    for (std::size_t i = 0; i < shown_characters; ++i) text += "ñ";
    const auto whole = rows_page(pages_of_a_book({{.key = {"b", "1"}, .values = {"b", "1", text}}}));
    EXPECT_THAT(whole, HasSubstr("<td>" + text + "</td>"));
    const auto cut = rows_page(pages_of_a_book({{.key = {"b", "1"}, .values = {"b", "1", text + "x"}}}));
    EXPECT_THAT(cut, HasSubstr("<td>" + text + "… <a href"));
}

TEST(ConsolePages, LeadToTheNextPageByTheLastKey) {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < rows_a_page + 1; ++i)
        rows.push_back({.key = {"b", std::to_string(i)}, .values = {"b", std::to_string(i), std::nullopt}});
    const auto html = rows_page(pages_of_a_book(rows));
    EXPECT_THAT(html, HasSubstr("?after=b&amp;after=49\">Next page"));
    EXPECT_THAT(html, Not(HasSubstr("key=50")));
    rows.pop_back();
    EXPECT_THAT(rows_page(pages_of_a_book(rows)), Not(HasSubstr("Next page")));
}

}  // namespace
}  // namespace app::console
