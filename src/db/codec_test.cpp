#include <gtest/gtest.h>

#include <limits>

#include "db/database.h"
#include "schema/schema.h"

namespace {

using namespace std::chrono_literals;

db::Bytes bytes_of(std::string_view text) { return {reinterpret_cast<const std::byte*>(text.data()), text.size()}; }

template <class T>
T round_trip(const T& value) {
    db::Parameters parameters;
    parameters.append(value);
    return db::Decoder<T>::read(bytes_of(*parameters.at(0)));
}

TEST(Codec, ScalarsRoundTrip) {
    EXPECT_EQ(round_trip(true), true);
    EXPECT_EQ(round_trip(false), false);
    for (auto value : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1}, std::int64_t{0},
                       std::numeric_limits<std::int64_t>::max()}) {
        EXPECT_EQ(round_trip(value), value);
        EXPECT_EQ(round_trip(static_cast<std::int32_t>(value)), static_cast<std::int32_t>(value));
        EXPECT_EQ(round_trip(static_cast<std::int16_t>(value)), static_cast<std::int16_t>(value));
        EXPECT_EQ(round_trip(base::Money{value}), base::Money{value});
    }
    EXPECT_EQ(round_trip(-0.5), -0.5);
    EXPECT_EQ(round_trip(std::string("Nyanya ½")), "Nyanya ½");
    EXPECT_EQ(round_trip(std::string()), "");
    const auto uuid = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
    EXPECT_EQ(round_trip(uuid), uuid);
    const auto time = *base::parse_timestamp("2026-11-22T09:14:03.120001Z");
    EXPECT_EQ(round_trip(time), time);
    EXPECT_EQ(round_trip(base::Timestamp{}), base::Timestamp{});
    for (const auto* text : {"0001-01-01", "1999-12-31", "2000-01-01", "2024-02-29", "9999-12-31"}) {
        EXPECT_EQ(round_trip(*base::parse_date(text)), *base::parse_date(text)) << text;
    }
}

TEST(Codec, QuantitiesRoundTrip) {
    for (const std::int64_t value :
         {0L, 1L, -1L, 9'999L, 10'000L, 10'001L, 15'000L, 100'000'000L, -123'456'789L, 10'000'000'000'000'000L,
          base::Quantity::max_ten_thousandths, -base::Quantity::max_ten_thousandths}) {
        EXPECT_EQ(round_trip(base::Quantity{value}).ten_thousandths, value);
    }
}

