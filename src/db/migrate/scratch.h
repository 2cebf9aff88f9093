#pragma once
// A database for one check or test, dropped when destroyed. The user of the URL needs CREATEDB. One thread.
//
//     db::migrate::ScratchDatabase scratch(server_url);
//     db::migrate::Connection connection(scratch.url());

#include <string>

namespace db::migrate {

class ScratchDatabase {
public:
    explicit ScratchDatabase(std::string server_url);
    ~ScratchDatabase();
    ScratchDatabase(const ScratchDatabase&) = delete;
    ScratchDatabase& operator=(const ScratchDatabase&) = delete;

    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

private:
    std::string server_url_;
    std::string name_;
    std::string url_;
};

}  // namespace db::migrate
