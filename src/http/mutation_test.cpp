// Requests changed byte by byte, sent to a real server and judged by the grammar: what is run, with which body, and how many
// replies there are. "Misread" is any difference.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <iostream>
#include <iterator>
#include <random>

#include "http/request_grammar_for_test.h"
#include "http/wire_for_test.h"

namespace http {
namespace {

using namespace std::string_literals;
using grammar::Body;
using grammar::Reading;
using grammar::Rest;

constexpr unsigned clients = 8;
constexpr std::size_t reported_misreads = 20;

const std::string follow_up = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

struct Mutant {
    std::string bytes;
    std::size_t split = 0;  // where the second packet begins; 0: one packet
};

std::string described(std::string_view method, std::string_view target, std::string_view body) {
    return fmt::format("{} {}\n{}", method, target, body);
}

// Says what it was asked.
async::Task<void> describe(Context& context) {
    const auto body = co_await context.request().body();
    context.response().body(described(context.request().method_text(), context.request().target(), body));
}

// Leaves every body to be read away.
async::Task<void> describe_head(Context& context) {
    context.response().body(described(context.request().method_text(), context.request().target(), ""));
    co_return;
}

// Empty when the replies are what the reading asks for.
std::string misread(const Reading& reading, const WireExchange& result, bool reads_bodies) {
    if (!result.closed) return "the connection was not closed";
    const auto replies = result.replies();
    std::size_t at = 0;
    for (const auto& message : reading.messages) {
        if (at == replies.size()) return fmt::format("{} replies, more were due", replies.size());
        const auto& reply = replies[at++];
        if (!reads_bodies || message.body == Body::whole) {
            const auto wanted = described(message.method, message.target, reads_bodies ? message.content : "");
            if (reply.status != 200 || reply.body != wanted) return fmt::format("reply {} is not \"{}\"", at, wanted);
        } else if (reply.status != (message.body == Body::too_large ? 413 : 400)) {
            return fmt::format("reply {} has status {}, the body is bad", at, reply.status);
        }
    }
    const bool may_be_refused = reading.rest == Rest::beginning;
    if (may_be_refused && at == replies.size()) return {};
    if (may_be_refused || reading.rest == Rest::no_request) {
        if (at == replies.size()) return "what is no request was not refused";
        const auto& reply = replies[at++];
        if (reply.status != 400 && reply.status != 501 && reply.status != 505) {
            return fmt::format("what is no request got {}", reply.status);
        }
        if (!reply.closes()) return "a refusal without Connection: close";
    }
    if (at != replies.size()) return fmt::format("{} replies, {} were due", replies.size(), at);
    return {};
}

std::vector<WireExchange> exchange_all(std::uint16_t port, const std::vector<Mutant>& mutants) {
    std::vector<WireExchange> results(mutants.size());
    std::atomic<std::size_t> next = 0;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < clients; ++i) {
        threads.emplace_back([&] {
            for (auto at = next++; at < mutants.size(); at = next++) {
                try {
                    results[at] = send_and_read(port, mutants[at].bytes, mutants[at].split);
                } catch (const std::exception& error) {
                    results[at].bytes = error.what();  // not closed by the server: a misread
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();
    return results;
}

struct Mutation : ServerForTest {
    std::atomic<bool> reads_bodies = true;

    void SetUp() override {
        app = [this](Context& context) { return reads_bodies ? describe(context) : describe_head(context); };
        start();
    }
    [[nodiscard]] std::uint64_t requests() const {
        constexpr std::string_view name = "\nhttp_requests_total ";
        const auto text = metrics.render();
        std::uint64_t count = 0;
        if (const auto at = text.find(name); at != std::string::npos) {
            std::from_chars(text.data() + at + name.size(), text.data() + text.size(), count);
        }
        return count;
    }
    void expect_no_misread(const std::vector<Mutant>& mutants) {
        for (const bool reads : {true, false}) {
            SCOPED_TRACE(reads ? "bodies are read" : "bodies are not read");
            reads_bodies = reads;
            const auto before = requests();
            const auto results = exchange_all(port, mutants);
            EXPECT_EQ(requests() - before, judge(mutants, results)) << "requests that ran, those without a reply too";
        }
    }
    // Gives how many requests the grammar sees.
    [[nodiscard]] std::size_t judge(const std::vector<Mutant>& mutants,
                                    const std::vector<WireExchange>& results) const {
        std::size_t misreads = 0;
        std::size_t seen = 0;
        for (std::size_t i = 0; i < mutants.size(); ++i) {
            const auto reading = grammar::read_requests(mutants[i].bytes);
            seen += reading.messages.size();
            const auto why = misread(reading, results[i], reads_bodies);
            if (why.empty() || ++misreads > reported_misreads) continue;
            ADD_FAILURE() << why << "\n  sent: " << visible(mutants[i].bytes) << "\n  split at " << mutants[i].split
                          << "\n  got:  " << visible(results[i].bytes);
        }
        EXPECT_EQ(misreads, 0U) << "of " << mutants.size();
        return seen;
    }
};

// Every position: another byte, none, the same twice, and each of the other bytes before it.
std::vector<Mutant> one_byte_mutants(const std::string& request) {
    const auto others = "\0\t\n\r \"#%,-+./019:;=?F[x\\{\x7f\x80\xff"s;
    std::vector<Mutant> mutants{{request + follow_up}};
    const auto add = [&](std::string changed, std::size_t at) {
        const std::size_t split = mutants.size() % 2 == 0 ? at + 1 : 0;
        mutants.push_back({.bytes = std::move(changed) + follow_up, .split = split});
    };
    for (std::size_t at = 0; at < request.size(); ++at) {
        add(std::string(request).erase(at, 1), at);
        add(std::string(request).insert(at, 1, request[at]), at);
        for (const char other : others) {
            if (other == request[at]) continue;
            auto replaced = request;
            replaced[at] = other;
            add(std::move(replaced), at);
            add(std::string(request).insert(at, 1, other), at);
        }
    }
    return mutants;
}

TEST_F(Mutation, OfEachByteOfAPlainRequestIsNotMisread) {
    expect_no_misread(
        one_byte_mutants("PUT /items/7 HTTP/1.1\r\nHost: [::1]:80\r\nContent-Type: text/plain\r\n"
                         "Content-Length: 5\r\n\r\nhello"));
}

TEST_F(Mutation, OfEachByteOfAChunkedRequestIsNotMisread) {
    expect_no_misread(
        one_byte_mutants("POST /a%20b?q=1 HTTP/1.1\r\nHost: shop.example:80\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "5;n=\"v\"\r\nhello\r\n1\r\n!\r\n0\r\nX-T: t\r\n\r\n"));
}

// ---- Heads that say how long the body is ----------------------------------------------------------------------------

class HeadMaker {
public:
    explicit HeadMaker(std::uint32_t seed) : random_(seed) {}

    Mutant operator()() {
        auto head = "POST /body HTTP/1."s + (chance(10) ? '0' : '1') + "\r\nHost: a\r\n";
        for (auto fields = 1 + below(chance(3) ? 3U : 1U); fields > 0; --fields) head += field();
        if (chance(4)) change_a_byte(head);
        const auto body = chance(2) ? "5\r\nhello\r\n0\r\n\r\n"s : "hello"s;
        auto bytes = head + "\r\n" + body + follow_up;
        const std::size_t split = chance(2) ? 1 + below(static_cast<std::uint32_t>(bytes.size() - 1)) : 0;
        return {.bytes = std::move(bytes), .split = split};
    }

private:
    // Not std::uniform_int_distribution: the same numbers from every standard library.
    std::uint32_t below(std::uint32_t end) { return static_cast<std::uint32_t>(random_() % end); }
    bool chance(std::uint32_t one_in) { return below(one_in) == 0; }
    std::string_view one_of(const std::vector<std::string_view>& all) {
        return all[below(static_cast<std::uint32_t>(all.size()))];
    }

    std::string field() {
        static const std::vector<std::string_view> lengths{"5",
                                                           "5",
                                                           "5",
                                                           "15",
                                                           "0",
                                                           "05",
                                                           "+5",
                                                           "-5",
                                                           "5,5",
                                                           "5, 5",
                                                           "5,",
                                                           ",5",
                                                           "0x5",
                                                           "5e0",
                                                           "5.0",
                                                           "5 5",
                                                           "\"5\"",
                                                           "",
                                                           "5;",
                                                           "1_5",
                                                           "0o5",
                                                           "\v5",
                                                           "5\f",
                                                           "4294967301",
                                                           "18446744073709551621",
                                                           "9223372036854775813",
                                                           "99999999999999999999",
                                                           "000000000000000000005",
                                                           "1048577"};
        static const std::vector<std::string_view> codings{"chunked",
                                                           "chunked",
                                                           "chunked",
                                                           "Chunked",
                                                           "CHUNKED",
                                                           "chunked,",
                                                           ",chunked",
                                                           "chunked, chunked",
                                                           "identity",
                                                           "gzip",
                                                           "gzip, chunked",
                                                           "chunked, gzip",
                                                           "xchunked",
                                                           "chunkedx",
                                                           "chunked;q=1",
                                                           "\"chunked\"",
                                                           "",
                                                           "\vchunked",
                                                           "chunked\f",
                                                           "chu nked",
                                                           "identity, chunked",
                                                           "chunked, identity"};
        const bool is_length = chance(2);
        std::string name(is_length ? "Content-Length" : "Transfer-Encoding");
        if (chance(6)) name = grammar::lower(name);
        if (chance(12)) name = disfigured(name);
        static const std::vector<std::string_view> blanks{" ", " ", " ", "", "\t", "  ", " \t ", "\v", "\r\n "};
        static const std::vector<std::string_view> ends{"\r\n", "\r\n", "\r\n",   "\r\n",  "\r\n",  "\r\n",
                                                        "\n",   "\r",   "\r\r\n", " \r\n", "\t\r\n"};
        return fmt::format("{}:{}{}{}", name, chance(3) ? one_of(blanks) : " ", one_of(is_length ? lengths : codings),
                           chance(3) ? one_of(ends) : "\r\n");
    }
    std::string disfigured(std::string name) {
        static const std::vector<std::string_view> marks{" ", "\t", "_", "\r\n", "\x80", ":", ";", "X"};
        const auto mark = one_of(marks);
        const std::size_t places[]{0, name.find('-'), name.size()};
        return name.replace(places[below(3)], chance(2) ? 1 : 0, mark);
    }
    void change_a_byte(std::string& head) {
        const auto at = below(static_cast<std::uint32_t>(head.size()));
        switch (below(3)) {
            case 0: head[at] = static_cast<char>(below(256)); break;
            case 1: head.erase(at, 1); break;
            default: head.insert(at, 1, static_cast<char>(below(256))); break;
        }
    }

    std::mt19937 random_;
};

// Another seed by --gtest_random_seed.
TEST_F(Mutation, OfLengthsAndCodingsIsNotMisread) {
    const auto given = GTEST_FLAG_GET(random_seed);
    const auto seed = given == 0 ? 9112U : static_cast<std::uint32_t>(given);
    std::cout << "seed " << seed << '\n';
    SCOPED_TRACE(fmt::format("seed {}", seed));
    HeadMaker make(seed);
    std::vector<Mutant> mutants;
    mutants.reserve(2000);
    std::generate_n(std::back_inserter(mutants), 2000, std::ref(make));
    expect_no_misread(mutants);
}

}  // namespace
}  // namespace http
