#pragma once
// What the demo shop sells: everyday goods of a Nairobi duka, in minor units of KES.

#include <array>
#include <cstdint>
#include <string_view>

namespace pos::demo {

struct Size {
    std::string_view name;
    std::int64_t price;
};

struct Good {
    std::string_view category;
    std::string_view name;
    std::string_view tax_code;
    std::array<std::string_view, 3> brands;
    std::array<Size, 2> sizes;
};

// 35 goods × 3 brands × 2 sizes: 105 products with 210 variants.
inline constexpr std::array goods{
    Good{"Staples", "Sugar", "VAT16", {"Kabras", "Mumias", "Nutrameal"}, {Size{"1kg", 15'000}, Size{"2kg", 29'500}}},
    Good{"Staples", "Maize Flour", "ZERO", {"Jogoo", "Pembe", "Soko"}, {Size{"1kg", 9'500}, Size{"2kg", 18'500}}},
    Good{"Staples", "Wheat Flour", "ZERO", {"Exe", "Ajab", "Dola"}, {Size{"1kg", 10'500}, Size{"2kg", 20'500}}},
    Good{"Staples", "Rice", "ZERO", {"Pishori", "Sunrice", "Daawat"}, {Size{"1kg", 21'000}, Size{"5kg", 99'000}}},
    Good{
        "Staples", "Beans", "EXEMPT", {"Rosecoco", "Yellow", "Mwitemania"}, {Size{"500g", 9'000}, Size{"1kg", 17'500}}},
    Good{"Staples",
         "Green Grams",
         "EXEMPT",
         {"Ndengu", "Farmer's", "Soko"},
         {Size{"500g", 10'000}, Size{"1kg", 19'500}}},
    Good{"Staples", "Salt", "VAT16", {"Kensalt", "Kay", "Habari"}, {Size{"500g", 2'500}, Size{"1kg", 4'500}}},
    Good{"Staples",
         "Spaghetti",
         "VAT16",
         {"Santa Maria", "Lubella", "Winnies"},
         {Size{"400g", 14'000}, Size{"500g", 17'000}}},
    Good{"Cooking", "Cooking Oil", "VAT16", {"Elianto", "Fresh Fri", "Rina"}, {Size{"1l", 33'000}, Size{"3l", 95'000}}},
    Good{"Cooking", "Cooking Fat", "VAT16", {"Kimbo", "Cowboy", "Kasuku"}, {Size{"500g", 19'500}, Size{"1kg", 37'500}}},
    Good{"Cooking",
         "Margarine",
         "VAT16",
         {"Blue Band", "Prestige", "Gold Band"},
         {Size{"250g", 13'500}, Size{"500g", 25'500}}},
    Good{"Cooking",
         "Tomato Paste",
         "VAT16",
         {"Kenylon", "Peptang", "Zesta"},
         {Size{"70g", 3'500}, Size{"400g", 15'500}}},
    Good{"Cooking",
         "Seasoning Cubes",
         "VAT16",
         {"Royco", "Knorr", "Maggi"},
         {Size{"10 pc", 5'000}, Size{"40 pc", 18'000}}},
    Good{"Dairy", "Milk", "ZERO", {"Brookside", "KCC", "Tuzo"}, {Size{"500ml", 6'500}, Size{"1l", 12'500}}},
    Good{"Dairy", "Yoghurt", "VAT16", {"Delamere", "Bio", "Ilara"}, {Size{"250ml", 8'500}, Size{"500ml", 16'000}}},
    Good{"Dairy", "Mala", "ZERO", {"Brookside", "KCC", "Daima"}, {Size{"250ml", 5'500}, Size{"500ml", 9'500}}},
    Good{"Bakery",
         "Bread White",
         "ZERO",
         {"Festive", "Supaloaf", "Broadways"},
         {Size{"400g", 6'500}, Size{"800g", 13'000}}},
    Good{"Bakery",
         "Bread Brown",
         "ZERO",
         {"Festive", "Supaloaf", "Broadways"},
         {Size{"400g", 7'000}, Size{"800g", 13'500}}},
    Good{"Bakery",
         "Biscuits",
         "VAT16",
         {"Britannia", "Manji", "House of Manji"},
         {Size{"100g", 5'000}, Size{"200g", 9'500}}},
    Good{"Drinks",
         "Tea Leaves",
         "VAT16",
         {"Ketepa", "Kericho Gold", "Fahari ya Kenya"},
         {Size{"100g", 8'000}, Size{"250g", 18'500}}},
    Good{"Drinks",
         "Instant Coffee",
         "VAT16",
         {"Nescafe", "Dormans", "Africafe"},
         {Size{"50g", 22'000}, Size{"100g", 42'000}}},
    Good{"Drinks", "Cocoa", "VAT16", {"Cadbury", "Raha", "Milo"}, {Size{"100g", 17'500}, Size{"200g", 33'000}}},
    Good{"Drinks", "Soda", "VAT16", {"Coca-Cola", "Fanta", "Stoney"}, {Size{"350ml", 5'000}, Size{"2l", 19'000}}},
    Good{"Drinks", "Water", "VAT16", {"Dasani", "Keringet", "Aquamist"}, {Size{"500ml", 5'000}, Size{"1l", 8'000}}},
    Good{"Drinks", "Juice", "VAT16", {"Del Monte", "Afia", "Minute Maid"}, {Size{"500ml", 9'500}, Size{"1l", 26'000}}},
    Good{"Household", "Bar Soap", "VAT16", {"Menengai", "Jamaa", "Ndume"}, {Size{"175g", 5'000}, Size{"800g", 19'500}}},
    Good{"Household",
         "Washing Powder",
         "VAT16",
         {"Omo", "Ariel", "Sunlight"},
         {Size{"500g", 17'500}, Size{"1kg", 33'500}}},
    Good{"Household", "Bleach", "VAT16", {"Jik", "Topex", "Clorox"}, {Size{"250ml", 8'000}, Size{"750ml", 19'500}}},
    Good{"Household",
         "Toilet Paper",
         "VAT16",
         {"Rosy", "Velvex", "Hanan"},
         {Size{"1 roll", 3'500}, Size{"10 rolls", 32'000}}},
    Good{"Household", "Matches", "VAT16", {"Rhino", "Kifaru", "Paka"}, {Size{"1 box", 1'000}, Size{"10 boxes", 8'500}}},
    Good{"Household",
         "Batteries",
         "VAT16",
         {"Eveready", "Energizer", "Tiger"},
         {Size{"AA 2 pc", 9'000}, Size{"D 2 pc", 14'000}}},
    Good{"Care",
         "Toothpaste",
         "VAT16",
         {"Colgate", "Aquafresh", "Close Up"},
         {Size{"70g", 10'500}, Size{"140g", 19'500}}},
    Good{"Care", "Bath Soap", "VAT16", {"Geisha", "Lifebuoy", "Imperial"}, {Size{"125g", 7'500}, Size{"225g", 12'500}}},
    Good{"Care",
         "Body Lotion",
         "VAT16",
         {"Nivea", "Vaseline", "Nice & Lovely"},
         {Size{"200ml", 21'000}, Size{"400ml", 38'500}}},
    Good{"Care",
         "Sanitary Pads",
         "ZERO",
         {"Always", "Kotex", "Sunny Girl"},
         {Size{"8 pc", 9'500}, Size{"16 pc", 18'000}}},
};

}  // namespace pos::demo
