#include "pos/modules/payments/intents.cpp"
#include "pos/modules/payments/apply.cpp"
#include "pos/modules/payments/keys.cpp"
#include "pos/modules/payments/module.cpp"
#define list list_i
#define show show_i
#define require require_i
#include "pos/modules/payments/intent_routes.cpp"
#undef list
#undef show
#undef require
#define close close_r
#include "pos/modules/payments/refund_routes.cpp"
#undef close
#define remove remove_a
#include "pos/modules/payments/account_routes.cpp"
