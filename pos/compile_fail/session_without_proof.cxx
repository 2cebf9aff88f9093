// Expected: private constructor of class 'pos::VerifiedPassword'|VerifiedPassword.*is private
// A session is opened for who has proved their password: nobody but AuthService makes the proof.
#include "pos/modules/auth/service.h"

pos::NewSession for_anybody(pos::AuthService& auth, const http::Request& request, pos::Person person) {
    const pos::VerifiedPassword forged(person, "the hash as I remember it", {}, false);
    return auth.open_session(forged, {.tenant = {}}, request);
}
