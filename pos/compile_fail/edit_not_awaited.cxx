// Expected: write `co_return co_await write.edit
// A handler answers what the write gives.
#include "pos/modules/locations/tables.h"
#include "pos/plumbing/writer.h"

namespace pos {

constexpr Collection<tables::locations> locations;

async::Task<Location> change(Edit<"locations.write"> write, http::Path<"id", LocationId> id,
                             http::Body<PatchOf<Location>> patch) {
    co_return write.edit(locations, *id, *patch);
}

}  // namespace pos
