#pragma once
// URLs of pictures stand in the rows that show them: they are the same for all, and the feed carries them. When FILES_PUBLIC_URL (or
// PUBLIC_URL without it) changes, `backend-api files rewrite-urls` gives all rows the new one; each gets a new version and an entry
// of the feed, so that tills follow.
//
//     definition.commands = {rewrite_urls_command()};

#include <string>

#include "app/own_command.h"
#include "db/db.h"

namespace pos {

struct RewrittenUrls {
    std::int64_t products = 0;
    std::int64_t categories = 0;
    std::int64_t tenants = 0;
    std::int64_t images = 0;
};
// Of one tenant, a portion a transaction. What has its URL already is not written; repeated, it writes nothing.
[[nodiscard]] async::Task<RewrittenUrls> rewrite_urls(db::SystemDb db, base::Uuid tenant, std::string base);

[[nodiscard]] app::OwnCommand rewrite_urls_command();
[[nodiscard]] std::vector<db::StatementView> rewrite_urls_statements();

}  // namespace pos
