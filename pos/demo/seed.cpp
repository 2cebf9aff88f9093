#include "pos/demo/seed.h"

#include <fmt/format.h>

#include <map>
#include <sstream>
#include <stdexcept>

#include "pos/demo/examples.h"
#include "pos/demo/goods.h"
#include "pos/demo/ids.h"
#include "pos/modules/auth/contract.h"
#include "pos/modules/billing/plans.h"
#include "pos/modules/catalogue/tables.h"
#include "pos/modules/payments/intents.h"
#include "pos/modules/stock/movements.h"
#include "pos/modules/users/members.h"
#include "pos/permissions.h"

namespace pos::demo {

namespace {

constexpr std::size_t lines_per_adjustment = 100;

// Requests to our own API, without a socket.
class Client {
public:
    explicit Client(app::LoopHost& host) : host_(host) {}

    // Throws what the API refused.
    async::Task<std::string> send(http::Method method, std::string path, std::string json = {}) {
        const auto name = path;
        auto reply = co_await try_send(method, std::move(path), std::move(json));
        // 409: an earlier run made it.
        if (reply.status >= 300 && reply.status != 409)
            throw std::runtime_error(fmt::format("{} {}: {} {}", to_string(method), name, reply.status, reply.body));
        co_return std::move(reply.body);
    }
    async::Task<std::string> post(std::string path, std::string json) {
        return send(http::Method::post, std::move(path), std::move(json));
    }

