#include "pos/modules/notifications/messages.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "app/settings.h"
#include "base/strings.h"
#include "pos/modules/notifications/settings.h"

namespace pos {

namespace {

std::string time_text(base::Timestamp at) {
    const auto text = base::format_timestamp(at);  // "2026-11-22T06:14:03.120Z"
    return fmt::format("{} {} UTC", text.substr(0, 10), text.substr(11, 5));
}

// A name that somebody has written, in a mail that bears our signature: what mail programs would make a link of is taken apart by a
// blank ("https: //evil. example").
std::string plain_name(std::string_view name) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80U;
    };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    std::string plain;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        plain += c;
        if (c == ':' && name.substr(i + 1).starts_with("//")) plain += ' ';
        if (c == '.' && i > 0 && i + 1 < name.size() && (is_letter(name[i - 1]) || is_digit(name[i - 1])) &&
            is_letter(name[i + 1]))
            plain += ' ';
    }
    return plain;
}

// An SMS is paid for by its length.
std::string short_name(std::string_view name) {
    constexpr std::size_t most_bytes = 40;
    auto end = std::min(name.size(), most_bytes);
    while (end < name.size() && end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0U) == 0x80U) --end;
    return plain_name(name.substr(0, end));
}

template <class Message>
Message message_of(std::string_view given) {
    auto message = schema::parse<Message>(given, {.max_bytes = given.size(), .lenient = true});
    if (!message) throw std::logic_error("the values of a notification cannot be read");
    return *std::move(message);
}

template <class Message>
constexpr MessageType type_of_message() {
    MessageType type{Message::kind, Message::list, nullptr, nullptr, [] { return schema::to_json(Message::sample()); }};
    if constexpr (requires { &Message::write; })
        type.write = [](std::string_view given, const Writing& with) { return message_of<Message>(given).write(with); };
    if constexpr (requires { &Message::text; })
        type.text = [](std::string_view given, const Writing& with) { return message_of<Message>(given).text(with); };
    return type;
}

template <class... All>
constexpr auto types_of(std::tuple<All...>* /*deduced*/) {
    return std::array{type_of_message<All>()...};
}

constexpr auto types = types_of(static_cast<Messages*>(nullptr));

// In the order of NotificationKind, which begins with 0 and has no holes: each kind has its message.
static_assert([] {
    for (std::size_t i = 0; i < types.size(); ++i) {
        if (static_cast<std::size_t>(types[i].kind) != i) return false;
    }
    return types.size() == static_cast<std::size_t>(NotificationKind::webhook_disabled) + 1;
}());

}  // namespace

const MessageType& message_type(NotificationKind kind) { return types.at(static_cast<std::size_t>(kind)); }

std::span<const MessageType> message_types() { return types; }

Links::Links(const MailSettings& mail, const app::Settings& app)
    : service_(app.public_url.empty() ? fmt::format("http://localhost:{}", app.port) : app.public_url),
      pages_(mail.app_url ? *mail.app_url : service_ + "/account") {}

std::string Links::page(std::string_view name, std::string_view token) const {
    return fmt::format("{}/{}?token={}", pages_, name, base::percent_encode(token));
}

std::string Links::unsubscribe(std::string_view token) const {
    return fmt::format("{}/account/unsubscribe?token={}", service_, base::percent_encode(token));
}

mail::Content InviteMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(
        say("{} invites you to {}", "{} anakualika kwenye {}", plain_name(inviter), plain_name(shop)));
    content
        .paragraph(say("{} invites you to work at {} as {}.", "{} anakualika kufanya kazi katika {} kama {}.",
                       plain_name(inviter), plain_name(shop), plain_name(role)))
        .button(say("Accept the invitation", "Kubali mwaliko"), with.links->accept_invite(with.secret))
        .small(say("The link is good for {} days, once. If you do not know {}, do nothing.",
                   "Kiungo hiki kinatumika mara moja, ndani ya siku {}. Kama humjui {}, usifanye chochote.", days,
                   plain_name(inviter)));
    return content;
}

