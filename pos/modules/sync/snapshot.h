#pragma once
// GET /v1/sync/snapshot: all rows that a reader may see, as NDJSON, of one moment of the database. Written into the spool once (spool.h),
// so that the transaction ends before a slow client has read it, and `after` goes on in the same bytes.
//
//     {"snapshot":"<id>","cursor":"…","schemaVersion":1,"serverTime":"…","counts":{"products":2,…}}
//     {"c":"products","id":"…","v":1,"d":{…}}                           // a line a row, by collection and id
//     {"end":true,"rows":2,"sha256":"…"}                                // of the lines between, in hexadecimal

#include <map>

#include "app/app.h"
#include "http/handler.h"
#include "pos/modules/files/stored_files.h"
#include "pos/modules/sync/changes.h"
#include "pos/modules/sync/spool.h"

namespace pos::sync {

// Of each loop: those who ask for the same at the same moment wait for one that is written.
class Snapshots {
public:
    Snapshots(Spool& spool, FilePool& pool, async::Loop& loop) : spool_(spool), pool_(pool), loop_(loop) {}

    [[nodiscard]] async::Task<std::shared_ptr<const Snapshot>> make(db::Db db, const ChangeRequest* request,
                                                                    base::Uuid id);
    [[nodiscard]] Spool& spool() const noexcept { return spool_; }
    [[nodiscard]] FilePool& pool() const noexcept { return pool_; }
    [[nodiscard]] async::Loop& loop() const noexcept { return loop_; }

private:
    [[nodiscard]] async::Task<std::shared_ptr<const Snapshot>> write(db::Db db, const ChangeRequest* request,
                                                                     base::Uuid id);

    Spool& spool_;
    FilePool& pool_;
    async::Loop& loop_;
    std::map<std::string, std::shared_ptr<async::Event>, std::less<>> being_written_;
};

[[nodiscard]] std::unique_ptr<Snapshots> make_snapshots(Spool& spool, FilePool& pool, const app::LoopParts& parts);

void snapshot_routes(http::Routes routes);

}  // namespace pos::sync
