#include "app/console/pages.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"
#include "openapi/html_page.h"

namespace app::console {

namespace {

using openapi::escaped;

// A value that turns the direction of writing keeps it to itself (unicode-bidi). Only the table is wider than the page, and
// scrolls.
constexpr std::string_view style =
    ":root{color-scheme:light dark;--ink:#1b1b1b;--paper:#fff;--soft:#595959;--line:#c8c8c8;--link:#0b57d0;"
    "--band:#f2f2f2;--fault:#b3261e}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e6e6;--paper:#151515;--soft:#b0b0b0;--line:#4a4a4a;"
    "--link:#8ab4f8;--band:#222;--fault:#f2b8b5}}"
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;padding:1rem;color:var(--ink);background:var(--paper);"
    "overflow-wrap:anywhere}h1{font-size:1.4rem;line-height:1.25;margin:.5rem 0}h2{font-size:1.1rem;margin:1.5rem 0 "
    ".25rem}a{color:var(--link)}nav a,.more a{display:inline-block;padding:.6rem .6rem .6rem 0}"
    "small,.none{color:var(--soft)}.none{font-style:italic}.fault{color:var(--fault)}"
    "ul{list-style:none;padding:0;max-width:44rem}li{border-bottom:1px solid var(--line)}"
    "li a{display:inline-block;padding:.6rem 0}"
    ".rows{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse}"
    "th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border:1px solid var(--line);max-width:22rem;"
    "min-width:3rem;unicode-bidi:isolate}th{background:var(--band);white-space:nowrap}td{white-space:pre-wrap}"
    "th small{display:block;font-weight:400}dt{margin-top:1rem}dd{margin:0;white-space:pre-wrap;unicode-bidi:isolate}"
    "form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end;margin:.5rem 0}label{display:block}"
    "select,input,button{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--soft);"
    "border-radius:6px;padding:.6rem;max-width:100%;box-sizing:border-box}button{background:var(--band)}";

std::string link(std::string_view to, std::string_view text) {
    return fmt::format("<a href=\"{}\">{}</a>", escaped(to), escaped(text));
}

std::string path_of(std::string_view tenant) { return fmt::format("/{}", base::percent_encode(tenant)); }

std::string path_of(std::string_view tenant, const Table& table) {
    return fmt::format("{}/{}", path_of(tenant), base::percent_encode(table.name));
}

std::string parameter(std::string_view name, std::string_view value) {
    return fmt::format("{}={}", name, base::percent_encode(value));
}

std::string row_path(std::string_view tenant, const Table& table, std::span<const std::string> key) {
    auto path = path_of(tenant, table) + "/row";
    for (std::size_t i = 0; i < key.size(); ++i) path += (i == 0 ? "?" : "&") + parameter("key", key[i]);
    return path;
}

std::string filter_path(std::string_view tenant, const Table& table, std::size_t column, std::string_view value) {
    return fmt::format("{}?{}&{}", path_of(tenant, table), parameter("column", table.columns[column].name),
                       parameter("value", value));
}

// The code points of well-formed UTF-8 begin with any byte but 10xxxxxx.
std::string_view cut(std::string_view text, std::size_t characters) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U;
        if (begins && ++count > characters) return text.substr(0, i);
    }
    return text;
}

std::string none(std::string_view text) { return fmt::format("<span class=\"none\">{}</span>", text); }

// A value as HTML, and whether all of it.
std::pair<std::string, bool> shown_value(const Column& column, const Value& value, std::size_t characters) {
    if (column.shown == Shown::withheld) return {none("withheld"), true};
    if (!value) return {none("null"), true};
    if (column.shown == Shown::length) return {none(escaped(*value) + (*value == "1" ? " byte" : " bytes")), true};
    const auto text = cut(*value, characters);
    return {escaped(text), text.size() == value->size()};
}

// The link that ends in a column; none when part of it is null or cut.
std::optional<std::string> link_of(std::string_view tenant, std::span<const Table> tables, const Table& table,
                                   std::size_t column, const Values& values) {
    const auto found =
        std::ranges::find_if(table.links, [column](const Link& one) { return one.columns.back() == column; });
    if (found == table.links.end()) return std::nullopt;
    std::vector<std::string> key;
    for (const auto one : found->columns) {
        const auto& value = values.at(one);
        if (!value || cut(*value, shown_characters).size() != value->size()) return std::nullopt;
        key.push_back(*value);
    }
    return row_path(tenant, tables[found->table], key);
}

