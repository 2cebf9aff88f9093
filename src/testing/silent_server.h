#pragma once
// SilentServer: accepts TCP connections on a free port, says the same few bytes to each (or none), and then keeps quiet. What a
// dead, a strange or a hostile server looks like to a client. Any thread; stops when destroyed.
//
//     testing::SilentServer server("HTTP/1.1 400 Bad Request\r\n\r\n");
//     connect("127.0.0.1", server.port());

#include <string>
#include <thread>
#include <vector>

namespace testing {

class SilentServer {
public:
    explicit SilentServer(std::string says = {});
    ~SilentServer();
    SilentServer(const SilentServer&) = delete;
    SilentServer& operator=(const SilentServer&) = delete;

    [[nodiscard]] int port() const noexcept { return port_; }

private:
    void accept_loop();

    std::string says_;
    int listener_ = -1;
    int port_ = 0;
    std::vector<int> clients_;
    std::jthread thread_;
};

}  // namespace testing
