#pragma once
// Tables of every kind that the console tells apart. For tests.

#include <optional>
#include <string>
#include <vector>

#include "db/table.h"

namespace app::console::testing {

inline constexpr base::ErrorCode taken{"library.taken", 409, false, base::Action::fix, "Taken"};

enum class Mood : std::uint8_t { calm, glad };
constexpr auto describe(Mood*) {
    return schema::enumeration<Mood>("Mood", {{Mood::calm, "calm"}, {Mood::glad, "glad"}});
}

struct Library {
    base::Uuid id;
    std::string name;

    friend constexpr auto describe(Library*) {
        return schema::object<Library>("Library", schema::field<&Library::id>("id"),
                                       schema::field<&Library::name>("name"));
    }
};

struct Person {
    base::Uuid id;
    std::string name;

    friend constexpr auto describe(Person*) {
        return schema::object<Person>("Person", schema::field<&Person::id>("id"), schema::field<&Person::name>("name"));
    }
};

struct Writer {
    base::Uuid id;
    std::string name;

    friend constexpr auto describe(Writer*) {
        return schema::object<Writer>("Writer", schema::field<&Writer::id>("id"), schema::field<&Writer::name>("name"));
    }
};

struct Door {
    std::string place;
    std::string key;

    friend constexpr auto describe(Door*) {
        return schema::object<Door>("Door", schema::field<&Door::place>("place"),
                                    schema::field<&Door::key>("key", {.write_only = true}));
    }
};

struct Book {
    base::Uuid id;
    std::string title;
    std::optional<base::Uuid> writer_id;
    std::optional<base::Uuid> created_by;
    std::optional<base::Uuid> login_token;
    base::Money price;
    base::Quantity weight;
    Mood mood = Mood::calm;
    std::optional<base::Timestamp> deleted_at;
    std::string remark;
    std::string reset_token;
    std::string owner_password;
    schema::Json extra;
    std::vector<Door> doors;
    std::vector<std::string> order;
    schema::Bytes cover;

    friend constexpr auto describe(Book*) {
        using schema::field;
        return schema::object<Book>(
            "Book", field<&Book::id>("id"), field<&Book::title>("title", {.text = schema::Text::name}),
            field<&Book::writer_id>("writerId", {.internal = true}),
            field<&Book::created_by>("createdBy", {.internal = true}),
            field<&Book::login_token>("loginToken", {.internal = true}), field<&Book::price>("price"),
            field<&Book::weight>("weight"), field<&Book::mood>("mood", {.internal = true}),
            field<&Book::deleted_at>("deletedAt", {.internal = true}),
            field<&Book::remark>("remark", {.internal = true}), field<&Book::reset_token>("resetToken"),
            field<&Book::owner_password>("ownerWord", {.format = schema::Format::password}),
            field<&Book::extra>("extra"), field<&Book::doors>("doors"), field<&Book::order>("order"),
            field<&Book::cover>("cover"));
    }
};

struct Page {
    base::Uuid book_id;
    std::int32_t number = 0;
    std::string text;

    friend constexpr auto describe(Page*) {
        return schema::object<Page>("Page", schema::field<&Page::book_id>("bookId"),
                                    schema::field<&Page::number>("number"), schema::field<&Page::text>("text"));
    }
};

struct Mark {
    base::Uuid id;
    base::Uuid book_id;
    std::int32_t number = 0;

    friend constexpr auto describe(Mark*) {
        return schema::object<Mark>("Mark", schema::field<&Mark::id>("id"), schema::field<&Mark::book_id>("bookId"),
                                    schema::field<&Mark::number>("number"));
    }
};

// Found by a secret.
struct Ticket {
    schema::Bytes hash;

    friend constexpr auto describe(Ticket*) {
        return schema::object<Ticket>("Ticket", schema::field<&Ticket::hash>("hash"));
    }
};

// One row a tenant.
struct Rule {
    bool lends = false;

    friend constexpr auto describe(Rule*) { return schema::object<Rule>("Rule", schema::field<&Rule::lends>("lends")); }
};

inline constexpr auto libraries = db::tenant_root_table<Library>("libraries", db::primary_key<&Library::id>());
inline constexpr auto people = db::system_table<Person>("people", db::primary_key<&Person::id>());
inline constexpr auto writers = db::tenant_table<Writer>("writers", db::primary_key<&Writer::id>());
inline constexpr auto books = db::tenant_table<Book>("books", db::primary_key<&Book::id>(),
                                                     db::references<&Book::writer_id>("books_writer", writers, taken));
inline constexpr auto pages = db::tenant_table<Page>("pages", db::primary_key<&Page::book_id, &Page::number>(),
                                                     db::references<&Page::book_id>("pages_book", books, taken));
inline constexpr auto marks = db::tenant_table<Mark>(
    "marks", db::primary_key<&Mark::id>(), db::references<&Mark::book_id, &Mark::number>("marks_page", pages, taken));
inline constexpr auto tickets = db::tenant_table<Ticket>("tickets", db::primary_key<&Ticket::hash>());
inline constexpr auto rules = db::tenant_table<Rule>("rules", db::primary_key<>());

inline std::vector<db::TableView> declared() {
    return {libraries.view(), people.view(), writers.view(), books.view(),
            pages.view(),     marks.view(),  tickets.view(), rules.view()};
}

}  // namespace app::console::testing
