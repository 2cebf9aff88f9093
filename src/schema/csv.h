#pragma once
// Described objects as CSV (RFC 4180): UTF-8 without a byte order mark, CRLF, a line of field names first. Pure functions: any thread.
//
//     std::string text;
//     schema::write_csv_header(schema::object_of<Product>, text, view);        // id,name,price
//     schema::write_csv_row(schema::object_of<Product>, &product, text, view);  // 0197…,Sugar,15000
//
// A cell that is null, or that this reader may not see, is empty; the columns are the same for all rows. What is no scalar is its JSON,
// without members that need a permission.
//
// Formulas: spreadsheets run a cell that begins with = + - @ or their full-width forms (or a tab or a line break before it), whoever
// wrote it. So a *text* that begins with one of these, or with an apostrophe, gets an apostrophe in front: shown as text by
// spreadsheets, and a program that reads the file drops one leading apostrophe of a text. So does a sign or an apostrophe behind a
// semicolon, a tab or a line break inside of a text, which begins a cell where such characters part columns: the program drops one
// apostrophe there as well. In JSON a semicolon is \u003b. Numbers stay as they are, and so do texts of Format::phone.

#include <string>

#include "schema/type.h"

namespace schema {

void write_csv_header(const ObjectType& type, std::string& out, const View& view = {});
void write_csv_row(const ObjectType& type, const void* object, std::string& out, const View& view = {});
// One cell of a row, without the comma: for whoever writes some of the cells in another way.
void write_csv_cell(const Field& field, const void* object, std::string& out);

}  // namespace schema
