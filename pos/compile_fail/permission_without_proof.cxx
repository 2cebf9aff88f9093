// Expected: private constructor of class 'auth::Permitted|Permitted.*is private
// Who may do something was asked: the part is read from the request, and not made of any caller.
#include "pos/location_permissions.h"

auth::Permitted<"tenant.settings"> allow(const auth::Caller& caller) {
    return auth::Permitted<"tenant.settings">(caller);
}
