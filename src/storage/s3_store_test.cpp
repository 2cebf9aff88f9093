#include "storage/s3_store.h"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <stdexcept>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/time.h"
#include "client/client_for_test.h"
#include "storage/digests.h"

namespace storage {
namespace {

using namespace std::chrono_literals;
using testing::Answer;
using testing::http_reply;
using Request = testing::ScriptedServer::Request;

constexpr std::size_t part_bytes = std::size_t{5} << 20U;

std::string error_xml(std::string_view code, std::string_view more = {}) {
    return fmt::format("<?xml version=\"1.0\"?>\n<Error><Code>{}</Code><Message>m</Message>{}</Error>", code, more);
}
Answer answer(int status, std::string_view body = {}, std::string_view headers = {}) {
    return Answer().send(http_reply(status, body, headers, "application/xml"));
}
Answer refusal(int status, std::string_view code, std::string_view more = {}) {
    return answer(status, error_xml(code, more));
}
// What the server has done, without its answer.
Answer lost() { return Answer().close(); }

// A bucket that keeps what it is sent. A test puts a fault before it.
class Bucket {
public:
    using Fault = std::function<std::optional<Answer>(const Request&)>;

    explicit Bucket(Fault fault = {}) : fault_(std::move(fault)) {}

    Answer operator()(const Request& request) {
        const std::lock_guard lock(mutex_);
        if (fault_)
            if (auto answer = fault_(request)) return *std::move(answer);
        return act(request);
    }
    // As if the answer had come.
    Answer act(const Request& request) {
        const auto mark = request.target.find('?');
        const auto path = request.target.substr(0, mark);
        const auto query = mark == std::string::npos ? "" : request.target.substr(mark + 1);
        if (request.method == "POST" && query == "uploads=") return begin(path, request);
        if (request.method == "POST") return complete(path, query);
        if (request.method == "PUT" && query.contains("partNumber")) return part(query, request);
        if (request.method == "PUT") return put(path, request);
        if (request.method == "HEAD") return head(path);
        if (request.method == "DELETE" && query.contains("uploadId")) {
            aborts += 1;
            return answer(uploads.erase(id_of(query)) > 0 ? 204 : 404, "");
        }
        return answer(200, "");
    }

    struct Object {
        std::string bytes;
        std::string mark;
        std::string etag;
    };
    struct Upload {
        std::string mark;
        std::map<int, std::string> parts;
    };
    std::map<std::string, Object> objects;
    std::map<std::string, Upload> uploads;
    int aborts = 0;
    bool keeps_metadata = true;

private:
    static std::string id_of(const std::string& query) {
        const auto at = query.find("uploadId=");
        return at == std::string::npos ? "" : query.substr(at + 9, query.find('&', at) - at - 9);
    }
    Answer begin(const std::string& /*path*/, const Request& request) {
        const auto id = "u" + std::to_string(++count_);
        uploads[id].mark = request.header("x-amz-meta-upload");
        return answer(200,
                      "<InitiateMultipartUploadResult><UploadId>" + id + "</UploadId></InitiateMultipartUploadResult>");
    }
    Answer part(const std::string& query, const Request& request) {
        const auto found = uploads.find(id_of(query));
        if (found == uploads.end()) return refusal(404, "NoSuchUpload");
        const auto number = std::stoi(query.substr(query.find("partNumber=") + 11));
        found->second.parts[number] = request.body;
        return answer(200, "", "ETag: \"" + md5_hex(request.body) + "\"\r\n");
    }
    Answer complete(const std::string& path, const std::string& query) {
        const auto found = uploads.find(id_of(query));
        if (found == uploads.end()) return refusal(404, "NoSuchUpload");
        Object object{.bytes = "", .mark = found->second.mark, .etag = ""};
        std::string digests;
        for (const auto& [number, bytes] : found->second.parts) {
            object.bytes += bytes;
            digests += *base::hex_decode(md5_hex(bytes));
        }
        object.etag = fmt::format("\"{}-{}\"", md5_hex(digests), found->second.parts.size());
        uploads.erase(found);
        objects[path] = object;
        return answer(200, "   <?xml version=\"1.0\"?><CompleteMultipartUploadResult><ETag>" + object.etag +
                               "</ETag></CompleteMultipartUploadResult>");
    }
    Answer put(const std::string& path, const Request& request) {
        if (request.header("if-none-match") == "*" && objects.contains(path)) return refusal(412, "PreconditionFailed");
        Object object{.bytes = request.body, .mark = request.header("x-amz-meta-upload"), .etag = ""};
        object.etag = "\"" + md5_hex(object.bytes) + "\"";
        objects[path] = object;
        return answer(200, "", "ETag: " + object.etag + "\r\n");
    }
    Answer head(const std::string& path) {
        const auto found = objects.find(path);
        if (found == objects.end()) return Answer().send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        const auto& object = found->second;
        return Answer().send(fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nETag: {}\r\n{}\r\n",
                                         object.bytes.size(), object.etag,
                                         keeps_metadata ? "x-amz-meta-upload: " + object.mark + "\r\n" : ""));
    }

