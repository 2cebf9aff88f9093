#pragma once
// For tests and fuzzers alone: structs that between them have every kind and every rule.
//
//     auto value = schema::parse<schema::samples::Everything>(text);

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/schema.h"

namespace schema::samples {

using std::string_view_literals::operator""sv;

enum class Status : std::uint8_t { open, closed, voided };
constexpr auto describe(Status*) {
    return enumeration<Status>("Status",
                               {{Status::open, "open"}, {Status::closed, "closed"}, {Status::voided, "voided"}});
}

struct ThingTag;
using ThingId = base::Id<ThingTag>;

struct Line {
    std::string sku;
    base::Quantity quantity;
    base::Money price;
    friend bool operator==(const Line&, const Line&) = default;

    friend constexpr auto describe(Line*) {
        return object<Line>("Line", field<&Line::sku>("sku", {.min_length = 1, .max_length = 8}),
                            field<&Line::quantity>("quantity", {.min = 0, .max = 100, .not_zero = true}),
                            field<&Line::price>("price", {.min = 0, .doc = "Tax included."}));
    }
};

inline std::string_view refuse_forbidden(std::string_view value) {
    return value == "forbidden" ? "not_permitted"sv : ""sv;
}

struct Everything {
    bool active = false;
    std::int16_t small = 0;
    std::int32_t medium = 0;
    std::int64_t large = 0;
    double ratio = 0;
    std::string name;
    ThingId id;
    base::Timestamp at{};
    base::Date day{std::chrono::year{2026} / 1 / 1};
    base::Money price;
    base::Quantity quantity;
    base::Rate rate;
    Status status = Status::open;
    std::optional<std::string> note;
    Maybe<std::string> nickname;
    Maybe<std::optional<base::Money>> discount;
    std::vector<std::string> tags;
    std::vector<Line> lines;
    std::map<std::string, std::int32_t> counts;
    std::optional<Line> gift;
    Json extra;
    friend bool operator==(const Everything&, const Everything&) = default;

    friend constexpr auto describe(Everything*) {
        using E = Everything;
        return object<E>(
            "Everything", doc("One of each."), field<&E::active>("active"),
            field<&E::small>("small", {.min = -5, .max = 1'000'000}), field<&E::medium>("medium"),
            field<&E::large>("large"), field<&E::ratio>("ratio", {.min = -1.5, .max = 1e9}),
            field<&E::name>("name", {.min_length = 2, .max_length = 10, .text = Text::name, .check = refuse_forbidden}),
            field<&E::id>("id"), field<&E::at>("at"), field<&E::day>("day"), field<&E::price>("price", {.min = 0}),
            field<&E::quantity>("quantity", {.min = -1000, .max = 1000}),
            field<&E::rate>("rate", {.min = 0, .max = 1'000'000}), field<&E::status>("status"),
            field<&E::note>("note", {.max_length = 500}),
            field<&E::nickname>("nickname", {.pattern = "[a-z]+", .text = Text::email}),
            field<&E::discount>("discount"),
            field<&E::tags>("tags",
                            {.max_items = 3, .unique_items = true, .items = {.min_length = 1}, .defaulted = true}),
            field<&E::lines>("lines", {.min_items = 1, .max_items = 50}),
            field<&E::counts>("counts", {.max_items = 4, .defaulted = true}), field<&E::gift>("gift"),
            field<&E::extra>("extra", {.defaulted = true}));
    }
};

// Its smallest text, with all that is required.
inline constexpr std::string_view everything_json =
    R"({"active":true,"small":7,"medium":-70000,"large":9007199254740991,"ratio":0.25,"name":"Sukari",)"
    R"("id":"0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01","at":"2026-11-22T06:14:03.120Z","day":"2024-02-29","price":15000,)"
    R"("quantity":"1.5","rate":160000,"status":"closed","lines":[{"sku":"A","quantity":"2","price":100}]})";

// Members that one direction alone knows.
struct Account {
    std::string email;
    std::string password;
    base::Timestamp created_at{};
    std::int32_t version = 1;
    Bytes hash;
    std::optional<std::string> phone;
    std::string locale = "en-KE";

    friend constexpr auto describe(Account*) {
        using A = Account;
        return object<A>(
            "Account", field<&A::email>("email", {.format = Format::email}),
            field<&A::password>("password", {.min_length = 8, .format = Format::password, .write_only = true}),
            field<&A::created_at>("createdAt", {.read_only = true}), field<&A::version>("version", {.internal = true}),
            field<&A::hash>("hash"), field<&A::phone>("phone", {.format = Format::phone}),
            field<&A::locale>("locale", {.defaulted = true, .doc = "BCP 47.", .example = R"("sw-KE")"}));
    }
};

// A rule over two fields.
struct Period {
    base::Date starts{std::chrono::year{2026} / 1 / 1};
    base::Date ends{std::chrono::year{2026} / 1 / 1};

    friend constexpr auto describe(Period*);
};
inline void check_period(const Period& period, Issues& issues) {
    if (period.ends < period.starts) issues.add("/ends", "before_start", "Give a day that is not before the start.");
}
constexpr auto describe(Period*) {
    return object<Period>("Period", field<&Period::starts>("starts"), field<&Period::ends>("ends"),
                          refine<&check_period>());
}

// A newer client's members are kept.
struct Tolerant {
    std::int32_t known = 0;
    Json unknown;

    friend constexpr auto describe(Tolerant*) {
        return object<Tolerant>("Tolerant", field<&Tolerant::known>("known"), keep_unknown<&Tolerant::unknown>());
    }
};

// A query string.
struct PageQuery {
    std::optional<std::string> q;
    std::int32_t limit = 50;
    std::vector<ThingId> ids;
    std::vector<Status> status;
    Maybe<bool> archived;
    std::optional<base::Timestamp> since;
    double weight = 1;

    friend constexpr auto describe(PageQuery*) {
        using Q = PageQuery;
        return object<Q>("PageQuery", field<&Q::q>("q", {.max_length = 20}),
                         field<&Q::limit>("limit", {.min = 1, .max = 200, .defaulted = true}),
                         field<&Q::ids>("ids", {.max_items = 3, .defaulted = true}),
                         field<&Q::status>("status", {.unique_items = true, .defaulted = true}),
                         field<&Q::archived>("archived"), field<&Q::since>("since"),
                         field<&Q::weight>("weight", {.min = 0, .max = 10, .defaulted = true}));
    }
};

}  // namespace schema::samples
