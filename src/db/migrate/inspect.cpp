#include "db/migrate/inspect.h"

#include <fmt/format.h>

namespace db::migrate {

namespace {

// relation: tables, views, sequences of our own. Facts are (key, value).
constexpr const char* facts_sql = R"(
with relation as (
    select c.oid, c.relname, c.relkind, c.relacl, c.relowner, c.relrowsecurity, c.relforcerowsecurity,
        coalesce(' options ' || array_to_string(c.reloptions, ', '), '') as options
    from pg_class c
    where c.relnamespace = 'public'::regnamespace
    and c.relname not like 'schema_migrations%'
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
), routine as (
    select p.oid, p.proacl, p.proowner, p.oid::regprocedure::text as name
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.prokind in ('f', 'p')
    and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
)
select 'table ' || relname, 'row security: ' || relrowsecurity || ', forced: ' || relforcerowsecurity || options
from relation where relkind in ('r', 'p')
union all
select 'column ' || relname || '.' || attname,
    format_type(atttypid, atttypmod) || case when attnotnull then ' not null' else '' end
    || coalesce(' default ' || (select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = attrelid and adnum = attnum), '')
from relation join pg_attribute on attrelid = relation.oid
where attnum > 0 and not attisdropped and relkind in ('r', 'p', 'v', 'm')
union all
select 'constraint ' || relname || '.' || conname, pg_get_constraintdef(pg_constraint.oid)
from relation join pg_constraint on conrelid = relation.oid
where relkind in ('r', 'p')
union all
select 'index ' || relname, pg_get_indexdef(oid) || case when indisvalid then '' else ' INVALID' end
from relation join pg_index on indexrelid = oid where relkind = 'i'
union all
select 'view ' || relname, pg_get_viewdef(oid) || options
from relation where relkind in ('v', 'm')
union all
select 'sequence ' || relname, format_type(seqtypid, null) || ' start ' || seqstart || ' increment ' || seqincrement
    || ' from ' || seqmin || ' to ' || seqmax || ' cache ' || seqcache || case when seqcycle then ' cycle' else '' end
from relation join pg_sequence on seqrelid = oid where relkind = 'S'
union all
select 'rule ' || relname || '.' || rulename, pg_get_ruledef(pg_rewrite.oid)
from relation join pg_rewrite on ev_class = relation.oid where rulename <> '_RETURN'
union all
select 'statistics ' || stxname, pg_get_statisticsobjdef(oid)
from pg_statistic_ext where stxnamespace = 'public'::regnamespace
union all
select 'comment on ' || pg_describe_object(classoid, objoid, objsubid), description
from pg_description
where classoid in ('pg_class'::regclass, 'pg_proc'::regclass) and objoid in (select oid from relation union select oid from routine)
union all
select 'policy ' || tablename || '.' || policyname,
    permissive || ' ' || cmd || ' to ' || roles::text || ' using ' || coalesce(qual, '') || ' check ' || coalesce(with_check, '')
from pg_policies where schemaname = 'public'
union all
select 'grant on ' || relname || ' to ' || grantee::regrole,
    string_agg(privilege_type, ', ' order by privilege_type)
from relation, aclexplode(relacl)
where grantee <> 0 and grantee <> relowner
group by relname, grantee
union all
select 'grant on ' || relname || '.' || attname || ' to ' || grantee::regrole,
    string_agg(privilege_type, ', ' order by privilege_type)
from relation join pg_attribute on attrelid = relation.oid, aclexplode(attacl)
where grantee <> 0 and not attisdropped
group by relname, attname, grantee
union all
select 'grant on ' || relname || ' to public', string_agg(privilege_type, ', ' order by privilege_type)
from relation, aclexplode(relacl)
where grantee = 0
group by relname
union all
select 'function ' || name, pg_get_functiondef(oid) || ' owner ' || pg_get_userbyid(proowner)
    || ' grants ' || coalesce((select string_agg(item::text, ' ' order by item::text) from unnest(proacl) item), 'default')
from routine
union all
select 'trigger ' || relname || '.' || tgname,
    pg_get_triggerdef(pg_trigger.oid) || case tgenabled when 'O' then '' else ' enabled: ' || tgenabled::text end
from relation join pg_trigger on tgrelid = relation.oid
where not tgisinternal
union all
select 'type ' || typname, coalesce((select string_agg(enumlabel, ', ' order by enumsortorder) from pg_enum where enumtypid = t.oid), '')
    || case typtype when 'd' then format_type(typbasetype, typtypmod) || case when typnotnull then ' not null' else '' end
        || coalesce(' default ' || typdefault, '') else '' end
    || coalesce((select string_agg(' ' || pg_get_constraintdef(c.oid), '' order by conname) from pg_constraint c where contypid = t.oid), '')
from pg_type t
where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')
and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
union all
select 'extension ' || extname, extversion || ' in ' || extnamespace::regnamespace
from pg_extension where extname <> 'plpgsql'
)";

}  // namespace

Facts inspect(Connection& connection) {
    Facts facts;
    for (auto& row : connection.query(facts_sql)) facts.emplace(row.at(0).value(), row.at(1).value_or(""));
    return facts;
}

std::vector<std::string> compare(const Facts& migrations, const Facts& declarations) {
    std::vector<std::string> lines;
    for (const auto& [key, value] : declarations) {
        const auto found = migrations.find(key);
        if (found == migrations.end()) {
            lines.push_back(fmt::format("{}: the migrations do not make it ({})", key, value));
        } else if (found->second != value) {
            lines.push_back(fmt::format("{}: the migrations give  {}\n{:>{}}  the tables declare  {}", key,
                                        found->second, "", key.size() + 1, value));
        }
    }
    for (const auto& [key, value] : migrations) {
        if (!declarations.contains(key)) lines.push_back(fmt::format("{}: no table declares it ({})", key, value));
    }
    return lines;
}

}  // namespace db::migrate