    std::mutex mutex_;
    Fault fault_;
    int count_ = 0;
};

// Each look at it is a step later.
class SteppingClock final : public base::Clock {
public:
    [[nodiscard]] base::Timestamp now() const override { return start + step * looks++; }

    std::chrono::microseconds step{0};

private:
    base::Timestamp start = *base::parse_timestamp("2026-01-02T03:04:05Z");
    mutable std::atomic<int> looks = 0;
};

// A store of a bucket that a script answers.
class Stand {
public:
    explicit Stand(std::function<Answer(const Request&)> script, S3Url url = {}, UploadHooks hooks = {})
        : server(std::move(script)) {
        url.bucket = "bucket";
        url.credentials = {.access_key = "AKIA", .secret_key = "hunter2"};
        url.endpoint = server.url();
        url.path_style = true;
        url.part_bytes = part_bytes;
        store = std::make_unique<S3Store>(S3Parts{.loop = http.loop(),
                                                  .http = *http.operator->(),
                                                  .clock = clock,
                                                  .random = random,
                                                  .aborts_failed = {},
                                                  .hooks = std::move(hooks),
                                                  .pause = 5ms},
                                          std::move(url), "https://files.example.com");
    }

    template <class T>
    T run(async::Task<T> task) {
        return http.run(std::move(task));
    }
    static async::SteadyTime soon() { return async::Loop::now() + 20s; }
    Result<Stored> put(std::string bytes, Put more = {}) {
        more.key = "t/a b.jpg";
        more.source = source_of(std::move(bytes));
        return run(store->put(std::move(more), soon()));
    }
    [[nodiscard]] std::size_t count(std::string_view method, std::string_view in_target = "") const {
        std::size_t found = 0;
        for (const auto& request : server.requests())
            found += request.method == method && request.target.contains(in_target) ? 1U : 0U;
        return found;
    }

