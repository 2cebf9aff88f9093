#pragma once
// Money and counts are taken in the transaction that writes the message, so that a limit holds exactly however many ask at once, and
// what is not written costs nothing. charge_message() is app_system's: counts are of all tenants together, which no tenant sees.
//
//     batch.add(charge, row.id, price.millionths, subjects, most, limit, own, most_of_tenant);
//                                                       // 429 sms.number_limit, sms.source_limit, sms.spending_limit
//     batch.add(correct_cost, row.id, std::int64_t{0});                        // it was refused for good: given back
//
// A key that had been used before wrote no row, and its charge finds none.

#include "db/query.h"
#include "db/sql_object.h"
#include "pos/modules/sms/tables.h"

namespace pos::texting {

// `subjects`: number_subject(), "source 192.0.2.1", each with its most a day; of the day on which the row was made. None: it counts
// already. What leaves by the service counts for its number, of all tenants together, until it is known that it was not sent
// (uncount); and for number and tenant ("number … by TENANT", `$8` at most) whatever becomes of it: nobody tries without end, and
// no tenant uses up alone what a number gets. Where the tenant has an account of its own for `$7`, it counts for this tenant alone
// ("number … of TENANT"): else it uses up other people's messages at no cost.
inline constexpr db::Query<void(NotificationId, std::int64_t, std::vector<std::string>, std::vector<std::int32_t>,
                                std::int64_t, std::optional<Channel>, std::int32_t)>
    charge{{"sms.charge",
            "select from (select exists (select from message_accounts a where a.tenant_id = $1 and a.channel = $7) "
            "  as is_own, cardinality($4::text[]) = 0 as is_counted) m, "
            "lateral charge_message($2, $3, "
            "  case when m.is_counted then $4::text[] "
            "  when m.is_own then array[($4::text[])[1] || ' of ' || $1::text] || ($4::text[])[2:] "
            "  else array[($4::text[])[1], ($4::text[])[1] || ' by ' || $1::text] || ($4::text[])[2:] end, "
            "  case when m.is_counted or m.is_own then $5::integer[] "
            "  else array[($5::integer[])[1], $8::integer] || ($5::integer[])[2:] end, $6) "
            "where $1 is not null",
            db::Kind::write}};

// Codes that prove a number count apart: what others send to it keeps nobody from proving that it is theirs.
[[nodiscard]] inline std::string number_subject(const Notification& row) {
    return "number " + row.recipient + (row.kind == NotificationKind::phone_code ? " for codes" : "");
}

// A message that was not sent, or did not leave by the service, does not count for its number any more.
inline constexpr db::Query<void(NotificationId)> uncount{
    {"sms.uncount", "select from uncount_message($2) where $1 is not null", db::Kind::write}};

// It waits to leave by an account of the tenant's own, and counts for the tenant alone.
[[nodiscard]] inline bool counts_for_the_tenant(const Notification& row) {
    return row.counted && row.counted->contains(" of ");
}

// What the provider says that it cost, in place of what was expected.
inline constexpr db::Query<void(NotificationId, std::int64_t)> correct_cost{
    {"sms.correct_cost",
     "with charged as (select id, created_at, cost_millionths from notifications where tenant_id = $1 and id = $2 "
     "  and cost_millionths <> $3 for no key update), "
     "corrected as (update notifications n set cost_millionths = $3 from charged c "
     "  where n.tenant_id = $1 and n.id = c.id) "
     "update message_spending s set spent_millionths = greatest(0, s.spent_millionths + $3 - c.cost_millionths) "
     "from charged c where s.tenant_id = $1 and s.day = (c.created_at at time zone 'UTC')::date",
     db::Kind::write}};

// Without one a tenant's messages leave by the service's own.
inline constexpr auto account_of_tenant = db::find<tables::message_accounts>("sms.account_of_tenant");

inline constexpr db::SqlObject charge_message{
    "charge_message",
    "create or replace function charge_message(message uuid, price bigint, subjects text[], most integer[],\n"
    "                                          service_limit bigint) returns void\n"
    "language plpgsql security definer set search_path = public as $$\n"
    "declare\n"
    "  tenant constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;\n"
    "  today date;\n"
    "  own_limit bigint;\n"
    "  counted integer;\n"
    "  spent bigint;\n"
    "begin\n"
    "  select (created_at at time zone 'UTC')::date into today from notifications\n"
    "    where tenant_id = tenant and id = message;\n"
    "  if today is null then return; end if;\n"
    "  for i in 1 .. coalesce(array_length(subjects, 1), 0) loop\n"
    "    insert into message_counts as c (subject, day, messages) values (subjects[i], today, 1)\n"
    "      on conflict (subject, day) do update set messages = c.messages + 1 returning c.messages into counted;\n"
    "    if counted > most[i] then\n"
    "      perform violate(case when subjects[i] like 'number %' then 'message_counts_number'\n"
    "                           else 'message_counts_source' end);\n"
    "    end if;\n"
    "  end loop;\n"
    "  if array_length(subjects, 1) > 0 then\n"
    "    update notifications set counted = subjects[1] where tenant_id = tenant and id = message;\n"
    "  end if;\n"
    "  select daily_limit * 10000 into own_limit from message_limits where tenant_id = tenant;\n"
    "  insert into message_spending as s (tenant_id, day, messages, spent_millionths) values (tenant, today, 1, "
    "price)\n"
    "    on conflict (tenant_id, day) do update set messages = s.messages + 1,\n"
    "      spent_millionths = s.spent_millionths + price returning s.spent_millionths into spent;\n"
    "  if spent > least(service_limit, coalesce(own_limit, service_limit)) then\n"
    "    perform violate('message_spending_limit');\n"
    "  end if;\n"
    "end $$;\n"
    "grant create on schema public to {{app_system}};\n"
    "alter function charge_message(uuid, bigint, text[], integer[], bigint) owner to {{app_system}};\n"
    "revoke create on schema public from {{app_system}};\n",
    "drop function charge_message(uuid, bigint, text[], integer[], bigint)"};

inline constexpr db::SqlObject uncount_message{
    "uncount_message",
    "create or replace function uncount_message(message uuid) returns void\n"
    "language plpgsql security definer set search_path = public as $$\n"
    "declare\n"
    "  tenant constant uuid := nullif(current_setting('app.tenant', true), '')::uuid;\n"
    "  was text;\n"
    "  then_day date;\n"
    "begin\n"
    "  select counted, (created_at at time zone 'UTC')::date into was, then_day from notifications\n"
    "    where tenant_id = tenant and id = message and counted is not null and counted not like '% of %'\n"
    "    for no key update;\n"
    "  if was is null then return; end if;\n"
    "  update notifications set counted = null where tenant_id = tenant and id = message;\n"
    "  delete from message_counts where subject = was and day = then_day and messages <= 1;\n"
    "  if not found then\n"
    "    update message_counts set messages = messages - 1 where subject = was and day = then_day and messages > 1;\n"
    "  end if;\n"
    "end $$;\n"
    "grant create on schema public to {{app_system}};\n"
    "alter function uncount_message(uuid) owner to {{app_system}};\n"
    "revoke create on schema public from {{app_system}};\n",
    "drop function uncount_message(uuid)"};

}  // namespace pos::texting
