#pragma once
// For tests of the differ on a server: a database of a suite, whose owner is no superuser, and schemas made in it within a
// transaction that is undone. One thread.
//
//     class Mine : public DiffServer {};
//     TEST_F(Mine, …) { begin(schema); run(diff(schema, other).statements); compare(inspect(connection_), made_from_nothing(other)); end(); }

#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "db/migrate/apply.h"
#include "db/migrate/diff.h"
#include "db/migrate/inspect.h"
#include "db/migrate/scratch.h"

namespace db::migrate {

class DiffServer : public testing::Test {
protected:
    static void SetUpTestSuite() {
        const char* url = std::getenv("TEST_POSTGRES_URL");
        if (url == nullptr)
            throw std::runtime_error("TEST_POSTGRES_URL is not set: run the tests through bin/with-servers");
        Connection server(url);
        if (server.query("select 1 from pg_roles where rolname = $1", {owner}).empty())
            server.execute(std::string("create role ") + owner + " login createdb createrole");
        scratch_ = std::make_unique<ScratchDatabase>(url);
        server.execute("alter database " + scratch_->name() + " owner to " + owner);
        Connection connection(scratch_->url() + " user=" + owner);
        ensure_roles(connection, roles());
    }
    static void TearDownTestSuite() { scratch_.reset(); }
    ~DiffServer() override { end(); }

    void begin(const Snapshot& schema) {
        connection_.execute("begin");
        run(diff({}, schema).statements);
    }
    void end() { connection_.execute("rollback"); }

    void run(const std::vector<std::string>& statements) {
        for (const auto& statement : statements) {
            try {
                connection_.execute(with_roles(statement, roles()));
            } catch (const SqlError& error) {
                throw std::runtime_error(statement + ": " + error.what());
            }
        }
    }
    Facts made_from_nothing(const Snapshot& schema) {
        begin(schema);
        auto facts = inspect(connection_);
        end();
        return facts;
    }
    std::string value(const std::string& sql) { return connection_.query(sql).at(0).at(0).value_or("null"); }

    static Roles roles() { return {.app = "migrate_test_app", .system = "migrate_test_system"}; }

    static constexpr const char* owner = "migrate_test_owner";
    static inline std::unique_ptr<ScratchDatabase> scratch_;
    Connection connection_{scratch_->url() + " user=" + owner};
};

}  // namespace db::migrate
