#include "pos/modules/billing/plans.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <stdexcept>

#include "app/app.h"
#include "pos/plumbing/runtime.h"

namespace pos {

namespace {

using db::Kind;

// What is not named again gets its initial value: the command says the whole of a plan.
constexpr db::SystemQuery<void(std::string, std::string, base::Money, std::string, BillingPeriod, schema::Json,
                               std::int32_t, bool, bool, base::Timestamp)>
    put_plan{{"billing.put_plan",
              "insert into plans (code, name, price, currency, period, limits, trial_days, is_default, is_offered, "
              "  created_at, updated_at) "
              "values ($1::text, $2::text, $3::bigint, $4::text, $5::text, $6::jsonb, $7::integer, $8::boolean, "
              "  $9::boolean, $10::timestamptz, $10::timestamptz) "
              "on conflict (code) do update set name = excluded.name, price = excluded.price, "
              "  period = excluded.period, limits = excluded.limits, trial_days = excluded.trial_days, "
              "  is_default = excluded.is_default, is_offered = excluded.is_offered, "
              "  updated_at = excluded.updated_at "
              "where plans.currency = excluded.currency",
              Kind::write}};
constexpr db::SystemQuery<void(std::string, base::Timestamp)> clear_default{
    {"billing.clear_default", "update plans set is_default = false, updated_at = $2 where is_default and code <> $1",
     Kind::write}};

// ---- The command line --------------------------------------------------------------------------------------------

struct PlanOption {
    std::string_view option;
    std::string_view member;
    std::string_view doc;
    bool is_required = false;
    bool is_number = false;
};
constexpr std::string_view period = "--period";
constexpr std::array options{
    PlanOption{"--code", "code", "Names the plan; the same one again changes it", true},
    PlanOption{"--name", "name", "What people read", true},
    PlanOption{"--price", "price", "Of a period, in minor units: 150000 is KES 1,500", true, true},
    PlanOption{"--currency", "currency", "ISO 4217; KES unless given; stays as it is"},
    PlanOption{period, "period", "month unless given"},
    PlanOption{"--seats", "seats", "Active members; any number unless given", false, true},
    PlanOption{"--locations", "locations", "Any number unless given", false, true},
    PlanOption{"--storage-bytes", "storageBytes", "For files; what the service allows unless given", false, true},
    PlanOption{"--trial-days", "trialDays", "Of a shop's first subscription; none unless given", false, true},
};
constexpr std::string_view as_default = "--default";
constexpr std::string_view not_offered = "--not-offered";

struct PlanInput {
    std::string code;
    std::string name;
    base::Money price;
    std::string currency = "KES";
    BillingPeriod period = BillingPeriod::month;
    PlanLimits limits;
    std::int32_t trial_days = 0;

    friend constexpr auto describe(PlanInput*) {
        using schema::field;
        return schema::object<PlanInput>(
            "PlanInput", field<&PlanInput::code>("code", {.format = schema::Format::code}),
            field<&PlanInput::name>("name", {.min_length = 1, .max_length = 120, .text = schema::Text::name}),
            field<&PlanInput::price>("price", {.min = 0, .max = 1'000'000'000'000}),
            field<&PlanInput::currency>("currency", {.format = schema::Format::currency, .defaulted = true}),
            field<&PlanInput::period>("period", {.defaulted = true}), schema::flatten<&PlanInput::limits>(),
            field<&PlanInput::trial_days>("trialDays", {.min = 0, .max = 3'650, .defaulted = true}));
    }
};

bool is_integer(std::string_view text) {
    return !text.empty() && text.size() < 16 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string plan_json(const app::CommandInput& input) {
    std::string json;
    for (const auto& one : options) {
        if (!input.has(one.option)) continue;
        const auto value = input.value(one.option);
        if (!json.empty()) json += ',';
        json +=
            fmt::format(R"("{}":{})", one.member, one.is_number && is_integer(value) ? value : schema::to_json(value));
    }
    return "{" + json + "}";
}

// For a person at a terminal.
std::string explain(const schema::ReadError& error) {
    std::string text = "this is no plan:";
    for (const auto& issue : error.issues) text += fmt::format("\n  {}: {}", issue.pointer, issue.message);
    return text;
}

template <class Number>
std::string limit_text(const std::optional<Number>& limit) {
    return limit ? fmt::to_string(*limit) : "any";
}

std::string line_of(const Plan& plan) {
    return fmt::format("{} {} {} a {}, {} seats, {} locations, {} bytes, {} days on trial{}{}\n", plan.code,
                       plan.price.minor, plan.currency, schema::name_of(plan.period), limit_text(plan.limits.seats),
                       limit_text(plan.limits.locations), limit_text(plan.limits.storage_bytes), plan.trial_days,
                       plan.is_default ? ", default" : "", plan.is_offered ? "" : ", not offered");
}

db::SystemDb database_of(app::LoopHost& host) {
    return db::system_db(host.databases(), async::Loop::now() + std::chrono::seconds(30));
}

async::Task<void> set_plan(app::LoopHost* host, app::CommandInput input) {
    const auto plan = schema::parse<PlanInput>(plan_json(input));
    // lint: allow(thrown-type) on the command line, where it is the sentence that is shown
    if (!plan) throw std::runtime_error(explain(plan.error()));
    const auto now = host->services().use<Runtime>().now();
    const auto db = database_of(*host);
    auto batch = db.batch();
    if (input.has(as_default)) batch.add(clear_default, plan->code, now);
    const auto put = batch.add(put_plan, plan->code, plan->name, plan->price, plan->currency, plan->period,
                               schema::Json{schema::to_json(plan->limits)}, plan->trial_days, input.has(as_default),
                               !input.has(not_offered), now);
    const auto results = co_await batch.commit();
    // lint: allow(thrown-type) as above
    if (results.affected(put) != 1) throw std::runtime_error("a plan's currency stays: make another plan");
    const auto made = co_await db.one(billing::plan_by_code, plan->code);
    if (made) *input.out << line_of(*made) << std::flush;
    if (plan->currency == "KES" && plan->price.minor % 100 != 0)
        *input.out << "mind: M-Pesa takes whole shillings, and no shop can pay this by it\n" << std::flush;
}

async::Task<void> list_plans(app::LoopHost* host, app::CommandInput input) {
    for (const auto& plan : co_await database_of(*host).all(billing::every_plan)) *input.out << line_of(plan);
    *input.out << std::flush;
}

}  // namespace

app::OwnCommand set_plan_command() {
    app::OwnCommand command{.group = "plans",
                            .name = "set",
                            .doc = "Make or change a plan that shops subscribe to; says the whole of it",
                            .options = {},
                            .run = set_plan};
    for (const auto& one : options) {
        auto& added = command.options.emplace_back(std::string(one.option), std::string(one.doc), one.is_required);
        if (one.option != period) continue;
        for (const auto each : {BillingPeriod::month, BillingPeriod::year})
            added.values.emplace_back(schema::name_of(each));
    }
    command.options.push_back({.name = std::string(as_default),
                               .doc = "Shops without a subscription get one of this plan",
                               .is_required = false,
                               .is_flag = true});
    command.options.push_back({.name = std::string(not_offered),
                               .doc = "Nobody can choose it any more; who has it keeps it",
                               .is_required = false,
                               .is_flag = true});
    return command;
}

app::OwnCommand list_plans_command() {
    return {.group = "plans", .name = "list", .doc = "The plans there are", .options = {}, .run = list_plans};
}

std::vector<db::StatementView> plan_statements() {
    return db::statements(billing::every_plan, billing::plan_by_code, put_plan, clear_default);
}

}  // namespace pos
