// TLS and the PROXY protocol against a real server and OpenSSL's client.

#include "http/tls.h"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/fake_clock.h"
#include "http/middleware/default_chain.h"
#include "http/server_for_test.h"
#include "http/upgrade.h"
#include "log/log.h"

namespace http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

namespace fs = std::filesystem;

struct Pair {
    std::string certificate;
    std::string key;
};

std::string text_of(BIO* memory) {
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(memory, &bytes);
    std::string text(bytes, static_cast<std::size_t>(size));
    BIO_free(memory);
    return text;
}

// Signs itself; valid from a day ago on.
Pair make_pair_of(const std::string& name, long seconds = 86'400, const char* curve = "P-256") {
    EVP_PKEY* key = EVP_EC_gen(curve);
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -86'400);
    X509_gmtime_adj(X509_getm_notAfter(certificate), seconds);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    Pair pair;
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, certificate);
    pair.certificate = text_of(memory);
    memory = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(memory, key, nullptr, nullptr, 0, nullptr, nullptr);
    pair.key = text_of(memory);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return pair;
}

struct ClientOptions {
    int least = TLS1_2_VERSION;
    int most = TLS1_3_VERSION;
    std::string ciphers{};
    std::vector<std::string> protocols{};
    std::string first{};  // bytes before TLS
    SSL_SESSION* resume = nullptr;
};

class TlsClient {
public:
    explicit TlsClient(std::uint16_t port, const ClientOptions& options = {}) {
        socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
        const timeval timeout{.tv_sec = 5, .tv_usec = 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
        if (!options.first.empty()) ::send(socket_, options.first.data(), options.first.size(), MSG_NOSIGNAL);
        context_ = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_security_level(context_, 0);
        SSL_CTX_set_min_proto_version(context_, options.least);
        SSL_CTX_set_max_proto_version(context_, options.most);
        SSL_CTX_set_options(context_, SSL_OP_IGNORE_UNEXPECTED_EOF);
        if (!options.ciphers.empty()) SSL_CTX_set_cipher_list(context_, options.ciphers.c_str());
        ssl_ = SSL_new(context_);
        std::string wire;
        for (const auto& protocol : options.protocols) wire += static_cast<char>(protocol.size()) + protocol;
        if (!wire.empty())
            SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(wire.data()),
                                static_cast<unsigned>(wire.size()));
        if (options.resume != nullptr) SSL_set_session(ssl_, options.resume);
        SSL_set_fd(ssl_, socket_);
        connected_ = SSL_connect(ssl_) == 1;
        ERR_clear_error();
    }
    ~TlsClient() {
        SSL_shutdown(ssl_);  // or the session would not be resumable
        SSL_free(ssl_);
        SSL_CTX_free(context_);
        ::close(socket_);
    }
    TlsClient(const TlsClient&) = delete;
    TlsClient& operator=(const TlsClient&) = delete;

    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] std::string version() const { return SSL_get_version(ssl_); }
    [[nodiscard]] std::string cipher() const { return SSL_get_cipher_name(ssl_); }
    [[nodiscard]] bool resumed() const { return SSL_session_reused(ssl_) == 1; }
    [[nodiscard]] SSL_SESSION* session() const { return SSL_get1_session(ssl_); }
    [[nodiscard]] std::string protocol() const {
        const unsigned char* name = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(ssl_, &name, &size);
        return {reinterpret_cast<const char*>(name), size};
    }
    [[nodiscard]] std::string subject() const {
        X509* certificate = SSL_get1_peer_certificate(ssl_);
        char text[256] = {};
        X509_NAME_oneline(X509_get_subject_name(certificate), text, sizeof text);
        X509_free(certificate);
        return text;
    }
    void send(std::string_view bytes) const {
        std::size_t sent = 0;
        while (!bytes.empty() && SSL_write_ex(ssl_, bytes.data(), bytes.size(), &sent) == 1) bytes.remove_prefix(sent);
    }
    [[nodiscard]] bool read_more(std::string& all) const {
        char buffer[65536];
        std::size_t size = 0;
        if (SSL_read_ex(ssl_, buffer, sizeof buffer, &size) != 1) return false;
        all.append(buffer, size);
        return true;
    }
    [[nodiscard]] std::string read_until(std::string_view ending) const {
        std::string all;
        while (!all.ends_with(ending) && read_more(all)) {}
        return all;
    }
    [[nodiscard]] std::string read_all() const {
        std::string all;
        while (read_more(all)) {}
        return all;
    }
    // Whether the server's last word was close_notify.
    [[nodiscard]] bool ended_well() const { return (SSL_get_shutdown(ssl_) & SSL_RECEIVED_SHUTDOWN) != 0; }
    [[nodiscard]] std::string exchange(std::string_view bytes) const {
        send(bytes);
        return read_until("ok");
    }
    [[nodiscard]] int socket() const { return socket_; }

