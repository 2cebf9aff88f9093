// Expected: 'db' is a protected member of 'pos::Writer'
// A repeated request gets its first reply before anything is looked up: what a creation reads, it reads in its function, behind the key.
#include "pos/modules/locations/tables.h"
#include "pos/plumbing/writer.h"

namespace pos {

constexpr Collection<tables::locations> locations;

async::Task<Created<Location>> create(Create<"locations.write"> write, http::Body<New<Location>> input) {
    const auto database = co_await write.db();
    co_return co_await write.create(locations, input);
}

}  // namespace pos
