#include "client/exchange.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/strings.h"

namespace client {

namespace {

constexpr std::size_t most_head_bytes = 64U << 10;
constexpr std::size_t most_buffered = 64U << 10;  // of a streamed reply
// Servers close idle connections after a few seconds (Node: 5), and a request that crosses the close is lost: whoever may not repeat it
// takes a connection that was busy lately, or a new one.
constexpr long idle_seconds = 30;
constexpr long idle_seconds_unrepeatable = 4;
// Of the others a sender chooses how much memory their reader takes: 16 MB (br), 128 MB (zstd), whatever our own limit is.
constexpr const char* encodings = "gzip";

template <class... Values>
void set(CURL* easy, CURLoption option, Values... values) {
    curl_easy_setopt(easy, option, values...);
}

void set_option(int socket, int level, int name, int value) { ::setsockopt(socket, level, name, &value, sizeof value); }

bool is_same_address(const char* left, const std::string& right) {
    std::array<unsigned char, sizeof(in6_addr)> one{};
    std::array<unsigned char, sizeof(in6_addr)> other{};
    for (const int family : {AF_INET, AF_INET6})
        if (::inet_pton(family, left, one.data()) == 1 && ::inet_pton(family, right.c_str(), other.data()) == 1)
            return one == other;
    return false;
}

// Bytes that came unasked on a connection that is to be used again: the next caller would take them for its reply. libcurl 7.88 does not
// look (docs/decisions/0057-outgoing-http.md).
bool has_unread_bytes(CURL* easy, int socket) {
    curl_tlssessioninfo* tls = nullptr;
    curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &tls);
    if (tls != nullptr && tls->backend == CURLSSLBACKEND_OPENSSL && tls->internals != nullptr) {
        // Reads what is no data of the server's too, such as session tickets.
        char byte = 0;
        return SSL_peek(static_cast<SSL*>(tls->internals), &byte, 1) > 0;
    }
    char byte = 0;
    return ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

struct Lists {
    curl_slist* headers = nullptr;
    curl_slist* addresses = nullptr;
    Lists() = default;
    Lists(const Lists&) = delete;
    Lists& operator=(const Lists&) = delete;
    ~Lists() {
        curl_slist_free_all(headers);
        curl_slist_free_all(addresses);
    }
};

}  // namespace

// ---- What libcurl calls -----------------------------------------------------------------------------------------

struct Exchange::Curl {
    explicit Curl(CurlLoop& from) : loop(from), easy(from.take()) {}
    Curl(const Curl&) = delete;
    Curl& operator=(const Curl&) = delete;
    ~Curl() { loop.give_back(easy); }

    static Exchange& of(void* user) { return *static_cast<Exchange*>(user); }