private:
    int socket_ = -1;
    SSL_CTX* context_ = nullptr;
    SSL* ssl_ = nullptr;
    bool connected_ = false;
};

// Says who asked, and whether by TLS.
Handler who() {
    return [](Context& context) -> async::Task<void> {
        const auto& request = context.request();
        context.response().body(fmt::format("{} {} {} ok", request.client_address(), request.remote_port() == 0 ? 0 : 1,
                                            request.is_secure() ? "secure" : "plain"));
        co_return;
    };
}

struct TlsTest : ServerForTest {
    const fs::path folder = fs::temp_directory_path() / fmt::format("tls_test.{}", ::getpid());
    const TlsFiles files{folder / "tls.crt", folder / "tls.key"};
    std::shared_ptr<logging::MemorySink> sink = std::make_shared<logging::MemorySink>();
    logging::Log log{{}, sink};
    std::unique_ptr<Tls> tls;

    void SetUp() override {
        ServerForTest::SetUp();
        fs::create_directories(folder);
        router.add(Method::get, "/who", {.handler = who()});
    }
    void TearDown() override {
        ServerForTest::TearDown();
        server.reset();
        fs::remove_all(folder);
    }
    static void write(const fs::path& file, std::string_view text) { std::ofstream(file, std::ios::binary) << text; }
    void write(const Pair& pair) const {
        write(files.certificate_file, pair.certificate);
        write(files.key_file, pair.key);
    }
    void make_tls() { tls = std::make_unique<Tls>(files, base::system_clock(), log.logger(), metrics); }
    void start_tls(const Pair& pair = make_pair_of("one")) {
        write(pair);
        make_tls();
        options.tls = tls.get();
        start();
    }
    std::string served() const { return TlsClient(port).subject(); }
    std::string logged() const {
        std::string all;
        for (const auto& line : sink->lines()) all += line + "\n";
        return all;
    }
    double metric(std::string_view name) const {
        const auto page = metrics.render();
        const auto at = page.find("\n" + std::string(name) + " ");
        return at == std::string::npos ? -1 : std::stod(page.substr(at + name.size() + 2));
    }
};

// ---- What is spoken ---------------------------------------------------------------------------------------------------

