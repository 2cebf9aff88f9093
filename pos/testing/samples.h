#pragma once
// Fixture of tests that go over the whole program without knowing a module: the rows that its modules' tests say (SampleRow,
// pos/testing/walls.h), made when they are first asked for. One thread.
//
//     class MatrixTest : public SampledTest {};
//     id_of("/v1/variants/{id}")                                 // makes a product first, as the sample's body says
//     with_ids("/v1/tax-classes/{id}/rates/{rateId}")            // the path of the samples' rows
//     make_all();                                                // every sample, in the first shop
//     make_all_there(second_shop);                               // once more in another: those that say @here

#include <gtest/gtest.h>

#include <map>
#include <tuple>
#include <utility>

#include "pos/testing/shop.h"
#include "pos/testing/walls.h"

namespace pos::testing {

class SampledTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        ShopTest::SetUpTestSuite();
        sample_ids.clear();
        here = location();
        for (const auto& role : body<RoleList>(get("/v1/roles")).data)
            roles[role.built_in.value_or("")] = text(role.id);
    }

    static std::string sale_json() {
        return fmt::format(
            R"({{"clientRequestId":"0197f0c2-0000-7000-8000-{:012}","locationId":"{}","occurredAt":"2026-11-20T09:00:00Z",)"
            R"("lines":[{{"lineNumber":1,"name":"Sugar","quantity":"1","unitPrice":5,"taxInclusive":true,"taxCode":"ZERO","taxRatePpm":0}}],)"
            R"("taxTotal":0,"total":5,"payments":[{{"method":"cash","amount":5,"tendered":5}}]}})",
            ++number, here);
    }

    // The id of a sample, which is made when it is first asked for.
    static std::string id_of(std::string_view parameter) {
        if (const auto known = sample_ids.find(parameter); known != sample_ids.end()) return known->second;
        const auto* row = sample_of(parameter);
        if (row == nullptr) {
            ADD_FAILURE() << "say in a test of its module which row " << parameter << " is about: {\"" << parameter
                          << "\", \"/v1/where-it-is-made\", \"{…}\"} among the rows of its Walls (pos/testing/walls.h)";
            return sample_ids.emplace(parameter, nil).first->second;
        }
        auto id = filled(row->path);
        if (id.starts_with('/')) {
            const auto reply = make(*row);
            EXPECT_LT(reply.status, 300) << parameter << ": " << reply.body;
            id = member_in(reply, row->member);
        } else if (id.starts_with("select ")) {
            id = app->database().value(id).value_or("");
        }
        return sample_ids.emplace(parameter, id).first->second;
    }
    // "/v1/tax-classes/{id}/rates/{rateId}" with the samples' ids.
    static std::string with_ids(std::string_view pattern) {
        std::string target;
        std::size_t from = 0;
        for (auto at = pattern.find('{'); at != std::string_view::npos; at = pattern.find('{', from)) {
            const auto end = pattern.find('}', at) + 1;
            target += pattern.substr(from, at - from);
            target += id_of(pattern.substr(0, end));
            from = end;
        }
        return target += pattern.substr(from);
    }

    static void make_all() {
        each_sample([](const SampleRow& row) { std::ignore = id_of(row.parameter); });
    }
    // What cannot be there twice is refused, and that is no failure: whoever needs a row of a module there says which is missing.
    static void make_all_there(const std::string& shop) {
        const auto first = std::exchange(here, shop);
        each_sample([](const SampleRow& row) {
            if (row.path.starts_with('/') && (row.body.contains("@here") || row.body == "@sale"))
                std::ignore = make(row);
        });
        here = first;
    }

    static std::vector<RouteRule> all_rules() {
        std::vector<RouteRule> rules;
        Walls::each([&](const Walls& walls) { rules.insert(rules.end(), walls.rules.begin(), walls.rules.end()); });
        return rules;
    }

    static std::string filled(std::string_view pattern) {
        auto text = std::string(pattern);
        if (text == "@sale") return sale_json();
        for (auto at = text.find("@["); at != std::string::npos; at = text.find("@[")) {
            const auto end = text.find(']', at);
            text.replace(at, end + 1 - at, id_of(text.substr(at + 2, end - at - 2)));
        }
        text = replace(text, "n@n@", fmt::format("n{}@", ++number));
        text = replace(replace(text, "@here", here), "@role", roles["cashier"]);
        return replace(text, "@n", std::to_string(++number));
    }
    static std::string replace(std::string text, std::string_view from, std::string_view to) {
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
            text.replace(at, from.size(), to);
        return text;
    }

    static inline int number = 0;
    static inline std::string here;                          // the shop of the samples
    static inline std::map<std::string, std::string> roles;  // by their built-in name
    static inline std::map<std::string, std::string, std::less<>> sample_ids;

private:
    static void each_sample(auto visit) {
        Walls::each([&](const Walls& walls) {
            for (const auto& row : walls.rows) visit(row);
        });
    }
    static const SampleRow* sample_of(std::string_view parameter) {
        const SampleRow* found = nullptr;
        each_sample([&](const SampleRow& row) {
            if (row.parameter == parameter) found = &row;
        });
        return found;
    }
    static InjectedResponse make(const SampleRow& row) {
        const auto path = with_ids(row.path);
        const auto json = filled(row.body);
        Headers headers;
        if (!json.contains("clientRequestId"))
            headers.emplace_back("Idempotency-Key", fmt::format("sample-{}", ++number));
        return json.empty() ? get(path) : post(path, json, owner, headers);
    }
    // The text of a member of the first object that has it.
    static std::string member_in(const InjectedResponse& reply, std::string_view member) {
        const auto mark = fmt::format(R"("{}":")", member);
        const auto at = reply.body.find(mark);
        EXPECT_NE(at, std::string::npos) << reply.status << ' ' << reply.body;
        return at == std::string::npos ? "" : reply.body.substr(at + mark.size(), 36);
    }

    static constexpr std::string_view nil = "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01";
};

}  // namespace pos::testing
