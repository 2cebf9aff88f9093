#include "payments/stripe/credentials.h"

namespace payments::stripe {

void Credentials::check(const Credentials& credentials, schema::Issues& issues) {
    const auto& publishable = credentials.publishable_key;
    if (publishable && publishable->starts_with("pk_live_") != credentials.is_live())
        issues.add("/publishableKey", "mode_differs", "One key is for tests, the other for real money.");
}

}  // namespace payments::stripe