std::string head_of(const Table& table) {
    std::string head = "<tr><th scope=\"col\">row</th>";
    for (const auto& column : table.columns) {
        head += fmt::format("<th scope=\"col\">{}<small>{}{}</small></th>", escaped(column.name), escaped(column.type),
                            column.is_nullable ? ", null" : "");
    }
    return head + "</tr>\n";
}

std::string cells_of(const RowsPage& shown, const Row& row) {
    const auto& table = shown.tables[shown.table];
    const auto path = row_path(shown.tenant, table, row.key);
    auto cells = fmt::format("<tr><td>{}</td>", link(path, "whole"));
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        auto [html, is_whole] = shown_value(table.columns[i], row.values.at(i), shown_characters);
        if (const auto to = link_of(shown.tenant, shown.tables, table, i, row.values))
            html = fmt::format("<a href=\"{}\">{}</a>", escaped(*to), html);
        if (!is_whole) html += fmt::format("… {}", link(path, "all of it"));
        cells += fmt::format("<td>{}</td>", html);
    }
    return cells + "</tr>\n";
}

std::string filter_form(const RowsPage& shown) {
    const auto& table = shown.tables[shown.table];
    std::string choices;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (!table.columns[i].can_filter) continue;
        choices += fmt::format("<option{}>{}</option>", shown.filter && shown.filter->column == i ? " selected" : "",
                               escaped(table.columns[i].name));
    }
    if (choices.empty()) return {};
    const auto path = path_of(shown.tenant, table);
    return fmt::format(
        "<form action=\"{0}\"><label>Column<br><select name=\"column\">{1}</select></label><label>is<br>"
        "<input name=\"value\" value=\"{2}\" autocomplete=\"off\"></label><button>Show</button></form>\n{3}",
        escaped(path), choices, shown.filter ? escaped(shown.filter->value) : "",
        shown.filter ? fmt::format("<p class=\"more\">{}</p>\n", link(path, "All rows")) : "");
}

std::string more_links(const RowsPage& shown) {
    const auto& table = shown.tables[shown.table];
    const auto begin = shown.filter ? filter_path(shown.tenant, table, shown.filter->column, shown.filter->value)
                                    : path_of(shown.tenant, table);
    std::string links;
    if (!shown.is_first) links += link(begin, "First page") + "\n";
    if (shown.rows.size() > rows_a_page) {
        auto next = begin;
        for (const auto& value : shown.rows[rows_a_page - 1].key)
            next += (next.contains('?') ? "&" : "?") + parameter("after", value);
        links += link(next, "Next page") + "\n";
    }
    return links.empty() ? links : fmt::format("<p class=\"more\">{}</p>\n", links);
}

std::string trail(std::string_view tenant, const Table* table) {
    auto links = link("/", "Tenants");
    if (!tenant.empty()) links += " " + link(path_of(tenant), "Tables");
    if (table != nullptr) links += " " + link(path_of(tenant, *table), table->name);
    return fmt::format("<nav aria-label=\"Where\">{}</nav>\n", links);
}

std::string count_text(const Count& count) {
    constexpr auto most = static_cast<std::int64_t>(counted_rows);
    if (!count.failure.empty()) return fmt::format("<small class=\"fault\">{}</small>", escaped(count.failure));
    if (count.rows > most) return fmt::format("<small>more than {} rows</small>", most);
    return fmt::format("<small>{} {}</small>", count.rows, count.rows == 1 ? "row" : "rows");
}

std::string list_of_columns(const Table& table) {
    std::string text;
    for (const auto& column : table.columns)
        text += fmt::format("{}{} {}", text.empty() ? "" : ", ", column.name, column.type);
    return text;
}

}  // namespace

std::string page(std::string_view title, std::string_view main) {
    return fmt::format(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{}</title><style>{}</style>\n"
        "{}</html>\n",
        escaped(title), style, main);
}

