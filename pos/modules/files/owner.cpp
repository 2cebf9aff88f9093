#include "pos/modules/files/owner.h"

#include "base/strings.h"
#include "pos/modules/files/tables.h"

namespace pos {

namespace {

using db::Kind;

constexpr std::uint64_t most_mark_bytes = 200;

constexpr db::SystemQuery<PlaceMark(std::string)> mark_of{
    {"files.mark_of", "select name, mark, next_mark, updated_at from file_place_marks where name = $1", Kind::point}};
// First here: who dies in between finds the one that is there or the next one in the place.
constexpr db::SystemQuery<void(std::string, std::string, std::string)> announce_mark{
    {"files.announce_mark",
     "insert into file_place_marks (name, mark, next_mark, updated_at) values ($1, $2, $3, now()) "
     "on conflict (name) do update set mark = excluded.mark, next_mark = excluded.next_mark, updated_at = now()",
     Kind::write}};
constexpr db::SystemQuery<void(std::string, std::string)> keep_mark{
    {"files.keep_mark",
     "update file_place_marks set mark = next_mark, next_mark = '', updated_at = now() "
     "where name = $1 and next_mark = $2",
     Kind::write}};

Whose judge(const std::optional<std::string>& there, const std::optional<PlaceMark>& known) {
    const bool was_marked = known && !known->mark.empty();
    if (!there) return was_marked ? Whose::missing : Whose::unmarked;
    if (!known || there->empty()) return Whose::others;
    return *there == known->mark || *there == known->next_mark ? Whose::ours : Whose::others;
}

struct Found {
    Whose whose = Whose::others;
    std::string there{};
};

// Twice: another process may have marked it between one look and the other.
async::Task<Found> look(db::SystemDb db, const MarkedPlace* place) {
    Found found;
    for (int attempt = 0; attempt < 2 && found.whose == Whose::others; ++attempt) {
        const auto there = co_await place->read();
        found.whose = judge(there, co_await db.one(mark_of, place->name));
        found.there = there.value_or("");
    }
    co_return found;
}

async::Task<void> write_mark(db::SystemDb db, const MarkedPlace* place, std::string there, std::string mark) {
    co_await db.run(announce_mark, place->name, there, mark);
    co_await place->write(mark);
    co_await db.run(keep_mark, place->name, mark);
}

async::Task<std::optional<std::string>> read_object(storage::Store* store, async::SteadyTime deadline) {
    auto stream = co_await store->get({.key = std::string(mark_key)}, deadline);
    if (!stream && stream.error().fault == storage::Fault::not_found) co_return std::nullopt;
    if (!stream) throw storage::failure(stream.error());
    std::string text;
    while (text.size() <= most_mark_bytes) {
        const auto piece = co_await stream->read();
        if (!piece) throw storage::failure(piece.error());
        if (piece->empty()) break;
        text += *piece;
    }
    co_return std::string(base::trim(text));
}

async::Task<void> write_object(storage::Store* store, std::string mark, async::SteadyTime deadline) {
    const auto stored = co_await store->put(
        {.key = std::string(mark_key), .source = storage::source_of(mark + "\n"), .content_type = "text/plain"},
        deadline);
    if (!stored) throw storage::failure(stored.error());
}

}  // namespace

std::string_view says_of(Whose whose) {
    switch (whose) {
        case Whose::missing:
            return "the mark of this database is not there: it is not mounted, it is another place, or `owner` was not "
                   "copied with the files. If it is the right one: backend-api files claim";
        case Whose::others:
            return "it is marked by another database, or by a later state of this one. If it belongs to this database "
                   "alone: backend-api files claim";
        default: return "";
    }
}

std::unique_ptr<FileOwner> make_file_owner() { return std::make_unique<FileOwner>(); }

std::optional<MarkedPlace> storage_place(storage::Store* store, async::SteadyTime deadline) {
    if (!store->can(storage::Ability::any_bytes)) return std::nullopt;
    return MarkedPlace{
        .name = "storage",
        .read = [store, deadline] { return read_object(store, deadline); },
        .write = [store, deadline](std::string mark) { return write_object(store, std::move(mark), deadline); }};
}

async::Task<Whose> whose_place(db::SystemDb db, const MarkedPlace* place) {
    const auto found = co_await look(db, place);
    co_return found.whose;
}

async::Task<Whose> take_place(db::SystemDb db, const MarkedPlace* place, base::Uuid mark) {
    auto found = co_await look(db, place);
    if (found.whose != Whose::ours && found.whose != Whose::unmarked) co_return found.whose;
    co_await write_mark(db, place, std::move(found.there), mark.to_string());
    co_return Whose::ours;
}

async::Task<void> claim_place(db::SystemDb db, const MarkedPlace* place, base::Uuid mark) {
    auto found = co_await look(db, place);
    co_await write_mark(db, place, std::move(found.there), mark.to_string());
}

std::vector<db::StatementView> file_owner_statements() { return db::statements(mark_of, announce_mark, keep_mark); }

}  // namespace pos
