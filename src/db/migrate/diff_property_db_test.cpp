// The differ's property: for any two schemas, what it writes applies to the first with rows in it, gives the second, and keeps
// every value that both have. Each pair is made in a transaction that is undone. BACKEND_API_SEED=N repeats pair N alone;
// BACKEND_API_LONG tries more of them.

#include <cstdlib>

#include <gtest/gtest.h>

#include "db/migrate/diff_server.h"
#include "db/migrate/random_schema_snapshot.h"

namespace db::migrate {
namespace {

using sample::RandomSchema;

constexpr std::uint64_t few = 60;
constexpr std::uint64_t many = 3'000;

class DiffProperty : public DiffServer {
protected:
    // Empty: it holds. `related`: the second is the first with changes; else the two share no table.
    std::string fault_of(std::uint64_t seed) {
        const RandomSchema first(seed);
        RandomSchema second = first;
        const bool related = seed % 4 != 0;
        if (related) {
            for (std::uint64_t i = 0; i <= seed % 7; ++i) second.change();
        } else {
            second = RandomSchema(seed + 1'000'000'000, "u");
        }
        const auto from = first.snapshot();
        const auto to = second.snapshot(related ? &first : nullptr);
        const auto difference = diff(from, to, {.allow_drops = true});
        for (const auto& error : difference.errors) {
            // The new name of one column may be the old name of another: that is refused, and no fault.
            if (error.find("which is still a column") != std::string::npos) return {};
            return error;
        }
        const auto wanted = made_from_nothing(to);
        begin(from);
        run(first.rows(related ? second : first));
        run({"set constraints all immediate"});
        const auto probes = related ? first.probes(second) : std::vector<RandomSchema::Probe>();
        std::vector<std::string> values;
        for (const auto& probe : probes) values.push_back(value(probe.before));
        run(difference.statements);
        std::string fault;
        for (const auto& line : compare(inspect(connection_), wanted)) fault += line + "\n";
        for (std::size_t i = 0; i < probes.size(); ++i) {
            if (value(probes[i].after) != values[i]) fault += "values were lost: " + probes[i].after + "\n";
        }
        end();
        return fault;
    }
    void expect_to_hold(std::uint64_t seed) {
        std::string fault;
        try {
            fault = fault_of(seed);
        } catch (const std::exception& error) {
            fault = error.what();
            end();
        }
        EXPECT_EQ(fault, "") << "BACKEND_API_SEED=" << seed;
    }
};

TEST_F(DiffProperty, AnySchemaIsLedToAnyOther) {
    if (const char* seed = std::getenv("BACKEND_API_SEED")) return expect_to_hold(std::strtoull(seed, nullptr, 10));
    const auto pairs = std::getenv("BACKEND_API_LONG") == nullptr ? few : many;
    for (std::uint64_t seed = 1; seed <= pairs; ++seed) expect_to_hold(seed);
}

}  // namespace
}  // namespace db::migrate
