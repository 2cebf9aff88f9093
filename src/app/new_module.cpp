#include "app/new_module.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/strings.h"

namespace app {

namespace {

// ---- The name -----------------------------------------------------------------------------------------------------

// What the code of a module is called itself.
constexpr auto taken_names = std::to_array<std::string_view>(
    {"app",    "base",   "classes", "config", "db",    "detail", "errors", "http", "list",
     "lists",  "module", "modules", "one",    "pos",   "remove", "routes", "rows", "rules",
     "schema", "show",   "tables",  "test",   "tests", "walls",  "std"});

// Words that C++ keeps for itself, and those that PostgreSQL does: a name is a variable and a table.
constexpr std::string_view kept_words =
    " alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class compl"
    " concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype default"
    " delete do double dynamic_cast else enum explicit export extern false float for friend goto if inline int long"
    " mutable namespace new noexcept not not_eq nullptr operator or or_eq private protected public register"
    " reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch template"
    " this thread_local throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t"
    " while xor xor_eq"
    " all analyse analyze any array as asc asymmetric authorization binary both cast check collate collation column"
    " concurrently constraint create cross current_catalog current_date current_role current_schema current_time"
    " current_timestamp current_user deferrable desc distinct end except fetch foreign freeze from full grant group"
    " having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime"
    " localtimestamp natural notnull null offset on only order outer overlaps placing primary references returning"
    " right select session_user similar some symmetric system_user table tablesample then to trailing unique user"
    " variadic verbose when where window with ";

void require_name(std::string_view what, std::string_view name) {
    const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
    const auto is_word = [&](char c) { return is_lower(c) || (c >= '0' && c <= '9') || c == '_'; };
    if (name.empty() || name.size() > 40 || !is_lower(name.front()) || name.ends_with('_') || name.contains("__") ||
        !std::ranges::all_of(name, is_word))
        throw NewModuleError(
            fmt::format("{} \"{}\": a name is lower-case letters, digits and single '_', 40 at most", what, name));
    if (std::ranges::find(taken_names, name) != taken_names.end())
        throw NewModuleError(
            fmt::format("{} \"{}\": code of every module is called so; take another name", what, name));
}

std::string replaced(std::string_view text, char from, std::string_view to) {
    std::string out;
    for (const char c : text) {
        if (c == from) {
            out += to;
        } else {
            out += c;
        }
    }
    return out;
}

std::string capitalised(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
    return text;
}

// "purchase_order" → "PurchaseOrder".
std::string type_name(std::string_view name) {
    std::string out;
    bool starts = true;
    for (const char c : name) {
        if (c != '_') out += starts ? capitalised({c}) : std::string{c};
        starts = c == '_';
    }
    return out;
}

// ---- The text -----------------------------------------------------------------------------------------------------

// The words of the templates, and what becomes of them: those of sentences and paths are told by what stands in front of them.
class Words {
public:
    Words(const std::string& plural, const std::string& singular) {
        const auto kebab = replaced(plural, '_', "-");
        const auto many = replaced(plural, '_', " ");
        const auto one = replaced(singular, '_', " ");
        for (const std::string_view lead : {"\"/", "/v1/"}) add(fmt::format("{}suppliers", lead), lead, kebab);
        const auto* article = std::string_view("aeio").contains(one[0]) ? "n " : " ";
        for (const std::string_view lead : {" a", "\"A", "(a"})
            add(fmt::format("{} supplier", lead), lead, article + one);
        for (const std::string_view lead : {"One ", "one ", "Another ", "another ", "such ", "the "})
            add(fmt::format("{}supplier", lead), lead, one);
        for (const std::string_view lead : {"\"", "// "})
            add(fmt::format("{}Suppliers", lead), lead, capitalised(many));
        add("Suppliers", "", type_name(plural));
        add("Supplier", "", type_name(singular));
        add("suppliers", "", plural);
        add("supplier", "", singular);
    }

