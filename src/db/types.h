#pragma once
// OIDs of the built-in types that the codecs know (pg_type.dat: fixed for all PostgreSQL versions). Constants: any thread.
//
//     Statement{.name = "sales.insert", .sql = ..., .parameter_types = {db::type::uuid, db::type::int8}};

#include <cstdint>

namespace db::type {

inline constexpr std::uint32_t boolean = 16;
inline constexpr std::uint32_t bytea = 17;
inline constexpr std::uint32_t int8 = 20;
inline constexpr std::uint32_t int2 = 21;
inline constexpr std::uint32_t int4 = 23;
inline constexpr std::uint32_t text = 25;
inline constexpr std::uint32_t json = 114;
inline constexpr std::uint32_t float8 = 701;
inline constexpr std::uint32_t bpchar = 1042;
inline constexpr std::uint32_t varchar = 1043;
inline constexpr std::uint32_t date = 1082;
inline constexpr std::uint32_t timestamptz = 1184;
inline constexpr std::uint32_t numeric = 1700;
inline constexpr std::uint32_t uuid = 2950;
inline constexpr std::uint32_t jsonb = 3802;

inline constexpr std::uint32_t boolean_array = 1000;
inline constexpr std::uint32_t bytea_array = 1001;
inline constexpr std::uint32_t int2_array = 1005;
inline constexpr std::uint32_t int4_array = 1007;
inline constexpr std::uint32_t text_array = 1009;
inline constexpr std::uint32_t int8_array = 1016;
inline constexpr std::uint32_t float8_array = 1022;
inline constexpr std::uint32_t date_array = 1182;
inline constexpr std::uint32_t timestamptz_array = 1185;
inline constexpr std::uint32_t numeric_array = 1231;
inline constexpr std::uint32_t uuid_array = 2951;
inline constexpr std::uint32_t jsonb_array = 3807;

}  // namespace db::type
