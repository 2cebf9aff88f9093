// Expected: no matching function for call to 'print'
#include <string_view>

#include "html/clean_html.h"

void print(std::string_view text);

void show(const html::CleanHtml& note) { print(note); }
