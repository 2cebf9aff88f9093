#pragma once
// TestApp: the whole service on a migrated scratch database, without a socket and without threads of its own. Blocking; one
// thread.
//
//     testing::TestApp app(pos::definition());
//     auto reply = app.post("/v1/products", R"({"name":"Sugar"})", {.token = token});
//     EXPECT_EQ(reply.status, 201) << reply.body;
//
// Needs TEST_POSTGRES_URL (bin/with-servers). Throws, with what is missing, when the tables have changed since the newest
// migration. Why a reply is a 500 stands in the log; send() writes it to stderr.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/app.h"
#include "config/environment.h"
#include "testing/scratch_database.h"

namespace testing {

struct With {
    std::string token = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
};

class TestApp {
public:
    // `adjust` may change the app's settings, which have no Redis and no rate limits; those of modules are read from `environment`.
    explicit TestApp(app::Definition definition, const std::function<void(app::Settings&)>& adjust = {},
                     const config::Environment& environment = {
                         {"JWT_SECRET", "another secret of the tests, 32 bytes or more"}});
    ~TestApp();
    TestApp(const TestApp&) = delete;
    TestApp& operator=(const TestApp&) = delete;

    http::InjectedResponse send(http::Method method, std::string target, std::string body, const With& with = {});
    http::InjectedResponse get(std::string target, const With& with = {}) {
        return send(http::Method::get, std::move(target), {}, with);
    }
    http::InjectedResponse post(std::string target, std::string json, const With& with = {}) {
        return send(http::Method::post, std::move(target), std::move(json), with);
    }
    http::InjectedResponse patch(std::string target, std::string json, const With& with = {}) {
        return send(http::Method::patch, std::move(target), std::move(json), with);
    }
    http::InjectedResponse del(std::string target, const With& with = {}) {
        return send(http::Method::del, std::move(target), {}, with);
    }

    // Runs a task on the app's loop.
    template <class T>
    T run(async::Task<T> task) {
        return async::run_until_done(host_->loop(), std::move(task));
    }

    [[nodiscard]] ScratchDatabase& database() { return database_; }
    [[nodiscard]] app::App& app() { return *app_; }
    [[nodiscard]] app::LoopHost& host() { return *host_; }
    [[nodiscard]] logging::MemorySink& log() { return *log_; }

private:
    ScratchDatabase database_;
    app::Definition definition_;
    std::shared_ptr<logging::MemorySink> log_;
    std::unique_ptr<app::App> app_;
    std::unique_ptr<app::LoopHost> host_;
};

}  // namespace testing
