#pragma once
// A transaction of a test's own, on a connection of its own: what it locks stays locked until commit().
//
//     OpenTransaction change(app->database().url(), "lock table payments in share mode");
//     ...                       // a request waits
//     change.commit();

#include <libpq-fe.h>

#include <stdexcept>
#include <string>

namespace pos::testing {

class OpenTransaction {
public:
    OpenTransaction(const std::string& url, const std::string& sql) : connection_(PQconnectdb(url.c_str())) {
        run("begin");
        run(sql);
    }
    OpenTransaction(const OpenTransaction&) = delete;
    OpenTransaction& operator=(const OpenTransaction&) = delete;
    ~OpenTransaction() { PQfinish(connection_); }

    void commit() { run("commit"); }
    [[nodiscard]] int pid() const { return PQbackendPID(connection_); }

private:
    void run(const std::string& sql) {
        auto* result = PQexec(connection_, sql.c_str());
        const bool good = PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
        PQclear(result);
        if (!good) throw std::runtime_error(PQerrorMessage(connection_));
    }
    PGconn* connection_;
};

}  // namespace pos::testing
