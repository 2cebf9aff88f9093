#pragma once
// The console's pages as HTML: no script, fit for a phone, light and dark. Whatever a row holds is text in them. Pure functions.
//
//     context.response().body(console::page("products", console::rows_page({…})));
//     http::security_headers({.content_security_policy = console::page_policy()});

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/console/table.h"
#include "http/middleware/security_headers.h"

namespace app::console {

inline constexpr std::string_view page_type = "text/html; charset=utf-8";

// `title` is text, `main` is HTML.
[[nodiscard]] std::string page(std::string_view title, std::string_view main);
// Allows the one style that is in page(), and forms that ask this server.
[[nodiscard]] http::ContentSecurityPolicy page_policy();

// A value as PostgreSQL gave it.
using Value = std::optional<std::string>;
using Values = std::vector<Value>;

struct Row {
    std::vector<std::string> key;
    Values values;  // a column each
};

struct Tenant {
    std::string id;
    std::string name;
};
[[nodiscard]] std::string tenants_page(std::span<const Tenant> tenants);

struct Count {
    std::int64_t rows = 0;
    std::string failure{};  // why they are not counted
};
// `counts` beside `tables`.
[[nodiscard]] std::string tables_page(std::string_view tenant, std::span<const Table> tables,
                                      std::span<const Count> counts);

struct Filter {
    std::size_t column = 0;
    std::string value;
};

struct RowsPage {
    std::string_view tenant;
    std::span<const Table> tables;
    std::size_t table = 0;
    std::optional<Filter> filter{};
    bool is_first = true;
    std::vector<Row> rows{};  // one more than a page has: there is a next page
    std::string complaint{};  // what is wrong with the filter or the place in the list
};
[[nodiscard]] std::string rows_page(const RowsPage& shown);

// Of one row, whole.
[[nodiscard]] std::string row_page(std::string_view tenant, std::span<const Table> tables, std::size_t table,
                                   const Values& values);

// Of a tenant: it leads back to its tables.
[[nodiscard]] std::string complaint_page(std::string_view heading, std::string_view text, std::string_view tenant = {});

}  // namespace app::console
