// Expected: a service's stop.. is async::Task<void> stop
// It would never be called: the member has another signature than the one that is looked for.
#include "app/service.h"

struct Mailer {
    async::Task<void> stop();
};
std::unique_ptr<Mailer> make_mailer();

const auto makers = app::services<make_mailer>();
