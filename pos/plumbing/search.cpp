#include "pos/plumbing/search.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <stdexcept>

#include "db/sql.h"

namespace pos::detail {

namespace {

// `like` is not leakproof, so PostgreSQL would check the policy of every row before it looked at the trigram index. Hence a
// function with the rights of app_system, whose own condition is the tenant of the transaction: without one it finds nothing.
//
// The statement inside is planned for its values each time (execute … using): by the trigrams, or by the tenant's rows where
// they are few. `materialized`: the matches are found first and sorted then, since rows that match stand together in the
// order of names, and walking there from the first name takes longest for what people look for most.
constexpr std::string_view function = R"(create or replace function {name}({parameters}) returns setof uuid
language plpgsql stable security definer set search_path = public as $$
declare
  tenant uuid := nullif(current_setting('app.tenant', true), '')::uuid;
  pattern text := regexp_replace(regexp_replace(lower(trim(term)), '([\\%_])', '\\\1', 'g'), '\s+', '%', 'g');
  first_pattern text;
  word_pattern text;
begin
  if length(trim(term)) < 3 then
    first_pattern := pattern || '%';
    word_pattern := '% ' || pattern || '%';
  else
    first_pattern := '%' || pattern || '%';
  end if;
  return query execute
    'with matching as materialized ('
    '  select {selected} from {table} where tenant_id = $1 and deleted_at is null and ({matches}) '
    '  {conditions} '
    '  and (${first_key} is null or ({order}) > ({keys}))) '
    'select id from matching order by {order} limit ${most}'
    using tenant, first_pattern, word_pattern, {arguments};
end $$;
grant create on schema public to {{{{app_system}}}};
alter function {name}({types}) owner to {{{{app_system}}}};
revoke create on schema public from {{{{app_system}}}};
)";

class Function {
public:
    explicit Function(const SearchedRows& rows) : rows_(rows), name_(fmt::format("search_{}", rows.table.name)) {
        add("term", "text");
        arguments_.clear();  // it is the patterns that the statement is given
        for (const auto& filter : rows.filters) add_filter(filter);
        add("since", "timestamptz");
        conditions_.push_back(fmt::format("and (${0} is null or updated_at >= ${0})", number()));
        for (const auto key : rows.order) {
            const auto& field = *db::find_field(*rows.table.row, key);
            // No row is greater than null, and null stands for the first page: it would come again for ever.
            if (db::is_nullable(*field.type)) {
                // lint: allow(thrown-type) a declaration that is wrong: the program does not start
                throw std::logic_error(
                    fmt::format("pos: the search of {} pages by {}, which may be null: order by columns "
                                "that are never null",
                                rows.table.name, db::column_name(field.name)));
            }
            add("after_" + db::column_name(field.name), db::sql_type(*field.type));
            keys_.push_back(fmt::format("${}", number()));
            order_.push_back(column(key));
        }
        add("most", "integer");
    }

    SearchFunctionSql sql() const {
        std::vector<std::string> matches;
        for (const auto text : rows_.texts)
            matches.push_back(fmt::format("lower({0}) like $2 or lower({0}) like $3", column(text)));
        std::vector<std::string> selected(order_.end() - 1, order_.end());
        selected.insert(selected.end(), order_.begin(), order_.end() - 1);
        auto create = fmt::format(
            function, fmt::arg("name", name_), fmt::arg("parameters", parameters()),
            fmt::arg("selected", fmt::join(selected, ", ")), fmt::arg("table", db::quote_identifier(rows_.table.name)),
            fmt::arg("matches", fmt::join(matches, " or ")), fmt::arg("conditions", fmt::join(conditions_, " ")),
            fmt::arg("first_key", first_key()), fmt::arg("order", fmt::join(order_, ", ")),
            fmt::arg("keys", fmt::join(keys_, ", ")), fmt::arg("most", number()),
            fmt::arg("arguments", fmt::join(arguments_, ", ")), fmt::arg("types", fmt::join(types_, ", ")));
        return {name_, std::move(create), fmt::format("drop function {}({})", name_, fmt::join(types_, ", "))};
    }

private:
    std::string column(schema::Accessor key) const {
        return db::quote_identifier(db::column_name(db::find_field(*rows_.table.row, key)->name));
    }
    // Of the argument that was added last, within the statement: behind the tenant and the two patterns.
    std::size_t number() const { return arguments_.size() + 3; }
    std::size_t first_key() const { return number() - rows_.order.size(); }

    void add(std::string_view name, std::string type) {
        arguments_.push_back(db::quote_identifier(name));
        types_.push_back(std::move(type));
    }
    // "category_id = $4", and a parameter `category`; of a list of ids `categories` would be no better than `category`.
    void add_filter(const db::Condition& filter) {
        const auto& field = *db::find_field(*rows_.table.row, filter.column);
        auto name = db::column_name(field.name);
        auto type = db::sql_type(*field.type);
        if (type == "boolean" && !name.starts_with("is_")) name.insert(0, "is_");
        if (name.ends_with("_id")) name.resize(name.size() - 3);
        const bool any = filter.compare == db::Compare::any;
        add(name, any ? type + "[]" : type);
        const auto value = fmt::format("${}", number());
        const auto* compare = filter.compare == db::Compare::at_least ? ">=" : "=";
        conditions_.push_back(fmt::format("and ({} is null or {} {} {})", value, column(filter.column), compare,
                                          any ? fmt::format("any({})", value) : value));
    }
    // In two lines: what is looked for, and which page of it.
    std::string parameters() const {
        const auto indent = std::string(std::string_view("create or replace function ").size() + name_.size() + 1, ' ');
        auto text = fmt::format("term {}", types_.front());
        const auto page = arguments_.size() - rows_.order.size() - 1;
        for (std::size_t i = 0; i < arguments_.size(); ++i)
            text += fmt::format("{}{} {}", i == page ? ",\n" + indent : ", ", arguments_[i], types_[i + 1]);
        return text;
    }

    SearchedRows rows_;
    std::string name_;
    std::vector<std::string> types_;       // of the parameters, `term` among them
    std::vector<std::string> arguments_;   // the parameters but `term`
    std::vector<std::string> conditions_;  // by filters
    std::vector<std::string> order_;
    std::vector<std::string> keys_;
};

}  // namespace

SearchFunctionSql search_function(const SearchedRows& rows) { return Function(rows).sql(); }

}  // namespace pos::detail
