// Expected: the collection does not say where its rows belong
// A permission that counts at single locations is asked for at the row's: the collection says which that is.
#include "pos/modules/devices/tables.h"
#include "pos/plumbing/writer.h"

namespace pos {

constexpr Collection<tables::devices> devices;

async::Task<Created<Device>> create(Create<"devices.write"> write, http::Body<New<Device>> input) {
    co_return co_await write.create(devices, input);
}

}  // namespace pos