TEST_F(TlsTest, SpeaksBothVersionsAndOnlyModernCiphers) {
    start_tls();
    struct Case {
        int least;
        int most;
        const char* ciphers;
        const char* version;  // "" : refused
    };
    const std::vector<Case> cases{
        {TLS1_2_VERSION, TLS1_3_VERSION, "", "TLSv1.3"},
        {TLS1_2_VERSION, TLS1_2_VERSION, "", "TLSv1.2"},
        {TLS1_3_VERSION, TLS1_3_VERSION, "", "TLSv1.3"},
        {TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", "TLSv1.2"},
        {TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256", ""},
        {TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-AES256-SHA", ""},
        {TLS1_2_VERSION, TLS1_2_VERSION, "ECDHE-ECDSA-NULL-SHA", ""},
        {TLS1_VERSION, TLS1_1_VERSION, "ALL:@SECLEVEL=0", ""},
    };
    for (const auto& at : cases) {
        const TlsClient client(port, {.least = at.least, .most = at.most, .ciphers = at.ciphers});
        EXPECT_EQ(client.connected(), *at.version != '\0') << at.ciphers << at.version;
        if (!client.connected()) continue;
        EXPECT_EQ(client.version(), at.version);
        EXPECT_TRUE(client.exchange(get("/who")).ends_with("127.0.0.1 1 secure ok"));
    }
}

TEST_F(TlsTest, AgreesOnHTTP1_1AlonePerALPN) {
    start_tls();
    EXPECT_EQ(TlsClient(port, {.protocols = {"h2", "http/1.1"}}).protocol(), "http/1.1");
    EXPECT_EQ(TlsClient(port).protocol(), "");
    EXPECT_FALSE(TlsClient(port, {.protocols = {"h2"}}).connected());
}

TEST_F(TlsTest, ResumesByTickets) {
    start_tls();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        SSL_SESSION* session = nullptr;
        {
            const TlsClient first(port, {.least = version, .most = version});
            EXPECT_FALSE(first.exchange(get("/health")).empty());  // of TLS 1.3 tickets come behind the handshake
            session = first.session();
        }
        const TlsClient second(port, {.least = version, .most = version, .resume = session});
        EXPECT_TRUE(second.resumed()) << version;
        EXPECT_TRUE(second.exchange(get("/health")).ends_with("ok"));
        SSL_SESSION_free(session);
    }
}

// ---- Bytes ----------------------------------------------------------------------------------------------------------------

TEST_F(TlsTest, CarriesWhatPlainConnectionsDo) {
    start_tls();
    const TlsClient client(port);
    EXPECT_TRUE(client.exchange(get("/health")).ends_with("ok"));
    EXPECT_TRUE(client.exchange(get("/who")).ends_with("secure ok")) << "kept alive";
    // A pipeline comes as one record, and is answered by one.
    client.send(get("/health") + get("/health") + get("/who"));
    const auto replies = client.read_until("secure ok");
    EXPECT_EQ(count_of(replies, "HTTP/1.1 200"), 3U);
    // A body of many records, in and out.
    const std::string body(900'000, 'x');
    client.send(post("/echo", body));
    std::string all;
    while (all.size() < body.size() && client.read_more(all)) {}
    EXPECT_TRUE(all.ends_with(body));
    client.send(get("/big", "Connection: close\r\n"));
    const auto big = client.read_all();
    EXPECT_EQ(count_of(big, "b"), 10'000'000U + count_of(big.substr(0, big.find("\r\n\r\n")), "b"));
    EXPECT_TRUE(client.ended_well()) << "close_notify";
}

TEST_F(TlsTest, AReplyThatFindsNoRoomGoesOn) {
    options.socket_send_buffer = 8 * 1024;
    start_tls();
    const TlsClient client(port);
    client.send(get("/big") + get("/health", "Connection: close\r\n"));
    turn();
    turn();
    EXPECT_EQ(client.read_all().size() > 10'000'000U, true);
    EXPECT_TRUE(client.ended_well());
}

struct Repeat {
    static async::Task<bool> once(RawConnection* peer) {
        std::array<char, 4096> bytes;  // NOLINT(cppcoreguidelines-pro-type-member-init): written to alone
        const auto size = peer->read(bytes);
        co_return co_await peer->write({bytes.data(), size});
    }
    async::Task<void> operator()(std::shared_ptr<RawConnection> peer) const {
        while (co_await peer->wait(async::Loop::now() + 5s) == RawConnection::Wake::bytes) {
            if (!co_await once(peer.get())) co_return;
        }
    }
};

async::Task<Upgrade> repeat(UpgradeRequest<"lines"> request) { co_return request.accept(Repeat{}); }

TEST_F(TlsTest, StaysUnderAnUpgrade) {
    Routes(router.group(""), "t").get("/lines", repeat, {.id = "connectLines"});
    start_tls();
    const TlsClient client(port);
    client.send(get("/lines", "Connection: Upgrade\r\nUpgrade: lines\r\n") + "early");
    EXPECT_TRUE(client.read_until("early").starts_with("HTTP/1.1 101"));
    const std::string text(200'000, 'y');
    client.send(text);
    std::string all;
    while (all.size() < text.size() && client.read_more(all)) {}
    EXPECT_EQ(all, text);
}

// ---- Who speaks something else ----------------------------------------------------------------------------------------

TEST_F(TlsTest, SaysToPlainHTTPThatThisIsTLS) {
    start_tls();
    const auto reply = exchange(get("/health"));
    EXPECT_TRUE(reply.starts_with("HTTP/1.1 400 ")) << reply;
    EXPECT_NE(reply.find("speaks TLS"), std::string::npos) << reply;
}

TEST_F(TlsTest, HostileBytesEndTheirConnectionAlone) {
    start_tls();
    const TlsClient well(port);
    const std::string hello = "\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03"s;
    for (const auto& bytes :
         {"\x16"s, hello, "\x16\x03\x01\xFF\xFF"s + std::string(70'000, 'a'), "\x16\x03\x03\x00\x00"s,
          hello + std::string(600, '\xFF'), "\x80\x2E\x01\x00\x02"s, std::string(3, '\0')}) {
        const auto reply = exchange(bytes);
        EXPECT_EQ(reply.find(" 200 "), std::string::npos);
    }
    EXPECT_TRUE(well.exchange(get("/health")).ends_with("ok"));
    EXPECT_TRUE(TlsClient(port).exchange(get("/health")).ends_with("ok"));
    EXPECT_NE(metrics.render().find("tls_handshakes_total{outcome=\"failed\"}"), std::string::npos);
}

TEST_F(TlsTest, AHandshakeHasADeadline) {
    options.head_deadline = async::Milliseconds(50);
    start_tls();
    const Client silent(port);
    const Client half(port);
    half.send("\x16\x03\x01");
    EXPECT_EQ(half.read_all(), "");
    EXPECT_FALSE(half.timed_out());
    EXPECT_EQ(silent.read_all(), "");
    EXPECT_FALSE(silent.timed_out());
}

TEST_F(TlsTest, HalfHandshakesMakeRoom) {
    options.max_connections = 4;
    start_tls();
    std::vector<std::unique_ptr<Client>> half;
    for (int i = 0; i < 6; ++i) {
        half.push_back(std::make_unique<Client>(port));
        half.back()->send("\x16\x03\x01");
    }
    EXPECT_TRUE(TlsClient(port).exchange(get("/health")).ends_with("ok"));
}

TEST_F(TlsTest, ADrainAnswersWhatIsUnderWayAndEndsWell) {
    start_tls();
    auto client = std::make_unique<TlsClient>(port);
    EXPECT_TRUE(client->exchange(get("/health")).ends_with("ok"));
    const auto drained = drain(2s);
    const auto last = client->exchange(get("/health"));
    EXPECT_NE(last.find("Connection: close"), std::string::npos);
    EXPECT_EQ(client->read_all(), "");
    EXPECT_TRUE(client->ended_well());
    client.reset();
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready);
}

// ---- The files --------------------------------------------------------------------------------------------------------

TEST_F(TlsTest, AnotherPairIsServedOnceItIsWholeAndConnectionsStay) {
    start_tls();
    const TlsClient before(port);
    EXPECT_EQ(served(), "/CN=one");
    const auto two = make_pair_of("two", 2 * 86'400);
    write(files.key_file, two.key);  // two seconds before the certificate, as some do
    EXPECT_FALSE(tls->look());
    write(files.certificate_file, two.certificate.substr(0, 300));
    EXPECT_FALSE(tls->look());
    write(files.certificate_file, two.certificate);
    EXPECT_FALSE(tls->look()) << "it may still be written to";
    EXPECT_TRUE(tls->look());
    EXPECT_FALSE(tls->look());
    EXPECT_EQ(served(), "/CN=two");
    EXPECT_EQ(logged().find("is not served"), std::string::npos) << "what is half written is not judged";
    EXPECT_TRUE(before.exchange(get("/health")).ends_with("ok"));
    const auto ends = metric("tls_certificate_not_after_seconds");
    EXPECT_EQ(ends, static_cast<double>(
                        std::chrono::floor<std::chrono::seconds>(tls->not_after()).time_since_epoch().count()));
    EXPECT_GT(ends, 1.7e9);
}

TEST_F(TlsTest, TheFolderMayBeSwappedBehindALink) {
    const auto put = [&](const std::string& name, const Pair& pair) {
        fs::create_directory(folder / name);
        write(folder / name / "tls.crt", pair.certificate);
        write(folder / name / "tls.key", pair.key);
    };
    put("..one", make_pair_of("one"));
    put("..two", make_pair_of("two"));
    fs::create_symlink("..one", folder / "..data");
    fs::create_symlink("..data/tls.crt", folder / "tls.crt");
    fs::create_symlink("..data/tls.key", folder / "tls.key");
    make_tls();
    options.tls = tls.get();
    start();
    EXPECT_EQ(served(), "/CN=one");
    fs::create_symlink("..two", folder / "..data_tmp");
    fs::rename(folder / "..data_tmp", folder / "..data");
    fs::remove_all(folder / "..one");
    EXPECT_FALSE(tls->look());
    EXPECT_TRUE(tls->look());
    EXPECT_EQ(served(), "/CN=two");
}

// As certbot does: each file is a link into an archive, and the links are put one after the other.
TEST_F(TlsTest, TheFilesMayBeLinksThatArePutAnew) {
    const auto put = [&](const std::string& name, const Pair& pair) {
        write(folder / ("fullchain" + name), pair.certificate);
        write(folder / ("privkey" + name), pair.key);
    };
    const auto link = [&](const fs::path& to, const fs::path& at) {
        fs::create_symlink(to, folder / "new");
        fs::rename(folder / "new", at);
    };
    put("1.pem", make_pair_of("one"));
    put("2.pem", make_pair_of("two"));
    link("fullchain1.pem", files.certificate_file);
    link("privkey1.pem", files.key_file);
    make_tls();
    options.tls = tls.get();
    start();
    EXPECT_EQ(served(), "/CN=one");
    link("privkey2.pem", files.key_file);
    EXPECT_FALSE(tls->look());
    link("fullchain2.pem", files.certificate_file);
    EXPECT_FALSE(tls->look());
    EXPECT_TRUE(tls->look());
    EXPECT_EQ(served(), "/CN=two");
    EXPECT_EQ(metric("tls_reload_failed"), 0);
}

TEST_F(TlsTest, AFaultSaysWhichOfTheTwoItIsOf) {
    const auto one = make_pair_of("one");
    const auto two = make_pair_of("two");
    using Of = TlsFault::Of;
    const std::vector<std::pair<Pair, Of>> cases{
        {{"", one.key}, Of::certificate},
        {{one.certificate.substr(0, 60), one.key}, Of::certificate},
        {{std::string(1'000'001, 'a'), one.key}, Of::certificate},
        {{one.certificate, ""}, Of::key},
        {{one.certificate, "garbage"}, Of::key},
        {{one.certificate, one.key.substr(0, 60)}, Of::key},
        {{one.certificate, one.certificate}, Of::key},
        {{one.certificate, std::string(1'000'001, 'a')}, Of::key},
        {{one.certificate, two.key}, Of::both},
    };
    for (const auto& [pair, of] : cases) {
        try {
            write(pair);
            make_tls();
            ADD_FAILURE() << pair.key.substr(0, 20) << " is served";
        } catch (const TlsFault& fault) {
            EXPECT_EQ(fault.of(), of) << fault.what();
        }
    }
}

TEST_F(TlsTest, APairThatCannotBeServedKeepsTheOneBefore) {
    const auto one = make_pair_of("one");
    start_tls(one);
    const auto two = make_pair_of("two");
    const std::vector<std::pair<Pair, std::string>> cases{
        {{two.certificate, one.key}, "is not that of the certificate"},
        {{two.certificate.substr(0, two.certificate.size() / 2), two.key}, "no whole PEM file of certificates"},
        {{two.certificate + two.certificate.substr(0, 12), two.key}, "no whole PEM file of certificates"},
        {{two.certificate, two.key.substr(0, 60)}, "no whole PEM file of a key"},
        {{"", ""}, "no whole PEM file of certificates"},
        {{std::string(1'000'001, 'a'), two.key}, "is larger than"},
        {make_pair_of("three", -60), "not valid now"},
    };
    for (const auto& [pair, reason] : cases) {
        sink->clear();
        write(pair);
        EXPECT_FALSE(tls->look());
        EXPECT_FALSE(tls->look());
        EXPECT_FALSE(tls->look());
        EXPECT_EQ(served(), "/CN=one");
        EXPECT_EQ(count_of(logged(), "is not served"), 1U) << logged();
        EXPECT_NE(logged().find(reason), std::string::npos) << logged();
        EXPECT_EQ(logged().find("PRIVATE KEY"), std::string::npos);
        EXPECT_EQ(metric("tls_reload_failed"), 1);
    }
    fs::remove(files.key_file);
    EXPECT_FALSE(tls->look());
    EXPECT_FALSE(tls->look());
    EXPECT_EQ(served(), "/CN=one");
    ASSERT_EQ(::mkfifo(files.key_file.c_str(), 0600), 0);
    EXPECT_FALSE(tls->look()) << "a pipe that nobody writes is not waited for";
    EXPECT_EQ(served(), "/CN=one");
    fs::remove(files.key_file);
    write(one);
    EXPECT_FALSE(tls->look());
    EXPECT_FALSE(tls->look());
    EXPECT_EQ(metric("tls_reload_failed"), 0) << "the old pair is back";
}

TEST_F(TlsTest, AStartNeedsAPair) {
    EXPECT_THROW(make_tls(), std::runtime_error);
    const auto one = make_pair_of("one");
    write({one.certificate, make_pair_of("two").key});
    EXPECT_THROW(make_tls(), std::runtime_error);
    write(one);
    EXPECT_NO_THROW(make_tls());
}

// ---- The proxy's word ---------------------------------------------------------------------------------------------------

struct ProxyTest : TlsTest {
    ProxyTest() { options.proxy_protocol_from = {"loopback"}; }
    const std::string word = "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n";
};

TEST_F(ProxyTest, IsWhoAsks) {
    start();
    EXPECT_TRUE(exchange(word + get("/who")).ends_with("192.0.2.7 1 plain ok"));
    EXPECT_TRUE(exchange("PROXY TCP6 2001:db8::7 ::1 5 443\r\n" + get("/who")).ends_with("2001:db8::7 1 plain ok"));
    EXPECT_TRUE(exchange("PROXY TCP6 ::ffff:192.0.2.9 ::1 5 443\r\n" + get("/who")).ends_with("192.0.2.9 1 plain ok"));
    EXPECT_TRUE(exchange("PROXY UNKNOWN\r\n" + get("/who")).ends_with("127.0.0.1 1 plain ok"));
    const auto local = "\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00"s;
    EXPECT_TRUE(exchange(local + get("/who")).ends_with("127.0.0.1 1 plain ok"));
}

TEST_F(ProxyTest, MayComeByteByByte) {
    start();
    const Client client(port);
    for (const char byte : word + get("/who")) {
        client.send({&byte, 1});
        turn();
    }
    EXPECT_TRUE(client.read_until("ok").ends_with("192.0.2.7 1 plain ok"));
}

TEST_F(ProxyTest, StandsBeforeTLS) {
    start_tls();
    const TlsClient client(port, {.first = word});
    ASSERT_TRUE(client.connected());
    EXPECT_TRUE(client.exchange(get("/who")).ends_with("192.0.2.7 1 secure ok"));
    EXPECT_TRUE(client.exchange(get("/who")).ends_with("192.0.2.7 1 secure ok"));
}

TEST_F(ProxyTest, MustBeThereAndWhole) {
    options.head_deadline = async::Milliseconds(50);
    start();
    for (const auto& bytes :
         {get("/who"), "PROXY TCP4 1.2.3 4 5\r\n" + get("/who"), "PROXY TCP4"s, "\r\n\r\n\0\r\nQUIT\n\x21"s}) {
        const Client client(port);
        client.send(bytes);
        EXPECT_EQ(client.read_all(), "");
        EXPECT_FALSE(client.timed_out());
    }
}

TEST_F(TlsTest, StrangersHaveNoWordAboutWhoTheyAre) {
    options.proxy_protocol_from = {"10.0.0.0/8"};
    start();
    EXPECT_TRUE(exchange("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n" + get("/who")).starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(exchange(get("/who")).ends_with("127.0.0.1 1 plain ok"));
}

}  // namespace
}  // namespace http
