#pragma once
// A certificate of a test's server, signed by itself, so that a client that is given it as its authority believes it.
//
//     testing::TestCertificate certificate("DNS:localhost,IP:127.0.0.1");
//     SSL_CTX* context = certificate.server_context();              // the caller's to free
//     certificate.file();                                           // PEM, until it is destroyed

#include <memory>
#include <string>

struct ssl_ctx_st;

namespace testing {

class TestCertificate {
public:
    explicit TestCertificate(const std::string& names);
    ~TestCertificate();
    TestCertificate(const TestCertificate&) = delete;
    TestCertificate& operator=(const TestCertificate&) = delete;

    [[nodiscard]] ssl_ctx_st* server_context() const;
    [[nodiscard]] const std::string& file() const noexcept { return file_; }

private:
    struct Pair;
    std::unique_ptr<Pair> pair_;
    std::string file_;
};

}  // namespace testing
