// Expected: write `co_return co_await write.edit
// What a handler's function refers to dies with the handler: `co_return co_await`, not `return`.
#include "pos/modules/locations/tables.h"
#include "pos/plumbing/writer.h"

namespace pos {

constexpr Collection<tables::locations> locations;

async::Task<Location> change(Edit<"locations.write"> write, http::Path<"id", LocationId> id,
                             http::Body<PatchOf<Location>> patch) {
    return write.edit(locations, *id, [&](Location& row, Writes&) { apply(*patch, row.fields); });
}

}  // namespace pos
