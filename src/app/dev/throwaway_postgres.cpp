#include "app/dev/throwaway_postgres.h"

#include <cstdlib>

#include "app/dev/postgres_server.h"

namespace app::dev {

namespace fs = std::filesystem;

ThrowawayPostgres::Directory::Directory() {
    std::string pattern = fs::temp_directory_path() / "backend-api-postgres.XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw StartFailure("no directory can be made in " + pattern);
    path = pattern;
    // PostgreSQL's user passes through; what is inside is its alone.
    fs::permissions(path, fs::perms(0711));
}

ThrowawayPostgres::Directory::~Directory() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
}

ThrowawayPostgres::ThrowawayPostgres()
    : server_(std::make_unique<PostgresServer>(PostgresOptions{.home = directory_.path / "postgresql",
                                                               .log_file = directory_.path / "postgresql.log",
                                                               .user = postgres_user()})) {
    const Pause pause = [this](std::chrono::milliseconds time) {
        if (signals_.stop_requests() == 0) signals_.pause(time);
        return signals_.stop_requests() == 0;
    };
    server_->begin(pause);
    server_->finish(pause);
}

// At once: nothing in it is worth a checkpoint.
ThrowawayPostgres::~ThrowawayPostgres() {
    server_->stop([](std::chrono::milliseconds) { return false; });
}

std::string ThrowawayPostgres::owner_url() const { return server_->url(PostgresServer::owner_role); }

}  // namespace app::dev
