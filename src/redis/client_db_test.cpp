// The client against real servers: what the README promises, one test each.

#include "observe/memory_tracer_for_test.h"
#include "redis/client_for_test.h"

namespace {

using namespace redis::test;

TEST_F(ClientTest, runs_commands_of_every_reply_type) {
    open_shared();
    EXPECT_EQ(attempt(Command("SET").add("a key").add(std::string_view("\0\r\n", 3))).reply->text(), "OK");
    EXPECT_EQ(attempt(Command("GET").add("a key")).reply->text(), std::string_view("\0\r\n", 3));
    EXPECT_TRUE(attempt(Command("GET").add("none")).reply->is_null());
    EXPECT_EQ(attempt(Command("INCRBY").add("n").add(-41)).reply->integer(), -41);
    EXPECT_EQ(attempt(Command("HSET").add("h").add("f").add(1)).reply->integer(), 1);
    const auto map = attempt(Command("HGETALL").add("h"));
    ASSERT_EQ(map.reply->size(), 2U);
    EXPECT_EQ(map.reply->at(1).integer(), 1);
    static_cast<void>(attempt(Command("ZADD").add("z").add("1.5").add("m")));
    EXPECT_EQ(attempt(Command("ZSCORE").add("z").add("m")).reply->number(), 1.5);
    const auto refused = attempt(Command("INCR").add("a key"));
    EXPECT_EQ(refused.code, "redis.refused");
    EXPECT_TRUE(refused.text.starts_with("ERR value is not an integer"));
}

TEST_F(ClientTest, speaks_resp2_where_it_must) {
    open_shared({.connection_name = "old", .resp3 = false});
    static_cast<void>(attempt(Command("HSET").add("h").add("f").add("v")));
    EXPECT_EQ(attempt(Command("HGETALL").add("h")).reply->at(1).text(), "v");
    EXPECT_EQ(attempt(Command("CLIENT").add("GETNAME")).reply->text(), "old");
}

TEST_F(ClientTest, names_its_connection_and_selects_its_database) {
    open(shared_server().url() + "/3", {.connection_name = "till"});
    EXPECT_EQ(attempt(Command("CLIENT").add("GETNAME")).reply->text(), "till");
    const auto info = attempt(Command("CLIENT").add("INFO"));
    EXPECT_TRUE(info.reply->text().contains(" db=3 "));
    EXPECT_TRUE(info.reply->text().contains(" resp=3"));
}

TEST_F(ClientTest, connects_through_a_unix_socket) {
    open(shared_server().unix_url());
    EXPECT_EQ(attempt(Command("PING")).reply->text(), "PONG");
}

TEST_F(ClientTest, moves_large_values_in_pieces) {
    open_shared();
    const std::string large(20U << 20, 'x');
    EXPECT_EQ(attempt(Command("SET").add("large").add(large), 20s).reply->text(), "OK");
    EXPECT_EQ(attempt(Command("GET").add("large"), 20s).reply->text(), large);
}

// ---- Pipelines, transactions, scripts ---------------------------------------------------------------------------

TEST_F(ClientTest, a_pipeline_keeps_errors_to_themselves) {
    open_shared();
    std::vector<Command> commands;
    commands.push_back(Command("SET").add("k").add("text"));
    commands.push_back(Command("INCR").add("k"));
    commands.push_back(Command("GET").add("k"));
    const auto replies = run(client->pipeline(std::move(commands)));
    ASSERT_EQ(replies.size(), 3U);
    EXPECT_EQ(replies[0]->text(), "OK");
    EXPECT_TRUE(replies[1]->is_error());
    EXPECT_EQ(replies[2]->text(), "text");
    EXPECT_TRUE(run(client->pipeline({})).empty());
}

TEST_F(ClientTest, commands_of_one_turn_share_a_write_and_are_answered_in_order) {
    open_shared();
    connect();
    std::vector<async::Task<Reply>> tasks;
    for (int i = 0; i < 500; ++i) tasks.push_back(client->run(Command("ECHO").add(i)));
    const auto replies = run([](std::vector<async::Task<Reply>> all) -> async::Task<std::vector<Reply>> {
        co_return co_await async::when_all(std::move(all));
    }(std::move(tasks)));
    for (int i = 0; i < 500; ++i) EXPECT_EQ(replies[static_cast<std::size_t>(i)]->integer(), i);
}

TEST_F(ClientTest, a_transaction_gives_each_reply_or_runs_nothing) {
    open_shared();
    std::vector<Command> good;
    good.push_back(Command("SET").add("k").add("text"));
    good.push_back(Command("LPUSH").add("k").add("x"));
    good.push_back(Command("HGETALL").add("none"));
    good.push_back(Command("GET").add("k"));
    const auto replies = run(client->transaction(std::move(good)));
    ASSERT_EQ(replies.size(), 4U);
    EXPECT_EQ(replies[0]->text(), "OK");
    EXPECT_TRUE(replies[1]->text().starts_with("WRONGTYPE"));
    EXPECT_EQ(replies[2]->size(), 0U);
    EXPECT_EQ(replies[3]->text(), "text");

    std::vector<Command> bad;
    bad.push_back(Command("SET").add("k").add("other"));
    bad.emplace_back("NOSUCH");
    const auto outcome = run(outcome_of(client->transaction(std::move(bad))));
    EXPECT_EQ(outcome.code, "redis.refused");
    EXPECT_TRUE(outcome.text.starts_with("EXECABORT")) << outcome.text;
    EXPECT_TRUE(outcome.text.contains("unknown command 'NOSUCH'")) << outcome.text;
    EXPECT_EQ(attempt(Command("GET").add("k")).reply->text(), "text");
}

TEST_F(ClientTest, a_script_is_sent_by_its_hash_and_whole_when_redis_has_forgotten_it) {
    open_shared();
    const auto script = redis::script_of("sum", "return redis.call('INCRBY', KEYS[1], ARGV[1])", 1);
    for (int round = 1; round <= 3; ++round) {
        if (round == 3) shared_server().command({"SCRIPT", "FLUSH"});
        EXPECT_EQ(run(client->eval(script, {"n"}, {"5"}))->integer(), 5 * round);
    }
    EXPECT_TRUE(metrics.render().contains("redis_commands_total{role=\"redis\",command=\"sum\"} 5"))
        << metrics.render();
    EXPECT_THROW(static_cast<void>(Client::eval_command(script, {}, {})), std::invalid_argument);
}

TEST_F(ClientTest, a_script_that_redis_has_forgotten_is_no_failed_span) {
    open_shared();
    observe::MemoryTracer tracer;
    {
        const observe::EntrySpan entry({""}, &tracer, observe::SpanKind::server, "GET");
        auto good = redis::script_of("good", "return 'a script of this test alone'", 0);
        auto bad = redis::script_of("bad", "return redis.call('NOSUCH')", 0);
        good.span = bad.span = entry.context();
        shared_server().command({"SCRIPT", "FLUSH"});
        EXPECT_EQ(run(outcome_of(client->eval(good, {}, {}))).code, "ok");
        EXPECT_EQ(run(outcome_of(client->eval(bad, {}, {}))).code, "redis.refused");
    }
    const auto good = tracer.named("good");
    ASSERT_EQ(good.size(), 2U) << "by its hash, and whole";
    EXPECT_EQ(good[0].error, "");
    EXPECT_EQ(good[1].error, "");
    const auto bad = tracer.named("bad");
    ASSERT_EQ(bad.size(), 2U);
    EXPECT_EQ(bad[0].error, "");
    EXPECT_NE(bad[1].error, "");
}

TEST_F(ClientTest, loaded_scripts_run_in_pipelines) {
    open_shared();
    const auto script = redis::script_of("twice", "return ARGV[1] * 2", 0);
    run(client->load({script}));
    std::vector<Command> commands;
    commands.push_back(Client::eval_command(script, {}, {"21"}));
    EXPECT_EQ(run(client->pipeline(std::move(commands)))[0]->integer(), 42);
}

// ---- Deadlines --------------------------------------------------------------------------------------------------

TEST_F(ClientTest, a_late_reply_goes_to_nobody) {
    open_shared();
    connect();
    shared_server().command({"CLIENT", "PAUSE", "200"});
    EXPECT_EQ(attempt(Command("SET").add("late").add(1), 30ms).code, "redis.outcome_unknown");
    EXPECT_EQ(attempt(Command("GET").add("late").repeatable(), 30ms).code, "redis.timeout");
    // Sent behind the two on the same connection.
    EXPECT_EQ(attempt(Command("ECHO").add("mine")).reply->text(), "mine");
    EXPECT_EQ(attempt(Command("GET").add("late")).reply->text(), "1");
    EXPECT_FALSE(sink->contains("lost"));
}

TEST_F(ClientTest, a_connection_whose_replies_are_overdue_is_replaced) {
    testing::RedisServer server;
    open(server.url(), {.connect_timeout = 100ms, .reply_grace = 50ms});
    connect();
    server.freeze(true);
    EXPECT_EQ(attempt(Command("GET").add("k").repeatable(), 30ms).code, "redis.timeout");
    wait_until([this] { return !client->is_connected(); });
    EXPECT_TRUE(sink->contains("a reply did not come in time"));
    server.freeze(false);
    EXPECT_EQ(attempt(Command("PING"), 10s).reply->text(), "PONG");
}

TEST_F(ClientTest, a_blocking_command_gets_its_time) {
    open_shared({.command_timeout = 100ms});
    EXPECT_TRUE(attempt(Command("BLPOP").add("none").add("0.3").blocks_for(300ms)).reply->is_null());
}

TEST_F(ClientTest, reset_ends_a_blocking_command) {
    open_shared();
    connect();
    Outcome outcome;
    auto blocked =
        run_in_background(outcome_of(client->run(Command("BLPOP").add("none").add(0).blocks_for(1h))), &outcome);
    wait_until([] { return shared_server().command({"CLIENT", "LIST"}).contains("cmd=blpop"); });
    client->reset();
    wait_until([&] { return blocked.done(); });
    EXPECT_EQ(outcome.code, "redis.outcome_unknown");
    EXPECT_EQ(attempt(Command("PING")).reply->text(), "PONG");
}

TEST_F(ClientTest, ready_tells_the_truth) {
    testing::RedisServer server;
    open(server.url());
    EXPECT_TRUE(run(client->ready(soon())).is_well);
    server.kill();
    EXPECT_FALSE(run(client->ready(soon(200ms))).is_well);
    server.start();
    EXPECT_TRUE(run(client->ready(soon(10s))).is_well);
}

// ---- Lost connections -------------------------------------------------------------------------------------------

TEST_F(ClientTest, what_was_in_flight_is_repeated_or_unknown) {
    open_shared();
    connect();
    Outcome unknown;
    Outcome repeated;
    shared_server().command({"CLIENT", "PAUSE", "60000", "WRITE"});
    auto first = run_in_background(outcome_of(client->run(Command("INCR").add("n"), soon(20s))), &unknown);
    auto second =
        run_in_background(outcome_of(client->run(Command("GET").add("n").repeatable(), soon(20s))), &repeated);
    wait_until([] { return shared_server().command({"CLIENT", "LIST"}).contains(" flags=b"); });
    shared_server().command({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    shared_server().command({"CLIENT", "UNPAUSE"});
    wait_until([&] { return first.done() && second.done(); });
    EXPECT_EQ(unknown.code, "redis.outcome_unknown");
    EXPECT_EQ(repeated.code, "ok");
    EXPECT_TRUE(metrics.render().contains("redis_reconnects_total{role=\"redis\"} 1")) << metrics.render();
}

TEST_F(ClientTest, a_restart_is_survived_under_load) {
    testing::RedisServer server({.arguments = {"--appendonly", "yes", "--appendfsync", "always"}});
    open(server.url(), {.command_timeout = 20s, .fail_fast_after = 0ms});
    std::map<std::string, int> outcomes;
    bool stop = false;
    const auto worker = [](Client* to, std::map<std::string, int>* count, const bool* ends,
                           int id) -> async::Task<int> {
        int done = 0;
        while (!*ends) {
            // Repeatable: each sets the same member again.
            auto command = Command("SADD").add("members").add(std::to_string(id) + ":" + std::to_string(done));
            auto outcome = co_await outcome_of(to->run(std::move(command).repeatable()));
            ++(*count)[outcome.code];
            if (outcome.code == "ok") ++done;
        }
        co_return done;
    };
    std::vector<async::Task<int>> workers;
    for (int id = 0; id < 8; ++id) workers.push_back(worker(&*client, &outcomes, &stop, id));
    const auto breaker = [](async::Loop* on, testing::RedisServer* broken, std::map<std::string, int>* count,
                            bool* ends) -> async::Task<int> {
        for (int round = 1; round <= 3; ++round) {
            const int before = (*count)["ok"];
            co_await until(on, [=] { return (*count)["ok"] > before + 100; });
            if (round % 2 == 0) {
                broken->kill();
            } else {
                broken->stop();
            }
            broken->start();
        }
        *ends = true;
        co_return 0;
    };
    workers.push_back(breaker(&loop, &server, &outcomes, &stop));
    const auto counts = run([](std::vector<async::Task<int>> all) -> async::Task<std::vector<int>> {
        co_return co_await async::when_all(std::move(all));
    }(std::move(workers)));
    int total = 0;
    for (const int count : counts) total += count;
    EXPECT_EQ(outcomes.size(), 1U);  // all are ok
    EXPECT_EQ(attempt(Command("SCARD").add("members")).reply->integer(), total);
}

TEST_F(ClientTest, commands_wait_for_a_server_that_comes_and_fail_at_once_when_it_stays_away) {
    testing::RedisServer server;
    server.kill();
    open(server.url(), {.command_timeout = 20s, .fail_fast_after = 100ms});
    // Waits, until the patience ends.
    EXPECT_EQ(attempt(Command("PING")).code, "redis.unavailable");
    // Does not even begin to wait: no turn of the loop is needed.
    Outcome outcome;
    auto task = run_in_background(outcome_of(client->run(Command("PING"))), &outcome);
    EXPECT_TRUE(task.done());
    EXPECT_EQ(outcome.code, "redis.unavailable");
    EXPECT_TRUE(outcome.text.contains("Connection refused")) << outcome.text;
    server.start();
    connect();
    EXPECT_EQ(attempt(Command("PING")).code, "ok");
}

TEST_F(ClientTest, commands_wait_while_redis_loads_its_data) {
    testing::RedisServer server(
        {.arguments = {"--appendonly", "yes", "--appendfsync", "always", "--loading-process-events-interval-bytes",
                       "1024", "--key-load-delay", "500", "--enable-debug-command", "yes"}});
    for (int i = 0; i < 400; ++i) server.command({"SET", std::to_string(i), std::string(100, 'x')});
    server.kill();
    open(server.url(), {.command_timeout = 20s, .fail_fast_after = 0ms});
    Outcome outcome;
    auto waiting = run_in_background(outcome_of(client->run(Command("GET").add(1))), &outcome);
    server.start();
    wait_until([&] { return waiting.done(); });
    ASSERT_EQ(outcome.code, "ok") << outcome.text;
    EXPECT_EQ(outcome.reply->text().size(), 100U);
}

TEST_F(ClientTest, a_replica_that_refuses_writes_is_left_for_another_server) {
    testing::RedisServer replica;
    replica.command({"REPLICAOF", "127.0.0.1", "1"});
    open(replica.url());
    connect();
    Outcome outcome;
    auto write = run_in_background(outcome_of(client->run(Command("SET").add("k").add(1))), &outcome);
    wait_until([this] { return sink->contains("READONLY"); });
    EXPECT_FALSE(write.done());
    replica.command({"REPLICAOF", "NO", "ONE"});
    wait_until([&] { return write.done(); });
    EXPECT_EQ(outcome.code, "ok") << outcome.text;
}

// A bulk has no single reply that would say so.
TEST_F(ClientTest, pipelines_leave_a_replica_too) {
    testing::RedisServer replica;
    open(replica.url(), {.command_timeout = 20s});
    connect();
    replica.command({"REPLICAOF", "127.0.0.1", "1"});
    const auto pipeline = [this](std::string_view first) {
        std::vector<Command> commands;
        commands.push_back(first == "GET" ? Command("GET").add("k") : Command("SET").add("k").add(1));
        commands.push_back(Command("SET").add("l").add(2));
        return outcome_of(client->pipeline(std::move(commands)));
    };
    // None of it was run: it waits for a server that takes it.
    Outcome outcome;
    auto writes = run_in_background(pipeline("SET"), &outcome);
    wait_until([this] { return sink->contains("READONLY"); });
    EXPECT_FALSE(writes.done());
    replica.command({"REPLICAOF", "NO", "ONE"});
    wait_until([&] { return writes.done(); });
    ASSERT_EQ(outcome.replies.size(), 2U) << outcome.text;
    EXPECT_EQ(outcome.replies[1]->text(), "OK");

    // A part of it was: the replies stand as they are, and the next goes elsewhere.
    replica.command({"REPLICAOF", "127.0.0.1", "1"});
    const auto reconnects = [this] {
        const auto text = metrics.render();
        return text.substr(text.find("redis_reconnects_total{"), 40);
    };
    const auto before = reconnects();
    outcome = run(pipeline("GET"));
    ASSERT_EQ(outcome.replies.size(), 2U);
    EXPECT_EQ(outcome.replies[0]->text(), "1");
    EXPECT_TRUE(outcome.replies[1]->is_error());
    wait_until([&] { return client->is_connected() && reconnects() != before; });
}

TEST_F(ClientTest, a_reconnect_is_told) {
    testing::RedisServer server;
    int told = 0;
    open(server.url());
    client->on_reconnect([&told] { ++told; });
    connect();
    EXPECT_TRUE(run(client->ready(soon())).is_well);
    EXPECT_EQ(told, 0);
    for (int round = 1; round <= 2; ++round) {
        client->reset();
        wait_until([&] { return told == round; });
    }
    client->on_reconnect(nullptr);
    client->reset();
    EXPECT_TRUE(run(client->ready(soon())).is_well);
    EXPECT_EQ(told, 2);
}

// ---- Refused connections ----------------------------------------------------------------------------------------

TEST_F(ClientTest, authenticates_with_a_password_or_as_a_user) {
    testing::RedisServer server(
        {.arguments = {"--requirepass", "p@ss w", "--user", "till", "on", ">s3cret", "~*", "+@all"}});
    const auto port = std::to_string(server.port());
    for (const bool resp3 : {true, false}) {
        for (const auto* user : {":p%40ss%20w@", "till:s3cret@"}) {
            open("redis://" + std::string(user) + "127.0.0.1:" + port, {.resp3 = resp3});
            EXPECT_EQ(attempt(Command("PING")).reply->text(), "PONG") << user;
        }
        for (const auto* user : {"", ":wrong-one@", "till:wrong-one@"}) {
            open("redis://" + std::string(user) + "127.0.0.1:" + port, {.resp3 = resp3, .fail_fast_after = 50ms});
            const auto outcome = attempt(Command("PING"));
            EXPECT_EQ(outcome.code, "redis.unavailable") << user;
            EXPECT_TRUE(outcome.text.contains("NOAUTH") || outcome.text.contains("WRONGPASS")) << outcome.text;
        }
    }
    EXPECT_FALSE(sink->contains("wrong-one"));
}

TEST_F(ClientTest, tls_checks_certificate_and_name) {
    testing::RedisServer server({.tls = true});
    const auto port = std::to_string(server.port());
    struct Case {
        std::string url;
        std::string cause;  // empty: connects
    };
    const std::vector<Case> cases{
        {"rediss://localhost:" + port + "?ca=" + server.authority_file(), ""},
        {"rediss://localhost:" + port, "certificate verify failed"},
        {"rediss://127.0.0.1:" + port + "?ca=" + server.authority_file(), "certificate verify failed"},
        {"rediss://127.0.0.1:" + port + "?verify=no", ""},
        {"rediss://localhost:" + port + "?ca=/no/such/file", "No such file"},
    };
    for (const auto& each : cases) {
        open(each.url, {.fail_fast_after = 500ms});
        const auto outcome = attempt(Command("PING"));
        EXPECT_EQ(outcome.code, each.cause.empty() ? "ok" : "redis.unavailable") << each.url << outcome.text;
        EXPECT_TRUE(each.cause.empty() || outcome.text.contains(each.cause)) << each.url << ": " << outcome.text;
    }
    open(cases[0].url);
    const std::string large(3U << 20, 'x');
    EXPECT_EQ(attempt(Command("SET").add("large").add(large), 20s).code, "ok");
    EXPECT_EQ(attempt(Command("GET").add("large"), 20s).reply->text(), large);
    server.kill();
    wait_until([this] { return !client->is_connected(); });
    server.start();
    EXPECT_EQ(attempt(Command("PING"), 10s).code, "ok");
}

TEST_F(ClientTest, a_full_server_refuses) {
    testing::RedisServer server({.arguments = {"--maxmemory", "1"}});
    open(server.url());
    const auto outcome = attempt(Command("SET").add("k").add("v"));
    EXPECT_EQ(outcome.code, "redis.unavailable");
    EXPECT_TRUE(outcome.text.starts_with("OOM"));
    std::vector<Command> commands;
    commands.push_back(Command("SET").add("k").add("v"));
    EXPECT_TRUE(run(outcome_of(client->transaction(std::move(commands)))).text.contains("OOM"));
}

TEST_F(ClientTest, a_server_that_says_nothing_or_nonsense_is_unavailable) {
    for (const std::string answer : {"", "HTTP/1.1 400 Bad Request\r\n\r\n", "$99999999999\r\n", "*1\r\n*1\r\n?\r\n"}) {
        testing::SilentServer server(answer);
        open("redis://127.0.0.1:" + std::to_string(server.port()), {.connect_timeout = 50ms, .fail_fast_after = 150ms});
        const auto outcome = attempt(Command("PING"));
        EXPECT_EQ(outcome.code, "redis.unavailable") << answer;
        EXPECT_TRUE(outcome.text.contains(answer.empty() ? "connect timeout" : "not RESP")) << outcome.text;
    }
}

TEST_F(ClientTest, a_reply_beyond_the_bound_costs_the_connection_and_is_not_asked_for_for_ever) {
    open_shared({.max_reply_bytes = 10'000});
    static_cast<void>(attempt(Command("SET").add("large").add(std::string(20'000, 'x'))));
    const auto outcome = attempt(Command("GET").add("large").repeatable(), 10s);
    EXPECT_EQ(outcome.code, "redis.unavailable");
    EXPECT_TRUE(outcome.text.contains("more bytes than may be")) << outcome.text;
    EXPECT_EQ(attempt(Command("PING"), 10s).code, "ok");
}

// ---- Bounds and ends --------------------------------------------------------------------------------------------

TEST_F(ClientTest, what_waits_is_bounded_by_count_and_bytes) {
    open_shared({.max_waiting = 2, .max_waiting_bytes = 1'000});
    connect();
    EXPECT_EQ(attempt(Command("ECHO").add(std::string(1'000, 'x'))).code, "redis.overloaded");
    std::vector<Outcome> outcomes(3);
    std::vector<Running> tasks;
    for (auto& outcome : outcomes)
        tasks.push_back(run_in_background(outcome_of(client->run(Command("PING"))), &outcome));
    EXPECT_TRUE(tasks[2].done());
    EXPECT_EQ(outcomes[2].code, "redis.overloaded");
    EXPECT_TRUE(metrics.render().contains("redis_waiting{role=\"redis\"} 2"));
    wait_until([&] { return tasks[0].done() && tasks[1].done(); });
    EXPECT_EQ(outcomes[0].code + outcomes[1].code, "okok");
    EXPECT_EQ(attempt(Command("PING")).code, "ok");
}

TEST_F(ClientTest, a_task_that_is_destroyed_leaves_nothing_behind) {
    open_shared({.reply_grace = 10s});
    connect();
    { auto waiting = run_in_background(outcome_of(client->run(Command("SET").add("a").add(1)))); }
    shared_server().command({"CLIENT", "PAUSE", "100", "WRITE"});
    auto in_flight = run_in_background(outcome_of(client->run(Command("SET").add("b").add(1))));
    wait_until([] { return shared_server().command({"CLIENT", "LIST"}).contains(" flags=b"); });
    in_flight.destroy();
    EXPECT_EQ(attempt(Command("ECHO").add("mine")).reply->text(), "mine");
    EXPECT_TRUE(attempt(Command("GET").add("a")).reply->is_null());
    EXPECT_EQ(attempt(Command("GET").add("b")).reply->text(), "1");
    EXPECT_TRUE(metrics.render().contains("redis_waiting{role=\"redis\"} 0"));
}

TEST_F(ClientTest, close_lets_replies_come_and_refuses_new_work) {
    open_shared();
    connect();
    Outcome outcome;
    auto under_way = run_in_background(outcome_of(client->run(Command("INCR").add("n"))), &outcome);
    run(client->close(soon()));
    EXPECT_TRUE(under_way.done());
    EXPECT_EQ(outcome.code, "ok");
    EXPECT_EQ(attempt(Command("PING")).code, "redis.unavailable");
}

TEST_F(ClientTest, close_does_not_wait_longer_than_it_may) {
    open_shared();
    connect();
    Outcome outcome;
    auto blocked =
        run_in_background(outcome_of(client->run(Command("BLPOP").add("none").add(0).blocks_for(1h))), &outcome);
    run(client->close(soon(50ms)));
    wait_until([&] { return blocked.done(); });
    EXPECT_EQ(outcome.code, "redis.outcome_unknown");
}

TEST_F(ClientTest, tasks_may_outlive_their_client) {
    open_shared();
    connect();
    Outcome outcome;
    auto waiting = run_in_background(outcome_of(client->run(Command("PING"))), &outcome);
    client.reset();
    wait_until([&] { return waiting.done(); });
    EXPECT_EQ(outcome.code, "redis.unavailable");
    EXPECT_TRUE(metrics.render().contains("redis_connected{role=\"redis\"} 0"));
}

TEST_F(ClientTest, a_client_may_be_destroyed_by_a_task_that_it_resumes) {
    open_shared();
    connect();
    const auto destroyer = [](std::optional<Client>* of) -> async::Task<void> {
        co_await (*of)->run(Command("PING"));
        of->reset();
    };
    run(destroyer(&client));
    EXPECT_FALSE(client);
}

// ---- Not a test: a figure for docs/decisions/0011-redis-client.md ---------------------------------------------------

double thread_cpu_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

async::Task<std::int64_t> get_until(Client* client, async::SteadyTime end) {
    std::int64_t done = 0;
    for (; async::Loop::now() < end; ++done) {
        const auto reply = co_await client->run(Command("GET").add("key").repeatable());
        EXPECT_EQ(reply->text().size(), 3U);
    }
    co_return done;
}

TEST_F(ClientTest, DISABLED_get_rate) {
    open_shared();
    static_cast<void>(attempt(Command("SET").add("key").add("xxx")));
    for (const int tasks : {1, 64, 64, 64}) {
        const double cpu = thread_cpu_seconds();
        std::vector<async::Task<std::int64_t>> getters;
        for (int i = 0; i < tasks; ++i) getters.push_back(get_until(&*client, soon(3s)));
        const auto counts =
            run([](std::vector<async::Task<std::int64_t>> all) -> async::Task<std::vector<std::int64_t>> {
                co_return co_await async::when_all(std::move(all));
            }(std::move(getters)));
        std::int64_t total = 0;
        for (const auto count : counts) total += count;
        const auto used = thread_cpu_seconds() - cpu;
        std::cout << tasks << " tasks: " << static_cast<double>(total) / 3 << " GET/s, "
                  << used / static_cast<double>(total) * 1e6 << " us of CPU each\n";
    }
}

}  // namespace
