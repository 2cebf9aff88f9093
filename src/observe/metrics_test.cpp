#include "observe/metrics.h"

#include "observe/process_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <stdexcept>
#include <thread>

namespace observe {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, RendersTheTextFormat) {
    Metrics metrics;
    metrics.counter("sales_total", "Sales recorded.", {{"channel", "till"}}).increment();
    metrics.gauge("pool_idle", "Idle connections.").set(2.5);
    const std::array<double, 2> buckets{0.1, 1};
    const Histogram histogram = metrics.histogram("wait_seconds", "Waiting.", buckets);
    histogram.observe(0.1);
    histogram.observe(0.5);
    histogram.observe(7);
    EXPECT_EQ(
        metrics.render(),
        "# HELP pool_idle Idle connections.\n# TYPE pool_idle gauge\npool_idle 2.5\n"
        "# HELP sales_total Sales recorded.\n# TYPE sales_total counter\nsales_total{channel=\"till\"} 1\n"
        "# HELP wait_seconds Waiting.\n# TYPE wait_seconds histogram\nwait_seconds_count 3\nwait_seconds_sum 7.6\n"
        "wait_seconds_bucket{le=\"0.1\"} 1\nwait_seconds_bucket{le=\"1\"} 2\nwait_seconds_bucket{le=\"+Inf\"} 3\n");
}

TEST(Metrics, EscapesLabelValues) {
    Metrics metrics;
    metrics.counter("a_total", "A.", {{"v", "say \"hi\"\\\n"}}).increment();
    EXPECT_THAT(metrics.render(), HasSubstr(R"(a_total{v="say \"hi\"\\\n"} 1)"));
}

TEST(Metrics, DefaultBucketsAreSomeOfPromClients) {
    Metrics metrics;
    (void)metrics.histogram("d_seconds", "D.");
    const std::string page = metrics.render();
    for (const char* bound : {"0.005", "0.01", "0.025", "0.1", "0.25", "1", "5", "+Inf"})
        EXPECT_THAT(page, HasSubstr(std::string("d_seconds_bucket{le=\"") + bound + "\"} 0\n"));
}

// Scrapers keep a series for each bucket of each label set.
TEST(Metrics, AHistogramHasEightBucketsAtMost) {
    Metrics metrics;
    const std::array<double, 8> nine_with_infinity{1, 2, 3, 4, 5, 6, 7, 8};
    EXPECT_THROW((void)metrics.histogram("h", "", nine_with_infinity), std::invalid_argument);
    EXPECT_NO_THROW((void)metrics.histogram("h", "", std::span(nine_with_infinity).first(7)));
}

TEST(Metrics, LabelSetsThatNeverMovedAreNotShown) {
    Metrics metrics;
    const auto counters = metrics.counter_family("a_total", "A.", {"x"});
    const auto histograms = metrics.histogram_family("h_seconds", "H.", {"x"});
    static_cast<void>(metrics.counter("bare_total", "Without labels.").value());
    static_cast<void>(counters.with({"never"}).value());
    static_cast<void>(histograms.with({"never"}).count());
    static_cast<void>(metrics.gauge_family("g", "G.", {"x"}).with({"zero"}).value());
    counters.with({"once"}).increment();
    histograms.with({"once"}).observe(0);
    const auto page = metrics.render();
    EXPECT_THAT(page, Not(HasSubstr("never")));
    for (const char* line :
         {"a_total{x=\"once\"} 1\n", "h_seconds_count{x=\"once\"} 1\n", "g{x=\"zero\"} 0\n", "bare_total 0\n"})
        EXPECT_THAT(page, HasSubstr(line));
}

TEST(Metrics, GaugesAreToldByName) {
    Metrics metrics;
    metrics.gauge_family("waiting", "W.", {"role", "pool"}).with({"app", "read"}).set(3);
    metrics.counter("a_total", "A.").increment();
    const Registration idle = metrics.gauge_from("idle", "I.", [] { return 0.5; });
    EXPECT_THAT(metrics.gauges(),
                testing::ElementsAre(testing::Pair("idle", 0.5), testing::Pair("waiting{role=app,pool=read}", 3)));
}

TEST(Metrics, TheSameLabelsAreTheSameSeries) {
    Metrics metrics;
    const Counter first = metrics.counter("a_total", "A.", {{"x", "1"}});
    const Counter second = metrics.counter_family("a_total", "A.", {"x"}).with({"1"});
    first.increment();
    second.increment(2);
    EXPECT_EQ(first.value(), 3);
}

TEST(Metrics, ValuesThatJoinAlikeAreDifferentSeries) {
    Metrics metrics;
    const auto family = metrics.counter_family("a_total", "A.", {"x", "y"});
    family.with({"ab", "c"}).increment();
    EXPECT_EQ(family.with({"a", "bc"}).value(), 0);
}

TEST(Metrics, RefusesMisuse) {
    Metrics metrics;
    (void)metrics.counter("a_total", "A.", {{"x", "1"}});
    EXPECT_THROW((void)metrics.gauge("a_total", "A.", {{"x", "1"}}), std::invalid_argument);
    EXPECT_THROW((void)metrics.counter("a_total", "A.", {{"y", "1"}}), std::invalid_argument);
    EXPECT_THROW((void)metrics.counter("a_total", "A."), std::invalid_argument);
    EXPECT_THROW((void)metrics.counter_family("a_total", "A.", {"x"}).with({"1", "2"}), std::invalid_argument);
    for (const char* name : {"", "1a", "a-b", "é"})
        EXPECT_THROW((void)metrics.counter(name, ""), std::invalid_argument) << name;
    for (const char* label : {"", "1a", "a:b", "__a", "le"})
        EXPECT_THROW((void)metrics.counter("b_total", "", {{label, "1"}}), std::invalid_argument) << label;
    EXPECT_THROW((void)metrics.counter("b_total", "", {{"x", "1"}, {"x", "2"}}), std::invalid_argument);
    const std::array<double, 2> descending{1, 0.5};
    EXPECT_THROW((void)metrics.histogram("h", "", descending), std::invalid_argument);
    EXPECT_EQ(metrics.render().find("b_total"), std::string::npos);
}

