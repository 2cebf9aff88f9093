// What Stripe's codes mean to whoever stands at the counter, in English and Swahili. A card that was reported lost or stolen is a card
// that was refused: its holder is told by the bank.

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>

#include "payments/stripe/stripe.h"

namespace payments {

namespace {

using namespace std::chrono_literals;

struct Row {
    std::string_view en;
    std::string_view sw;
    bool may_try_again = true;
    std::optional<std::chrono::seconds> after{};
    std::span<const std::string_view> codes;
};

constexpr std::array<std::string_view, 4> no_money{"insufficient_funds", "card_velocity_exceeded",
                                                   "withdrawal_count_limit_exceeded", "approve_with_id"};
constexpr std::array<std::string_view, 3> expired_card{"expired_card", "invalid_expiry_month", "invalid_expiry_year"};
constexpr std::array<std::string_view, 8> wrong_number{"incorrect_number", "invalid_number", "incorrect_cvc",
                                                       "invalid_cvc",      "incorrect_zip",  "incorrect_pin",
                                                       "pin_try_exceeded", "invalid_account"};
constexpr std::array<std::string_view, 5> wants_proof{"authentication_required", "authentication_not_handled",
                                                      "payment_intent_authentication_failure",
                                                      "online_or_offline_pin_required", "offline_pin_required"};
constexpr std::array<std::string_view, 4> not_for_this{"card_not_supported", "currency_not_supported",
                                                       "transaction_not_allowed", "not_permitted"};
constexpr std::array<std::string_view, 6> passing{"processing_error", "issuer_not_available", "reenter_transaction",
                                                  "try_again_later",  "rate_limit",           "lock_timeout"};
constexpr std::array<std::string_view, 6> not_reached{"name",       "connect",      "tls",
                                                      "queue_full", "breaker_open", "cancelled"};
constexpr std::array<std::string_view, 8> not_known{"timeout",           "connection_lost",       "malformed_reply",
                                                    "unreadable",        "reply_too_large",       "api_error",
                                                    "idempotency_error", "idempotency_key_in_use"};
constexpr std::array<std::string_view, 4> amount{"amount_too_small", "amount_too_large", "invalid_amount",
                                                 "amount_not_taken"};
constexpr std::array<std::string_view, 8> set_up{"authentication_error",     "permission_error",     "api_key_expired",
                                                 "secret_key_required",      "credentials",          "account_invalid",
                                                 "platform_api_key_expired", "testmode_charges_only"};
constexpr std::array<std::string_view, 3> too_late{"session_expired", "expired", "automatic"};
constexpr std::array<std::string_view, 3> called_off{"requested_by_customer", "abandoned", "canceled"};
constexpr std::array<std::string_view, 1> given_back{"charge_already_refunded"};
constexpr std::array<std::string_view, 1> disputed{"charge_disputed"};
constexpr std::array<std::string_view, 1> empty_balance{"balance_insufficient"};
constexpr std::array<std::string_view, 1> twice{"duplicate_transaction"};
constexpr std::array<std::string_view, 1> succeeded{"succeeded"};
constexpr std::array<std::string_view, 7> waits{
    "processing", "requires_action", "requires_confirmation", "requires_payment_method", "requires_capture",
    "open",       "complete"};
constexpr std::array<std::string_view, 14> refused{
    "card_declined",      "generic_decline",   "do_not_honor",    "call_issuer",
    "fraudulent",         "lost_card",         "stolen_card",     "pickup_card",
    "merchant_blacklist", "no_action_taken",   "restricted_card", "revocation_of_authorization",
    "card_error",         "security_violation"};

constexpr std::array<Row, 19> rows{{
    {.en = "Paid.", .sw = "Imelipwa.", .may_try_again = false, .codes = succeeded},
    {.en = "Waiting for the payer.", .sw = "Inasubiri mlipaji.", .may_try_again = false, .codes = waits},
    {.en = "There is not enough money on the card, or its limit is reached. Take another card or another way to pay.",
     .sw = "Kadi haina pesa za kutosha, au kikomo chake kimefikiwa. Tumia kadi nyingine au njia nyingine ya kulipa.",
     .codes = no_money},
    {.en = "The card has expired. Take another card.",
     .sw = "Muda wa kadi umeisha. Tumia kadi nyingine.",
     .codes = expired_card},
    {.en = "The card's number or code is wrong. Type it in again.",
     .sw = "Namba au msimbo wa kadi si sahihi. Iandike tena.",
     .codes = wrong_number},
    {.en = "The bank wants the payer to confirm the payment. Try again and follow the bank's steps.",
     .sw = "Benki inataka mlipaji athibitishe malipo. Jaribu tena na ufuate hatua za benki.",
     .codes = wants_proof},
    {.en = "This card cannot be used for this payment. Take another card.",
     .sw = "Kadi hii haiwezi kutumika kwa malipo haya. Tumia kadi nyingine.",
     .codes = not_for_this},
    {.en = "The bank did not answer. Try again in a minute.",
     .sw = "Benki haikujibu. Jaribu tena baada ya dakika moja.",
     .after = 60s,
     .codes = passing},
    {.en = "Stripe cannot be reached. Try again in a minute, or take another way to pay.",
     .sw = "Stripe haipatikani. Jaribu tena baada ya dakika moja, au tumia njia nyingine ya kulipa.",
     .after = 60s,
     .codes = not_reached},
    {.en = "It is not known yet whether this was paid. Wait: it is being asked.",
     .sw = "Bado haijulikani kama imelipwa. Subiri: inaulizwa.",
     .may_try_again = false,
     .codes = not_known},
    {.en = "The amount is too small or too large for a card.",
     .sw = "Kiasi ni kidogo mno au kikubwa mno kwa kadi.",
     .may_try_again = false,
     .codes = amount},
    {.en = "Card payments are not set up correctly. Take another way to pay, and tell the manager.",
     .sw = "Malipo ya kadi hayajawekwa sawasawa. Tumia njia nyingine ya kulipa, na umwambie meneja.",
     .may_try_again = false,
     .codes = set_up},
    {.en = "The payer did not pay in time. Start again.",
     .sw = "Mlipaji hakulipa kwa wakati. Anza tena.",
     .codes = too_late},
    {.en = "The payment was called off.", .sw = "Malipo yamesitishwa.", .codes = called_off},
    {.en = "This money has gone back already.",
     .sw = "Pesa hizi zimesharudishwa.",
     .may_try_again = false,
     .codes = given_back},
    {.en = "The payer's bank disputes this payment: it cannot be paid back here.",
     .sw = "Benki ya mlipaji inapinga malipo haya: hayawezi kurudishwa hapa.",
     .may_try_again = false,
     .codes = disputed},
    {.en = "There is not enough money in the Stripe account to pay this back. Try again later.",
     .sw = "Akaunti ya Stripe haina pesa za kutosha kurudisha malipo haya. Jaribu tena baadaye.",
     .after = 3600s,
     .codes = empty_balance},
    {.en = "The same amount was paid with this card a moment ago. Look whether it is paid already.",
     .sw = "Kiasi kilekile kimelipwa kwa kadi hii muda mfupi uliopita. Angalia kama imeshalipwa.",
     .may_try_again = false,
     .codes = twice},
    {.en = "The bank refused the card. Take another card or another way to pay.",
     .sw = "Benki imekataa kadi. Tumia kadi nyingine au njia nyingine ya kulipa.",
     .codes = refused},
}};

}  // namespace

Saying Stripe::saying(std::string_view code, std::string_view language) const {
    const bool is_swahili = language.starts_with("sw");
    // Something on the way answered instead of Stripe: "http_502".
    if (code.starts_with("http_")) code = "unreadable";
    for (const auto& row : rows)
        if (std::ranges::find(row.codes, code) != row.codes.end())
            return {.text = std::string(is_swahili ? row.sw : row.en),
                    .may_try_again = row.may_try_again,
                    .after = row.after};
    return {.text = is_swahili ? "Malipo hayakufanikiwa. Jaribu tena, au tumia njia nyingine ya kulipa."
                               : "The payment did not work. Try again, or take another way to pay.",
            .may_try_again = true};
}

}  // namespace payments
