// The table of Daraja's codes. Rows of one code stand together, the one without words last.

#include <array>

#include "payments/mpesa/answers.h"

namespace payments::mpesa {

namespace {

using enum Meaning;

constexpr std::string_view setup_en =
    "M-Pesa refuses the set-up of this account. The owner has to look at the payment account. Take another payment.";
constexpr std::string_view setup_sw =
    "M-Pesa imekataa mipangilio ya duka. Mwenye duka aangalie akaunti ya malipo. Pokea malipo kwa njia nyingine.";
constexpr std::string_view request_en =
    "M-Pesa did not accept the request. No money moved. Tell the owner, and take another payment.";
constexpr std::string_view request_sw =
    "M-Pesa haikukubali ombi. Hakuna pesa iliyotoka. Mjulishe mwenye duka, na upokee malipo kwa njia nyingine.";
constexpr std::string_view busy_en = "M-Pesa is busy. No money moved. Wait a minute and try again.";
constexpr std::string_view busy_sw =
    "M-Pesa ina shughuli nyingi. Hakuna pesa iliyotoka. Subiri dakika moja ujaribu tena.";
constexpr std::string_view locked_en =
    "Another M-Pesa transaction is open on the customer's phone. Let it end, wait a minute and try again.";
constexpr std::string_view locked_sw =
    "Mteja ana muamala mwingine wa M-Pesa kwenye simu yake. Usubiri uishe, ngoja dakika moja, ujaribu tena.";
constexpr std::string_view unsure_en =
    "It is not known yet whether the customer was asked to pay. Do not try again before this is clear: look at the "
    "phone.";
constexpr std::string_view unsure_sw =
    "Bado haijulikani kama mteja ameombwa kulipa. Usijaribu tena kabla haijajulikana: angalia simu ya mteja.";
constexpr std::string_view waiting_en = "The customer has not finished paying. Wait.";
constexpr std::string_view waiting_sw = "Mteja hajamaliza kulipa. Subiri.";
constexpr std::string_view unreached_en =
    "The phone was not reached, or the PIN was not entered in time. Check that it is on and try again.";
constexpr std::string_view unreached_sw =
    "Simu haikupatikana, au PIN haikuwekwa kwa wakati. Hakikisha simu imewashwa, ujaribu tena.";
constexpr std::string_view push_failed_en = "The request could not be shown on the phone. No money moved. Try again.";
constexpr std::string_view push_failed_sw = "Ombi halikuonekana kwenye simu. Hakuna pesa iliyotoka. Jaribu tena.";
constexpr std::string_view cancelled_en =
    "The customer cancelled, or let the request pass. No money moved. Try again if they agree.";
constexpr std::string_view cancelled_sw =
    "Mteja ameghairi, au muda wa ombi umepita. Hakuna pesa iliyotoka. Jaribu tena mteja akikubali.";
constexpr std::string_view kind_en =
    "M-Pesa refuses this number: the account is set up as the wrong kind. Tell the owner.";
constexpr std::string_view kind_sw =
    "M-Pesa imekataa namba hii: akaunti imewekwa aina isiyo sahihi. Mjulishe mwenye duka.";
constexpr std::string_view registered_en = "Already registered with M-Pesa.";
constexpr std::string_view registered_sw = "Imeshasajiliwa na M-Pesa.";
constexpr std::string_view no_answer_en = "M-Pesa was not reached. No money moved. Check the internet and try again.";
constexpr std::string_view no_answer_sw = "M-Pesa haikupatikana. Hakuna pesa iliyotoka. Angalia mtandao, ujaribu tena.";

constexpr auto table = std::to_array<Row>({
    // ---- Results of prompts ----
    {"0", "", "", paid, false, 0, "Paid.", "Imelipwa."},
    {"1", "", "", declined, true, 0, "The customer has not enough money in M-Pesa. They top up, or pay in another way.",
     "Salio la mteja kwenye M-Pesa halitoshi. Aongeze pesa, au alipe kwa njia nyingine."},
    {"2", "", "", declined, false, 0, "The amount is below what M-Pesa takes. Take another payment.",
     "Kiasi ni kidogo kuliko kinachokubaliwa na M-Pesa. Pokea malipo kwa njia nyingine."},
    {"3", "", "", declined, false, 0,
     "The amount is above what M-Pesa takes at once. Split it, or take another payment.",
     "Kiasi ni kikubwa kuliko kinachokubaliwa na M-Pesa kwa mara moja. Kigawe, au pokea malipo kwa njia nyingine."},
    {"4", "", "", declined, false, 0, "The customer has reached the daily limit of M-Pesa. Take another payment today.",
     "Mteja amefikia kikomo cha M-Pesa cha siku. Leo pokea malipo kwa njia nyingine."},
    {"8", "", "", declined, false, 0,
     "The M-Pesa account that is paid to is full. The owner has to move money out of it. Take another payment.",
     "Akaunti ya M-Pesa ya duka imejaa. Mwenye duka ahamishe pesa. Pokea malipo kwa njia nyingine."},
    {"17", "", "", declined, true, 120,
     "The same amount was just paid by this customer. Wait two minutes and try again.",
     "Mteja huyu amelipa kiasi hicho hicho sasa hivi. Subiri dakika mbili ujaribu tena."},
    {"26", "", "", declined, true, 60, busy_en, busy_sw},
    {"1001", "", "", declined, true, 60, locked_en, locked_sw},
    {"1019", "", "", timed_out, true, 0, "The request was open for too long and has ended. No money moved. Try again.",
     "Muda wa ombi umeisha. Hakuna pesa iliyotoka. Jaribu tena."},
    {"1025", "", "", declined, true, 0, push_failed_en, push_failed_sw},
    {"9999", "", "", declined, true, 0, push_failed_en, push_failed_sw},
    {"1031", "", "", cancelled, true, 0, cancelled_en, cancelled_sw},
    {"1032", "", "", cancelled, true, 0, cancelled_en, cancelled_sw},
    {"1036", "", "", timed_out, true, 0, unreached_en, unreached_sw},
    {"1037", "", "", timed_out, true, 0, unreached_en, unreached_sw},
    {"2001", "", "", declined, true, 0, "The M-Pesa PIN was wrong. Try again; after three wrong ones M-Pesa locks it.",
     "PIN ya M-Pesa si sahihi. Jaribu tena; ikikosewa mara tatu M-Pesa itaifunga."},
    {"2028", "", "", declined, false, 0, kind_en, kind_sw},
    {"8006", "", "", declined, false, 0,
     "The customer's M-Pesa PIN is locked. They call 100 or 200. Take another payment.",
     "PIN ya M-Pesa ya mteja imefungwa. Apige 100 au 200. Pokea malipo kwa njia nyingine."},
    {"SFC_IC0003", "", "", declined, false, 0, kind_en, kind_sw},
    {"4999", "", "", pending, false, 0, waiting_en, waiting_sw},
    {"E3008", "", "", declined, false, 0, "Safaricom's sandbox takes its own test numbers only.",
     "Mazingira ya majaribio ya Safaricom hukubali namba zake za majaribio tu."},
    // ---- Errors of requests ----
    {"response", "", "", refused, false, 0, request_en, request_sw},
    {"400.002.02", "", "", refused, false, 0, request_en, request_sw},
    {"400.002.05", "", "", refused, false, 0, request_en, request_sw},
    {"400.003.02", "", "", refused, false, 0, request_en, request_sw},
    {"404.001.03", "", "", token, false, 0, setup_en, setup_sw},
    {"401.002.01", "", "", token, false, 0, setup_en, setup_sw},
    {"400.003.01", "", "", token, false, 0, setup_en, setup_sw},
    {"401.003.01", "", "", token, false, 0, setup_en, setup_sw},
    {"no_apiproduct", "", "", token, false, 0, setup_en, setup_sw},
    {"keymanagement.service.InvalidAPICallAsNoApiProductMatchFound", "", "", token, false, 0, setup_en, setup_sw},
    {"keymanagement.service.invalid_access_token", "", "", token, false, 0, setup_en, setup_sw},
    {"keymanagement.service.access_token_expired", "", "", token, false, 0, setup_en, setup_sw},
    {"404.001.01", "", "", refused, false, 0, request_en, request_sw},
    {"404.002.01", "", "", refused, false, 0, request_en, request_sw},
    {"404.003.01", "", "", refused, false, 0, request_en, request_sw},
    {"404.001.04", "", "", refused, false, 0, request_en, request_sw},
    {"405.001", "", "", refused, false, 0, request_en, request_sw},
    {"500.001.1001", "pending", "being processed", pending, false, 0, waiting_en, waiting_sw},
    {"500.001.1001", "locked", "unable to lock subscriber", refused, true, 60, locked_en, locked_sw},
    {"500.001.1001", "merchant", "merchant does not exist", refused, false, 0, setup_en, setup_sw},
    {"500.001.1001", "credentials", "wrong credentials", refused, false, 0, setup_en, setup_sw},
    {"500.001.1001", "", "", ambiguous, false, 0, unsure_en, unsure_sw},
    {"500.002.1001", "duplicate", "duplicate", ambiguous, false, 0, unsure_en, unsure_sw},
    {"500.002.1001", "maintenance", "maintenance", ambiguous, true, 300,
     "M-Pesa is under maintenance. Look whether the customer was asked to pay; if not, try again later.",
     "M-Pesa iko kwenye matengenezo. Angalia kama mteja ameombwa kulipa; kama sivyo, jaribu tena baadaye."},
    {"500.002.1001", "", "", ambiguous, false, 0, unsure_en, unsure_sw},
    {"500.003.02", "", "", not_taken, true, 60, busy_en, busy_sw},
    {"500.003.03", "", "", not_taken, true, 300, busy_en, busy_sw},
    {"500.003.1001", "registered", "already registered", registered, false, 0, registered_en, registered_sw},
    {"500.003.1001", "registered", "duplicate notification info", registered, false, 0, registered_en, registered_sw},
    {"500.003.1001", "", "", ambiguous, false, 0, unsure_en, unsure_sw},
    {"400.008.01", "", "", refused, false, 0, setup_en, setup_sw},
    {"400.008.02", "", "", refused, false, 0, setup_en, setup_sw},
    {"empty_400", "", "", refused, false, 0, setup_en, setup_sw},
    {"policies.ratelimit.SpikeArrestViolation", "", "", not_taken, true, 60, busy_en, busy_sw},
    {"policies.ratelimit.QuotaViolation", "", "", not_taken, true, 300, busy_en, busy_sw},
    // ---- Ours ----
    {"query_limit", "", "", not_taken, true, 20, waiting_en, waiting_sw},
    {"no_checkout_id", "", "", ambiguous, false, 0, unsure_en, unsure_sw},
    {"unreadable", "", "", ambiguous, false, 0, unsure_en, unsure_sw},
    {"http_403", "", "", not_taken, true, 60, busy_en, busy_sw},
    {"http_429", "", "", not_taken, true, 60, busy_en, busy_sw},
    {"http_500", "", "", ambiguous, false, 0, unsure_en, unsure_sw},
    {"http_502", "", "", ambiguous, false, 0, unsure_en, unsure_sw},
    {"http_503", "", "", ambiguous, false, 0, unsure_en, unsure_sw},
    {"http_504", "", "", ambiguous, false, 0, unsure_en, unsure_sw},
    {"timeout", "", "", ambiguous, false, 0, unsure_en, unsure_sw},
    {"cancelled", "", "", ambiguous, false, 0, unsure_en, unsure_sw},
    {"connection_lost", "", "", ambiguous, false, 0, unsure_en, unsure_sw},
    {"connect", "", "", ambiguous, true, 0, no_answer_en, no_answer_sw},
    {"name", "", "", ambiguous, true, 0, no_answer_en, no_answer_sw},
    {"tls", "", "", ambiguous, true, 0, no_answer_en, no_answer_sw},
    {"queue_full", "", "", ambiguous, true, 30, busy_en, busy_sw},
    {"no_token", "", "", not_taken, true, 30, no_answer_en, no_answer_sw},
    {"phone_invalid", "", "", refused, false, 0, "This is not a mobile number of Kenya. Check it.",
     "Hii si namba ya simu ya Kenya. Ihakikishe."},
    {"amount_invalid", "", "", refused, false, 0, "M-Pesa takes whole shillings, 1 to 250,000. Change the amount.",
     "M-Pesa hupokea shilingi kamili, 1 hadi 250,000. Badilisha kiasi."},
    {"callback_url_refused", "", "", refused, false, 0, setup_en, setup_sw},
    {"credentials_invalid", "", "", refused, false, 0, setup_en, setup_sw},
    {"not_offered", "", "", refused, false, 0, "M-Pesa does not offer this here. It is done by hand.",
     "M-Pesa haitoi huduma hii hapa. Hufanywa kwa mkono."},
});

}  // namespace

std::span<const Row> rows() { return table; }

}  // namespace payments::mpesa
