#pragma once
// The command `new module NAME`: a module in the style of the service, out of its templates, and its mention where modules are listed.
//
//     std::vector<ModuleFile> plan = plan_module(templates, {.name = "purchase_orders"}, ".");   // throws NewModuleError
//     return new_module(templates, {.name = "purchase_orders", .dry_run = true}, ".", std::cout);  // or says what it would write
//
// Templates are a working module, "suppliers", in files that end in ".in": its name, singular and plural, is replaced in identifiers,
// paths and sentences. `edits.txt` is what stands elsewhere, one line each, `file | anchor | prefix | line`: `line` goes among the lines
// that begin with `prefix`, the first ones at or behind the anchor, in their order; without a prefix before the line with the anchor. An
// anchor that is not there, or twice, ends the command before anything is written, as does a file that is there already.

#include <filesystem>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/embedded.h"

namespace app {

// Where modules are made: `directory` is "pos/modules", from the root of the repository.
struct ModuleTemplates {
    std::span<const base::EmbeddedFile> files;
    std::filesystem::path directory;
};

struct NewModule {
    std::string name;                       // plural, in snake case: the folder, the table, the permissions
    std::string singular;                   // empty: of the plural
    std::vector<std::string> tables_there;  // of the program: their names are taken, whichever module has them
    bool dry_run = false;
};

struct NewModuleError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct ModuleFile {
    std::filesystem::path path;  // from the root
    std::string text;
    std::vector<std::string> added;  // lines of a file that is there; empty: it is new
};

// "purchase_orders" → "purchase_order"; empty for a word whose singular is not known.
[[nodiscard]] std::string singular_of(std::string_view plural);

// What would be written; nothing is.
[[nodiscard]] std::vector<ModuleFile> plan_module(const ModuleTemplates& templates, const NewModule& module,
                                                  const std::filesystem::path& root);

// Returns the exit code.
int new_module(const ModuleTemplates& templates, const NewModule& module, const std::filesystem::path& root,
               std::ostream& out);

}  // namespace app