    static curl_socket_t on_open(void* user, curlsocktype /*purpose*/, curl_sockaddr* address) {
        auto& self = of(user);
        std::array<char, INET6_ADDRSTRLEN> text{};
        const void* bytes = address->family == AF_INET
                                ? static_cast<const void*>(&reinterpret_cast<sockaddr_in*>(&address->addr)->sin_addr)
                                : static_cast<const void*>(&reinterpret_cast<sockaddr_in6*>(&address->addr)->sin6_addr);
        if (::inet_ntop(address->family, bytes, text.data(), text.size()) == nullptr ||
            !is_same_address(text.data(), self.request_.address)) {
            self.refusal_ = Refusal::wrong_peer;
            return CURL_SOCKET_BAD;
        }
        const int socket =
            ::socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
        // A peer that has vanished without a word is noticed.
        set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 15);
        set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 5);
        set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
        self.opened_ = socket;
        return socket;
    }

    // Before each time that the request is sent.
    static int on_request(void* user, char* peer, char* /*own*/, int /*peer_port*/, int own_port) {
        auto& self = of(user);
        const auto refuse = [&](Refusal why) {
            self.refusal_ = why;
            return CURL_PREREQFUNC_ABORT;
        };
        // libcurl sends a request again by itself when a kept connection dies without a reply: whether that is right is not libcurl's to say.
        if (self.was_begun_) return refuse(Refusal::stale);
        if (!is_same_address(peer, self.request_.address)) return refuse(Refusal::wrong_peer);
        if (self.opened_ >= 0) {
            self.curl_.remember_socket(own_port, self.opened_);
        } else if (const int socket = self.curl_.socket_at(own_port);
                   socket < 0 || has_unread_bytes(self.handle_->easy, socket)) {
            return refuse(Refusal::dirty);
        }
        self.was_begun_ = true;
        if (!self.request_.body->source)
            self.transfer_->expires_at(std::min(self.request_.deadline, async::Loop::now() + self.request_.first_byte));
        return CURL_PREREQFUNC_OK;
    }

    static std::size_t on_header(char* data, std::size_t /*one*/, std::size_t size, void* user) {
        auto& self = of(user);
        self.head_bytes_ += size;
        if (self.head_bytes_ > most_head_bytes) return self.handle_->refuse(self, Refusal::too_large);
        const auto line = base::trim(std::string_view(data, size));
        if (self.has_head_) return size;  // a trailer
        if (line.starts_with("HTTP/")) return self.handle_->on_status(self, line), size;
        if (!line.empty()) return self.handle_->on_field(self, line) ? size : 0;
        if (self.status_ < 200) return size;  // 100 Continue, 103 Early Hints
        self.has_head_ = true;
        self.wake();
        return size;
    }

    void on_status(Exchange& self, std::string_view line) const {
        const auto code = line.find(' ');
        self.status_ =
            code == std::string_view::npos ? 0 : base::parse_integer<int>(line.substr(code + 1, 3)).value_or(0);
        self.headers_.clear();
        self.encodings_ = 0;
        self.transfer_->expires_at(self.request_.deadline);
        if (self.status_ == 204 || self.status_ == 304) watch_the_end();
    }

    [[nodiscard]] bool on_field(Exchange& self, std::string_view line) const {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return true;
        const auto name = line.substr(0, colon);
        const auto value = base::trim(line.substr(colon + 1));
        if (http::is_token(name) && http::is_field_value(value)) self.headers_.append(name, value);
        if (base::iequals(name, "transfer-encoding")) watch_the_end();
        if (base::iequals(name, "content-encoding")) return on_encoding(self, value);
        if (base::iequals(name, "content-length") && self.request_.method != "HEAD" && self.status_ >= 200) {
            const auto length = base::parse_integer<std::uint64_t>(value);
            if (length && *length > self.request_.max_reply_bytes) return refuse(self, Refusal::too_large) != 0;
        }
        return true;
    }

    // Once, and one that is known: six times gzip make a gigabyte of a kilobyte.
    [[nodiscard]] bool on_encoding(Exchange& self, std::string_view value) const {
        constexpr std::array<std::string_view, 4> known{"gzip", "x-gzip", "deflate", "identity"};
        if (self.request_.streamed) return true;
        const bool is_known = std::ranges::any_of(known, [&](auto one) { return base::iequals(one, value); });
        if (++self.encodings_ > 1 || !is_known) return refuse(self, Refusal::encoding) != 0;
        // What is on the wire is limited as well: compressed nothing has no end.
        set(easy, CURLOPT_NOPROGRESS, 0L);
        return true;
    }

    static int on_progress(void* user, curl_off_t /*size*/, curl_off_t received, curl_off_t /*unused*/,
                           curl_off_t /*unused*/) {
        auto& self = of(user);
        if (static_cast<std::uint64_t>(received) <= self.request_.max_reply_bytes) return 0;
        self.refusal_ = Refusal::too_large;
        return 1;
    }

    // What libcurl finds behind the end of a chunked reply, or of one without a body, it tells this callback alone.
    void watch_the_end() const { set(easy, CURLOPT_VERBOSE, 1L); }

    static int on_debug(CURL* easy, curl_infotype type, char* data, std::size_t size, void* /*user*/) {
        const std::string_view text(data, size);
        if (type == CURLINFO_TEXT && (text.starts_with("Leftovers after chunking") || text.starts_with("Excess found")))
            set(easy, CURLOPT_FORBID_REUSE, 1L);
        return 0;
    }

    static std::size_t on_body(char* data, std::size_t /*one*/, std::size_t size, void* user) {
        auto& self = of(user);
        if (self.request_.streamed && self.body_.size() >= most_buffered) {
            self.is_paused_ = true;
            return CURL_WRITEFUNC_PAUSE;
        }
        if (!self.request_.streamed && size > self.request_.max_reply_bytes - self.body_.size())
            return refuse(self, Refusal::too_large);
        self.body_.append(data, size);
        if (self.request_.streamed) self.wake();
        return size;
    }

    static std::size_t on_read(char* to, std::size_t /*one*/, std::size_t room, void* user) {
        auto& self = of(user);
        const auto left = self.piece_.size() - self.piece_sent_;
        if (left > 0) {
            const auto count = std::min(left, room);
            std::memcpy(to, self.piece_.data() + self.piece_sent_, count);
            self.piece_sent_ += count;
            return count;
        }
        if (self.source_ended_) {
            self.transfer_->expires_at(std::min(self.request_.deadline, async::Loop::now() + self.request_.first_byte));
            return 0;
        }
        self.wants_piece_ = true;
        self.wake();
        return CURL_READFUNC_PAUSE;
    }

    static std::size_t refuse(Exchange& self, Refusal why) {
        self.refusal_ = why;
        return 0;
    }

    // ---- Its options

    void prepare(Exchange& self) {
        const auto& request = self.request_;
        set(easy, CURLOPT_URL, request.url.c_str());
        set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        set(easy, CURLOPT_PATH_AS_IS, 1L);
        set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        set(easy, CURLOPT_ERRORBUFFER, problem.data());
        set(easy, CURLOPT_FRESH_CONNECT, request.fresh ? 1L : 0L);
        set(easy, CURLOPT_MAXAGE_CONN, request.repeatable ? idle_seconds : idle_seconds_unrepeatable);
        prepare_address(request);
        prepare_tls(request);
        prepare_callbacks(self);
        prepare_body(request);
        for (const auto& header : request.headers) lists.headers = curl_slist_append(lists.headers, header.c_str());
        // libcurl waits a second for 100 Continue otherwise.
        lists.headers = curl_slist_append(lists.headers, "Expect:");
        set(easy, CURLOPT_HTTPHEADER, lists.headers);
    }

    void prepare_address(const ExchangeRequest& request) {
        if (!request.proxy.empty()) {
            set(easy, CURLOPT_PROXY, request.proxy.c_str());
            if (!request.proxy_credentials.empty()) set(easy, CURLOPT_PROXYUSERPWD, request.proxy_credentials.c_str());
            return;
        }
        // Any host and port of this URL is at this address. It is a part of what kept connections are found by.
        const bool is_v6 = request.address.contains(':');
        const auto entry = std::string("::") + (is_v6 ? "[" : "") + request.address + (is_v6 ? "]:" : ":");
        lists.addresses = curl_slist_append(nullptr, entry.c_str());
        set(easy, CURLOPT_CONNECT_TO, lists.addresses);
    }

    void prepare_tls(const ExchangeRequest& request) const {
        set(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
        if (request.ca_file.empty()) {
            // The directory, of which a few certificates are read: the bundle beside it would hold up the loop.
            set(easy, CURLOPT_CAINFO, static_cast<char*>(nullptr));
            set(easy, CURLOPT_CAPATH, "/etc/ssl/certs");
        } else {
            set(easy, CURLOPT_CAINFO, request.ca_file.c_str());
            set(easy, CURLOPT_CAPATH, static_cast<char*>(nullptr));
        }
    }

    void prepare_callbacks(Exchange& self) const {
        set(easy, CURLOPT_OPENSOCKETFUNCTION, &Curl::on_open);
        set(easy, CURLOPT_OPENSOCKETDATA, &self);
        set(easy, CURLOPT_PREREQFUNCTION, &Curl::on_request);
        set(easy, CURLOPT_PREREQDATA, &self);
        set(easy, CURLOPT_HEADERFUNCTION, &Curl::on_header);
        set(easy, CURLOPT_HEADERDATA, &self);
        set(easy, CURLOPT_WRITEFUNCTION, &Curl::on_body);
        set(easy, CURLOPT_WRITEDATA, &self);
        set(easy, CURLOPT_XFERINFOFUNCTION, &Curl::on_progress);
        set(easy, CURLOPT_XFERINFODATA, &self);
        set(easy, CURLOPT_DEBUGFUNCTION, &Curl::on_debug);
        if (!self.request_.streamed) set(easy, CURLOPT_ACCEPT_ENCODING, encodings);
        if (self.request_.method == "HEAD") watch_the_end();
    }

    void prepare_body(const ExchangeRequest& request) const {
        const auto& body = *request.body;
        if (body.source) {
            set(easy, CURLOPT_UPLOAD, 1L);
            set(easy, CURLOPT_READFUNCTION, &Curl::on_read);
            set(easy, CURLOPT_READDATA, owner);
            if (body.source_length) set(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*body.source_length));
        } else if (!body.bytes.empty() || request.method == "POST" || request.method == "PUT" ||
                   request.method == "PATCH") {
            set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.bytes.size()));
            set(easy, CURLOPT_POSTFIELDS, body.bytes.c_str());
        }
        if (request.method == "HEAD") {
            set(easy, CURLOPT_NOBODY, 1L);
        } else if (request.method != "GET" || !body.bytes.empty()) {
            set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        }
    }

    // What libcurl says of connections and TLS is shown; of the rest our own words, as it may quote what was sent.
    static End failure_of(int code, const char* problem) {
        const auto words = [&](std::string_view ours) {
            return *problem != '\0' ? std::string(problem) : std::string(ours);
        };
        switch (code) {
            case CURLE_COULDNT_RESOLVE_HOST:
            case CURLE_COULDNT_RESOLVE_PROXY: return {.cause = Cause::name, .detail = "the name has no address"};
            case CURLE_COULDNT_CONNECT:
            case CURLE_PROXY: return {.cause = Cause::connect, .detail = words("no connection")};
            case CURLE_SSL_CONNECT_ERROR:
            case CURLE_PEER_FAILED_VERIFICATION:
            case CURLE_SSL_CACERT_BADFILE:
            case CURLE_SSL_CIPHER:
            case CURLE_SSL_CERTPROBLEM: return {.cause = Cause::tls, .detail = words("TLS failed")};
            case CURLE_OPERATION_TIMEDOUT: return {.cause = Cause::timeout, .detail = "no connection in time"};
            case CURLE_UNSUPPORTED_PROTOCOL:
            case CURLE_WEIRD_SERVER_REPLY: return {.cause = Cause::malformed_reply, .detail = "the reply is not HTTP"};
            case CURLE_BAD_CONTENT_ENCODING:
                return {.cause = Cause::bad_encoding, .detail = "the body is not what its Content-Encoding says"};
            // What it says of a header line that has no end.
            case CURLE_OUT_OF_MEMORY:
                return {.cause = Cause::reply_too_large, .detail = "the head of the reply has no end"};
            case CURLE_URL_MALFORMAT: return {.cause = Cause::bad_call, .detail = "the URL cannot be called"};
            default:
                return {.cause = Cause::connection_lost, .detail = curl_easy_strerror(static_cast<CURLcode>(code))};
        }
    }

    CurlLoop& loop;
    CURL* easy;
    Exchange* owner = nullptr;
    Lists lists;
    std::array<char, CURL_ERROR_SIZE> problem{};
};

