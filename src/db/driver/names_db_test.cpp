// Where connections go to: host names, several hosts, silent addresses.

#include "db/driver/driver_for_test.h"

#include <atomic>
#include <future>

#include "db/driver/targets.h"
#include "testing/postgres_proxy.h"
#include "testing/silent_server.h"

namespace {

using namespace db_test;

std::string parameter(const db::detail::ConnectParameters& parameters, std::string_view keyword) {
    for (const auto& [name, value] : parameters) {
        if (name == keyword) return value;
    }
    return "";
}

TEST(ConnectParameters, WritesFindThePrimaryAmongSeveralHosts) {
    const auto target = [](const char* url, Kind kind) {
        return parameter(db::detail::connect_parameters({.url = url}, "x", 1s, kind), "target_session_attrs");
    };
    EXPECT_EQ(target("postgresql://one,two/shop", Kind::write), "read-write");
    EXPECT_EQ(target("postgresql://one,two/shop?target_session_attrs=primary", Kind::write), "primary");
    EXPECT_EQ(target("postgresql://one,two/shop", Kind::point), "");
    EXPECT_EQ(target("postgresql://one/shop", Kind::write), "");
    EXPECT_EQ(target("postgresql://one/shop?target_session_attrs=read-write", Kind::write), "read-write");
    // Ours are read-only sessions by choice, which libpq would take for a server that is.
    EXPECT_EQ(target("postgresql://one,two/shop?target_session_attrs=read-write", Kind::read), "primary");
    EXPECT_EQ(target("postgresql://one,two/shop?target_session_attrs=prefer-standby", Kind::read), "prefer-standby");
}

TEST(ConnectParameters, HostsBecomeTargets) {
    const auto targets = [](db::detail::ConnectParameters parameters) {
        std::string text;
        for (const auto& target : db::detail::targets_of(parameters)) {
            text += target.host + "|" + target.address + "|" + target.port + (target.needs_lookup() ? "? " : " ");
        }
        return text + std::to_string(parameters.size());
    };
    EXPECT_EQ(targets({{"host", "one,/run/pg,two"}, {"port", "1,2,3"}, {"user", "u"}}), "one||1? /run/pg||2 two||3? 1");
    EXPECT_EQ(targets({{"host", "one,two"}, {"port", "5432"}}), "one||5432? two||5432? 0");
    EXPECT_EQ(targets({{"host", "one,two"}, {"hostaddr", "10.0.0.1,"}}), "one|10.0.0.1| two||? 0");
    EXPECT_EQ(targets({{"host", "one,two"}, {"port", "1,2,3"}}), "2") << "libpq says what is wrong";
    EXPECT_EQ(targets({{"hostaddr", "10.0.0.1"}}), "1");
    EXPECT_EQ(targets({}), "0");
}

class NamesTest : public DriverTest {
protected:
    // Over TCP, as names are of no use to a socket.
    std::string url(const std::string& hosts, const std::string& ports) {
        auto text = scratch->url_through("HOST", proxy.port(), app_role) + "&sslmode=disable";
        text.replace(text.find("HOST"), 4, hosts);
        const auto own_port = std::to_string(proxy.port());
        return text.replace(text.find(own_port), own_port.size(), ports);
    }
    std::string url(const std::string& host) { return url(host, std::to_string(proxy.port())); }
    testing::PostgresProxy proxy{scratch->host(), scratch->port()};
};

TEST_F(NamesTest, TheLoopGoesOnWhileTheNameServerIsSilent) {
    std::promise<void> release;
    std::atomic<bool> asked = false;
    database.emplace(loop,
                     db::Options{.url = url("db.test"),
                                 .lookup =
                                     [&, released = release.get_future().share()](const std::string& host) {
                                         EXPECT_EQ(host, "db.test");
                                         EXPECT_FALSE(loop.is_current_thread());
                                         asked = true;
                                         released.wait();
                                         return async::Resolution{{"127.0.0.1"}, {}};
                                     }},
                     statements, logging::Logger(), metrics);
    Outcome first;
    const auto waiting = run_in_background(outcome_of(database->query(point_pid, {}, {}, soon(20s))), &first);
    for (int i = 0; i < 1'000 && !asked; ++i) turn(1ms);
    turn(1ms);
    EXPECT_FALSE(waiting.done());
    release.set_value();
    for (int i = 0; i < 2'000 && !waiting.done(); ++i) turn(1ms);
    EXPECT_EQ(first.code, "ok");
    EXPECT_EQ(try_query(write_pid).code, "ok");
}

TEST_F(NamesTest, AnAnswerAfterTheConnectTimeoutServesTheNextAttempt) {
    std::promise<void> release;
    std::atomic<int> lookups = 0;
    database.emplace(loop,
                     db::Options{.url = url("db.test"),
                                 .connect_timeout = 30ms,
                                 .lookup =
                                     [&, released = release.get_future().share()](const std::string&) {
                                         ++lookups;
                                         released.wait();
                                         return async::Resolution{{"127.0.0.1"}, {}};
                                     },
                                 .reconnect_maximum = 50ms},
                     statements, logging::Logger(), metrics);
    EXPECT_EQ(try_query(point_pid, {}, {}, 300ms).code, "db.unavailable");
    EXPECT_EQ(lookups, 1) << "one thread, however often it was tried";
    release.set_value();
    turn(20ms);
    run(database->connect(soon()));
    EXPECT_EQ(lookups, 1);
}

TEST_F(NamesTest, AllAddressesOfAllHostsAreTried) {
    // The first address refuses, the second answers.
    open({.url = url("db.test"),
          .lookup = [](const std::string&) { return async::Resolution{{"127.0.0.9", "127.0.0.1"}, {}}; }});
    EXPECT_EQ(try_query(write_pid).code, "ok");
    database.reset();
    // A host that has no address, and one that has.
    open({.url = url("gone.test,db.test"), .lookup = [](const std::string& host) {
              return host == "gone.test" ? async::Resolution{{}, "no such host"} : async::Resolution{{"127.0.0.1"}, {}};
          }});
    EXPECT_EQ(try_query(write_pid).code, "ok");
    database.reset();
    // One that accepts and says nothing: left after its time.
    const testing::SilentServer silent;
    open({.url =
              url("silent.test,127.0.0.1,db.test", std::to_string(silent.port()) + "," + std::to_string(silent.port()) +
                                                       "," + std::to_string(proxy.port())),
          .connect_timeout = 100ms,
          .lookup = [](const std::string&) { return async::Resolution{{"127.0.0.1"}, {}}; }});
    EXPECT_EQ(try_query(write_pid).code, "ok");
}

TEST_F(NamesTest, ANameWithoutAddressSaysSo) {
    database.emplace(loop,
                     db::Options{.url = url("db.test"),
                                 .lookup = [](const std::string&) { return async::Resolution{{}, "no such host"}; }},
                     statements, logging::Logger(), metrics);
    try {
        run(database->connect(soon(200ms)));
        FAIL();
    } catch (const base::Failure& failure) {
        EXPECT_TRUE(failure.cause().contains("no such host")) << failure.cause();
    }
}

}  // namespace