TEST(Metrics, IgnoresValuesThatWouldSpoilASeries) {
    Metrics metrics;
    const Counter counter = metrics.counter("a_total", "A.");
    counter.increment(-1);
    counter.increment(std::nan(""));
    EXPECT_EQ(counter.value(), 0);
    const Histogram histogram = metrics.histogram("h_seconds", "H.");
    histogram.observe(std::nan(""));
    EXPECT_EQ(histogram.count(), 0U);
}

TEST(Metrics, DefaultHandlesIgnoreWhatTheyAreTold) {
    Counter().increment();
    Gauge().add(1);
    Histogram().observe(1);
    CounterFamily().with({"x"}).increment();
    EXPECT_EQ(Counter().value(), 0);
}

TEST(Metrics, FoldsLabelSetsBeyondTheBound) {
    Metrics metrics({.max_series_per_family = 2});
    const auto family = metrics.counter_family("hits_total", "Hits.", {"path", "status"});
    for (const char* path : {"/a", "/b", "/c", "/d", "/a"}) family.with({path, "200"}).increment();
    const std::string page = metrics.render();
    EXPECT_THAT(page, HasSubstr("hits_total{path=\"/a\",status=\"200\"} 2\n"));
    EXPECT_THAT(page, HasSubstr("hits_total{path=\"/b\",status=\"200\"} 1\n"));
    EXPECT_THAT(page, HasSubstr("hits_total{path=\"other\",status=\"other\"} 2\n"));
    EXPECT_THAT(page, Not(HasSubstr("/c")));
    EXPECT_THAT(page, HasSubstr("metrics_series_folded_total{metric=\"hits_total\"} 2\n"));
}

TEST(Metrics, AddsUpWhatCollectorsSay) {
    Metrics metrics;
    int idle = 3;
    const Registration first = metrics.gauge_from("pool_idle", "Idle.", [&] { return idle; }, {{"pool", "read"}});
    Registration second = metrics.gauge_from("pool_idle", "Idle.", [] { return 4; }, {{"pool", "read"}});
    EXPECT_THAT(metrics.render(), HasSubstr("pool_idle{pool=\"read\"} 7\n"));
    idle = 1;
    second.reset();
    EXPECT_THAT(metrics.render(), HasSubstr("pool_idle{pool=\"read\"} 1\n"));
}

TEST(Metrics, RegistrationsMove) {
    Metrics metrics;
    Registration kept;
    {
        Registration made = metrics.gauge_from("a", "A.", [] { return 1; });
        kept = std::move(made);
    }
    EXPECT_THAT(metrics.render(), HasSubstr("a 1\n"));
    kept = {};
    EXPECT_EQ(metrics.render(), "");
}

// Also what ThreadSanitizer looks at: use, creation and rendering at once.
TEST(Metrics, LosesNothingAcrossThreads) {
    constexpr int threads = 4;
    constexpr int rounds = 20'000;
    Metrics metrics({.shards = 2});
    const Counter counter = metrics.counter("a_total", "A.");
    const Gauge gauge = metrics.gauge("g", "G.");
    const Histogram histogram = metrics.histogram("h_seconds", "H.");
    const auto family = metrics.counter_family("f_total", "F.", {"n"});
    std::vector<std::thread> workers;
    for (int worker = 0; worker < threads; ++worker) {
        workers.emplace_back([=] {
            for (int round = 0; round < rounds; ++round) {
                counter.increment();
                gauge.add(1);
                histogram.observe(0.5);
                family.with({std::to_string(round % 50)}).increment();
            }
        });
    }
    for (int round = 0; round < 20; ++round) (void)metrics.render();
    for (std::thread& worker : workers) worker.join();
    EXPECT_EQ(counter.value(), threads * rounds);
    EXPECT_EQ(gauge.value(), threads * rounds);
    EXPECT_EQ(histogram.count(), static_cast<std::uint64_t>(threads * rounds));
    EXPECT_EQ(histogram.sum(), threads * rounds * 0.5);
    EXPECT_EQ(family.with({"7"}).value(), threads * rounds / 50);
}

TEST(ProcessMetrics, HavePromClientsNames) {
    Metrics metrics;
    const Registration process = register_process_metrics(metrics);
    const std::string page = metrics.render();
    for (const char* line :
         {"# TYPE process_cpu_user_seconds_total counter\n", "# TYPE process_cpu_system_seconds_total counter\n",
          "# TYPE process_cpu_seconds_total counter\n", "# TYPE process_start_time_seconds gauge\n",
          "# TYPE process_resident_memory_bytes gauge\n", "# TYPE process_virtual_memory_bytes gauge\n",
          "# TYPE process_open_fds gauge\n", "# TYPE process_max_fds gauge\n"})
        EXPECT_THAT(page, HasSubstr(line));
    const auto at = page.find("\nprocess_start_time_seconds ");
    ASSERT_NE(at, std::string::npos);
    const double started = std::stod(page.substr(at + 28));
    EXPECT_NEAR(started, static_cast<double>(time(nullptr)), 600);
    const auto resident = page.find("\nprocess_resident_memory_bytes ");
    EXPECT_GT(std::stod(page.substr(resident + 31)), 1e6);
}

}  // namespace
}  // namespace observe
