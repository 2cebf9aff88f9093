#include "payments/common_sayings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string>

namespace payments {

namespace {

using namespace std::chrono_literals;
using Codes = std::span<const std::string_view>;

// `{}` is the provider.
struct Row {
    std::string_view en;
    std::string_view sw;
    bool may_try_again = true;
    std::optional<std::chrono::seconds> after{};
    Codes codes;
};

constexpr std::array<std::string_view, 3> paid{"successful", "success", "completed"};
constexpr std::array<std::string_view, 10> waits{"pending",   "processing", "ongoing",  "queued", "pay_offline",
                                                 "abandoned", "page",       "open_url", "new",    "initiated"};
constexpr std::array<std::string_view, 1> no_money{"insufficient_funds"};
constexpr std::array<std::string_view, 1> said_no{"cancelled_by_payer"};
constexpr std::array<std::string_view, 2> no_response{"payer_timeout", "page_expired"};
constexpr std::array<std::string_view, 1> wrong_pin{"wrong_pin"};
constexpr std::array<std::string_view, 1> limit{"limit_reached"};
constexpr std::array<std::string_view, 6> not_reached{"name",       "connect",      "tls",
                                                      "queue_full", "breaker_open", "cancelled"};
constexpr std::array<std::string_view, 1> busy{"rate_limit"};
constexpr std::array<std::string_view, 9> not_known{"timeout",       "connection_lost", "malformed_reply",
                                                    "unreadable",    "reply_too_large", "bad_encoding",
                                                    "other_attempt", "not_found_yet",   "duplicate_reference"};
constexpr std::array<std::string_view, 2> amounts{"amount_not_taken", "currency_not_taken"};
constexpr std::array<std::string_view, 1> phones{"phone_not_taken"};
constexpr std::array<std::string_view, 1> needs_page{"page_needed"};
constexpr std::array<std::string_view, 4> set_up{"authentication_error", "permission_error", "credentials",
                                                 "email_not_taken"};
constexpr std::array<std::string_view, 1> never_taken{"not_found"};
constexpr std::array<std::string_view, 1> gone_back{"reversed"};
constexpr std::array<std::string_view, 1> empty_balance{"not_enough_balance"};

constexpr std::array<Row, 17> rows{{
    {.en = "Paid.", .sw = "Imelipwa.", .may_try_again = false, .codes = paid},
    {.en = "Waiting for the payer.", .sw = "Inasubiri mlipaji.", .may_try_again = false, .codes = waits},
    {.en = "The payer does not have enough money. Take another way to pay.",
     .sw = "Mlipaji hana pesa za kutosha. Tumia njia nyingine ya kulipa.",
     .codes = no_money},
    {.en = "The payer refused.", .sw = "Mlipaji amekataa.", .codes = said_no},
    {.en = "The payer did not answer in time. Try again.",
     .sw = "Mlipaji hakujibu kwa wakati. Jaribu tena.",
     .codes = no_response},
    {.en = "The PIN was wrong. Try again.", .sw = "PIN si sahihi. Jaribu tena.", .codes = wrong_pin},
    {.en = "The amount is beyond the payer's limit. Take another way to pay.",
     .sw = "Kiasi kimezidi kikomo cha mlipaji. Tumia njia nyingine ya kulipa.",
     .codes = limit},
    {.en = "{} cannot be reached. Try again in a minute, or take another way to pay.",
     .sw = "{} haipatikani. Jaribu tena baada ya dakika moja, au tumia njia nyingine ya kulipa.",
     .after = 60s,
     .codes = not_reached},
    {.en = "{} is busy. Try again in a minute.",
     .sw = "{} ina shughuli nyingi. Jaribu tena baada ya dakika moja.",
     .after = 60s,
     .codes = busy},
    {.en = "It is not known yet whether this was paid. Wait: it is being asked.",
     .sw = "Bado haijulikani kama imelipwa. Subiri: inaulizwa.",
     .may_try_again = false,
     .codes = not_known},
    {.en = "{} does not take this amount.", .sw = "{} haipokei kiasi hiki.", .may_try_again = false, .codes = amounts},
    {.en = "This number cannot be asked to pay. Check it, or take another way to pay.",
     .sw = "Namba hii haiwezi kuombwa kulipa. Iangalie, au tumia njia nyingine ya kulipa.",
     .codes = phones},
    {.en = "This can be paid on a page only. Send the payer there.",
     .sw = "Malipo haya yanawezekana kwenye ukurasa tu. Mpeleke mlipaji huko.",
     .codes = needs_page},
    {.en = "{} is not set up correctly. Take another way to pay, and tell the manager.",
     .sw = "{} haijawekwa sawasawa. Tumia njia nyingine ya kulipa, na umwambie meneja.",
     .may_try_again = false,
     .codes = set_up},
    {.en = "The request did not arrive: nothing was paid. Start again.",
     .sw = "Ombi halikufika: hakuna kilicholipwa. Anza tena.",
     .codes = never_taken},
    {.en = "This money has gone back.", .sw = "Pesa hizi zimerudishwa.", .codes = gone_back},
    {.en = "There is not enough money in the {} account to pay this back. Try again later.",
     .sw = "Akaunti ya {} haina pesa za kutosha kurudisha malipo haya. Jaribu tena baadaye.",
     .after = 3600s,
     .codes = empty_balance},
}};

}  // namespace

Saying common_saying(std::string_view code, std::string_view language, std::string_view title) {
    const bool is_swahili = language.starts_with("sw");
    // Something on the way, or the provider in trouble: "http_502".
    if (code.starts_with("http_")) code = "unreadable";
    for (const auto& row : rows)
        if (std::ranges::find(row.codes, code) != row.codes.end())
            return {.text = fmt::format(fmt::runtime(is_swahili ? row.sw : row.en), title),
                    .may_try_again = row.may_try_again,
                    .after = row.after};
    return {.text = is_swahili ? "Malipo hayakufanikiwa. Jaribu tena, au tumia njia nyingine ya kulipa."
                               : "The payment did not work. Try again, or take another way to pay.",
            .may_try_again = true};
}

}  // namespace payments