PhoneText InviteMail::text(const Writing& with) const {
    const auto from = short_name(inviter);
    const auto where = short_name(shop);
    return {.text = with.say("{} invites you to work at {}: {} (good for {} days)",
                             "{} anakualika kufanya kazi {}: {} (siku {})", from, where,
                             with.links->accept_invite(with.secret), days),
            .values = {from, where, short_name(role), fmt::to_string(days)},
            .button = with.secret};
}

mail::Content EmailVerifyMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(say("Confirm your e-mail address", "Thibitisha barua pepe yako"));
    content.paragraph(say("Hello {},", "Habari {},", plain_name(name)))
        .paragraph(say("please confirm that this address is yours.", "tafadhali thibitisha kwamba anwani hii ni yako."))
        .button(say("Confirm", "Thibitisha"), with.links->verify_email(with.secret))
        .small(say("The link is good for {} days. If you have not signed up, somebody else has, with your address: "
                   "open the link and choose a password of your own, and the account is yours alone.",
                   "Kiungo kinatumika kwa siku {}. Kama hukujisajili, mtu mwingine ametumia anwani yako: fungua kiungo "
                   "uchague nenosiri lako, na akaunti itakuwa yako peke yako.",
                   days));
    return content;
}

mail::Content EmailChangeOldMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(say("Your e-mail address is to change", "Barua pepe yako inataka kubadilishwa"));
    content.paragraph(say("Hello {},", "Habari {},", plain_name(name)))
        .paragraph(say("your account is to use {} from now on. Please agree; the new address is asked as well.",
                       "akaunti yako itatumia {} kuanzia sasa. Tafadhali kubali; anwani mpya itaulizwa pia.",
                       new_email))
        .button(say("Agree", "Kubali"), with.links->confirm_email(with.secret))
        .small(say("The link is good for {} hours. If it was not you: do nothing, and change your password.",
                   "Kiungo kinatumika kwa saa {}. Kama si wewe: usifanye chochote, na ubadilishe nenosiri lako.",
                   hours));
    return content;
}

mail::Content EmailChangeNewMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(say("Confirm your new e-mail address", "Thibitisha barua pepe yako mpya"));
    content.paragraph(say("Hello {},", "Habari {},", plain_name(name)))
        .paragraph(say("this address is to take the place of {}. Please confirm that it is yours.",
                       "anwani hii itachukua nafasi ya {}. Tafadhali thibitisha kwamba ni yako.", old_email))
        .button(say("Confirm", "Thibitisha"), with.links->confirm_email(with.secret))
        .small(say("The link is good for {} hours.", "Kiungo kinatumika kwa saa {}.", hours));
    return content;
}

mail::Content EmailChangedMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(say("Your e-mail address was changed", "Barua pepe yako imebadilishwa"));
    content.paragraph(say("Hello {},", "Habari {},", plain_name(name)))
        .paragraph(say("you sign in with {} from now on.", "kuanzia sasa unaingia kwa {}.", new_email))
        .small(say("If it was not you, tell whoever runs your shop's service.",
                   "Kama si wewe, mwambie anayesimamia huduma ya duka lako."));
    return content;
}

mail::Content PasswordResetMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(say("Choose a new password", "Chagua nenosiri jipya"));
    content.paragraph(say("Hello {},", "Habari {},", plain_name(name)))
        .paragraph(say("somebody, you we hope, has forgotten your password.",
                       "mtu, tunatumaini ni wewe, amesahau nenosiri lako."))
        .button(say("Choose a new password", "Chagua nenosiri jipya"), with.links->reset_password(with.secret))
        .small(say("The link is good for {} minutes, once. If it was not you, do nothing: your password stays.",
                   "Kiungo kinatumika mara moja, ndani ya dakika {}. Kama si wewe, usifanye chochote: nenosiri lako "
                   "linabaki.",
                   minutes));
    return content;
}

