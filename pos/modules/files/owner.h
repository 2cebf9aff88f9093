#pragma once
// Whose a place of files is. A storage and a directory of pieces belong to one database: there lies a mark, and the database keeps the same.
// Each sweep writes another mark, so that a copy of a database, or one that was restored from a backup, is told from the one that went
// on. Nothing is removed from a place that is another's.
//
//     const auto whose = co_await take_place(db, &place, runtime->new_id…);       // before a sweep: marks anew what is ours
//     if (whose != Whose::ours) …                                                // says_of(whose) is what to do
//
// A place that was never marked is taken, unless the database says that it has marked it before: then it is not mounted, or another one.

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "app/own_command.h"
#include "db/db.h"
#include "db/query.h"
#include "storage/storage.h"

namespace pos {

enum class Whose : std::uint8_t {
    unknown,   // nobody has looked yet, or the place keeps no mark
    unmarked,  // nobody's yet
    ours,
    missing,  // it was marked, and has no mark: not mounted, emptied, or another place
    others,   // of another database, or of a later state of this one
};

// What an operator is told, or "" where all is well.
[[nodiscard]] std::string_view says_of(Whose whose);

// Of the process: what was found when somebody looked last.
struct FileOwner {
    std::atomic<Whose> storage = Whose::unknown;
    std::atomic<Whose> pieces = Whose::unknown;
    std::atomic_flag said{};  // what the storage cannot do, in the log, once
};
[[nodiscard]] std::unique_ptr<FileOwner> make_file_owner();

// The object of the storage that has its mark; it is no file of a tenant.
inline constexpr std::string_view mark_key = "owner";

struct MarkedPlace {
    std::string name;  // in the database: "storage", "pieces"
    std::function<async::Task<std::optional<std::string>>()> read;
    std::function<async::Task<void>(std::string)> write;
};
// Throws faults of the storage. The store outlives it. nullopt: such a store keeps no mark.
[[nodiscard]] std::optional<MarkedPlace> storage_place(storage::Store* store, async::SteadyTime deadline);

// Changes nothing.
[[nodiscard]] async::Task<Whose> whose_place(db::SystemDb db, const MarkedPlace* place);
// Looks, and marks anew what is nobody's or ours.
[[nodiscard]] async::Task<Whose> take_place(db::SystemDb db, const MarkedPlace* place, base::Uuid mark);
// Marks it, whosever it was: an operator has said so.
[[nodiscard]] async::Task<void> claim_place(db::SystemDb db, const MarkedPlace* place, base::Uuid mark);

[[nodiscard]] std::vector<db::StatementView> file_owner_statements();

}  // namespace pos