    [[nodiscard]] std::string in(std::string_view text) const {
        std::string out;
        for (std::size_t at = 0; at < text.size();) {
            const auto found =
                std::ranges::find_if(words_, [&](const auto& word) { return text.substr(at).starts_with(word.first); });
            if (found == words_.end()) {
                out += text[at++];
            } else {
                out += found->second;
                at += found->first.size();
            }
        }
        return out;
    }

private:
    void add(std::string from, std::string_view lead, const std::string& to) {
        words_.emplace_back(std::move(from), std::string(lead) + to);
    }
    std::vector<std::pair<std::string, std::string>> words_;
};

// ---- What stands elsewhere ----------------------------------------------------------------------------------------

struct Edit {
    std::string file, anchor, prefix, line;

    [[noreturn]] void fail(std::string_view why) const {
        throw NewModuleError(fmt::format("{}: {}; nothing was written. The line is for there: {}", file, why, line));
    }
};

Edit parse_edit(std::string_view text) {
    std::array<std::string, 4> fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto end = i + 1 < fields.size() ? text.find(" | ") : text.size();
        if (end == std::string_view::npos) throw NewModuleError(fmt::format("edits.txt: four fields: {}", text));
        fields[i] = text.substr(0, end);
        text.remove_prefix(std::min(text.size(), end + 3));
    }
    return {fields[0], std::string(base::trim(fields[1])), fields[2], fields[3]};
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(text.size(), end + 1));
    }
    return lines;
}

std::string text_of(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines) text += line + '\n';
    return text;
}

void apply(const Edit& edit, std::vector<std::string>& lines) {
    auto at = lines.begin();
    if (!edit.anchor.empty()) {
        const auto has_anchor = [&](const std::string& line) { return line.contains(edit.anchor); };
        at = std::ranges::find_if(lines, has_anchor);
        if (std::ranges::count_if(lines, has_anchor) != 1)
            edit.fail(fmt::format("`{}` stands there not once", edit.anchor));
    }
    if (!edit.prefix.empty()) {
        const auto belongs = [&](const std::string& line) { return line.starts_with(edit.prefix); };
        at = std::find_if(at, lines.end(), belongs);
        if (at == lines.end()) edit.fail(fmt::format("no line begins with `{}`", edit.prefix));
        const auto end = std::find_if_not(at, lines.end(), belongs);
        if (std::find(at, end, edit.line) != end) edit.fail("it is there already");
        at = std::find_if(at, end, [&](const std::string& line) { return line > edit.line; });
    }
    lines.insert(at, edit.line);
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file)
        throw NewModuleError(
            fmt::format("{}: cannot be read; the command is for the root of the repository", path.string()));
    return {std::istreambuf_iterator<char>(file), {}};
}

void add_edits(std::vector<ModuleFile>& plan, std::string_view edits, const std::filesystem::path& root) {
    for (const auto& text : lines_of(edits)) {
        const auto edit = parse_edit(text);
        auto file = std::ranges::find(plan, std::filesystem::path(edit.file), &ModuleFile::path);
        if (file == plan.end()) file = plan.insert(plan.end(), ModuleFile{edit.file, read_file(root / edit.file), {}});
        auto lines = lines_of(file->text);
        apply(edit, lines);
        file->text = text_of(lines);
        file->added.push_back(edit.line);
    }
}

// ---- What the templates' types would be called ---------------------------------------------------------------------

// "struct Price {" and the like, without an indentation: what is inside of another type is in nobody's way.
bool declares(std::string_view line, std::string_view type) {
    for (const std::string_view lead : {"struct ", "class ", "concept ", "enum class ", "using "}) {
        if (!line.starts_with(lead)) continue;
        const auto rest = line.substr(lead.size());
        const auto end = rest.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        return rest.substr(0, end) == type;
    }
    return false;
}

// A type of this name in a header of the service would be declared a second time by the module.
void require_free_types(const std::string& plural, const std::string& singular, const std::filesystem::path& code) {
    const std::array types{type_name(singular), type_name(plural), type_name(singular) + "Id",
                           type_name(singular) + "Fields"};
    if (!std::filesystem::is_directory(code)) return;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(code)) {
        if (entry.path().extension() != ".h") continue;
        for (const auto& line : lines_of(read_file(entry.path()))) {
            const auto taken =
                std::ranges::find_if(types, [&](const std::string& type) { return declares(line, type); });
            if (taken == types.end()) continue;
            throw NewModuleError(fmt::format("{} is declared in {}: take another name, or give --singular", *taken,
                                             entry.path().lexically_proximate(code.parent_path()).string()));
        }
    }
}

// ---- Writing ------------------------------------------------------------------------------------------------------

