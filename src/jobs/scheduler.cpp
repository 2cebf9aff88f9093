#include "jobs/scheduler.h"

#include <algorithm>

#include "base/strings.h"
#include "bullmq_scripts.h"
#include "jobs/cron.h"
#include "jobs/errors.h"
#include "jobs/msgpack.h"
#include "jobs/msgpack_json.h"
#include "jobs/scheduler_calls.h"
#include "redis/errors.h"

namespace jobs {
namespace {

[[noreturn]] void refuse(std::string detail) { throw base::Failure(errors::bad_schedule, std::move(detail)); }

void check(const std::string& id, const Repeat& repeat, std::int64_t now) {
    if (id.empty() || !base::is_utf8(id)) refuse("a scheduler's id is UTF-8 and not empty");
    if (repeat.pattern.empty() == !repeat.every) refuse("a schedule has a pattern or an interval (every), not both");
    if (repeat.every && repeat.every->count() <= 0) refuse("an interval is a positive number of milliseconds");
    if (repeat.offset && repeat.offset->count() < 0) refuse("an offset is not negative");
    if (repeat.limit && *repeat.limit <= 0) refuse("a limit is a positive number of runs");
    if (repeat.immediately && repeat.start_date) refuse("a schedule that starts immediately has no start date");
    if (repeat.end_date && *repeat.end_date < now) refuse("the schedule has ended already");
}

void add_optional(msgpack::Map& map, std::string_view key, std::optional<std::int64_t> value) {
    if (value) map.add(key).integer(*value);
}

std::string pack_scheduler(const Repeat& repeat, const std::string& name) {
    msgpack::Map map;
    map.add("name").text(name);
    add_optional(map, "startDate", repeat.start_date);
    add_optional(map, "endDate", repeat.end_date);
    if (!repeat.time_zone.empty()) map.add("tz").text(repeat.time_zone);
    if (!repeat.pattern.empty()) map.add("pattern").text(repeat.pattern);
    if (repeat.every) map.add("every").integer(repeat.every->count());
    add_optional(map, "limit", repeat.limit);
    if (repeat.every && repeat.offset) map.add("offset").integer(repeat.offset->count());
    return std::move(map).take();
}

// What a scheduler decides itself.
JobOptions template_options(JobOptions options) {
    options.delay = milliseconds{0};
    options.job_id.clear();
    options.timestamp.reset();
    options.repeat.reset();
    options.scheduler_id.clear();
    options.previous_run.reset();
    return options;
}

std::vector<std::string> scheduler_keys(const QueueKeys& keys) {
    return {keys.repeat,      keys.delayed, keys.wait, keys.paused, keys.meta,
            keys.prioritized, keys.marker,  keys.id,   keys.events, keys.priority_counter};
}

std::string text(std::optional<std::int64_t> number) { return number ? std::to_string(*number) : std::string(); }

SchedulerRecord read_scheduler(std::string id, redis::Value fields, std::int64_t next_run) {
    SchedulerRecord record{
        .id = std::move(id), .name = {}, .repeat = {}, .next_run = next_run, .data = {}, .options = {}};
    auto& repeat = record.repeat;
    for (auto at = fields.begin(); at != fields.end(); ++at) {
        const auto key = (*at).text();
        if (++at == fields.end()) break;
        const auto value = (*at).text();
        const auto number = base::parse_integer<std::int64_t>(value);
        if (key == "name") record.name = value;
        if (key == "data") record.data = value;
        if (key == "opts") record.options = value;
        if (key == "pattern") repeat.pattern = value;
        if (key == "tz") repeat.time_zone = value;
        if (!number) continue;
        if (key == "every") repeat.every = milliseconds(*number);
        if (key == "offset") repeat.offset = milliseconds(*number);
        if (key == "limit") repeat.limit = number;
        if (key == "startDate") repeat.start_date = number;
        if (key == "endDate") repeat.end_date = number;
        if (key == "ic") record.iterations = *number;
    }
    return record;
}

std::string job_id_of(const std::string& scheduler_id, std::int64_t run) {
    return "repeat:" + scheduler_id + ":" + std::to_string(run);
}

// KEYS: the job, the sorted sets and the lists that hold jobs which go on, the sets of those that have ended. ARGV: the job's id, and
// whether its schedule is lost: then what is not due yet goes too.
// A job that is in none of them is lost: nobody ever comes to it, and its id is not free. It is removed.
constexpr std::string_view place_script = R"lua(
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if ARGV[2] == 'lost' and redis.call('ZREM', KEYS[2], ARGV[1]) == 1 then redis.call('DEL', KEYS[1]) return 0 end
for i = 2, 4 do if redis.call('ZSCORE', KEYS[i], ARGV[1]) then return 1 end end
for i = 5, 7 do if redis.call('LPOS', KEYS[i], ARGV[1]) then return 1 end end
for i = 8, 9 do if redis.call('ZSCORE', KEYS[i], ARGV[1]) then return 2 end end
redis.call('DEL', KEYS[1])
return 0
)lua";

enum class Place : std::uint8_t { nowhere = 0, in_the_queue = 1, ended = 2 };

async::Task<Place> place_of_job(Queue queue, std::string job_id, bool is_schedule_lost) {
    static const auto script = redis::script_of("job_place", place_script, 9);
    const auto& keys = queue.keys();
    const auto reply =
        co_await queue.client().eval(script,
                                     {keys.job(job_id), keys.delayed, keys.prioritized, keys.waiting_children,
                                      keys.wait, keys.active, keys.paused, keys.completed, keys.failed},
                                     {job_id, is_schedule_lost ? "lost" : ""}, true);
    co_return static_cast<Place>(reply->integer());
}

bool is_as_wanted(const SchedulerRecord& found, const Repeat& repeat, const NewJob& job) {
    const auto options = read_stored_options(msgpack::to_json(encode_template(template_options(job.options))));
    return found.name == job.name && found.repeat.pattern == repeat.pattern &&
           found.repeat.time_zone == repeat.time_zone && found.repeat.every == repeat.every &&
           found.repeat.limit == repeat.limit && found.repeat.start_date == repeat.start_date &&
           found.repeat.end_date == repeat.end_date && (!repeat.offset || found.repeat.offset == repeat.offset) &&
           (found.data.empty() ? "{}" : found.data) == job.data && read_stored_options(found.options) == options;
}

}  // namespace

