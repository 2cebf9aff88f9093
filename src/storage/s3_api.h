#pragma once
// S3Api: signed calls of one bucket. It learns the bucket's region and the server's clock from refusals, and then calls once
// more; it never
// follows where a reply points. Inside the library; loop's thread.
//
//     auto reply = co_await api->send({.method = "HEAD", .key = "a/b.jpg"}, deadline);
//     if (!reply) reply.error().error.fault …

#include <chrono>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>

#include "async/loop.h"
#include "async/task.h"
#include "base/time.h"
#include "client/client.h"
#include "storage/sigv4.h"
#include "storage/storage.h"
#include "storage/storage_url.h"

namespace storage {

struct S3Call {
    std::string method;
    std::string key{};  // "": of the bucket
    NameValues query{};
    NameValues headers{};  // in lower case
    std::string content_type{};
    std::string body{};
    bool repeatable = true;
    std::size_t max_reply_bytes = 1U << 20;
};

struct S3Reply {
    http::Headers headers;
    std::string body;
    std::uint32_t attempts = 1;
};

struct S3Failure {
    Error error;
    bool may_have_happened = false;
    std::uint32_t attempts = 0;
};

// What a status and a code mean. `region` and `clock` are corrected by the caller.
[[nodiscard]] Fault fault_of(int status, std::string_view code);
// Whether the same may be tried again soon, although it was answered.
[[nodiscard]] bool is_passing(int status, std::string_view code);

class S3Api {
public:
    S3Api(client::Client& http, S3Url url, std::string public_endpoint, const base::Clock& clock);

    [[nodiscard]] async::Task<std::expected<S3Reply, S3Failure>> send(S3Call call, async::SteadyTime deadline);
    // The reply's body as a stream; `call.body` is not sent.
    [[nodiscard]] async::Task<std::expected<client::ReplyStream, S3Failure>> open(S3Call call,
                                                                                  async::SteadyTime deadline);

    // Of the public endpoint.
    [[nodiscard]] SignedUrl presign(S3Call call, std::chrono::seconds lifetime) const;
    // Where forms are posted to.
    [[nodiscard]] std::string public_bucket_url() const;
    [[nodiscard]] Signer signer() const { return {url_.credentials, region_}; }
    // Ours, less what it differs from the server's.
    [[nodiscard]] base::Timestamp now() const { return clock_.now() + skew_; }
    [[nodiscard]] const S3Url& url() const noexcept { return url_; }

private:
    struct Place {
        std::string origin;  // "https://bucket.host:port"
        std::string host;    // as it is signed
        std::string prefix;  // of paths: "/bucket", or ""
    };
    // By one call. Another one may have learned meanwhile what this one was signed without.
    struct Tried {
        bool region = false;
        bool clock = false;
        std::string signed_region{};
        base::Timestamp::duration signed_skew{};
    };
    void begin(Tried& tried) const;
    [[nodiscard]] Place place(std::string_view endpoint) const;
    [[nodiscard]] const client::Target& target();
    [[nodiscard]] S3Request request_of(const S3Call& call) const;
    [[nodiscard]] client::Call call_of(const S3Request& request, const S3Call& call, async::SteadyTime deadline) const;
    [[nodiscard]] std::string path_of(const S3Request& request) const;
    [[nodiscard]] bool correct(const client::Error& error, std::string_view code, std::string region, Tried& tried);
    [[nodiscard]] bool learn_region(std::string region, const Tried& tried);
    [[nodiscard]] bool learn_clock(const client::Error& error, const Tried& tried);
    // nullopt: something was learned, and the call may go once more.
    [[nodiscard]] std::optional<S3Failure> judge(const client::Error& error, Tried& tried);

    client::Client& http_;
    S3Url url_;
    std::string public_endpoint_;
    const base::Clock& clock_;
    std::string region_;
    base::Timestamp::duration skew_{};
    std::map<std::string, client::Target> targets_;  // by origin; calls that run refer to them
};

}  // namespace storage