void write_file(const std::filesystem::path& path, std::string_view text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.flush();
    if (!file) throw NewModuleError(fmt::format("{}: cannot be written", path.string()));
}

// Longer names make longer lines. Whether the formatter was there and content.
bool format_files(const std::vector<std::string>& paths) {
    std::vector<std::string> arguments{"clang-format-19", "-i", "--fallback-style=none"};
    for (const auto& path : paths) {
        if (path.ends_with(".cpp") || path.ends_with(".h")) arguments.push_back(path);
    }
    std::vector<char*> pointers;
    for (auto& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    pid_t child = 0;
    if (::posix_spawnp(&child, pointers[0], nullptr, nullptr, pointers.data(), environ) != 0) return false;
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string checked_singular(const NewModule& module) {
    require_name("module", module.name);
    // The singular never stands alone: "register_rows", "register.name_taken".
    if (kept_words.contains(fmt::format(" {} ", module.name)))
        throw NewModuleError(fmt::format("module \"{}\": a word of C++ or of SQL; take another name", module.name));
    auto singular = module.singular.empty() ? singular_of(module.name) : module.singular;
    if (singular.empty())
        throw NewModuleError(fmt::format("what is one of the {}? Say it: --singular NAME", module.name));
    require_name("--singular", singular);
    if (singular == module.name)
        throw NewModuleError(fmt::format("\"{}\" cannot be singular and plural at once", singular));
    return singular;
}

}  // namespace

std::string singular_of(std::string_view plural) {
    const auto without = [&](std::size_t letters) { return std::string(plural.substr(0, plural.size() - letters)); };
    if (plural.ends_with("ies") && plural.size() > 4) return without(3) + "y";
    for (const std::string_view ending : {"sses", "shes", "ches", "xes", "zes"}) {
        if (plural.ends_with(ending)) return without(2);
    }
    if (plural.ends_with('s') && !plural.ends_with("ss") && !plural.ends_with("us") && plural.size() > 2)
        return without(1);
    return "";
}

std::vector<ModuleFile> plan_module(const ModuleTemplates& templates, const NewModule& module,
                                    const std::filesystem::path& root) {
    const auto singular = checked_singular(module);
    const Words words(module.name, singular);
    const auto folder = templates.directory / module.name;
    if (std::filesystem::exists(root / folder))
        throw NewModuleError(fmt::format("{} is there already: nothing was written", folder.string()));
    if (std::ranges::find(module.tables_there, module.name) != module.tables_there.end())
        throw NewModuleError(fmt::format("the table {} is there already: nothing was written", module.name));
    require_free_types(module.name, singular, root / templates.directory.parent_path());
    std::vector<ModuleFile> plan;
    std::string edits;
    for (const auto& file : templates.files) {
        if (file.path == "edits.txt") {
            edits = words.in(file.bytes);
        } else if (file.path.ends_with(".in")) {
            plan.push_back({folder / words.in(file.path.substr(0, file.path.size() - 3)), words.in(file.bytes), {}});
        }
    }
    add_edits(plan, edits, root);
    return plan;
}

int new_module(const ModuleTemplates& templates, const NewModule& module, const std::filesystem::path& root,
               std::ostream& out) {
    const auto plan = plan_module(templates, module, root);
    std::vector<std::string> paths;
    for (const auto& file : plan) {
        if (!module.dry_run) write_file(root / file.path, file.text);
        paths.push_back((root / file.path).string());
        const auto* verb = file.added.empty() ? "write" : "change";
        const auto* done = file.added.empty() ? "wrote" : "changed";
        out << (module.dry_run ? fmt::format("would {}", verb) : done) << ' ' << file.path.string() << '\n';
        for (const auto& line : file.added) out << "    + " << base::trim(line) << '\n';
    }
    if (module.dry_run) return 0;
    const bool formatted = format_files(paths);
    out << "\nNext:\n  the fields, in " << (templates.directory / module.name / "tables.h").string() << '\n';
    if (!formatted) out << "  bin/lint --fix --changed         (clang-format-19 was not there, or not content)\n";
    out << "  bin/build local backend-api\n  build/local/pos/backend-api db generate add_" << module.name
        << "\n  bin/docs                        (its error codes, for docs/errors.md)\n";
    return 0;
}

}  // namespace app