    async::Task<http::InjectedResponse> try_send(http::Method method, std::string path, std::string json) {
        http::InjectedRequest request{
            .method = method, .target = std::move(path), .headers = {}, .body = std::move(json)};
        if (!request.body.empty()) {
            request.headers.emplace_back("Content-Type", "application/json");
            if (!request.body.contains("clientRequestId"))
                request.headers.emplace_back("Idempotency-Key", id_of(request.target + request.body).to_string());
        }
        if (!token_.empty()) request.headers.emplace_back("Authorization", "Bearer " + token_);
        return host_.inject(std::move(request));
    }
    void use_token(std::string token) { token_ = std::move(token); }

private:
    app::LoopHost& host_;
    std::string token_;
};

template <class T>
T parse(std::string_view json) {
    auto value = schema::parse<T>(json, {.max_bytes = 64U << 20U});
    if (!value)
        throw std::runtime_error(fmt::format("the API answered something else than a {}: {}", schema::object_of<T>.name,
                                             json.substr(0, 200)));
    return std::move(*value);
}

struct Person {
    std::string_view role;
    std::string_view name;
};
constexpr std::array people{Person{"owner", "Amina Otieno"},         Person{"admin", "Brian Mwangi"},
                            Person{"manager", "Cynthia Wanjiru"},    Person{"cashier", "David Kiprop"},
                            Person{"stock_clerk", "Esther Achieng"}, Person{"accountant", "Felix Njoroge"},
                            Person{"viewer", "Grace Mutua"}};

std::string email_of(std::string_view role) {
    return fmt::format("{}@demo.example", role == "stock_clerk" ? "stock" : role);
}

std::string login_json() { return fmt::format(R"({{"email":"{}","password":"{}"}})", owner_email, password); }

std::string sign_up_json() {
    return fmt::format(
        R"({{"tenant":{{"name":"Duka la Amani"}},"owner":{{"name":"{}","email":"{}","password":"{}"}},"location":{{"code":"NRB1","name":"Moi Avenue"}}}})",
        people[0].name, owner_email, password);
}

async::Task<void> add_people(Client* client) {
    std::map<std::string, RoleId> roles;
    const auto page = parse<RoleList>(co_await client->send(http::Method::get, "/v1/roles"));
    for (const auto& role : page.data) roles.emplace(role.built_in.value_or(""), role.id);
    for (const auto& person : people) {
        if (person.role == "owner") continue;
        co_await client->post(
            "/v1/users",
            fmt::format(R"({{"id":"{}","email":"{}","name":"{}","password":"{}","roles":[{{"roleId":"{}"}}]}})",
                        id_of(fmt::format("user {}", person.role)).to_string(), email_of(person.role), person.name,
                        password, roles.at(std::string(person.role)).to_string()));
    }
}

async::Task<LocationId> first_location(Client* client) {
    const auto page = parse<db::Page<Location>>(co_await client->send(http::Method::get, "/v1/locations"));
    if (page.data.empty()) throw std::runtime_error("the demo shop has no location");
    co_return page.data.front().id;
}

async::Task<std::map<std::string, TaxClassId>> tax_classes(Client* client) {
    std::map<std::string, TaxClassId> by_code;
    const auto page = parse<db::Page<TaxClass>>(co_await client->send(http::Method::get, "/v1/tax-classes"));
    for (const auto& tax_class : page.data) by_code.emplace(tax_class.fields.code, tax_class.id);
    co_return by_code;
}

std::string category_key(std::string_view name) { return fmt::format("category {}", name); }

async::Task<void> add_categories(Client* client) {
    std::vector<std::string_view> done;
    for (const auto& good : goods) {
        if (std::find(done.begin(), done.end(), good.category) != done.end()) continue;
        done.push_back(good.category);
        co_await client->post("/v1/categories",
                              fmt::format(R"({{"id":"{}","name":"{}","sort":{}}})",
                                          id_of(category_key(good.category)).to_string(), good.category, done.size()));
    }
}

// A brand's product with its sizes; adds the variants' ids to `variants`.
std::string product_json(const Good& good, std::string_view brand, const std::map<std::string, TaxClassId>& taxes,
                         std::vector<VariantId>& variants) {
    std::string sizes;
    for (const auto& size : good.sizes) {
        const auto key = fmt::format("{} {} {}", brand, good.name, size.name);
        const VariantId id(id_of(key));
        sizes += fmt::format(
            R"({}{{"id":"{}","name":"{}","sku":"D{:04}","price":{},"cost":{},"reorderLevel":"10","barcodes":[{{"id":"{}","barcode":"{}"}}]}})",
            sizes.empty() ? "" : ",", id.to_string(), key, variants.size() + 1, size.price, size.price * 8 / 10,
            id_of("barcode " + key).to_string(), barcode_of(variants.size() + 1));
        variants.push_back(id);
    }
    const auto name = fmt::format("{} {}", brand, good.name);
    return fmt::format(R"({{"id":"{}","name":"{}","brand":"{}","categoryId":"{}","taxClassId":"{}","variants":[{}]}})",
                       id_of(name).to_string(), name, brand, id_of(category_key(good.category)).to_string(),
                       taxes.at(std::string(good.tax_code)).to_string(), sizes);
}

async::Task<std::vector<VariantId>> add_products(Client* client) {
    const auto taxes = co_await tax_classes(client);
    std::vector<VariantId> variants;
    for (const auto& good : goods) {
        for (const auto brand : good.brands)
            co_await client->post("/v1/products", product_json(good, brand, taxes, variants));
    }
    co_return variants;
}

async::Task<void> stock_the_shelves(Client* client, LocationId location, std::vector<VariantId> variants) {
    for (std::size_t from = 0; from < variants.size(); from += lines_per_adjustment) {
        std::string lines;
        for (std::size_t i = from; i < std::min(from + lines_per_adjustment, variants.size()); ++i) {
            lines += fmt::format(R"({}{{"variantId":"{}","quantityDelta":"{}"}})", lines.empty() ? "" : ",",
                                 variants[i].to_string(), 40 + (i * 7) % 160);
        }
        co_await client->post(
            "/v1/stock-adjustments",
            fmt::format(R"({{"clientRequestId":"{}","locationId":"{}","reason":"opening","lines":[{}]}})",
                        id_of(fmt::format("opening {}", from)).to_string(), location.to_string(), lines));
    }
}

// ---- What the examples of the document read, change and delete ---------------------------------------------------------

async::Task<void> add_named(Client* client, std::string path, std::string what, std::string members) {
    co_await client->post(std::move(path), fmt::format(R"({{"id":"{}",{}}})", id_of(what).to_string(), members));
}

async::Task<void> add_till(Client* client, std::string number) {
    co_await add_named(
        client, "/v1/devices", "till " + number,
        fmt::format(R"("locationId":"{}","name":"Till {}")", id_of("location NRB2").to_string(), number));
}

async::Task<void> add_second_shop(Client* client) {
    co_await add_named(client, "/v1/locations", "location NRB2", R"("code":"NRB2","name":"Tom Mboya Street")");
    co_await add_named(client, "/v1/locations", "location KIOSK", R"("code":"KIOSK","name":"Westlands Kiosk")");
    co_await add_till(client, "2");
    co_await add_till(client, "3");
}

// In the mailbox of development from the beginning.
async::Task<void> invite_fatuma(Client* client) {
    co_await add_named(client, "/v1/invites", "invite Fatuma",
                       fmt::format(R"("email":"fatuma@demo.example","roleId":"{}","locationId":"{}","locale":"sw")",
                                   find_built_in_role("cashier")->id, id_of("location NRB2").to_string()));
}

async::Task<void> add_further_taxes(Client* client) {
    const std::string path = "/v1/tax-classes";
    co_await add_named(client, path, "tax class DEPOSIT", R"("code":"DEPOSIT","name":"Bottle deposit")");
    co_await add_named(client, path, "tax class VAT14", R"("code":"VAT14","name":"VAT 14 % of 2020")");
    co_await add_named(client, path, "tax class TOURISM", R"("code":"TOURISM","name":"Tourism levy")");
    co_await add_named(client, fmt::format("{}/{}/rates", path, id_of("tax class TOURISM").to_string()),
                       "tax rate TOURISM", R"("name":"Tourism levy 2 %","ratePpm":20000,"validFrom":"2020-01-01")");
}

async::Task<void> sell_there(Client* client) {
    co_await client->post(
        "/v1/stock-adjustments",
        fmt::format(R"({{"clientRequestId":"{}","locationId":"{}","reason":"opening","lines":[)"
                    R"({{"variantId":"{}","quantityDelta":"48"}},{{"variantId":"{}","quantityDelta":"60"}}]}})",
                    id_of("opening NRB2").to_string(), id_of("location NRB2").to_string(),
                    id_of("Kabras Sugar 1kg").to_string(), id_of("Brookside Milk 500ml").to_string()));
    co_await client->post("/v1/sales",
                          sale_json(id_of("sale 1 request"), id_of("sale 1"), "2026-01-15T08:15:00+03:00"));
}

// The sandbox's own short code. Where a simulator answers for M-Pesa, it is told anew where to announce payments: it remembers nothing.
async::Task<void> add_payment_account(Client* client, bool has_simulator) {
    const auto id = id_of("payment account").to_string();
    const auto added = co_await client->try_send(
        http::Method::post, "/v1/payment-accounts",
        fmt::format(R"({{"id":"{}","provider":"mpesa","name":"Paybill of Moi Avenue","credentials":{{)"
                    R"("environment":"sandbox","kind":"paybill","shortCode":"174379","consumerKey":"demo-key",)"
                    R"("consumerSecret":"demo-secret","passkey":"demo-passkey","nominatedNumber":"254722000000"}}}})",
                    id));
    if (added.status >= 300 && added.status != 409)
        throw std::runtime_error(fmt::format("the demo shop's payment account: {} {}", added.status, added.body));
    if (has_simulator)
        co_await client->try_send(http::Method::post, fmt::format("/v1/payment-accounts/{}/register-callbacks", id),
                                  {});
}

// What the shop may subscribe to.
async::Task<void> add_plan(app::LoopHost* host) {
    std::ostringstream said;
    co_await set_plan_command().run(
        host, {.options = {{"--code", "DUKA"}, {"--name", "Duka"}, {"--price", "150000"}, {"--trial-days", "14"}},
               .out = &said});
}

// ---- All of it --------------------------------------------------------------------------------------------------------

// False: the shop is there, and its owner signs in otherwise by now, by another password or with a second factor.
async::Task<bool> sign_in(Client* client) {
    auto reply = co_await client->try_send(http::Method::post, "/v1/auth/login", login_json());
    if (reply.status != 200) reply = co_await client->try_send(http::Method::post, "/v1/tenants", sign_up_json());
    if (reply.status == 401 || reply.status == 409) co_return false;
    if (reply.status >= 300)
        throw std::runtime_error(fmt::format("the demo shop's owner: {} {}", reply.status, reply.body));
    client->use_token(parse<SignedIn>(reply.body).credentials.access_token.value());
    co_return true;
}

// The last thing made stands for all before it.
async::Task<bool> is_complete(Client* client) {
    const auto last = "/v1/sales/by-client-request/" + id_of("sale 1 request").to_string();
    co_return (co_await client->try_send(http::Method::get, last, {})).status == 200;
}

}  // namespace

async::Task<void> seed(app::LoopParts parts) {
    Client client(parts.services.use<app::LoopHost>());
    if (!co_await sign_in(&client)) co_return;
    co_await add_payment_account(&client, parts.services.use<PaymentIntents>().settings().mpesa_base_url.has_value());
    if (co_await is_complete(&client)) co_return;
    co_await add_plan(&parts.services.use<app::LoopHost>());
    co_await add_people(&client);
    const auto location = co_await first_location(&client);
    co_await client.post("/v1/devices", fmt::format(R"({{"id":"{}","locationId":"{}","name":"Till 1"}})",
                                                    id_of("till 1").to_string(), location.to_string()));
    co_await add_second_shop(&client);
    co_await invite_fatuma(&client);
    co_await add_further_taxes(&client);
    co_await add_categories(&client);
    co_await add_named(&client, "/v1/categories", "category Seasonal", R"("name":"Seasonal","sort":99)");
    co_await stock_the_shelves(&client, location, co_await add_products(&client));
    co_await sell_there(&client);
}

std::vector<app::DemoLogin> logins() {
    std::vector<app::DemoLogin> all;
    for (const auto& person : people)
        all.push_back({std::string(person.role), email_of(person.role), std::string(password)});
    return all;
}

}  // namespace pos::demo