TEST(Codec, ArraysRoundTripWithNulls) {
    using Texts = std::vector<std::optional<std::string>>;
    EXPECT_EQ(round_trip(Texts{}), Texts{});
    EXPECT_EQ(round_trip(Texts{"a", std::nullopt, ""}), (Texts{"a", std::nullopt, ""}));
    const std::vector<std::int64_t> numbers{1, -2, 3};
    EXPECT_EQ(round_trip(numbers), numbers);
    const std::vector<base::Uuid> ids{base::Uuid(), *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01")};
    EXPECT_EQ(round_trip(ids), ids);
    db::Parameters with_null;
    with_null.append(Texts{std::nullopt});
    EXPECT_THROW(db::Decoder<std::vector<std::string>>::read(bytes_of(*with_null.at(0))), db::DecodeError);
}

TEST(Codec, RefusesWhatTheTypeCannotHold) {
    db::Parameters parameters;
    EXPECT_THROW(parameters.append(std::string_view("a\0b", 3)), base::Failure);
    EXPECT_THROW(parameters.append(base::Date{std::chrono::year{2025} / 2 / 30}), base::Failure);
    EXPECT_THROW(parameters.append(base::Quantity{base::Quantity::max_ten_thousandths + 1}), base::Failure);
}

template <class T>
void expect_refused(std::string_view wire) {
    T value{};
    EXPECT_THROW(db::decode(bytes_of(wire), value), db::DecodeError);
}

template <class T>
std::string read_as_json(std::string_view wire) {
    T value{};
    db::decode(bytes_of(wire), value);
    return schema::to_json(value);
}

// One odd row must not keep the others from being read.
TEST(Codec, TimesBeyondTheCalendarAreItsBounds) {
    using namespace std::string_view_literals;
    EXPECT_EQ(read_as_json<base::Timestamp>("\x7f\xff\xff\xff\xff\xff\xff\xff"sv), R"("9999-12-31T23:59:59.999999Z")");
    EXPECT_EQ(read_as_json<base::Timestamp>("\x80\0\0\0\0\0\0\0"sv), R"("0001-01-01T00:00:00.000Z")");
    EXPECT_EQ(read_as_json<base::Date>("\x7f\xff\xff\xff"sv), R"("9999-12-31")");
    EXPECT_EQ(read_as_json<base::Date>("\x80\0\0\0"sv), R"("0001-01-01")");
    EXPECT_EQ(read_as_json<base::Date>("\xff\xf4\xdb\xf8"sv), R"("0001-01-01")");  // 0001-12-31 BC
    EXPECT_EQ(round_trip(*base::parse_timestamp("0001-01-01T00:00:00Z")),
              *base::parse_timestamp("0001-01-01T00:00:00Z"));
    EXPECT_EQ(round_trip(*base::parse_timestamp("9999-12-31T23:59:59.999999Z")),
              *base::parse_timestamp("9999-12-31T23:59:59.999999Z"));
}

TEST(Codec, DecodersAreStrict) {
    using namespace std::string_view_literals;
    expect_refused<bool>("\2"sv);
    expect_refused<bool>(""sv);
    expect_refused<std::int16_t>("\0"sv);
    expect_refused<std::int32_t>("\0\0\0\0\0"sv);
    expect_refused<std::int64_t>("\0\0\0\0"sv);
    expect_refused<double>("\0\0\0\0"sv);
    expect_refused<base::Uuid>("0123456789abcde"sv);
    expect_refused<base::Quantity>("\0\0\0\0\xc0\0\0\0"sv);        // NaN
    expect_refused<base::Quantity>("\0\0\0\0\xd0\0\0\0"sv);        // infinity
    expect_refused<base::Quantity>("\0\1\0\0\0\0\0\4"sv);          // a digit is missing
    expect_refused<base::Quantity>("\0\1\xff\xfe\0\0\0\5\0\1"sv);  // 0.00000001
    expect_refused<base::Quantity>("\0\1\0\4\0\0\0\4\0\1"sv);      // 10^16
    expect_refused<base::Quantity>("\0\1\0\0\0\0\0\4\x27\x10"sv);  // digit 10000
    EXPECT_THROW((void)db::decode_array(bytes_of("\0\0\0\2\0\0\0\0\0\0\0\x17"sv)), db::DecodeError);
    EXPECT_THROW((void)db::decode_array(bytes_of("\0\0\0\1\0\0\0\0\0\0\0\x17\x7f\xff\xff\xff\0\0\0\1"sv)),
                 db::DecodeError);
    EXPECT_THROW((void)db::decode_array(bytes_of("\0\0\0\1\0\0\0\0\0\0\0\x17\0\0\0\1\0\0\0\1\0\0\0\5\0\0"sv)),
                 db::DecodeError);
    EXPECT_THROW((void)db::decode_jsonb(bytes_of("\2{}"sv)), db::DecodeError);
    EXPECT_EQ(db::decode_jsonb(bytes_of("\1{}"sv)), "{}");
    EXPECT_THROW(db::Decoder<bool>::read(std::nullopt), db::DecodeError);
    EXPECT_EQ(db::Decoder<std::optional<bool>>::read(std::nullopt), std::nullopt);
}

TEST(Statements, NamesAreUniqueAndChecked) {
    observe::Metrics metrics;
    const db::Statement first{.name = "a.b", .sql = "select 1"};
    const db::Statement same{.name = "a.b", .sql = "select 2"};
    const db::Statement bad{.name = "a b", .sql = "select 2"};
    db::StatementRegistry statements(metrics, {&first});
    statements.add(first);
    EXPECT_THROW(statements.add(same), std::invalid_argument);
    EXPECT_THROW(statements.add(bad), std::invalid_argument);
    EXPECT_THROW((void)statements.index_of(same), std::logic_error);
    EXPECT_EQ(statements.entry(statements.index_of(first)).statement, &first);
}

}  // namespace