    testing::ScriptedServer server;
    client::TestClient http;
    SteppingClock clock;
    base::SecureRandom random;
    std::unique_ptr<S3Store> store;
};

async::Task<void> note(std::vector<std::string>* told, std::string what) {
    told->push_back(std::move(what));
    co_return;
}
async::Task<void> no_database() {
    throw std::runtime_error("no database");
    co_return;
}

const std::string path = "/bucket/t/a%20b.jpg";
const std::string large(part_bytes * 2 + 100, 'x');

TEST(S3Put, ASmallObjectIsOneRequestSignedWithItsHash) {
    Bucket bucket;
    Stand stand([&](const Request& request) { return bucket(request); });
    const auto stored = stand.put("hello", {.content_type = "image/jpeg", .cache_control = "private"});
    ASSERT_TRUE(stored) << stored.error().detail;
    EXPECT_EQ(stored->sha256, base::sha256("hello"));
    EXPECT_EQ(stored->etag, "\"5d41402abc4b2a76b9719d911017c592\"");
    ASSERT_EQ(stand.server.request_count(), 1U);
    const auto request = stand.server.requests().front();
    EXPECT_EQ(request.target, path);
    EXPECT_EQ(request.header("content-type"), "image/jpeg");
    EXPECT_EQ(request.header("content-length"), "5");
    EXPECT_EQ(request.header("x-amz-content-sha256"), base::hex_encode(base::as_chars(base::sha256("hello"))));
    EXPECT_EQ(request.header("x-amz-meta-sha256"), request.header("x-amz-content-sha256"));
    EXPECT_EQ(request.header("x-amz-date"), "20260102T030405Z");
    EXPECT_TRUE(request.header("authorization").contains("SignedHeaders=cache-control;content-type;host;"));
    EXPECT_EQ(request.header("expect"), "");
    EXPECT_EQ(request.header("transfer-encoding"), "");
}

TEST(S3Put, ALargeOneIsUploadedInParts) {
    std::vector<std::string> told;
    Bucket bucket;
    Stand* self = nullptr;
    UploadHooks hooks{.began =
                          [&](const PendingUpload& upload) {
                              EXPECT_EQ(self->count("PUT"), 0U);
                              return note(&told, "began " + upload.bucket + " " + upload.key + " " + upload.upload_id);
                          },
                      .ended = [&](const PendingUpload& upload) { return note(&told, "ended " + upload.upload_id); }};
    Stand stand([&](const Request& request) { return bucket(request); }, {}, std::move(hooks));
    self = &stand;
    const auto stored = stand.put(large);
    ASSERT_TRUE(stored) << stored.error().detail;
    EXPECT_EQ(stored->size, large.size());
    EXPECT_EQ(stored->sha256, base::sha256(large));
    EXPECT_EQ(bucket.objects.at(path).bytes, large);
    EXPECT_EQ(stored->etag, bucket.objects.at(path).etag);
    EXPECT_EQ(stand.count("PUT", "partNumber"), 3U);
    EXPECT_EQ(told, (std::vector<std::string>{"began bucket t/a b.jpg u1", "ended u1"}));
}

TEST(S3Put, ExactlyAPartIsOneRequest) {
    Bucket bucket;
    Stand stand([&](const Request& request) { return bucket(request); });
    ASSERT_TRUE(stand.put(std::string(part_bytes, 'x')));
    EXPECT_EQ(stand.server.request_count(), 1U);
}

struct Broken {
    std::string name;
    std::function<std::optional<Answer>(Bucket&, const Request&, int)> on_complete;  // with how often it was asked
    bool keeps_metadata = true;
    std::optional<Fault> fault{};  // none: it succeeds
};

class S3Completion : public ::testing::TestWithParam<Broken> {};

TEST_P(S3Completion, AnUploadWhoseEndIsDoubtful) {
    int asked = 0;
    Bucket* all = nullptr;
    Bucket bucket([&](const Request& request) -> std::optional<Answer> {
        if (request.method != "POST" || !request.target.contains("uploadId")) return std::nullopt;
        return GetParam().on_complete(*all, request, ++asked);
    });
    all = &bucket;
    bucket.keeps_metadata = GetParam().keeps_metadata;
    // An object that was there before.
    bucket.objects[path] = {.bytes = std::string(large.size(), 'o'), .mark = "older", .etag = "\"older\""};
    Stand stand([&](const Request& request) { return bucket(request); });
    const auto stored = stand.put(large);
    EXPECT_TRUE(bucket.uploads.empty());
    if (!GetParam().fault) {
        ASSERT_TRUE(stored) << stored.error().detail;
        EXPECT_EQ(stored->etag, bucket.objects.at(path).etag);
        EXPECT_EQ(bucket.objects.at(path).bytes, large);
        EXPECT_EQ(bucket.aborts, 0);
    } else {
        ASSERT_FALSE(stored);
        EXPECT_EQ(to_string(stored.error().fault), to_string(*GetParam().fault));
        EXPECT_EQ(bucket.objects.at(path).mark, "older");
        EXPECT_GE(bucket.aborts, 1);
    }
}

const std::vector<Broken> doubtful_ends{
    {.name = "ItsAnswerIsLost",
     .on_complete = [](Bucket& bucket, const Request& request, int asked) -> std::optional<Answer> {
         if (asked > 1) return std::nullopt;
         static_cast<void>(bucket.act(request));
         return lost();
     }},
    {.name = "ItsAnswerIsLostAndMetadataIsNotKept",
     .on_complete = [](Bucket& bucket, const Request& request, int asked) -> std::optional<Answer> {
         if (asked > 1) return std::nullopt;
         static_cast<void>(bucket.act(request));
         return lost();
     },
     .keeps_metadata = false},
    {.name = "TheRequestIsLost",
     .on_complete = [](Bucket&, const Request&, int asked) -> std::optional<Answer> {
         return asked == 1 ? std::optional(lost()) : std::nullopt;
     }},
    {.name = "AnErrorInA200ThenItWorks",
     .on_complete = [](Bucket&, const Request&, int asked) -> std::optional<Answer> {
         return asked == 1 ? std::optional(refusal(200, "InternalError")) : std::nullopt;
     }},
    {.name = "DoneAndA500",
     .on_complete = [](Bucket& bucket, const Request& request, int asked) -> std::optional<Answer> {
         if (asked > 1) return std::nullopt;
         static_cast<void>(bucket.act(request));
         return refusal(500, "InternalError");
     }},
    {.name = "DoneAndHalfAReply",
     .on_complete = [](Bucket& bucket, const Request& request, int asked) -> std::optional<Answer> {
         if (asked > 1) return std::nullopt;
         static_cast<void>(bucket.act(request));
         return answer(200, "<CompleteMultipartUploadRes");
     }},
    {.name = "AbortedWhileAnOlderObjectIsThere",
     .on_complete = [](Bucket& bucket, const Request&, int) -> std::optional<Answer> {
         bucket.uploads.clear();
         return std::nullopt;
     },
     .fault = Fault::unavailable},
    {.name = "AbortedWhileAnOlderObjectIsThereAndMetadataIsNotKept",
     .on_complete = [](Bucket& bucket, const Request&, int) -> std::optional<Answer> {
         bucket.uploads.clear();
         return std::nullopt;
     },
     .keeps_metadata = false,
     .fault = Fault::unavailable},
    {.name = "NeverDone",
     .on_complete = [](Bucket&, const Request&, int) -> std::optional<Answer> { return refusal(500, "InternalError"); },
     .fault = Fault::unavailable},
    {.name = "Refused",
     .on_complete = [](Bucket&, const Request&, int) -> std::optional<Answer> { return refusal(400, "InvalidPart"); },
     .fault = Fault::refused},
    {.name = "RefusedInA200",
     .on_complete = [](Bucket&, const Request&, int) -> std::optional<Answer> { return refusal(200, "InvalidPart"); },
     .fault = Fault::refused},
};
INSTANTIATE_TEST_SUITE_P(Ends, S3Completion, ::testing::ValuesIn(doubtful_ends),
                         [](const auto& row) { return row.param.name; });

TEST(S3Put, WhatFailsInTheMiddleIsAborted) {
    bool refuses = true;
    Bucket bucket([&](const Request& request) -> std::optional<Answer> {
        return refuses && request.target.contains("partNumber=2") ? std::optional(refusal(403, "AccessDenied"))
                                                                  : std::nullopt;
    });
    Stand stand([&](const Request& request) { return bucket(request); });
    EXPECT_EQ(stand.put(large).error().fault, Fault::denied);
    EXPECT_TRUE(bucket.uploads.empty());
    EXPECT_EQ(bucket.aborts, 1);
    refuses = false;
    EXPECT_EQ(stand.put(large, {.sha256 = base::sha256("other")}).error().fault, Fault::wrong_hash);
    EXPECT_EQ(stand.put(large, {.length = large.size() + 1}).error().fault, Fault::wrong_length);
    EXPECT_EQ(stand.put(large, {.max_bytes = part_bytes + 1}).error().fault, Fault::too_large);
    EXPECT_TRUE(bucket.uploads.empty());
    EXPECT_TRUE(bucket.objects.empty());
}

TEST(S3Put, AnAbortIsTriedAgain) {
    int refused = 0;
    Bucket bucket([&](const Request& request) -> std::optional<Answer> {
        if (request.target.contains("partNumber=2")) return refusal(403, "AccessDenied");
        if (request.method == "DELETE" && ++refused <= 4) return refusal(503, "SlowDown");
        return std::nullopt;
    });
    std::vector<std::string> told;
    Stand stand([&](const Request& request) { return bucket(request); }, {},
                {.began = {}, .ended = [&](const PendingUpload& upload) { return note(&told, upload.upload_id); }});
    EXPECT_FALSE(stand.put(large));
    EXPECT_TRUE(bucket.uploads.empty());
    EXPECT_EQ(told, std::vector<std::string>{"u1"});
}

TEST(S3Put, WhatCannotBeKeptIsNotBegun) {
    Bucket bucket;
    Stand stand([&](const Request& request) { return bucket(request); }, {},
                {.began = [](const PendingUpload&) { return no_database(); }, .ended = {}});
    EXPECT_THROW(static_cast<void>(stand.put(large)), std::runtime_error);
    EXPECT_EQ(stand.count("PUT"), 0U);
    EXPECT_TRUE(bucket.uploads.empty());
}

TEST(S3Put, PartsAndObjectsAreSentAgain) {
    int asked = 0;
    Bucket bucket([&](const Request& request) -> std::optional<Answer> {
        if (request.method != "PUT" || ++asked % 2 == 0) return std::nullopt;
        return asked % 4 == 1 ? refusal(503, "SlowDown") : lost();
    });
    Stand stand([&](const Request& request) { return bucket(request); });
    const auto stored = stand.put(large);
    ASSERT_TRUE(stored) << stored.error().detail;
    EXPECT_EQ(bucket.objects.at(path).bytes, large);
    EXPECT_TRUE(stand.put("small"));
}

TEST(S3Put, OnlyIfAbsentKnowsItsOwnObjectWhenAnAnswerWasLost) {
    bool loses = true;
    Bucket* all = nullptr;
    Bucket bucket([&](const Request& request) -> std::optional<Answer> {
        if (request.method != "PUT" || !std::exchange(loses, false)) return std::nullopt;
        static_cast<void>(all->act(request));
        return lost();
    });
    all = &bucket;
    Stand stand([&](const Request& request) { return bucket(request); });
    EXPECT_TRUE(stand.put("first", {.only_if_absent = true}));
    EXPECT_EQ(stand.put("second", {.only_if_absent = true}).error().fault, Fault::precondition_failed);
    EXPECT_EQ(bucket.objects.at(path).bytes, "first");
}

// ---- What is learned of refusals

TEST(S3Calls, TheRegionIsLearnedOnce) {
    Stand stand([](const Request& request) {
        if (request.header("authorization").contains("/eu-west-1/s3/")) return answer(204);
        return refusal(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>");
    });
    EXPECT_TRUE(stand.run(stand.store->remove("a", Stand::soon())));
    EXPECT_EQ(stand.server.request_count(), 2U);
    EXPECT_TRUE(stand.run(stand.store->remove("a", Stand::soon())));
    EXPECT_EQ(stand.server.request_count(), 3U);
}

// Each was signed before the others had learned it.
TEST(S3Calls, CallsAtTheSameTimeLearnAlike) {
    Stand stand([](const Request& request) {
        if (request.header("authorization").contains("/eu-west-1/s3/")) return answer(204);
        return refusal(400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>");
    });
    std::vector<async::Task<Result<void>>> calls;
    for (int i = 0; i < 8; ++i) calls.push_back(stand.store->remove("a", Stand::soon()));
    for (const auto& removed : stand.http.run_all(std::move(calls))) EXPECT_TRUE(removed);
}

TEST(S3Calls, ARedirectIsNotFollowedToWhereItPoints) {
    for (const std::string_view headers : {"Location: http://127.0.0.1:9/steal\r\n",
                                           "x-amz-bucket-region: evil.example/\r\nLocation: http://127.0.0.1:9/\r\n",
                                           "x-amz-bucket-region: us-west-2\r\nLocation: http://127.0.0.1:9/\r\n"}) {
        Stand stand([&](const Request&) { return answer(301, error_xml("PermanentRedirect"), headers); });
        EXPECT_FALSE(stand.run(stand.store->remove("a", Stand::soon())));
        EXPECT_EQ(stand.server.request_count(), headers.contains("us-west-2") ? 2U : 1U);
    }
}

TEST(S3Calls, AreSignedForTheMomentThatTheyName) {
    Stand stand([](const Request& request) {
        const auto day = std::string(request.header("x-amz-date").substr(0, 8));
        return answer(request.header("authorization").contains("Credential=AKIA/" + day + "/") ? 204 : 403);
    });
    stand.clock.step = std::chrono::days(1);
    EXPECT_TRUE(stand.run(stand.store->remove("a", Stand::soon())));
}

TEST(S3Calls, AWrongClockIsCorrectedOnce) {
    Stand stand([](const Request& request) {
        if (request.header("x-amz-date").starts_with("20260102T0404")) return answer(204);
        return answer(403, error_xml("RequestTimeTooSkewed"), "Date: Fri, 02 Jan 2026 04:04:05 GMT\r\n");
    });
    EXPECT_TRUE(stand.run(stand.store->remove("a", Stand::soon())));
    EXPECT_TRUE(stand.run(stand.store->remove("a", Stand::soon())));
    EXPECT_EQ(stand.server.request_count(), 3U);
    const auto url = stand.store->sign_get({.key = "a"});
    EXPECT_TRUE(url->url.contains("X-Amz-Date=20260102T0404"));
}

TEST(S3Calls, AClockThatIsRightStaysSo) {
    Stand stand([](const Request&) {
        return answer(403, error_xml("AccessDenied"), "Date: Fri, 02 Jan 2026 03:04:05 GMT\r\n");
    });
    const auto removed = stand.run(stand.store->remove("a", Stand::soon()));
    EXPECT_EQ(removed.error().fault, Fault::denied);
    EXPECT_EQ(removed.error().provider_code, "AccessDenied");
    EXPECT_EQ(stand.server.request_count(), 1U);
}

TEST(S3Calls, EachRefusalHasItsFault) {
    struct Row {
        int status;
        std::string code;
        Fault fault;
    };
    for (const auto& [status, code, fault] : std::vector<Row>{{404, "NoSuchKey", Fault::not_found},
                                                              {404, "NoSuchBucket", Fault::denied},
                                                              {403, "SignatureDoesNotMatch", Fault::denied},
                                                              {412, "PreconditionFailed", Fault::precondition_failed},
                                                              {409, "ConditionalRequestConflict", Fault::conflict},
                                                              {416, "InvalidRange", Fault::bad_range},
                                                              {400, "EntityTooLarge", Fault::too_large},
                                                              {400, "RequestTimeout", Fault::unavailable},
                                                              {503, "SlowDown", Fault::unavailable},
                                                              {501, "NotImplemented", Fault::not_supported},
                                                              {400, "Novel", Fault::refused},
                                                              {502, "", Fault::unavailable},
                                                              {403, "", Fault::denied}})
        EXPECT_EQ(to_string(fault_of(status, code)), to_string(fault)) << code;
}

// ---- Get

class S3Get : public ::testing::Test {
protected:
    static std::string read(Stand& stand, Get get) { return stand.run(read_all(&stand, std::move(get))); }
    static async::Task<std::string> read_all(Stand* stand, Get get) {
        auto object = co_await stand->store->get(std::move(get), Stand::soon());
        if (!object) co_return std::string(to_string(object.error().fault));
        std::string all;
        for (;;) {
            auto piece = co_await object->read();
            if (!piece) co_return std::string(to_string(piece.error().fault));
            if (piece->empty()) co_return all;
            all += *piece;
        }
    }
};

TEST_F(S3Get, TheWholeAndARange) {
    Stand stand([](const Request& request) {
        if (request.header("range").empty()) return answer(200, "0123456789", "ETag: \"e\"\r\n");
        if (request.header("range") == "bytes=20-") return refusal(416, "InvalidRange");
        return answer(206, "234", "Content-Range: bytes 2-4/10\r\n");
    });
    EXPECT_EQ(read(stand, {.key = "a"}), "0123456789");
    EXPECT_EQ(read(stand, {.key = "a", .range = Range{.first = 2, .last = 4}}), "234");
    EXPECT_EQ(read(stand, {.key = "a", .range = Range{.first = 20}}), "bad_range");
    const auto object = stand.run(stand.store->get({.key = "a", .range = Range{.first = 2, .last = 4}}, Stand::soon()));
    EXPECT_EQ(object->info().size, 10U);
    EXPECT_EQ(object->length(), 3U);
}

TEST_F(S3Get, WhatLies) {
    const std::string hash = base::hex_encode(base::as_chars(base::sha256("0123456789")));
    std::string reply;
    Stand stand([&](const Request&) { return Answer().send(reply).close(); });
    reply = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234";
    EXPECT_EQ(read(stand, {.key = "a"}), "unavailable");
    reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n0\r\n\r\n";
    EXPECT_EQ(read(stand, {.key = "a"}), "refused");
    reply = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nx-amz-meta-sha256: " + hash + "\r\n\r\n012345678X";
    EXPECT_EQ(read(stand, {.key = "a"}), "corrupt");
    reply = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nx-amz-meta-sha256: " + hash + "\r\n\r\n0123456789";
    EXPECT_EQ(read(stand, {.key = "a"}), "0123456789");
    const Get some{.key = "a", .range = Range{.first = 2, .last = 4}};
    reply = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n012";
    EXPECT_EQ(read(stand, some), "refused");
    for (const std::string_view range :
         {"bytes 0-2/10", "bytes 2-5/10", "bytes 2-4/*", "bytes 4-2/10", "2-4/10", "bytes 2-9/10"}) {
        reply = fmt::format("HTTP/1.1 206 Partial Content\r\nContent-Length: 3\r\nContent-Range: {}\r\n\r\n012", range);
        EXPECT_EQ(read(stand, some), "refused") << range;
    }
}

TEST_F(S3Get, NobodyThere) {
    Stand stand([](const Request&) { return Answer().hold(); });
    const auto object = stand.run(stand.store->head("a", async::Loop::now() + 200ms));
    EXPECT_EQ(object.error().fault, Fault::unavailable);
    EXPECT_EQ(stand.run(stand.store->remove("a", async::Loop::now() + 200ms)).error().fault, Fault::outcome_unknown);
}

// ---- Copy and list

TEST(S3Copy, OnConditionOfTheETag) {
    Stand stand([](const Request& request) {
        if (request.method == "HEAD") return answer(200, "", "ETag: \"e2\"\r\n");
        if (request.header("x-amz-copy-source-if-match") != "\"e\"") return refusal(412, "PreconditionFailed");
        return answer(200, " <CopyObjectResult><ETag>&quot;e2&quot;</ETag></CopyObjectResult>");
    });
    const auto copied = stand.run(stand.store->copy({.from = "p/a b", .to = "f", .if_match = "\"e\""}, Stand::soon()));
    ASSERT_TRUE(copied) << copied.error().detail;
    EXPECT_EQ(copied->etag, "\"e2\"");
    const auto request = stand.server.requests().front();
    EXPECT_EQ(request.header("x-amz-copy-source"), "/bucket/p/a%20b");
    EXPECT_EQ(request.header("x-amz-metadata-directive"), "COPY");
    EXPECT_EQ(stand.run(stand.store->copy({.from = "p", .to = "f", .if_match = "\"x\""}, Stand::soon())).error().fault,
              Fault::precondition_failed);
}

TEST(S3Copy, AnErrorInA200IsOne) {
    int asked = 0;
    Stand stand([&](const Request& request) {
        if (request.method == "HEAD") return answer(200, "", "ETag: \"e\"\r\n");
        if (++asked == 1) return refusal(200, "InternalError");
        if (asked == 2) return answer(200, "<CopyObjectResult><ETag>e</ETag></CopyObjectResult>");
        return refusal(200, "AccessDenied");
    });
    EXPECT_TRUE(stand.run(stand.store->copy({.from = "p", .to = "f"}, Stand::soon())));
    EXPECT_EQ(stand.run(stand.store->copy({.from = "p", .to = "f"}, Stand::soon())).error().fault, Fault::denied);
}

TEST(S3List, KeysOfOthersAndListsWithoutAnEndAreRefused) {
    std::string reply;
    Stand stand([&](const Request&) { return answer(200, reply); });
    reply = "<ListBucketResult><Contents><Key>t/2/a</Key><Size>1</Size></Contents></ListBucketResult>";
    EXPECT_EQ(stand.run(stand.store->list({.prefix = "t/1/"}, Stand::soon())).error().fault, Fault::refused);
    EXPECT_TRUE(stand.run(stand.store->list({.prefix = "t/2/"}, Stand::soon())));
    reply =
        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken>"
        "</ListBucketResult>";
    EXPECT_EQ(stand.run(stand.store->list({}, Stand::soon()))->next, "x");
    EXPECT_EQ(stand.run(stand.store->list({.after = "x"}, Stand::soon())).error().fault, Fault::refused);
    EXPECT_EQ(stand.server.requests().front().target,
              "/bucket?encoding-type=url&list-type=2&max-keys=1000&prefix=t%2F1%2F");
}

// ---- Signed URLs

TEST(S3Urls, AreOfThePublicEndpointAlone) {
    Stand stand([](const Request&) { return answer(200); });
    const auto get = stand.store->sign_get({.key = "t/a b.jpg", .lifetime = 60s});
    const auto put = stand.store->sign_put({.key = "p", .content_type = "image/png", .length = 12});
    const auto post = stand.store->sign_post({.key = "p", .content_type = "image/png", .max_length = 12});
    EXPECT_TRUE(get->url.starts_with("https://files.example.com/bucket/t/a%20b.jpg?X-Amz-Algorithm="));
    EXPECT_TRUE(put->url.contains("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost&"));
    EXPECT_EQ(put->headers, (NameValues{{"Content-Type", "image/png"}}));
    EXPECT_EQ(post->url, "https://files.example.com/bucket/");
    for (const auto& url : {get->url, put->url, post->url}) EXPECT_FALSE(url.contains("127.0.0.1")) << url;
    EXPECT_EQ(get->expires_at, *base::parse_timestamp("2026-01-02T03:05:05Z"));
    EXPECT_EQ(stand.server.request_count(), 0U);
}

TEST(S3Urls, Forms) {
    Stand stand([](const Request&) { return answer(200); });
    const auto form = stand.store->sign_post({.key = "p\"1", .content_type = "image/png", .max_length = 12});
    ASSERT_TRUE(form);
    std::string policy;
    for (const auto& [name, value] : form->fields)
        if (name == "policy") policy = *base::base64_decode(value);
    EXPECT_EQ(policy,
              R"({"expiration":"2026-01-02T03:19:05.000Z","conditions":[{"bucket":"bucket"},{"key":"p\"1"},)"
              R"({"Content-Type":"image/png"},{"x-amz-algorithm":"AWS4-HMAC-SHA256"},)"
              R"({"x-amz-credential":"AKIA/20260102/us-east-1/s3/aws4_request"},{"x-amz-date":"20260102T030405Z"},)"
              R"(["content-length-range",1,12]]})");
    EXPECT_EQ(stand.store->sign_post({.key = "a${filename}", .content_type = "a/b", .max_length = 1}).error().fault,
              Fault::bad_key);
}

TEST(S3Store, LogsHoldNoSecret) {
    Stand stand(
        [](const Request&) { return refusal(403, "SignatureDoesNotMatch", "<StringToSign>hunter2</StringToSign>"); });
    const auto put = stand.put("x");
    EXPECT_FALSE(put.error().detail.contains("hunter2"));
    EXPECT_FALSE(stand.http.logged().contains("hunter2"));
    EXPECT_FALSE(stand.http.logged().contains("Signature="));
}

}  // namespace
}  // namespace storage
