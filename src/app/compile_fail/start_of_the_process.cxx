// Expected: what starts, stops or tells its health is a service of a loop
// The process has no loop on which a start could be awaited.
#include "app/service.h"

struct Mailer {
    async::Task<void> start();
};
std::unique_ptr<Mailer> make_mailer();

const auto makers = app::process_services<make_mailer>();
