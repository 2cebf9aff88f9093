#include "jobs/job_options.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "jobs/errors.h"

namespace jobs {
namespace {

using namespace std::chrono_literals;

std::string encoded(const JobOptions& options) { return base::hex_encode(encode(options)); }

// The parts of a map of up to fifteen members, as hex.
bool has_part(const std::string& hex, std::string_view part) { return hex.find(part) != std::string::npos; }

TEST(JobOptions, DefaultsSendTheAttemptsAlone) { EXPECT_EQ(encoded({}), "81a8617474656d70747300"); }

// Members as recorded from Node: see "queue.add standard with opts" of the traffic.
TEST(JobOptions, MembersAreNodes) {
    const auto hex = encoded({.attempts = 3,
                              .backoff = Backoff{"fixed", 1s},
                              .lifo = true,
                              .job_id = "custom-1",
                              .remove_on_complete = KeepJobs{.count = 5, .age_seconds = 60},
                              .remove_on_fail = KeepJobs::none(),
                              .keep_logs = 3,
                              .stack_trace_limit = 2,
                              .size_limit = 1'000});
    for (const std::string_view part : {
             "a8617474656d70747303",                                          // attempts 3
             "a76261636b6f666682a474797065a56669786564a564656c6179cd03e8",    // backoff {type, delay}
             "a46c69666fc3",                                                  // lifo
             "a56a6f624964a8637573746f6d2d31",                                // jobId
             "b072656d6f76654f6e436f6d706c65746582a5636f756e7405a36167653c",  // removeOnComplete {count, age}
             "ac72656d6f76654f6e4661696cc3",                                  // removeOnFail true
             "a26b6c03",                                                      // kl
             "af737461636b54726163654c696d697402",                            // stackTraceLimit
             "a973697a654c696d6974cd03e8",                                    // sizeLimit
         }) {
        EXPECT_TRUE(has_part(hex, part)) << part << " in " << hex;
    }
    EXPECT_TRUE(hex.starts_with("89"));
}

TEST(JobOptions, WhatIsStoredIsReadBack) {
    const JobOptions options{.delay = 5s,
                             .priority = 7,
                             .attempts = 4,
                             .backoff = Backoff{"exponential", 250ms, 0.5},
                             .lifo = true,
                             .job_id = "x",
                             .timestamp = 1'795'346'722'180,
                             .remove_on_complete = KeepJobs::last(10),
                             .remove_on_fail = KeepJobs::all(),
                             .keep_logs = 0,
                             .stack_trace_limit = 0,
                             .deduplication = Deduplication{"d", 1s, true, true, true, true},
                             .parent = ParentReference{"1", "bull:q"},
                             .child_failure = ChildFailure::is_ignored,
                             .telemetry_metadata = "00-1",
                             .omit_context = true,
                             .repeat = Repeat{.pattern = "* * * * *", .time_zone = "UTC", .limit = 3, .count = 2},
                             .scheduler_id = "s",
                             .previous_run = 1'795'346'722'000,
                             .unknown = R"({"own":{"a":[1,null]}})"};
    const auto* const stored =
        R"({"delay":5000,"priority":7,"attempts":4,"backoff":{"type":"exponential","delay":250,"jitter":0.5},"lifo":true,
        "jobId":"x","timestamp":1795346722180,"removeOnComplete":10,"removeOnFail":false,"kl":0,"stackTraceLimit":0,
        "de":{"id":"d","ttl":1e3,"extend":true,"replace":true,"reschedule":true,"keepLastIfActive":true},
        "parent":{"id":"1","queue":"bull:q"},"idof":true,
        "repeat":{"pattern":"* * * * *","tz":"UTC","limit":3,"count":2,"offset":null},"repeatJobKey":"s",
        "prevMillis":1795346722000,"tm":"00-1","omc":true,"own":{"a":[1,null]}})";
    EXPECT_EQ(read_stored_options(stored), options);
    EXPECT_EQ(parse_options(stored), options);
    EXPECT_TRUE(has_part(encoded(options), "a36f776e81a1619201c0"));        // own: {a: [1, nil]}
    EXPECT_TRUE(has_part(encoded(options), "a2746da430302d31a36f6d63c3"));  // tm "00-1", omc
}

TEST(JobOptions, LongNamesAndShorthands) {
    EXPECT_EQ(parse_options(R"({"backoff":1000})").backoff, (Backoff{"fixed", 1s}));
    EXPECT_EQ(parse_options(R"({"removeOnComplete":true,"removeOnFail":{"age":60,"limit":5}})").remove_on_complete,
              KeepJobs::none());
    EXPECT_EQ(parse_options(R"({"keepLogs":5})").keep_logs, 5);
    EXPECT_EQ(parse_options(R"({"deduplication":{"id":"a"}})").deduplication, Deduplication{"a"});
    EXPECT_EQ(parse_options(R"({"failParentOnFailure":true})").child_failure, ChildFailure::fails_parent);
    EXPECT_EQ(parse_options(R"({"telemetry":{"metadata":"m","omitContext":true}})"),
              (JobOptions{.telemetry_metadata = "m", .omit_context = true}));
    EXPECT_EQ(parse_options(R"({"delay":null})"), JobOptions{});
}

TEST(JobOptions, AProducersMistakesAreTold) {
    for (const std::string_view bad : {"",
                                       "[]",
                                       "null",
                                       "1",
                                       R"({"attempts":"many"})",
                                       R"({"delay":"soon"})",
                                       R"({"priority":1.5})",
                                       R"({"lifo":1})",
                                       R"({"tm":{}})",
                                       R"({"telemetry":"m"})",
                                       R"({"jobId":5})",
                                       R"({"backoff":"fast"})",
                                       R"({"backoff":{"delay":"x"}})",
                                       R"({"removeOnFail":"no"})",
                                       R"({"deduplication":"id"})",
                                       R"({"deduplication":{"id":1}})",
                                       R"({"parent":{"id":1}})",
                                       R"({"failParentOnFailure":true,"removeDependencyOnFailure":true})",
                                       R"({"attempts":99999999999})",
                                       R"({"delay":1e300})"}) {
        EXPECT_THROW(static_cast<void>(parse_options(bad)), base::Failure) << bad;
    }
}

TEST(JobOptions, AnotherProducersMistakesAreLeftOut) {
    for (const std::string_view odd : {"", "[]", "null", "nonsense", "\xff", R"({"attempts":"many"})"}) {
        EXPECT_EQ(read_stored_options(odd), JobOptions{}) << odd;
    }
    const auto options = read_stored_options(R"({"attempts":3,"backoff":"fast","priority":{}})");
    EXPECT_EQ(options, JobOptions{.attempts = 3});
}

TEST(JobOptions, RulesOfTheQueue) {
    const std::pair<JobOptions, bool> cases[] = {
        {{}, true},
        {{.job_id = "own"}, true},
        {{.job_id = "three:part:id"}, true},
        {{.job_id = "12"}, false},
        {{.job_id = "completed"}, false},
        {{.job_id = "stalled-check"}, false},
        {{.job_id = "pc"}, false},
        {{.job_id = "metrics:completed:data"}, false},
        {{.job_id = "de:a:b"}, false},
        {{.job_id = "completed-1"}, true},
        {{.job_id = "-12"}, false},
        {{.job_id = "0:a:b"}, false},
        {{.job_id = "a:b"}, false},
        {{.priority = max_priority}, true},
        {{.priority = max_priority + 1}, false},
        {{.priority = -1}, false},
        {{.delay = -1ms}, false},
        {{.delay = std::chrono::years{100}}, false},
        {{.attempts = -1}, false},
        {{.backoff = Backoff{"fixed", 1s, 1.5}}, false},
        {{.backoff = Backoff{"", 1s}}, false},
        {{.remove_on_fail = KeepJobs{.count = -2}}, false},
        {{.deduplication = Deduplication{""}}, false},
        {{.deduplication = Deduplication{"a", 0ms}}, false},
        {{.deduplication = Deduplication{"a"}, .parent = ParentReference{"1", "bull:q"}}, false},
    };
    for (const auto& [options, good] : cases) {
        if (good) {
            EXPECT_NO_THROW(check(options)) << encoded(options);
        } else {
            EXPECT_THROW(check(options), base::Failure) << encoded(options);
        }
    }
}

TEST(JobOptions, TheNextRunKeepsWhatItDoesNotKnow) {
    const auto hex = base::hex_encode(
        encode_next_run(R"({"attempts":2,"own":1,"jobId":"repeat:s:1","delay":9,"prevMillis":1,"timestamp":1,
                            "repeat":{"pattern":"* * * * *","count":4,"more":true},"repeatJobKey":"s"})",
                        {.count = 5, .scheduler_id = "s", .now = 1'000, .at = 60'000}));
    EXPECT_TRUE(hex.starts_with("88"));
    for (const std::string_view part : {
             "a8617474656d70747302",                        // attempts 2
             "a36f776e01",                                  // own 1
             "a46d6f7265c3a5636f756e7405",                  // more true, count 5
             "a56a6f624964ae7265706561743a733a3630303030",  // jobId repeat:s:60000
             "a564656c6179cde678",                          // delay 59000
             "aa707265764d696c6c6973cdea60",                // prevMillis 60000
             "a974696d657374616d70cd03e8",                  // timestamp 1000
         }) {
        EXPECT_TRUE(has_part(hex, part)) << part << " in " << hex;
    }
}

TEST(JobOptions, SchedulesOfAProducer) {
    const auto repeat =
        parse_repeat(R"({"every":1500,"startDate":"2026-11-25T00:00:00.000Z","endDate":1795564800001,"limit":2})");
    EXPECT_EQ(repeat.every, 1500ms);
    EXPECT_EQ(repeat.start_date, 1'795'564'800'000);
    EXPECT_EQ(repeat.end_date, 1'795'564'800'001);
    EXPECT_THROW(static_cast<void>(parse_repeat(R"({"startDate":"tomorrow"})")), base::Failure);
    EXPECT_THROW(static_cast<void>(parse_repeat("[]")), base::Failure);
}

}  // namespace
}  // namespace jobs
