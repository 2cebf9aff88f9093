#pragma once
// Text search under row level security. `like` is not leakproof, so PostgreSQL would check the policy of every row before it
// looked at the trigram index. Hence a function with the rights of app_system, whose own condition is the tenant of the
// transaction: without one it finds nothing.
//
// The statement inside is planned for its values each time (execute … using): by the trigrams, or by the tenant's rows where
// they are few. `materialized`: the matches are found first and sorted then, since products that match stand together
// in the order of names, and walking there from the first name takes longest for what people look for most. Words of three
// letters and more are found anywhere, shorter ones at the beginning of a word, which is what trigrams can tell.

#include <string_view>

namespace pos {

inline constexpr std::string_view search_products_sql =
    "create or replace function search_products(term text, category uuid, is_active boolean, since timestamptz,\n"
    "                                           after_name text, after_id uuid, most integer) returns setof uuid\n"
    "language plpgsql stable security definer set search_path = public as $$\n"
    "declare\n"
    "  tenant uuid := nullif(current_setting('app.tenant', true), '')::uuid;\n"
    "  pattern text := regexp_replace(regexp_replace(lower(trim(term)), '([\\\\%_])', '\\\\\\1', 'g'), '\\s+', '%', "
    "'g');\n"
    "  first_pattern text;\n"
    "  word_pattern text;\n"
    "begin\n"
    "  if length(trim(term)) < 3 then\n"
    "    first_pattern := pattern || '%';\n"
    "    word_pattern := '% ' || pattern || '%';\n"
    "  else\n"
    "    first_pattern := '%' || pattern || '%';\n"
    "  end if;\n"
    "  return query execute\n"
    "    'with matching as materialized ('\n"
    "    '  select id, name from products where tenant_id = $1 and deleted_at is null and (lower(name) like $2 or "
    "lower(name) like $3) '\n"
    "    '  and ($4 is null or category_id = $4) and ($5 is null or active = $5) and ($6 is null or updated_at >= $6) "
    "'\n"
    "    '  and ($7 is null or (name, id) > ($7, $8))) '\n"
    "    'select id from matching order by name, id limit $9'\n"
    "    using tenant, first_pattern, word_pattern, category, is_active, since, after_name, after_id, most;\n"
    "end $$;\n"
    "grant create on schema public to {{app_system}};\n"
    "alter function search_products(text, uuid, boolean, timestamptz, text, uuid, integer) owner to {{app_system}};\n"
    "revoke create on schema public from {{app_system}};\n";

}  // namespace pos
