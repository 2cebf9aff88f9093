#include "pos/modules/payments/counter_message.h"

#include <algorithm>
#include <chrono>

namespace pos {

namespace {

using ::payments::Saying;

struct Text {
    std::string_view english;
    std::string_view swahili;
};

constexpr Text tried_again{"The request could not be sent yet. It is tried again by itself: wait.",
                           "Ombi bado halijatumwa. Litajaribiwa tena lenyewe: subiri."};
constexpr Text on_its_way{"The request is on its way. Wait.", "Ombi linatumwa. Subiri."};
constexpr Text rings{"The phone rings: the customer enters the PIN. Wait.",
                     "Simu ya mteja inaita: mteja aweke PIN. Subiri."};
constexpr Text pays{"Waiting for the payer.", "Inasubiri mlipaji."};
constexpr Text not_known{
    "It is not known yet whether this was paid. Look at the customer's phone, or at the account, before anything is "
    "handed out or asked for again.",
    "Bado haijulikani kama imelipwa. Angalia simu ya mteja, au akaunti, kabla ya kutoa bidhaa au kuomba tena."};
constexpr Text other_money{"Other money came than was asked for. Somebody has to look at it: hand nothing out for it.",
                           "Pesa iliyokuja si ile iliyoombwa. Mtu anapaswa kuiangalia: usitoe bidhaa kwa ajili yake."};
constexpr Text paid{"Paid.", "Imelipwa."};
constexpr Text paid_for_nothing{
    "The money came, and what it was for takes it no more. It is on the list of what is paid back.",
    "Pesa imekuja, lakini kilicholipiwa hakiipokei tena. Ipo kwenye orodha ya kurudishwa."};
constexpr Text paid_late{
    "The money came late. It pays what it was for if that comes; otherwise it is on the list of what is paid back.",
    "Pesa imechelewa kufika. Inalipia kilichoombwa kikija; la sivyo ipo kwenye orodha ya kurudishwa."};
constexpr Text going_back{"The money is on its way back to the payer: hand nothing out for it.",
                          "Pesa inarudishwa kwa mlipaji: usitoe bidhaa kwa ajili yake."};
constexpr Text partly_back{"Paid. A part of it was paid back, or is on its way back.",
                           "Imelipwa. Sehemu yake imerudishwa, au inarudishwa."};
constexpr Text contested{"The payer disputes this payment: hand nothing out for it.",
                         "Mlipaji amepinga malipo haya: usitoe bidhaa kwa ajili yake."};
constexpr Text paid_back{"Paid back.", "Pesa imerudishwa."};
constexpr Text failed{"The payment failed. No money moved. Try again, or take another payment.",
                      "Malipo yameshindikana. Hakuna pesa iliyotoka. Jaribu tena, au pokea malipo kwa njia nyingine."};
constexpr Text called_off{"The request was called off. No money moved.", "Ombi limeghairiwa. Hakuna pesa iliyotoka."};
constexpr Text expired{"The request was not answered in time. No money moved. Try again.",
                       "Ombi halikujibiwa kwa wakati. Hakuna pesa iliyotoka. Jaribu tena."};

Saying saying(const Text& text, std::string_view language, bool may_try_again = false) {
    return {.text = std::string(language == "sw" ? text.swahili : text.english), .may_try_again = may_try_again};
}

// The provider's sentence for the stored code; without one, ours.
Saying of_code(const PaymentIntent& intent, const ::payments::Provider* provider, std::string_view language,
               const Text& otherwise, bool may_try_again) {
    if (provider != nullptr && intent.result_code) {
        auto said = provider->saying(*intent.result_code, language);
        if (!said.text.empty()) return said;
    }
    return saying(otherwise, language, may_try_again);
}

bool is_of_other_money(const PaymentIntent& intent) {
    using enum IntentConcern;
    return intent.concern == amount_differs || intent.concern == currency_differs ||
           intent.concern == receipt_differs || intent.concern == receipt_used;
}

// When the phone is free again, another prompt is sent; the money of both is kept, should both be paid.
Saying undecided(const PaymentIntent& intent, std::string_view language, base::Timestamp now) {
    const auto free = intent.created_at + prompt_keeps_phone;
    auto said = saying(is_of_other_money(intent) ? other_money : not_known, language, now >= free);
    if (now < free) said.after = std::chrono::ceil<std::chrono::seconds>(free - now);
    return said;
}

Saying succeeded(const PaymentIntent& intent, std::string_view language) {
    using enum IntentConcern;
    // What a shop pays twice for its subscription is its credit.
    const bool is_paid_twice = intent.concern == subject_paid && intent.purpose == PaymentPurpose::sale;
    const auto back = intent.refunded + intent.refund_held;
    if (back.minor > 0 && back >= intent.amount) return saying(going_back, language);
    if (intent.disputed) return saying(contested, language);
    if (intent.concern == subject_unfit || is_paid_twice) return saying(paid_for_nothing, language);
    if (back.minor > 0) return saying(partly_back, language);
    return saying(intent.concern == paid_after_end ? paid_late : paid, language);
}

// A card that was refused leaves the attempt open: the payer hears why.
Saying pending(const PaymentIntent& intent, const ::payments::Provider* provider, std::string_view language) {
    const bool by_phone = provider != nullptr && provider->traits().by_phone;
    auto said = !by_phone ? of_code(intent, provider, language, pays, false)
                          : saying(rings_phone(provider->traits(), intent) ? rings : pays, language);
    said.may_try_again = false;
    return said;
}

}  // namespace

Saying counter_message(const PaymentIntent& intent, const ::payments::Provider* provider, std::string_view language,
                       base::Timestamp now) {
    switch (intent.state) {
        case IntentState::created: return saying(tried_again, language);
        // With a code: something was heard, and it was not an answer.
        case IntentState::sent:
            return intent.result_code ? undecided(intent, language, now) : saying(on_its_way, language);
        case IntentState::pending: return pending(intent, provider, language);
        case IntentState::succeeded: return succeeded(intent, language);
        case IntentState::failed: return of_code(intent, provider, language, failed, true);
        case IntentState::cancelled: return of_code(intent, provider, language, called_off, true);
        case IntentState::expired: return of_code(intent, provider, language, expired, true);
        case IntentState::unknown: return undecided(intent, language, now);
        case IntentState::refunded: return saying(paid_back, language);
    }
    return {};
}

}  // namespace pos
