// Expected: a redirect is 303, 307 or 308
#include "http/redirect.h"

async::Task<http::Redirect<302>> go_on() { co_return http::Redirect<302>::to_path("/v1/orders"); }
