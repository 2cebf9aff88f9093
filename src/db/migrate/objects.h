#pragma once
// What the declared functions, views, extensions and the rest (SqlObject) mean for a migration: which of them go before the tables
// change, which come after, and what depends on them. Their text is read as tokens, not parsed: an object depends on each table
// and object that it names outside of a body in quotes, which PostgreSQL does not follow either. Pure; any thread.
//
//     const auto plan = db::migrate::plan_objects(before.objects, now.objects, tables, allow_drops);
//     for (const auto* object : plan.drop_first) ...

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/migrate/snapshot.h"

namespace db::migrate {

// One object's text.
struct ObjectText {
    struct Creation {
        std::string kind;  // "function", "materialized view", …
        std::string name;
        std::string head;  // of a routine: its parameters and what it returns
        bool replaces = false;
        friend bool operator==(const Creation&, const Creation&) = default;
    };
    std::vector<Creation> creations;
    std::vector<std::string> rest;  // what creates nothing: grants, owners, settings
    std::set<std::string, std::less<>> uses;
    std::set<std::string, std::less<>> calls;  // what the bodies of its routines name
    std::string form;  // without what changes nothing: spaces, comments, "or replace", "if not exists"
    bool takes_all_columns = false;

    [[nodiscard]] bool creates(std::string_view kind) const;
    // A sequence or a table: what is lost with it cannot be made again.
    [[nodiscard]] bool holds_data() const { return creates("sequence") || creates("table"); }
};
[[nodiscard]] ObjectText read_object(std::string_view create_sql);

using Names = std::set<std::string, std::less<>>;

// What happens to the tables, by the names before.
struct TableChanges {
    Names dropped;
    Names reshaped;   // a column goes or changes its type, or the primary key goes
    Names extended;   // a column comes or gets a new name
    Names regranted;  // all grants are taken back and given again
};

struct ObjectPlan {
    using Objects = std::vector<const ObjectSnapshot*>;
    Objects drop_first;     // those made after the tables, before any table changes
    Objects drop_before;    // those made before the tables, once nothing of the tables uses them
    Objects create_before;  // then, before the tables change
    Objects create_after;   // at the end
    Names gone;             // what the dropped ones are called in the database
    Names changed;  // functions that may answer otherwise than before: with another text, or calling one that has
    std::vector<std::string> errors;
};
[[nodiscard]] ObjectPlan plan_objects(std::span<const ObjectSnapshot> before, std::span<const ObjectSnapshot> now,
                                      const TableChanges& tables, bool allow_drops);

// The same object of the other schema: by its name, by its text, or by what it makes; nullptr when there is none.
[[nodiscard]] const ObjectSnapshot* counterpart(const ObjectSnapshot& object, std::span<const ObjectSnapshot> own,
                                                std::span<const ObjectSnapshot> others);

// Without the semicolon at its end.
[[nodiscard]] std::string as_statement(std::string_view sql);

}  // namespace db::migrate
