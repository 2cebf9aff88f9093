// Queue, FlowProducer and JobSchedulers on a real Redis, no worker about.
#include "jobs/queue.h"

#include <limits>

#include "jobs/errors.h"
#include "jobs/test_queue.h"

namespace jobs {
namespace {

using namespace std::chrono_literals;

struct Invite {
    std::string email;
    double score = 0;
    friend constexpr auto describe(Invite*) {
        return schema::object<Invite>("Invite", schema::field<&Invite::email>("email", {.min_length = 3}),
                                      schema::field<&Invite::score>("score", {.defaulted = true}));
    }
};
constexpr JobType<Invite> send_invite{"mail", "invite.send", {.attempts = 5, .backoff = {"exponential", 1s}}};

using QueueTest = JobsTest;

TEST_F(QueueTest, AJobIsWhatWasAdded) {
    const auto id = run(queue_.add(send_invite, {"amina@duka.example", 1.5}, {.priority = 3, .keep_logs = 2}));
    const auto job = run(queue_.job(id)).value();
    EXPECT_EQ(job.name, "invite.send");
    EXPECT_EQ(job.data, R"({"email":"amina@duka.example","score":1.5})");
    EXPECT_EQ(job.priority, 3);
    EXPECT_EQ(job.options.attempts, 5);
    EXPECT_EQ(job.options.backoff, (Backoff{"exponential", 1s}));
    EXPECT_EQ(job.options.keep_logs, 2);
    EXPECT_EQ(run(queue_.state(id)), JobState::prioritized);
}

TEST_F(QueueTest, DataIsCheckedBeforeItIsSent) {
    EXPECT_EQ(code_of(queue_.add_job({.name = "a", .data = "{"})), "jobs.bad_data");
    EXPECT_EQ(code_of(queue_.add_job({.name = "a", .data = "NaN"})), "jobs.bad_data");
    EXPECT_EQ(code_of(queue_.add_job({.name = "a", .data = "\"\xff\""})), "jobs.bad_data");
    EXPECT_EQ(code_of(queue_.add_job({.name = "", .data = "1"})), "jobs.bad_options");
    EXPECT_EQ(code_of(queue_.add_job({.name = "a", .data = "12345", .options = {.size_limit = 4}})),
              "jobs.data_too_large");
    EXPECT_EQ(code_of(queue_.add_job({.name = "a", .data = '"' + std::string(2U << 20U, 'x') + '"'})),
              "jobs.data_too_large");
    EXPECT_THROW(static_cast<void>(queue_.add(send_invite, {"a", 1})), base::Failure);
    EXPECT_THROW(
        static_cast<void>(queue_.add(send_invite, {"amina@duka.example", std::numeric_limits<double>::quiet_NaN()})),
        base::Failure);
    EXPECT_THROW(static_cast<void>(queue_.add(JobType<Invite>{"reports", "x"}, {"abc", 1})), base::Failure);
    EXPECT_THROW(Queue(client_, "a:b"), base::Failure);
    EXPECT_EQ(run(queue_.counts()).waiting, 0);
}

TEST_F(QueueTest, EachKindWaitsInItsPlace) {
    run(queue_.add_job({.name = "plain"}));
    const auto delayed = run(queue_.add_job({.name = "delayed", .options = {.delay = 1h}}));
    const auto first = run(queue_.add_job({.name = "priority", .options = {.priority = 1}}));
    run(queue_.add_job({.name = "lifo", .options = {.lifo = true}}));
    const auto counts = run(queue_.counts());
    EXPECT_EQ(counts.waiting, 2);
    EXPECT_EQ(counts.delayed, 1);
    EXPECT_EQ(counts.prioritized, 1);
    EXPECT_EQ(run(queue_.counts_per_priority({0, 1, 2})),
              (std::map<std::int32_t, std::int64_t>{{0, 2}, {1, 1}, {2, 0}}));

    run(queue_.promote(delayed));
    EXPECT_EQ(run(queue_.state(delayed)), JobState::waiting);
    EXPECT_EQ(code_of(queue_.promote(delayed)), "jobs.wrong_state");
    run(queue_.change_priority(first, 0));
    EXPECT_EQ(run(queue_.state(first)), JobState::waiting);
    EXPECT_EQ(code_of(queue_.change_delay(first, 1s)), "jobs.wrong_state");
    EXPECT_EQ(run(queue_.jobs({JobState::waiting})).size(), 4U);
}

TEST_F(QueueTest, TheSameIdIsTheSameJob) {
    EXPECT_EQ(run(queue_.add_job({.name = "a", .data = "1", .options = {.job_id = "own"}})), "own");
    EXPECT_EQ(run(queue_.add_job({.name = "a", .data = "2", .options = {.job_id = "own"}})), "own");
    EXPECT_EQ(run(queue_.job("own"))->data, "1");
    const JobOptions once{.deduplication = Deduplication{"d"}};
    const auto owner = run(queue_.add_job({.name = "a", .options = once}));
    EXPECT_EQ(run(queue_.add_job({.name = "a", .options = once})), owner);
    EXPECT_EQ(run(queue_.deduplication_owner("d")), owner);
    EXPECT_FALSE(run(queue_.remove_deduplication_key("d", "another")));
    EXPECT_TRUE(run(queue_.remove_deduplication_key("d", owner)));
    EXPECT_NE(run(queue_.add_job({.name = "a", .options = once})), owner);
}

TEST_F(QueueTest, ABulkOutlivesForgottenScripts) {
    std::vector<NewJob> jobs;
    for (int i = 0; i < 2'500; ++i) {
        jobs.push_back({.name = "n", .data = std::to_string(i), .options = {.priority = i % 2}});
    }
    run(client_.run(redis::Command("SCRIPT").add("FLUSH")));
    const auto ids = run(queue_.add_bulk(std::move(jobs)));
    ASSERT_EQ(ids.size(), 2'500U);
    EXPECT_EQ(run(queue_.job(ids[2'499]))->data, "2499");
    EXPECT_EQ(run(queue_.counts()).waiting, 1'250);
    EXPECT_TRUE(run(queue_.add_bulk({})).empty());
}

TEST_F(QueueTest, ProgressLogsAndDataOfAJob) {
    const auto id = run(queue_.add_job({.name = "a"}));
    run(queue_.update_progress(id, {R"({"done":3})"}));
    run(queue_.update_data(id, {"[1]"}));
    for (const char* row : {"one", "two", "three"}) run(queue_.add_log(id, row, 2));
    const auto job = run(queue_.job(id)).value();
    EXPECT_EQ(job.progress, R"({"done":3})");
    EXPECT_EQ(job.data, "[1]");
    EXPECT_EQ(run(queue_.logs(id)).rows, (std::vector<std::string>{"two", "three"}));
    EXPECT_EQ(run(queue_.logs(id, {.end = 0})).rows, (std::vector<std::string>{"three"}));
    EXPECT_EQ(code_of(queue_.update_progress(id, {"{"})), "jobs.bad_data");
    EXPECT_EQ(code_of(queue_.update_progress("none", {"1"})), "jobs.missing");
    run(queue_.clear_logs(id));
    EXPECT_EQ(run(queue_.logs(id)).total, 0);
}

TEST_F(QueueTest, PauseDrainCleanObliterate) {
    run(queue_.pause());
    EXPECT_TRUE(run(queue_.is_paused()));
    for (int i = 0; i < 5; ++i) run(queue_.add_job({.name = "a"}));
    run(queue_.add_job({.name = "later", .options = {.delay = 1h}}));
    run(queue_.resume());
    EXPECT_FALSE(run(queue_.is_paused()));
    EXPECT_EQ(run(queue_.clean({.state = JobState::waiting, .limit = 2})).size(), 2U);
    run(queue_.drain());
    EXPECT_EQ(run(queue_.counts()).waiting, 0);
    EXPECT_EQ(run(queue_.counts()).delayed, 1);
    EXPECT_EQ(code_of(queue_.obliterate()), "jobs.not_paused");
    run(queue_.pause());
    run(queue_.obliterate());
    const auto keys = run(client_.run(redis::Command("KEYS").add(prefix_ + ":*")));
    EXPECT_EQ(keys->size(), 0U);
}

TEST_F(QueueTest, RemovalAndWhatIsNotThere) {
    const auto id = run(queue_.add_job({.name = "a"}));
    EXPECT_TRUE(run(queue_.remove(id)));
    EXPECT_FALSE(run(queue_.remove(id)));
    EXPECT_EQ(run(queue_.state(id)), JobState::unknown);
    EXPECT_EQ(code_of(queue_.retry(id)), "jobs.missing");
    EXPECT_EQ(code_of(queue_.promote(id)), "jobs.wrong_state");
    EXPECT_FALSE(run(queue_.job(id)));
}

TEST_F(QueueTest, LimitsOfTheWholeQueue) {
    EXPECT_EQ(run(queue_.global_concurrency()), std::nullopt);
    run(queue_.set_global_concurrency(3));
    EXPECT_EQ(run(queue_.global_concurrency()), 3);
    EXPECT_FALSE(run(queue_.is_maxed()));
    run(queue_.set_global_concurrency(std::nullopt));
    EXPECT_EQ(run(queue_.global_concurrency()), std::nullopt);
    run(queue_.set_global_rate_limit(RateLimit{10, 1s}));
    EXPECT_EQ(run(queue_.global_rate_limit())->max, 10);
    run(queue_.rate_limit(1min));
    EXPECT_GT(run(queue_.rate_limit_left()), 30s);
    run(queue_.rate_limit(0ms));
    EXPECT_EQ(run(queue_.rate_limit_left()), 0ms);
}

TEST_F(QueueTest, AFlowIsAddedWholeAndFound) {
    FlowProducer flows(client_, {.prefix = prefix_});
    run(client_.run(redis::Command("SCRIPT").add("FLUSH")));
    const auto ids = run(flows.add(
        {.queue = "mail",
         .job = {.name = "parent", .options = {.job_id = "top"}},
         .children = {
             {.queue = "mail", .job = {.name = "one"}},
             {.queue = "sms", .job = {.name = "two"}, .children = {{.queue = "mail", .job = {.name = "three"}}}}}}));
    EXPECT_EQ(ids.id, "top");
    ASSERT_EQ(ids.children.size(), 2U);
    EXPECT_EQ(run(queue_.state("top")), JobState::waiting_children);
    EXPECT_EQ(run(queue_.dependency_counts("top")).unprocessed, 2);
    const auto tree = run(flows.find("mail", "top")).value();
    ASSERT_EQ(tree.children.size(), 2U);
    EXPECT_EQ(tree.children[0].children.size() + tree.children[1].children.size(), 1U);

    EXPECT_EQ(
        code_of(flows.add({.queue = "mail",
                           .job = {.name = "p", .options = {.job_id = "bad", .deduplication = Deduplication{"x"}}},
                           .children = {{.queue = "mail", .job = {.name = "c"}}}})),
        "jobs.bad_options");
    EXPECT_EQ(run(queue_.state("bad")), JobState::unknown);
    EXPECT_EQ(
        code_of(queue_.add_job({.name = "orphan", .options = {.parent = ParentReference{"x", prefix_ + ":mail"}}})),
        "jobs.parent_missing");
}

TEST_F(QueueTest, SchedulersHoldOneJobEach) {
    JobSchedulers schedulers(queue_);
    const auto id = run(schedulers.upsert("daily", {.pattern = "0 6 * * *", .time_zone = "Africa/Nairobi", .limit = 9},
                                          {.name = "report", .data = "[1]", .options = {.attempts = 2}}));
    const auto scheduler = run(schedulers.find("daily")).value();
    EXPECT_EQ(id, "repeat:daily:" + std::to_string(scheduler.next_run));
    EXPECT_EQ(scheduler.name, "report");
    EXPECT_EQ(scheduler.repeat.pattern, "0 6 * * *");
    EXPECT_EQ(scheduler.repeat.time_zone, "Africa/Nairobi");
    EXPECT_EQ(scheduler.repeat.limit, 9);
    EXPECT_EQ(scheduler.data, "[1]");
    EXPECT_EQ(scheduler.next_run, next_run_of_pattern(scheduler.repeat, queue_.now(), "daily"));
    EXPECT_EQ(run(queue_.state(id)), JobState::delayed);
    EXPECT_EQ(code_of(queue_.remove(id)), "jobs.scheduled");

    run(schedulers.upsert("daily", {.every = 1h}, {.name = "report"}));
    EXPECT_EQ(run(schedulers.count()), 1);
    EXPECT_EQ(run(schedulers.list())[0].repeat.every, 1h);
    EXPECT_EQ(run(queue_.counts()).delayed + run(queue_.counts()).waiting, 1);
    EXPECT_TRUE(run(schedulers.remove("daily")));
    EXPECT_FALSE(run(schedulers.remove("daily")));
    EXPECT_EQ(run(schedulers.find("daily")).has_value(), false);
}

TEST_F(QueueTest, BadSchedulesAreRefused) {
    JobSchedulers schedulers(queue_);
    const Repeat bad[] = {
        {},
        {.every = 1s, .pattern = "* * * * *"},
        {.every = 0ms},
        {.pattern = "every morning"},
        {.pattern = "0 0 * * *", .time_zone = "Mars/Olympus"},
        {.pattern = "0 0 * * *", .end_date = 1},
        {.every = 1s, .limit = 0},
        {.pattern = "0 0 * * *", .start_date = 1, .immediately = true},
    };
    for (const auto& repeat : bad)
        EXPECT_EQ(code_of(schedulers.upsert("s", repeat, {.name = "x"})), "jobs.bad_schedule");
    EXPECT_EQ(run(schedulers.count()), 0);
}

}  // namespace
}  // namespace jobs