std::optional<std::int64_t> next_run_of_pattern(const Repeat& repeat, std::int64_t after, std::string_view seed) {
    const auto pattern = CronPattern::parse(repeat.pattern, seed);
    if (!pattern) refuse("the pattern \"" + repeat.pattern + "\" cannot be read: " + pattern.error());
    const auto zone = repeat.time_zone.empty() ? base::TimeZone::utc() : base::TimeZone::load(repeat.time_zone);
    if (!zone) refuse("unknown time zone " + repeat.time_zone);
    const auto next = pattern->next(base::Timestamp{milliseconds(after)}, *zone);
    if (!next) return std::nullopt;
    return std::chrono::duration_cast<milliseconds>(next->time_since_epoch()).count();
}

async::Task<std::string> JobSchedulers::upsert(std::string id, Repeat repeat, NewJob job) {
    const auto now = queue_.now();
    const auto& keys = queue_.keys();
    check(id, repeat, now);
    job.options = template_options(std::move(job.options));
    detail::check_job(job, queue_.options().max_data_bytes);
    auto encoded_template = encode_template(job.options);

    std::optional<std::int64_t> next;
    if (!repeat.pattern.empty()) {
        // Read also when it is not asked for the time: a bad pattern must not wait for its second run.
        next = next_run_of_pattern(repeat, std::max(now, repeat.start_date.value_or(now)), id);
        if (repeat.immediately) next = now;
        if (!next || (repeat.end_date && *next > *repeat.end_date)) refuse("the schedule has no run left");
        job.options.job_id = job_id_of(id, *next);
        job.options.delay = milliseconds(*next - now);
        job.options.previous_run = next;
    }
    repeat.count = 1;
    job.options.repeat = repeat;
    job.options.scheduler_id = id;
    job.options.timestamp = now;

    auto script_keys = scheduler_keys(keys);
    script_keys.push_back(keys.active);
    const auto reply =
        co_await queue_.client().eval(bullmq::add_job_scheduler(), std::move(script_keys),
                                      {text(next), pack_scheduler(repeat, job.name), id, job.data, encoded_template,
                                       encode(job.options), std::to_string(now), keys.base, ""});
    if (!reply->is_array()) throw failure_of(reply->integer(), "scheduling " + id);
    co_return std::string(reply->at(0).text());
}

