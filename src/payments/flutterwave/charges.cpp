#include "payments/flutterwave/charges.h"

#include <algorithm>
#include <array>

#include "payments/reading.h"
#include "schema/schema.h"

namespace payments::flutterwave {

namespace {

constexpr std::array<std::string_view, 15> taken{"EGP", "EUR", "GBP", "GHS", "KES", "MWK", "NGN", "RWF",
                                                 "TZS", "UGX", "USD", "XAF", "XOF", "ZAR", "ZMW"};

// Mobile money, by the currency and what the number begins with.
struct Rail {
    std::string_view currency;
    std::string_view dials;
    std::string_view type;
    std::string_view country{};  // where it is asked for
    std::string_view network{};  // as the number's first digits say; ported ones are told apart by the network itself
};
// The first that fits.
constexpr std::array<Rail, 32> rails{{{"KES", "2547", "mpesa"},
                                      {"KES", "2541", "mpesa"},
                                      {"UGX", "25670", "mobile_money_uganda", "", "AIRTEL"},
                                      {"UGX", "25674", "mobile_money_uganda", "", "AIRTEL"},
                                      {"UGX", "25675", "mobile_money_uganda", "", "AIRTEL"},
                                      {"UGX", "2567", "mobile_money_uganda", "", "MTN"},
                                      {"RWF", "2507", "mobile_money_rwanda"},
                                      {"ZMW", "26097", "mobile_money_zambia", "", "AIRTEL"},
                                      {"ZMW", "26077", "mobile_money_zambia", "", "AIRTEL"},
                                      {"ZMW", "26095", "mobile_money_zambia", "", "ZAMTEL"},
                                      {"ZMW", "26075", "mobile_money_zambia", "", "ZAMTEL"},
                                      {"ZMW", "26096", "mobile_money_zambia", "", "MTN"},
                                      {"ZMW", "26076", "mobile_money_zambia", "", "MTN"},
                                      {"TZS", "25568", "mobile_money_tanzania", "", "AIRTEL"},
                                      {"TZS", "25578", "mobile_money_tanzania", "", "AIRTEL"},
                                      {"TZS", "25562", "mobile_money_tanzania", "", "HALOPESA"},
                                      {"TZS", "25574", "mobile_money_tanzania", "", "VODAFONE"},
                                      {"TZS", "25575", "mobile_money_tanzania", "", "VODAFONE"},
                                      {"TZS", "25576", "mobile_money_tanzania", "", "VODAFONE"},
                                      {"TZS", "2556", "mobile_money_tanzania", "", "TIGO"},
                                      {"TZS", "2557", "mobile_money_tanzania", "", "TIGO"},
                                      {"GHS", "23320", "mobile_money_ghana", "", "VODAFONE"},
                                      {"GHS", "23350", "mobile_money_ghana", "", "VODAFONE"},
                                      {"GHS", "23326", "mobile_money_ghana", "", "AIRTELTIGO"},
                                      {"GHS", "23327", "mobile_money_ghana", "", "AIRTELTIGO"},
                                      {"GHS", "23356", "mobile_money_ghana", "", "AIRTELTIGO"},
                                      {"GHS", "23357", "mobile_money_ghana", "", "AIRTELTIGO"},
                                      {"GHS", "233", "mobile_money_ghana", "", "MTN"},
                                      {"XAF", "237", "mobile_money_franco", "CM"},
                                      {"XOF", "221", "mobile_money_franco", "SN"},
                                      {"XOF", "225", "mobile_money_franco", "CI"},
                                      {"XOF", "226", "mobile_money_franco", "BF"}}};

struct Meta {
    std::string reference;

    friend constexpr auto describe(Meta*) {
        return schema::object<Meta>("FlutterwaveMeta", schema::field<&Meta::reference>("reference"));
    }
};

struct ChargeBody {
    std::string tx_ref;
    schema::Json amount;
    std::string currency;
    std::string email;
    std::string phone_number;
    schema::Maybe<std::string> country;
    schema::Maybe<std::string> network;
    Meta meta;

