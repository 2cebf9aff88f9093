#pragma once
// PostgresProxy: stands between a client and a PostgreSQL server on a port of 127.0.0.1, understands where server messages end,
// and breaks connections at chosen points. Own threads; its methods may be called from any. The client must not use TLS.
//
//     testing::PostgresProxy proxy(scratch.host(), scratch.port());
//     db::Options options{.url = scratch.url_through("127.0.0.1", proxy.port())};
//     proxy.cut_before_ready(1);      // lets the results through and cuts where the next ReadyForQuery would come

#include <memory>
#include <string>

namespace testing {

class PostgresProxy {
public:
    // `host` may be the directory of a Unix socket.
    PostgresProxy(const std::string& host, const std::string& port);
    ~PostgresProxy();
    PostgresProxy(const PostgresProxy&) = delete;
    PostgresProxy& operator=(const PostgresProxy&) = delete;

    [[nodiscard]] int port() const;
    // The n-th ReadyForQuery from now, over all connections, is not delivered: its connection is cut instead. 0: never.
    void cut_before_ready(int n);
    // Cuts every connection; refusing: new ones are closed at once.
    void cut_all();
    void refuse(bool refusing);
    // Keeps what the server says to itself, as a dead peer would.
    void hold(bool holding);

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace testing
