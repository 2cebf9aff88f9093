#include "client/authorities.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace client {
namespace {

constexpr std::string_view certificate = R"(-----BEGIN CERTIFICATE-----
MIIBgDCCASWgAwIBAgIUJ2SFIvosfkfYB2S1AiOqN5Wtiu8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJYXV0aG9yaXR5MCAXDTI2MTEyODEzMTQ1N1oYDzIxMjYxMTA0
MTMxNDU3WjAUMRIwEAYDVQQDDAlhdXRob3JpdHkwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASY98YS/LFi/j4eQIRmBFokmr0Zeks2uCqOlaK3omhmKxx2hz3MEvqp
EIn7fHnBdRKTwqrTFn8mFMM3KtcupSgGo1MwUTAdBgNVHQ4EFgQUOQEPROmrGi7F
ZNzJ3hfiaN424Q8wHwYDVR0jBBgwFoAUOQEPROmrGi7FZNzJ3hfiaN424Q8wDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEA/+Ru3PIY6xc7Q8epxNeq
iXJNmKCtU/b0/dbeFUEgrp0CIQDG2qO+/E8pywXCl3QmP5YXkO+BaHIb26Dg2gbv
vZyJgw==
-----END CERTIFICATE-----
)";
constexpr std::string_view revoked = R"(-----BEGIN X509 CRL-----
MIGZMEIwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJYXV0aG9yaXR5Fw0yNjExMjgx
MzE0NTdaGA8yMTI2MTEwNDEzMTQ1N1owCgYIKoZIzj0EAwIDRwAwRAIgXNF095C4
SvoMs3fYfOR5o3uL9/Un3TyLWyt/TVCRSAcCIFWYCA/FAeHwUPXKJILT5bLQhTOF
4odTuzPN2hZGxJYo
-----END X509 CRL-----
)";

std::string fault_of(std::string_view text) {
    std::string path = "/tmp/authorities-test.XXXXXX";
    ::close(::mkstemp(path.data()));
    std::ofstream(path) << text;
    auto fault = authorities_fault(path);
    std::filesystem::remove(path);
    return fault;
}

TEST(Authorities, AreACertificateAtLeast) {
    EXPECT_EQ(fault_of(certificate), "");
    EXPECT_EQ(fault_of(std::string("words before it\n") + std::string(certificate) + std::string(revoked)), "");
    EXPECT_EQ(fault_of(std::string(certificate) + std::string(certificate)), "");
}

TEST(Authorities, AFileWithoutOneIsAFault) {
    for (const auto& text : {std::string(), std::string("garbage"), std::string(3'000'000, '\0'), std::string(revoked)})
        EXPECT_EQ(fault_of(text), "has no certificate in PEM") << text.substr(0, 20);
    const auto half = std::string(certificate.substr(0, certificate.size() / 2));
    for (const auto& text : {half, std::string(certificate) + half}) {
        EXPECT_TRUE(fault_of(text).starts_with("has ")) << text;
    }
}

TEST(Authorities, WhatIsNoFileIsAFault) {
    for (const auto* path : {"/nowhere/ca.pem", "/etc", "/dev/zero"}) EXPECT_NE(authorities_fault(path), "") << path;
    EXPECT_TRUE(fault_of(std::string(most_authorities_bytes + 1, ' ')).starts_with("is larger than"));
}

}  // namespace
}  // namespace client
