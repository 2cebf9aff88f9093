// Expected: a database is taken behind the Body
#include "http/handler.h"

struct Database {};

template <>
struct http::Part<Database> {
    static constexpr bool keeps_deadline = true;
    static Database read(Context&, Findings&) { return {}; }
    static void describe(Operation&) {}
};

struct Item {
    std::int32_t size = 1;

    friend constexpr auto describe(Item*) { return schema::object<Item>("Item", schema::field<&Item::size>("size")); }
};

async::Task<http::NoContent> create(Database, http::Body<Item>) { co_return http::NoContent{}; }

void routes(http::Routes routes) { routes.post("/items", create); }
