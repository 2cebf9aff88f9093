// Expected: calling a protected constructor
// The part of a write is read from the request, with the caller's permission, or not there at all.
#include "pos/plumbing/writer.h"

namespace pos {

Edit<"locations.write"> edit(const auth::Caller& caller, http::Context& context) {
    return {caller, context, "locations.write", http::VersionMatch{.any = true}};
}

}  // namespace pos
