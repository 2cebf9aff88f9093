// Expected: a database is taken behind the Body
#include "http/handler.h"

struct Database {
    static constexpr bool keeps_deadline = true;
    static Database read(http::Context&, http::Findings&) { return {}; }
    static void describe(http::Operation&) {}
};

struct Item {
    std::int32_t size = 1;

    friend constexpr auto describe(Item*) {
        return schema::object<Item>("Item", schema::field<&Item::size>("size"));
    }
};

async::Task<http::NoContent> create(Database, http::Body<Item>) { co_return http::NoContent{}; }

void routes(http::Routes routes) { routes.post("/items", create); }