http::ContentSecurityPolicy page_policy() {
    const auto digest = base::sha256(style);
    return http::ContentSecurityPolicy()
        .set("default-src", {"'none'"})
        .set("style-src", {fmt::format("'sha256-{}'", base::base64_encode(base::as_chars(digest)))})
        .set("form-action", {"'self'"})
        .set("base-uri", {"'none'"})
        .set("frame-ancestors", {"'none'"});
}

std::string tenants_page(std::span<const Tenant> tenants) {
    std::string items;
    for (const auto& [id, name] : tenants)
        items += fmt::format("<li>{}<br><small>{}</small></li>\n", link(path_of(id), name), escaped(id));
    const std::string_view none_there = "<li>There is no tenant yet.</li>\n";
    return fmt::format("<main><h1>Tenants</h1>\n<ul>\n{}</ul>\n</main>\n", items.empty() ? none_there : items);
}

std::string tables_page(std::string_view tenant, std::span<const Table> tables, std::span<const Count> counts) {
    std::string items;
    for (std::size_t i = 0; i < tables.size(); ++i) {
        const auto& table = tables[i];
        const auto name = table.has_rows ? link(path_of(tenant, table), table.name) : escaped(table.name);
        items += fmt::format("<li>{} {}<br><small>{}</small></li>\n", name,
                             table.has_rows ? count_text(counts[i]) : "<small>withheld</small>",
                             escaped(list_of_columns(table)));
    }
    return fmt::format(
        "{}<main><h1>Tables</h1>\n<p><small>of the tenant {}; each shows its rows alone</small></p>\n"
        "<ul>\n{}</ul>\n</main>\n",
        trail({}, nullptr), escaped(tenant), items);
}

std::string rows_page(const RowsPage& shown) {
    const auto& table = shown.tables[shown.table];
    std::string body;
    for (const auto& row : std::span(shown.rows).first(std::min(shown.rows.size(), rows_a_page)))
        body += cells_of(shown, row);
    auto main =
        fmt::format("{}<main><h1>{}</h1>\n{}", trail(shown.tenant, nullptr), escaped(table.name), filter_form(shown));
    if (!shown.complaint.empty()) {
        main += fmt::format("<p class=\"fault\" role=\"alert\">{}</p>\n", escaped(shown.complaint));
    } else if (body.empty()) {
        main += "<p>There is no row.</p>\n";
    } else {
        main += fmt::format(
            "<div class=\"rows\" role=\"region\" aria-label=\"Rows\" tabindex=\"0\"><table>\n"
            "<thead>{}</thead>\n<tbody>{}</tbody></table></div>\n",
            head_of(table), body);
    }
    return main + more_links(shown) + "</main>\n";
}

std::string row_page(std::string_view tenant, std::span<const Table> tables, std::size_t table, const Values& values) {
    const auto& of = tables[table];
    auto main = fmt::format("{}<main><h1>{}</h1>\n<dl>\n", trail(tenant, &of), escaped(of.name));
    for (std::size_t i = 0; i < of.columns.size(); ++i) {
        const auto& column = of.columns[i];
        auto [html, is_whole] = shown_value(column, values.at(i), whole_characters);
        if (!is_whole) html += fmt::format("… <span class=\"none\">(the first {} characters)</span>", whole_characters);
        if (const auto to = link_of(tenant, tables, of, i, values))
            html = fmt::format("<a href=\"{}\">{}</a>", escaped(*to), html);
        main +=
            fmt::format("<dt>{} <small>{}</small></dt><dd>{}</dd>\n", escaped(column.name), escaped(column.type), html);
    }
    main += "</dl>\n";
    if (!of.back_links.empty() && of.keys.size() == 1 && values.at(of.keys[0])) {
        main += "<h2>Rows that refer to it</h2>\n<ul>\n";
        for (const auto& [other, column] : of.back_links) {
            main +=
                fmt::format("<li>{} <small>by {}</small></li>\n",
                            link(filter_path(tenant, tables[other], column, *values[of.keys[0]]), tables[other].name),
                            escaped(tables[other].columns[column].name));
        }
        main += "</ul>\n";
    }
    return main + "</main>\n";
}

std::string complaint_page(std::string_view heading, std::string_view text, std::string_view tenant) {
    return fmt::format("{}<main><h1>{}</h1>\n<p>{}</p>\n</main>\n", trail(tenant, nullptr), escaped(heading),
                       escaped(text));
}

}  // namespace app::console