mail::Content PasswordChangedMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(say("Your password was changed", "Nenosiri lako limebadilishwa"));
    content.paragraph(say("Hello {},", "Habari {},", plain_name(name)))
        .paragraph(say("your password was changed at {}. Your other devices have to sign in again.",
                       "nenosiri lako lilibadilishwa {}. Vifaa vyako vingine vinapaswa kuingia tena.", time_text(at)))
        .small(
            say("If it was not you, ask for a new password at once.", "Kama si wewe, omba nenosiri jipya mara moja."));
    return content;
}

mail::Content NewLoginMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(say("A new device has signed in", "Kifaa kipya kimeingia"));
    content.paragraph(say("Hello {},", "Habari {},", plain_name(name)))
        .paragraph(say("your account was used on a device that it does not know.",
                       "akaunti yako imetumiwa kwenye kifaa ambacho haikijui."))
        .table({{say("Time", "Wakati"), time_text(at)},
                {say("Device", "Kifaa"), plain_name(client)},
                {say("Address", "Anwani"), address}})
        .small(say("If it was you, do nothing. Else change your password at once: it ends all other sessions.",
                   "Kama ni wewe, usifanye chochote. La sivyo, badilisha nenosiri lako mara moja: vikao vingine "
                   "vitaisha."));
    return content;
}

mail::Content LoginLimitMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(say("Somebody guesses your password", "Mtu anabahatisha nenosiri lako"));
    content.paragraph(say("Hello {},", "Habari {},", plain_name(name)))
        .paragraph(say("very many wrong passwords were tried for your account. It is not locked, and you can sign in; "
                       "each guess is made to wait.",
                       "manenosiri mengi yasiyo sahihi yamejaribiwa kwa akaunti yako. Haijafungwa, na unaweza kuingia; "
                       "kila jaribio linacheleweshwa."))
        .small(say("A long password that you use nowhere else is what helps.",
                   "Kinachosaidia ni nenosiri refu ambalo hulitumii kwingine."));
    return content;
}

mail::Content SecondFactorMail::write(const Writing& with) const {
    const auto& say = with.say;
    const auto write = [&](std::string subject, std::string what) {
        mail::Content content(std::move(subject));
        content.paragraph(say("Hello {},", "Habari {},", plain_name(name))).paragraph(std::move(what));
        return content;
    };
    const auto if_not_you = say("If it was not you: change your password at once, and tell whoever runs your shop.",
                                "Kama si wewe: badilisha nenosiri lako mara moja, na umwambie msimamizi wa duka lako.");
    switch (event) {
        case SecondFactorEvent::set_up:
            return write(say("Your second factor is on", "Uthibitisho wa pili umewashwa"),
                         say("from now on you sign in with your password and a code of your app. Other devices have to "
                             "sign in again.",
                             "kuanzia sasa unaingia kwa nenosiri na namba ya programu yako. Vifaa vingine vinahitaji "
                             "kuingia upya."))
                .small(if_not_you);
        case SecondFactorEvent::removed:
            return write(say("Your second factor is off", "Uthibitisho wa pili umezimwa"),
                         say("from now on your password alone is asked for.",
                             "kuanzia sasa unaulizwa nenosiri peke yake."))
                .small(if_not_you);
        case SecondFactorEvent::reset:
            return write(say("Your second factor was reset", "Uthibitisho wa pili umeondolewa"),
                         say("an administrator has removed it, and all your devices have to sign in again.",
                             "msimamizi ameuondoa, na vifaa vyako vyote vinahitaji kuingia upya."))
                .small(if_not_you);
        case SecondFactorEvent::recovery_code_used:
            return write(say("A recovery code was used", "Namba ya akiba imetumika"),
                         say("it took the place of a code of your app. You have {} left.",
                             "imetumika badala ya namba ya programu yako. Zimebaki {}.", codes_left))
                .small(if_not_you);
        case SecondFactorEvent::new_recovery_codes:
            return write(
                       say("You have new recovery codes", "Una namba mpya za akiba"),
                       say("ten new ones were made, and those before serve no more: throw away what you have printed.",
                           "kumi mpya zimetengenezwa, na za zamani hazifanyi kazi tena: tupa ulizochapisha."))
                .small(if_not_you);
        case SecondFactorEvent::guessed: break;
    }
    return write(say("Somebody knows your password", "Mtu anajua nenosiri lako"),
                 say("and has tried many wrong codes of your second factor. It holds. Change your password now: until "
                     "tomorrow a sign-in asks for two codes, one behind the other.",
                     "na amejaribu namba nyingi zisizo sahihi za uthibitisho wa pili. Unashikilia. Badilisha nenosiri "
                     "lako sasa: hadi kesho utaulizwa namba mbili zinazofuatana."));
}

