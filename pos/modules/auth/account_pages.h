#pragma once
// The pages that links in mails lead to where no app has its own (APP_URL): /account/reset-password, /account/verify-email,
// /account/confirm-email. Looking at one changes nothing, whoever looks, and as often as he does; its form does.

#include "http/router.h"

namespace pos {

void account_pages(http::Router& router);

}  // namespace pos
