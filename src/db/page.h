#pragma once
// Keyset lists: a page of rows and the cursor of the next one.
//
//     async::Task<db::Page<Product>> list(Permitted<"products.read"> caller, http::Query<db::PageRequest> page, db::Db db) {
//         co_return co_await db.page(product_page, *page);
//     }
//
// A cursor holds the order columns of the last row and a hash of the statement and its arguments, signed: one that was made
// up, or belongs to another list, tenant or filter, is a 422 `invalid_cursor`.

#include <optional>
#include <string>
#include <vector>

#include "schema/schema.h"

namespace db {

inline constexpr std::int32_t default_page_limit = 50;
inline constexpr std::int32_t max_page_limit = 500;

// Counting ends here: a list of millions must not be read to its end because somebody is curious.
inline constexpr std::int32_t max_page_count = 10'000;

struct PageRequest {
    std::int32_t limit = default_page_limit;
    std::optional<std::string> cursor;
    bool count = false;

    friend constexpr auto describe(PageRequest*) {
        return schema::object<PageRequest>(
            "PageRequest",
            schema::field<&PageRequest::limit>(
                "limit",
                {.min = 1, .max = max_page_limit, .defaulted = true, .doc = "Rows of a page.", .example = "50"}),
            schema::field<&PageRequest::cursor>(
                "cursor", {.max_length = 2'000,
                           .text = schema::Text::raw,
                           .doc = "`nextCursor` of the page before, as it is; the first page has none.",
                           .example = R"("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiMkJSYn")"}),
            schema::field<&PageRequest::count>("count",
                                               {.defaulted = true,
                                                .doc = "Whether to count the rows of all pages; one more statement.",
                                                .example = "true"}));
    }
};

struct PageCount {
    std::int64_t value = 0;
    bool exact = true;

    friend constexpr auto describe(PageCount*) {
        return schema::object<PageCount>(
            "PageCount", schema::field<&PageCount::value>("value", {.min = 0, .max = max_page_count}),
            schema::field<&PageCount::exact>("exact", {.doc = "False: there are more than `value`."}));
    }
};

namespace detail {

// "Product" → "ProductPage", as a constant.
template <class T>
struct PageName {
    static constexpr auto base = schema::object_of<T>.name;
    static constexpr auto text = [] {
        std::array<char, base.size() + 4> name{};
        for (std::size_t i = 0; i < base.size(); ++i) name[i] = base[i];
        constexpr std::string_view suffix = "Page";
        for (std::size_t i = 0; i < suffix.size(); ++i) name[base.size() + i] = suffix[i];
        return name;
    }();
    static constexpr std::string_view value{text.data(), text.size()};
};

}  // namespace detail

template <class T>
struct Page {
    std::vector<T> data;
    std::optional<std::string> next_cursor;
    schema::Maybe<PageCount> count;

    friend constexpr auto describe(Page*) {
        return schema::object<Page>(
            detail::PageName<T>::value, schema::field<&Page::data>("data", {.max_items = max_page_limit}),
            schema::field<&Page::next_cursor>("nextCursor",
                                              {.doc = "Give it as `cursor` to get the next page; null on the last."}),
            schema::field<&Page::count>("count", {.doc = "With `?count=true`: the rows of all pages together."}));
    }
};

// The text of one order column in a cursor, and the signed whole.
[[nodiscard]] std::string seal_cursor(std::string_view secret, std::string_view scope,
                                      const std::vector<std::string>& values);
// nullopt: not a cursor that we made for this scope.
[[nodiscard]] std::optional<std::vector<std::string>> open_cursor(std::string_view secret, std::string_view scope,
                                                                  std::string_view cursor);

}  // namespace db