    friend constexpr auto describe(ChargeBody*) {
        using schema::field;
        return schema::object<ChargeBody>(
            "FlutterwaveCharge", field<&ChargeBody::tx_ref>("tx_ref"), field<&ChargeBody::amount>("amount"),
            field<&ChargeBody::currency>("currency"), field<&ChargeBody::email>("email"),
            field<&ChargeBody::phone_number>("phone_number"), field<&ChargeBody::country>("country"),
            field<&ChargeBody::network>("network"), field<&ChargeBody::meta>("meta"));
    }
};

struct Customer {
    std::string email;

    friend constexpr auto describe(Customer*) {
        return schema::object<Customer>("FlutterwaveCustomer", schema::field<&Customer::email>("email"));
    }
};
struct Customizations {
    std::string title;

    friend constexpr auto describe(Customizations*) {
        return schema::object<Customizations>("FlutterwaveCustomizations",
                                              schema::field<&Customizations::title>("title"));
    }
};
struct Configurations {
    std::int64_t session_duration = page_lives.count();

    friend constexpr auto describe(Configurations*) {
        return schema::object<Configurations>("FlutterwaveConfigurations",
                                              schema::field<&Configurations::session_duration>("session_duration"));
    }
};

struct Page {
    std::string tx_ref;
    schema::Json amount;
    std::string currency;
    std::string redirect_url;
    Customer customer;
    Customizations customizations;
    Configurations configurations;
    Meta meta;

    friend constexpr auto describe(Page*) {
        using schema::field;
        return schema::object<Page>("FlutterwavePage", field<&Page::tx_ref>("tx_ref"), field<&Page::amount>("amount"),
                                    field<&Page::currency>("currency"), field<&Page::redirect_url>("redirect_url"),
                                    field<&Page::customer>("customer"), field<&Page::customizations>("customizations"),
                                    field<&Page::configurations>("configurations"), field<&Page::meta>("meta"));
    }
};

const Rail* rail_of(std::string_view currency, std::string_view phone) {
    const auto found = std::ranges::find_if(
        rails, [&](const Rail& rail) { return rail.currency == currency && phone.starts_with(rail.dials); });
    return found == rails.end() ? nullptr : &*found;
}

schema::Maybe<std::string> maybe(std::string_view text) {
    if (text.empty()) return {};
    return std::string(text);
}

}  // namespace

std::span<const std::string_view> currencies() noexcept { return taken; }

bool has_mobile_money(std::string_view currency) noexcept {
    return std::ranges::any_of(rails, [&](const Rail& rail) { return rail.currency == currency; });
}

std::optional<Charge> charge_of(const StartRequest& request, const std::string& email) {
    const auto phone = request.phone.starts_with('+') ? request.phone.substr(1) : request.phone;
    const auto* rail = rail_of(request.currency, phone);
    if (rail == nullptr) return std::nullopt;
    const ChargeBody body{.tx_ref = request.id.to_string(),
                          .amount = {to_major(request.amount, request.currency)},
                          .currency = request.currency,
                          .email = email,
                          .phone_number = phone,
                          .country = maybe(rail->country),
                          .network = maybe(rail->network),
                          .meta = {request.reference}};
    return Charge{std::string(rail->type), schema::to_json(body)};
}

std::string page_of(const StartRequest& request, const std::string& email) {
    const auto& title = request.description.empty() ? request.reference : request.description;
    const Page page{.tx_ref = request.id.to_string(),
                    .amount = {to_major(request.amount, request.currency)},
                    .currency = request.currency,
                    .redirect_url = request.return_url,
                    .customer = {email},
                    .customizations = {title.empty() ? "Payment" : cut(title, 100)},
                    .configurations = {},
                    .meta = {request.reference}};
    return schema::to_json(page);
}

}  // namespace payments::flutterwave
