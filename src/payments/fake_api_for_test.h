#pragma once
// A provider's API by a real server that answers what the test says, for tests of drivers.
//
//     FakeApi fake;
//     fake.on("POST /v3/charges", 200, R"({"status":"success","data":{…}})");
//     EXPECT_THAT(fake.asked(), ElementsAre("POST /v3/charges"));
//
// Answers by "METHOD /path" without its query, the last one again and again; anything else is 404 with `missing` as its body.

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "testing/scripted_server.h"

namespace payments {

class FakeApi {
public:
    using Answer = ::testing::Answer;
    using Server = ::testing::ScriptedServer;

    explicit FakeApi(std::string missing = "{}") : missing_(std::move(missing)) {}

    void on(const std::string& what, std::vector<Answer> answers) {
        const std::lock_guard lock(mutex_);
        script_[what] = {answers.begin(), answers.end()};
    }
    void on(const std::string& what, int status, std::string_view body) {
        on(what, {Answer().send(::testing::http_reply(status, body))});
    }
    [[nodiscard]] Server& server() { return server_; }
    [[nodiscard]] std::string url() const { return server_.url(); }
    [[nodiscard]] std::vector<std::string> asked() const {
        std::vector<std::string> all;
        for (const auto& request : server_.requests()) all.push_back(request.method + " " + path_of(request.target));
        return all;
    }
    // The last request.
    [[nodiscard]] Server::Request last() const { return server_.requests().back(); }

private:
    static std::string path_of(const std::string& target) { return target.substr(0, target.find('?')); }
    Answer answer(const Server::Request& request) {
        const std::lock_guard lock(mutex_);
        auto& left = script_[request.method + " " + path_of(request.target)];
        if (left.empty()) return Answer().send(::testing::http_reply(404, missing_));
        auto next = left.front();
        if (left.size() > 1) left.pop_front();
        return next;
    }

    std::string missing_;
    std::mutex mutex_;
    std::map<std::string, std::deque<Answer>> script_;
    Server server_{[this](const auto& request) { return answer(request); }};
};

}  // namespace payments
