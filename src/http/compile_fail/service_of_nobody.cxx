// Expected: no matching constructor for initialization of 'http::Service<Mailer>'|no matching function for call to .*Service
// A service is one that is there.
#include "http/handler.h"

struct Mailer {};

http::Service<Mailer> nobody() { return http::Service<Mailer>(); }
