#pragma once
// What was committed on a loop, for those who wait for it: which kinds of rows, and where they belong; never what they hold. A batch
// says it, and it is told once the batch, or the transaction around it, is committed. There is one listener, which carries it further
// (to other loops, to other processes). Nothing is kept: who has not listened has not heard; who must not miss it writes something
// of its own in the same transaction. Loop's thread.
//
//     batch.announce({.kind = "orders", .place = branch});                             // any batch of a tenant
//     databases.announcements->listen([&](db::Announcement said) { ... });             // must not throw; nullptr: nobody listens
//     databases.announcements->write_by([&](db::Batch& batch, const auto& rows) { ... });    // in front of the commit; what it adds commits with it

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/uuid.h"

namespace db {

struct AnnouncedRows {
    std::string kind;                                // a table's name, or whatever else its readers know it by
    std::optional<base::Uuid> place = std::nullopt;  // where they belong, if they belong somewhere
    std::optional<base::Uuid> row = std::nullopt;    // where readers wait for a single one

    friend bool operator==(const AnnouncedRows&, const AnnouncedRows&) = default;
};

struct Announcement {
    base::Uuid tenant;
    std::int64_t number = 0;  // what the tenant's own count of changes has come to; 0: not counted
    std::int64_t count = 0;   // how many of them this was
    std::vector<AnnouncedRows> rows;
};

template <bool System>
class BasicBatch;

class Announcements {
public:
    using Listener = std::move_only_function<void(Announcement said)>;
    using Writer = std::function<void(BasicBatch<false>& batch, const std::vector<AnnouncedRows>& rows)>;

    void listen(Listener listener) { listener_ = std::move(listener); }
    void tell(Announcement said) {
        if (listener_) listener_(std::move(said));
    }
    void write_by(Writer writer) { writer_ = std::move(writer); }
    // What a batch will announce, once for each time that it says so.
    void write(BasicBatch<false>& batch, const std::vector<AnnouncedRows>& rows) {
        if (writer_) writer_(batch, rows);
    }

private:
    Listener listener_;
    Writer writer_;
};

}  // namespace db
