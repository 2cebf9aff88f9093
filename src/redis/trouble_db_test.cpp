// A server that takes nothing, or not from us, and what is said of it (docs/decisions/0029-what-redis-may-forget.md).

#include "redis/client_for_test.h"

namespace {

using namespace redis::test;

class TroubleTest : public ClientTest {
protected:
    std::string trouble() {
        const auto found = client->trouble();
        return found ? found->text : "none";
    }
    int lines_with(std::string_view text) {
        int count = 0;
        for (const auto& line : sink->lines()) count += line.contains(text) ? 1 : 0;
        return count;
    }
    // As long as the server says so: writes fail with a retriable error, reads go on, and it is told once. Then all is well again.
    void expect_refused(std::string_view word) {
        for (int i = 0; i < 20; ++i) {
            const auto refused = attempt(Command("SET").add("k").add(i));
            EXPECT_EQ(refused.code, "redis.unavailable");
            EXPECT_TRUE(refused.text.starts_with(word)) << refused.text;
        }
        EXPECT_EQ(attempt(Command("GET").add("none")).code, "ok");
        EXPECT_TRUE(trouble().starts_with(word)) << trouble();
        EXPECT_LE(base::system_clock().now() - client->trouble()->since, 1min);
        EXPECT_FALSE(run(client->ready(soon())).is_well);

        const auto script = redis::script_of("write", "return redis.call('SET', KEYS[1], 1)", 1);
        const auto scripted = run(outcome_of(client->eval(script, {"k"}, {})));
        EXPECT_EQ(scripted.code, "redis.unavailable") << scripted.text;
        std::vector<Command> commands;
        commands.push_back(Command("SET").add("k").add(1));
        EXPECT_EQ(run(outcome_of(client->transaction(std::move(commands)))).code, "redis.unavailable");
        EXPECT_EQ(lines_with("Redis refuses commands"), 1);
        EXPECT_EQ(lines_with(word), 1);
    }
    void wait_until_well() {
        const auto deadline = soon(20s);
        redis::Readiness found{.is_well = false};
        while (!found.is_well && async::Loop::now() < deadline) found = run(client->ready(soon(1s)));
        EXPECT_TRUE(found.is_well) << found.refusal;
    }
    void expect_well() {
        EXPECT_EQ(attempt(Command("SET").add("k").add(1)).code, "ok");
        EXPECT_TRUE(run(client->ready(soon())).is_well);
        EXPECT_EQ(trouble(), "none");
        EXPECT_EQ(lines_with("Redis takes commands again"), 1);
    }
};

TEST_F(TroubleTest, out_of_memory) {
    testing::RedisServer server;
    open(server.url());
    EXPECT_EQ(attempt(Command("SET").add("k").add(1)).code, "ok");
    EXPECT_EQ(trouble(), "none");
    server.command({"CONFIG", "SET", "maxmemory", "1"});
    expect_refused("OOM");
    server.command({"CONFIG", "SET", "maxmemory", "0"});
    expect_well();
}

TEST_F(TroubleTest, snapshots_that_fail) {
    testing::RedisServer server;
    open(server.url());
    server.command({"CONFIG", "SET", "save", "3600 1000"});
    // A directory in the place of its file.
    std::filesystem::create_directory(std::filesystem::path(server.authority_file()).parent_path() / "dump.rdb");
    std::filesystem::create_directory(std::filesystem::path(server.authority_file()).parent_path() / "dump.rdb" / "x");
    server.command({"BGSAVE"});
    wait_until([&] { return server.command({"INFO", "persistence"}).contains("rdb_last_bgsave_status:err"); });
    expect_refused("MISCONF");
    server.command({"CONFIG", "SET", "stop-writes-on-bgsave-error", "no"});
    expect_well();
}

TEST_F(TroubleTest, too_few_replicas) {
    testing::RedisServer server;
    open(server.url());
    server.command({"CONFIG", "SET", "min-replicas-to-write", "1"});
    expect_refused("NOREPLICAS");
    server.command({"CONFIG", "SET", "min-replicas-to-write", "0"});
    expect_well();
}

TEST_F(TroubleTest, a_cluster_that_is_down) {
    testing::RedisServer server({.arguments = {"--cluster-enabled", "yes"}});
    open(server.url());
    const auto refused = attempt(Command("GET").add("k"));
    EXPECT_EQ(refused.code, "redis.unavailable");
    EXPECT_TRUE(refused.text.starts_with("CLUSTERDOWN")) << refused.text;
    EXPECT_TRUE(trouble().starts_with("CLUSTERDOWN")) << trouble();
    EXPECT_FALSE(run(client->ready(soon())).is_well);
}

// Greeted again, and told why not: once, however often it tries.
TEST_F(TroubleTest, a_password_that_was_set_meanwhile) {
    testing::RedisServer server;
    open(server.url());
    connect();
    server.command({"CONFIG", "SET", "requirepass", "secret"});
    client->reset();
    wait_until([this] { return sink->contains("NOAUTH"); });
    EXPECT_EQ(attempt(Command("GET").add("k"), 300ms).code, "redis.unavailable");
    EXPECT_TRUE(trouble().contains("NOAUTH")) << trouble();
    EXPECT_TRUE(run(client->ready(soon(100ms))).refusal.starts_with("NOAUTH"));
    EXPECT_EQ(lines_with("NOAUTH"), 1);
}

// What ends the connection is said as long as it lasts, and once in the log, however often the connection comes and goes.
TEST_F(TroubleTest, a_replica) {
    testing::RedisServer server;
    open(server.url(), {.reconnect_maximum = 20ms, .fail_fast_after = 0ms});
    connect();
    server.command({"REPLICAOF", "127.0.0.1", "1"});
    for (int i = 0; i < 20; ++i) {
        const auto found = run(client->ready(soon()));
        EXPECT_FALSE(found.is_well);
        EXPECT_TRUE(found.refusal.starts_with("READONLY")) << found.refusal;
    }
    EXPECT_EQ(lines_with("connection to Redis lost"), 1);
    EXPECT_EQ(lines_with("connected to Redis again"), 1);
    EXPECT_EQ(lines_with("Redis refuses commands"), 1);

    // Now it says nothing: what it said before is no reason any more.
    server.freeze(true);
    const auto deadline = soon(20s);
    redis::Readiness frozen;
    do {
        frozen = run(client->ready(soon(50ms)));
        EXPECT_FALSE(frozen.is_well);
    } while (!frozen.refusal.empty() && async::Loop::now() < deadline);
    EXPECT_EQ(frozen.refusal, "");
    server.freeze(false);
    server.command({"REPLICAOF", "NO", "ONE"});
    wait_until_well();
}

TEST_F(TroubleTest, what_ailed_it_before_it_froze_is_no_reason) {
    testing::RedisServer server;
    open(server.url());
    server.command({"CONFIG", "SET", "maxmemory", "1"});
    EXPECT_TRUE(run(client->ready(soon())).refusal.starts_with("OOM"));
    server.command({"CONFIG", "SET", "maxmemory", "0"});
    server.freeze(true);
    const auto frozen = run(client->ready(soon(50ms)));
    EXPECT_FALSE(frozen.is_well);
    EXPECT_EQ(frozen.refusal, "");
    server.freeze(false);
    wait_until_well();
}

// Within a minute: each word has a line, however often it comes and goes.
TEST_F(TroubleTest, another_trouble_is_news) {
    testing::RedisServer server;
    open(server.url());
    for (int i = 0; i < 3; ++i) {
        server.command({"CONFIG", "SET", "maxmemory", "1"});
        EXPECT_TRUE(attempt(Command("SET").add("k").add(1)).text.starts_with("OOM"));
        server.command({"CONFIG", "SET", "maxmemory", "0"});
        EXPECT_EQ(attempt(Command("SET").add("k").add(1)).code, "ok");
        server.command({"CONFIG", "SET", "min-replicas-to-write", "1"});
        EXPECT_TRUE(attempt(Command("SET").add("k").add(1)).text.starts_with("NOREPLICAS"));
        server.command({"CONFIG", "SET", "min-replicas-to-write", "0"});
        EXPECT_EQ(attempt(Command("SET").add("k").add(1)).code, "ok");
    }
    for (const auto* line : {"Redis refuses commands", "Redis takes commands again"}) EXPECT_EQ(lines_with(line), 2);
}

TEST_F(TroubleTest, a_user_who_may_not) {
    testing::RedisServer server({.arguments = {"--user", "till", "on", ">s3cret", "~shop:*", "&*", "+@all"}});
    const auto url = "redis://till:s3cret@127.0.0.1:" + std::to_string(server.port());
    open(url);
    EXPECT_TRUE(run(client->ready(soon())).refusal.starts_with("NOPERM")) << "the key is not his";
    EXPECT_EQ(attempt(Command("SET").add("k").add(1)).code, "redis.unavailable");
    EXPECT_TRUE(trouble().starts_with("NOPERM")) << trouble();
    EXPECT_EQ(lines_with("Redis refuses commands"), 1);
    open(url, {.probe_key = "shop:ready-probe"});
    EXPECT_TRUE(run(client->ready(soon())).is_well);
    EXPECT_EQ(server.command({"EXISTS", "shop:ready-probe"}), ":1\r\n");
    for (const auto* right : {"@write", "@scripting"}) {
        server.command({"ACL", "SETUSER", "till", "+@all", std::string("-") + right});
        EXPECT_TRUE(run(client->ready(soon())).refusal.starts_with("NOPERM")) << right;
    }
    server.command({"ACL", "SETUSER", "till", "+@all"});
    EXPECT_TRUE(run(client->ready(soon())).is_well);
    server.command({"ACL", "SETUSER", "till", "resetpass", ">another"});
    client->reset();
    wait_until([this] { return trouble().starts_with("WRONGPASS"); });
    EXPECT_TRUE(run(client->ready(soon(50ms))).refusal.starts_with("WRONGPASS"));
}

TEST_F(TroubleTest, no_connection) {
    testing::RedisServer server;
    open(server.url(), {.fail_fast_after = 50ms});
    connect();
    server.kill();
    wait_until([this] { return trouble().contains("Connection refused"); });
    const auto found = run(client->ready(soon(100ms)));
    EXPECT_FALSE(found.is_well);
    EXPECT_EQ(found.refusal, "") << "Redis says nothing";
    wait_until([this] { return lines_with("Connection refused") > 0; });
    for (int i = 0; i < 5; ++i) EXPECT_EQ(attempt(Command("GET").add("k"), 50ms).code, "redis.unavailable");
    EXPECT_EQ(lines_with("Connection refused"), 1);
    server.start();
    wait_until([this] { return trouble() == "none"; });
    // Nor is it news when it happens again.
    server.kill();
    wait_until([this] { return trouble().contains("Connection refused"); });
    server.start();
    wait_until([this] { return trouble() == "none"; });
    EXPECT_EQ(lines_with("Connection refused"), 1);
}

}  // namespace
