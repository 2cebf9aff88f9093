#pragma once
// What a test of each module says about its routes, for the tests that know no module: those that ask every route of the program
// (pos/permissions_db_test.cpp) and look at every collection (pos/collections_db_test.cpp). Who may, and whose id a path
// takes. Constants, once a module; read by one thread. pos/testing/samples.h makes the rows.
//
//     constexpr RouteRule rules[] = {{"GET /v1/suppliers", everyone, everyone, everyone},
//                                    {"POST /v1/suppliers", "oa", nobody, nobody, "", R"({"name":"Unga @n"})"}};
//     constexpr SampleRow rows[] = {{"/v1/suppliers/{id}", "/v1/suppliers", R"({"name":"Unga"})"}};
//     const Walls walls{rules, rows};
//
// In bodies and queries: @here the shop, @role the cashier's, @n a number that is new each time, @sale a sale of the shop,
// @[/v1/variants/{id}] the id of that sample.

#include <span>
#include <string_view>

namespace pos::testing {

inline constexpr std::string_view everyone = "oamcstv";
inline constexpr std::string_view nobody;

// Who may: o(wner) a(dmin) m(anager) c(ashier) s(tock clerk) t (accountant) v(iewer). `everywhere`: the role for all shops;
// `here`: for the one that the request is about (or the request is about none); `elsewhere`: for another shop.
// Lists that need no place show less elsewhere, which other tests look at.
struct RouteRule {
    std::string_view route;
    std::string_view everywhere;
    std::string_view here;
    std::string_view elsewhere;
    std::string_view query{};
    std::string_view body{};
};

// A row of the first shop for one parameter of a path.
struct SampleRow {
    std::string_view parameter;  // "/v1/tax-classes/{id}": with all that stands in front of it
    // Where it is made, or listed when there is no body: the first is taken; or a select of its id; or the id itself.
    std::string_view path;
    std::string_view body{};
    std::string_view member = "id";  // of the reply
};

class Walls {
public:
    Walls(std::span<const RouteRule> rules, std::span<const SampleRow> rows) noexcept
        : rules(rules), rows(rows), next_(first) {
        first = this;
    }
    Walls(const Walls&) = delete;
    Walls& operator=(const Walls&) = delete;

    // visit(walls) for each module.
    static void each(auto visit) {
        for (const auto* walls = first; walls != nullptr; walls = walls->next_) visit(*walls);
    }

    const std::span<const RouteRule> rules;
    const std::span<const SampleRow> rows;

private:
    const Walls* next_;
    static inline const Walls* first = nullptr;
};

}  // namespace pos::testing