mail::Content ReceiptMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(say("Your receipt {} from {}", "Risiti yako {} kutoka {}", number, plain_name(shop)));
    content.paragraph(say("Receipt {}, {}", "Risiti {}, {}", number, at));
    std::vector<std::vector<std::string>> rows;
    for (const auto& line : lines) rows.push_back({plain_name(line.name), line.quantity, line.amount});
    if (further_lines > 0)
        rows.push_back({say("and {} further lines", "na mistari mingine {}", further_lines), "", ""});
    rows.push_back({say("Tax", "Kodi"), "", tax});
    rows.push_back({say("Total", "Jumla"), "", total});
    content.table(std::move(rows), true).paragraph(say("Thank you for shopping with us.", "Asante kwa kununua kwetu."));
    return content;
}

PhoneText ReceiptMail::text(const Writing& with) const {
    const auto where = short_name(shop);
    return {.text = with.say("{}: receipt {} of {}, {}, tax {}. Thank you.",
                             "{}: risiti {} ya {}, {}, kodi {}. Asante.", where, number, at, total, tax),
            .values = {where, number, at, total, tax}};
}

PhoneText PhoneCodeMessage::text(const Writing& with) const {
    return {.text = with.say("{} is your code, for {} minutes. Give it to nobody: we never ask for it.",
                             "{} ni namba yako ya siri, kwa dakika {}. Usimpe mtu yeyote: hatuiulizi kamwe.",
                             with.secret, minutes),
            .values = {with.secret},
            .is_code = true};
}

mail::Content DailySummaryMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(say("{}: sales of {}", "{}: mauzo ya {}", shop, day));
    std::vector<std::vector<std::string>> rows;
    for (const auto& location : locations)
        rows.push_back({location.location, fmt::to_string(location.sales), location.total});
    rows.push_back({say("Total", "Jumla"), fmt::to_string(sales), total});
    content.paragraph(say("What was sold on {}:", "Kilichouzwa {}:", day)).table(std::move(rows), true);
    return content;
}

mail::Content LowStockMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(say("{}: running low", "{}: bidhaa zinaisha", shop));
    std::vector<std::vector<std::string>> rows;
    for (const auto& item : items) rows.push_back({item.name, item.location, item.on_hand});
    content.paragraph(say("These are at or below their reorder level:", "Hizi zimefikia kiwango cha kuagiza upya:"))
        .table(std::move(rows));
    if (further_items > 0) content.paragraph(say("And {} further ones.", "Na nyingine {}.", further_items));
    return content;
}

mail::Content FailedJobsMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(say("{}: some work was not done", "{}: kazi fulani haikufanyika", shop));
    const auto name = [&](FailedWork work) {
        switch (work) {
            case FailedWork::message: return say("Messages that were not sent", "Ujumbe ambao haukutumwa");
            case FailedWork::sales_report:
                return say("Sales that the reports may lack", "Mauzo ambayo huenda hayamo kwenye ripoti");
        }
        return std::string();
    };
    std::vector<std::vector<std::string>> rows;
    for (const auto& line : lines) rows.push_back({name(line.work), fmt::to_string(line.jobs)});
    content
        .paragraph(say("The service has tried this again and again, and has given up:",
                       "Huduma imejaribu hii mara nyingi, na imeshindwa:"))
        .table(std::move(rows))
        .small(say("Nothing that was sold is lost. Tell whoever runs your shop's service.",
                   "Hakuna mauzo yaliyopotea. Mwambie anayesimamia huduma ya duka lako."));
    return content;
}