async::Task<bool> JobSchedulers::ensure(std::string id, Repeat repeat, NewJob job) {
    const auto found = co_await find(id);
    const bool goes_on_well = found && co_await goes_on(&*found);
    if (goes_on_well && is_as_wanted(*found, repeat, job)) co_return false;
    if (!found && !repeat.pattern.empty()) {
        const auto now = queue_.now();
        const auto next = next_run_of_pattern(repeat, std::max(now, repeat.start_date.value_or(now)), id);
        // Left over, it would be in the way of the job that is to have its id.
        if (next) static_cast<void>(co_await place_of_job(queue_, job_id_of(id, *next), true));
    }
    co_await upsert(std::move(id), std::move(repeat), std::move(job));
    co_return true;
}

// Its next job waits or runs: it has both its data and a place in the queue.
async::Task<bool> JobSchedulers::goes_on(const SchedulerRecord* record) {
    if (record->repeat.limit || record->repeat.end_date) co_return true;
    co_return co_await place_of_job(queue_, job_id_of(record->id, record->next_run), false) == Place::in_the_queue;
}

async::Task<bool> JobSchedulers::remove(std::string id) {
    const auto& keys = queue_.keys();
    const auto reply = co_await queue_.client().eval(bullmq::remove_job_scheduler(),
                                                     {keys.repeat, keys.delayed, keys.events}, {id, keys.base});
    co_return reply->integer() == 0;
}

async::Task<std::optional<SchedulerRecord>> JobSchedulers::find(std::string id) {
    const auto reply = co_await queue_.client().eval(bullmq::get_job_scheduler(), {queue_.keys().repeat}, {id}, true);
    if (reply->size() < 2 || !reply->at(0).is_array() || reply->at(1).is_null()) co_return std::nullopt;
    co_return read_scheduler(std::move(id), reply->at(0), static_cast<std::int64_t>(reply->at(1).number()));
}

async::Task<std::vector<SchedulerRecord>> JobSchedulers::list(Page page) {
    const auto& keys = queue_.keys();
    const auto range = co_await queue_.client().run(redis::Command(page.ascending ? "ZRANGE" : "ZREVRANGE")
                                                        .add(keys.repeat)
                                                        .add(page.start)
                                                        .add(page.end)
                                                        .add("WITHSCORES")
                                                        .repeatable());
    std::vector<std::pair<std::string, std::int64_t>> found;
    for (auto at = range->begin(); at != range->end(); ++at) {
        // RESP3 answers pairs, RESP2 a flat array.
        if ((*at).is_array()) {
            found.emplace_back((*at).at(0).text(), static_cast<std::int64_t>((*at).at(1).number()));
            continue;
        }
        const auto id = (*at).text();
        if (++at == range->end()) break;
        found.emplace_back(id, static_cast<std::int64_t>((*at).number()));
    }
    std::vector<redis::Command> commands;
    for (const auto& [id, next_run] : found) {
        commands.push_back(redis::Command("HGETALL").add(keys.repeat + ":" + id).repeatable());
    }
    const auto hashes = co_await queue_.client().pipeline(std::move(commands));
    std::vector<SchedulerRecord> records;
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        if (hashes[i]->size() > 0) records.push_back(read_scheduler(found[i].first, *hashes[i], found[i].second));
    }
    co_return records;
}

async::Task<std::int64_t> JobSchedulers::count() {
    const auto reply = co_await queue_.client().run(redis::Command("ZCARD").add(queue_.keys().repeat).repeatable());
    co_return reply->integer();
}

namespace detail {

std::optional<ScriptCall> next_run_call(const QueueKeys& keys, const JobRecord& job, std::int64_t now) {
    if (!job.options.repeat) return std::nullopt;
    const auto& repeat = *job.options.repeat;
    const auto count = repeat.count > 0 ? repeat.count + 1 : 1;
    if (repeat.limit && count > *repeat.limit) return std::nullopt;
    if (repeat.end_date && now > *repeat.end_date) return std::nullopt;
    std::optional<std::int64_t> next;
    if (!repeat.pattern.empty()) {
        const auto after = std::max({now, job.options.previous_run.value_or(0), repeat.start_date.value_or(0)});
        next = next_run_of_pattern(repeat, after, job.scheduler_id);
        if (!next || (repeat.end_date && *next > *repeat.end_date)) return std::nullopt;
    }
    auto script_keys = scheduler_keys(keys);
    script_keys.push_back(keys.job(job.id));
    script_keys.push_back(keys.active);
    return ScriptCall{&bullmq::update_job_scheduler(),
                      std::move(script_keys),
                      {text(next), job.scheduler_id, job.data,
                       encode_next_run(job.stored_options,
                                       {.count = count, .scheduler_id = job.scheduler_id, .now = now, .at = next}),
                       std::to_string(now), keys.base, job.id}};
}

}  // namespace detail

}  // namespace jobs