// ---- Exchange ---------------------------------------------------------------------------------------------------

Exchange::Exchange(CurlLoop& curl, async::Loop& loop, ExchangeRequest request)
    : curl_(curl), loop_(loop), request_(std::move(request)), handle_(std::make_unique<Curl>(curl)) {
    handle_->owner = this;
    handle_->prepare(*this);
    transfer_ = std::make_unique<Transfer>(curl_, handle_->easy, [this](Transfer::Result result) { on_end(result); });
    transfer_->start(std::min(request_.connect_by, request_.deadline), request_.stop);
}

Exchange::~Exchange() { transfer_.reset(); }

void Exchange::wake() {
    if (waiter_ != nullptr) waiter_->wake();
}

// The source of the request's body is read here, by the task that waits for the reply.
async::Task<void> Exchange::step() {
    if (std::exchange(wants_piece_, false)) {
        piece_ = co_await request_.body->source();
        piece_sent_ = 0;
        source_ended_ = piece_.empty();
        transfer_->unpause();
        co_return;
    }
    Waiter waiter(&loop_);
    const Waiter::Found found(waiter_, waiter);
    static_cast<void>(co_await waiter);
}

async::Task<void> Exchange::head() {
    while (!ended_ && !has_head_) co_await step();
}

async::Task<void> Exchange::finish() {
    while (!ended_) co_await step();
}