namespace {

std::string subject_of(const SubscriptionMail& mail, const mail::Say& say) {
    switch (mail.notice) {
        case SubscriptionNotice::upcoming:
        case SubscriptionNotice::due_tomorrow:
            return say("{}: your subscription is due on {}", "{}: malipo ya huduma yanatakiwa tarehe {}", mail.shop,
                       mail.due_on);
        case SubscriptionNotice::due:
            return say("{}: your subscription is due today", "{}: malipo ya huduma yanatakiwa leo", mail.shop);
        case SubscriptionNotice::overdue:
        case SubscriptionNotice::grace:
            return say("{}: your subscription is not paid", "{}: huduma bado haijalipiwa", mail.shop);
        case SubscriptionNotice::last_days:
            return say("{}: service stops on {}", "{}: huduma itasimama tarehe {}", mail.shop, mail.suspended_on);
        case SubscriptionNotice::suspended: break;
    }
    return say("{}: service has stopped", "{}: huduma imesimama", mail.shop);
}

std::string consequence_of(const SubscriptionMail& mail, const mail::Say& say) {
    switch (mail.notice) {
        case SubscriptionNotice::upcoming:
        case SubscriptionNotice::due_tomorrow:
        case SubscriptionNotice::due:
            return say("You lose nothing by paying early: the new period begins when the present one ends.",
                       "Hupotezi chochote ukilipa mapema: kipindi kipya kinaanza cha sasa kinapoisha.");
        case SubscriptionNotice::overdue:
        case SubscriptionNotice::grace:
        case SubscriptionNotice::last_days:
            return say(
                "Everything works until {}. From that day on your data can no longer be read until you pay; "
                "your tills can still send what they have sold.",
                "Kila kitu kinafanya kazi hadi {}. Kuanzia siku hiyo taarifa zako hazitasomeka hadi ulipe; "
                "mashine zako bado zinaweza kutuma mauzo.",
                mail.suspended_on);
        case SubscriptionNotice::suspended: break;
    }
    return say(
        "Your data is kept, and your tills can still send what they have sold. Everything is back as soon as "
        "you pay. This is the last mail about it.",
        "Taarifa zako zimehifadhiwa, na mashine zako bado zinaweza kutuma mauzo. Kila kitu kitarudi mara "
        "utakapolipa. Hii ndiyo barua ya mwisho kuhusu jambo hili.");
}

}  // namespace

mail::Content SubscriptionMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(subject_of(*this, say));
    content
        .table({{say("Plan", "Mpango"), plan},
                {say("Due on", "Tarehe ya kulipa"), due_on},
                {say("Amount", "Kiasi"), amount}},
               true)
        .paragraph(consequence_of(*this, say))
        .small(say("Pay in your app, under Subscription. If you have paid in the last minutes, do nothing.",
                   "Lipa kwenye programu yako, sehemu ya Usajili. Kama umelipa dakika chache zilizopita, usifanye "
                   "chochote."));
    return content;
}

mail::Content WebhookDisabledMail::write(const Writing& with) const {
    const auto& say = with.say;
    mail::Content content(
        say("Webhooks to one of your addresses have stopped", "Webhooks kwa mojawapo ya anwani zako zimesimama"));
    content.paragraph(has_gone ? say("An address of {} says that it wants no more events:",
                                     "Anwani ya {} inasema haitaki matukio tena:", plain_name(shop))
                               : say("For five days no event has arrived at an address of {}:",
                                     "Kwa siku tano hakuna tukio lililofika kwenye anwani ya {}:", plain_name(shop)));
    content.paragraph(plain_name(url))
        .paragraph(say("Nothing more is sent to it. What waits is kept for 30 days: enable the address again, and it "
                       "arrives.",
                       "Hakuna kitakachotumwa tena. Yanayosubiri yanahifadhiwa kwa siku 30: washa anwani tena, nayo "
                       "yatafika."))
        .small(
            say("You get this message as an owner of {}.", "Unapata ujumbe huu kama mmiliki wa {}.", plain_name(shop)));
    return content;
}

}  // namespace pos
