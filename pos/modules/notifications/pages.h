#pragma once
// Pages for people: the one that ends a list (/account/unsubscribe), and in development the mailbox (/dev/mail).

#include "http/handler.h"
#include "http/router.h"

namespace pos {

void unsubscribe_pages(http::Router& router);
void mailbox_pages(http::Routes routes);

}  // namespace pos