async::Task<std::string> Exchange::next() {
    while (body_.empty() && !ended_) co_await step();
    auto piece = std::exchange(body_, {});
    if (std::exchange(is_paused_, false)) transfer_->unpause();
    co_return piece;
}

void Exchange::on_end(Transfer::Result result) {
    ended_ = judge(result);
    wake();
}

Exchange::End Exchange::judge_refusal() const {
    switch (refusal_) {
        case Refusal::too_large:
            return {.cause = Cause::reply_too_large,
                    .detail = "the reply is larger than " + std::to_string(request_.max_reply_bytes) + " bytes"};
        case Refusal::encoding: return {.cause = Cause::bad_encoding, .detail = "a Content-Encoding that is not taken"};
        case Refusal::stale:
            return {.stale = true,
                    .cause = Cause::connection_lost,
                    .detail = "the kept connection was lost without a reply"};
        case Refusal::dirty:
            return {.stale = true,
                    .cause = Cause::connection_lost,
                    .detail = "the kept connection held bytes that nobody had asked for"};
        default: return {.cause = Cause::connect, .detail = "the peer is not at the address that was looked up"};
    }
}

Exchange::End Exchange::judge(Transfer::Result result) const {
    if (result.end == Transfer::End::done && result.code == CURLE_OK) return {.succeeded = true, .sent = true};
    long bytes = 0;
    curl_off_t uploaded = 0;
    curl_easy_getinfo(handle_->easy, CURLINFO_REQUEST_SIZE, &bytes);
    curl_easy_getinfo(handle_->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    End end;
    if (refusal_ != Refusal::none) {
        end = judge_refusal();
    } else if (result.end == Transfer::End::stopped) {
        end = {.cause = Cause::cancelled, .detail = "nobody waits for the reply any more"};
    } else if (result.end == Transfer::End::expired) {
        end = {.cause = Cause::timeout,
               .detail = !was_begun_    ? "no connection in time"
                         : status_ == 0 ? "no reply in time"
                                        : "no whole reply in time"};
    } else {
        end = Curl::failure_of(result.code, handle_->problem.data());
        // By a proxy that refuses, or a peer that closes at once.
        if (!was_begun_ && end.cause == Cause::connection_lost) end.cause = Cause::connect;
    }
    end.sent = was_begun_ && (bytes > 0 || uploaded > 0 || status_ != 0);
    return end;
}

}  // namespace client
