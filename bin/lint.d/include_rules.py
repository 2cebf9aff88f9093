#!/usr/bin/env python3
"""Which folder may include which; prints findings, exits 1 if any.

  link      a folder includes what its CMakeLists.txt links, and what those links pass on (PUBLIC): CMake itself refuses a
            link that goes back in STACK_LAYERS. Headers alone link nothing, so that without this rule they could go anywhere
  leak      a package's headers (Boost, libpq, OpenSSL ...) stay with the folders that link it: no header brings them to
            another one's sources, whose compilation they would slow
  service   pos/ is one library; its parts include those before them in SERVICE, below
  circle    modules of pos/, and headers anywhere, do not include each other in a circle
  test      what is there for tests alone is included by tests
  word      src/ is there for any service: no words of a shop in its code, nor in comments but for their examples (`//     …`).
            What the service calls a thing it hands in: a place's name, a claim, a format
  drawing   docs/architecture.md shows the house as it is; bin/docs draws it anew

A line may be excused with `// lint: allow(RULE) REASON`, on it or above it; without a reason it is not, and neither is one
that needs no excuse. Tests may include anything of pos/, and what TEST_LINKS names.

  include_rules.py < FILES   judges all files, reports those named on standard input, one a line
  include_rules.py --all     reports all
  include_rules.py --draw    writes the drawings of docs/architecture.md (Mermaid)
"""

import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

from coroutine_rules import EXCUSE

# The parts of pos/, each of which includes those before it. "rows" are the modules' tables.h, which foreign keys tie to each
# other: of other modules they know tables alone. What modules do besides ("modules") is tied in no circle either.
SERVICE = ["arithmetic", "ids", "row_meta", "permissions", "location_permissions", "plumbing", "rows", "modules", "payment_subjects", "collections", "demo", "problem_notes", "service", "main", "testing"]

PAGE = "docs/architecture.md"
RULES = ("link", "leak", "service", "circle", "test", "word")
SOURCE = re.compile(r"^(src|pos|examples|fuzz|bench)/.*\.(cpp|h)$")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
COMMAND = re.compile(r"\b(\w+)\s*\(([^()]*)\)")
WORD = re.compile(r'"[^"]*"|[^\s"]+')
OF_TESTS = {"gtest", "gmock"}  # every test links them (cmake/library.cmake)
# Headers that are not called what their package is.
PACKAGE_OF = {"libpq-fe": "postgresql", "prometheus": "prometheus-cpp"}
# Words of a shop, as they stand in names (singular and plural), and pairs of words ("locationId", "location_id").
SHOP_WORDS = {"barcode", "cashier", "sale", "shop", "sku", "till"}
SHOP_PAIRS = {("location", "id"), ("location", "ids")}
# Shops that tests and the documentation's page look at, and the hosts that are called so.
SHOWN_SHOPS = re.compile(r"/example/|/(shop_schema|testing_types)\.|/compile_fail/")
SHOWN_HOSTS = re.compile(r"[\w.-]*\bshop\.example")
EXAMPLE_LINE = re.compile(r"^\s*//( {4,}.*)?$")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
NAME_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
DEFINES = {"stack_library", "add_library", "add_executable", "stack_test", "fuzz_target"}


class Folder:
    """What a CMakeLists.txt defines and links, all of its targets together."""

    def __init__(self, path, text):
        self.path = path
        self.targets, self.tests = set(), set()
        self.public, self.private, self.test = [], [], []
        for command, arguments in COMMAND.findall(re.sub(r"#[^\n]*", "", text)):
            words = [word.strip('"') for word in WORD.findall(arguments)]
            if words and not words[0].startswith("$"):
                self.read(command, words)

    def read(self, command, words):
        name, rest = words[0], words[1:]
        if command in DEFINES:
            (self.tests if command == "stack_test" else self.targets).add(name)
        if command == "stack_library":
            self.public.append("fmt::fmt")  # every library has it (cmake/library.cmake)
        if command == "stack_test":  # NAME LABEL SOURCES LINK...
            self.test += rest[2:]
        elif command in ("stack_library", "fuzz_target", "target_link_libraries"):
            lists = {"LINKS": self.public, "PUBLIC": self.public, "INTERFACE": self.public, "TEST_LINKS": self.test}
            into = self.public
            for word in rest:
                if word.isupper():
                    into = lists.get(word, self.private)
                else:
                    (self.test if name in self.tests else into).append(word)


class House:
    """files: path → text, every CMakeLists.txt and source of the tree."""

    def __init__(self, files):
        self.files = files
        self.folders = {
            str(PurePosixPath(path).parent): Folder(str(PurePosixPath(path).parent), text)
            for path, text in files.items()
            if path.endswith("/CMakeLists.txt")
        }
        self.folder_of_target = {target: folder for folder in self.folders.values() for target in folder.targets}
        links = {link for folder in self.folders.values() for link in folder.public + folder.private + folder.test}
        self.packages = {part.lower() for link in links if "::" in link for part in link.split("::")} - OF_TESTS
        self.sources = sorted(path for path in files if SOURCE.match(path))
        self.includes = {path: list(self.read_includes(path)) for path in self.sources}

    # ---- what there is

    def read_includes(self, path):
        """(line, as written, file of ours or None, package or None) of each include."""
        text = self.files[path]
        for match in INCLUDE.finditer(text):
            name = match.group(2)
            beside = str(PurePosixPath(path).parent / name)
            ours = next((found for found in ("src/" + name, name, beside) if found in self.files), None)
            package = None if ours else self.package(name)
            yield text.count("\n", 0, match.start()) + 1, name, ours, package

    def package(self, name):
        first = name.split("/")[0].removesuffix(".h").lower()
        first = PACKAGE_OF.get(first, first)
        return first if first in self.packages else None

    def folder(self, path):
        """The folder with a CMakeLists.txt that the file lies in or below."""
        return next((self.folders[str(up)] for up in PurePosixPath(path).parents if str(up) in self.folders), None)

    def visible(self, folder, for_test):
        """Targets that a folder's files may include: linked, or passed on by what is linked."""
        seen, left = set(), [*folder.targets, *folder.public, *folder.private, *(folder.test if for_test else [])]
        while left:
            target = left.pop()
            if target not in seen:
                seen.add(target)
                if target in self.folder_of_target:
                    left += self.folder_of_target[target].public
        return seen

    # ---- the rules

    def findings(self):
        """(path, line, rule, message), those excused left out."""
        reported = [*self.links(), *self.leaks(), *self.service(), *self.tests(), *self.circles(), *self.words()]
        excused = set()
        for finding in reported:
            at = self.excuse(*finding[:3])
            if at is None:
                yield finding
            else:
                excused.add(at)
        for path, line, rule in self.excuses():
            if (path, line) not in excused:
                yield path, line, rule, "this needs no excuse: take it away"

    def excuses(self):
        for path in self.sources:
            if "lint: allow(" in self.files[path]:
                for number, line in enumerate(self.files[path].split("\n"), 1):
                    match = EXCUSE.search(line)
                    if match and match.group(1) in RULES:
                        yield path, number, match.group(1)

    def excuse(self, path, line, rule):
        lines = self.files[path].split("\n")
        for number in (line, line - 1):
            match = EXCUSE.search(lines[number - 1]) if number else None
            if match and match.group(1) == rule and match.group(2):
                return path, number
        return None

    def links(self):
        for path in self.sources:
            own = self.folder(path)
            if own is None:
                continue
            visible = self.visible(own, is_test(path))
            for line, name, ours, package in self.includes[path]:
                other = self.folder(ours) if ours else None
                if other and other is not own and not other.targets & visible:
                    yield path, line, "link", self.not_linked(own, other, name, is_test(path))
                elif package and not self.sees(visible, package):
                    yield path, line, "link", f"<{name}> is of a package that {own.path}/CMakeLists.txt does not link"

    def not_linked(self, own, other, name, for_test):
        allowed = sorted({self.folder_of_target[target].path for target in self.visible(own, for_test) if target in self.folder_of_target} - {own.path})
        order = layers(self.files.get("CMakeLists.txt", ""))
        here, there = (order.index(x.path[4:]) if x.path[4:] in order else -1 for x in (own, other))
        if own.path.startswith("src/") and not other.path.startswith("src/"):
            why = f"src/ is there for any service, and knows none: what {own.path} needs of it is handed in by {other.path}"
        elif for_test and other.path.startswith("src/testing"):
            why = f"tests that need it name it in TEST_LINKS of {own.path}/CMakeLists.txt"
        elif 0 <= here < there:
            why = f"{other.path} is built on {own.path} (STACK_LAYERS in CMakeLists.txt): move what both need to one before both, or let {other.path} hand it in"
        else:
            why = f"if it is to depend on {other.path}, link it in {own.path}/CMakeLists.txt"
        return f'"{name}" is of {other.path}; {own.path} may include {", ".join(allowed) or "nothing else"}: {why}'

    def sees(self, visible, package):
        return any(package in link.lower().split("::") for link in visible if "::" in link)

    def leaks(self):
        """An include that leads, over headers of ours, to a package that the file's folder does not link."""
        brought = {}

        def packages_of(path, on_the_way=()):
            """Package → headers that lead to it."""
            if path not in brought and path not in on_the_way:
                found = {}
                for _, _, ours, package in self.includes.get(path, []):
                    if package:
                        found.setdefault(package, (path,))
                    for deeper, way in packages_of(ours, (*on_the_way, path)).items() if ours else ():
                        found.setdefault(deeper, (path, *way))
                brought[path] = found
            return brought.get(path, {})

        for path in self.sources:
            own = self.folder(path)
            visible = self.visible(own, is_test(path)) if own else set()
            for line, name, ours, _ in self.includes[path] if own else ():
                if not ours or self.folder(ours) is own:
                    continue
                for package, way in packages_of(ours).items():
                    if not self.sees(visible, package):
                        message = f'"{name}" brings {package}\'s headers (by {", ".join(way)}), which {own.path} does not link: include them in a .cpp of {self.folder(ours).path}'
                        yield path, line, "leak", message

    def service(self):
        for path in self.sources:
            if not path.startswith("pos/") or self.folder(path).path != "pos" or is_test(path):
                continue
            here = part(path)
            if here not in SERVICE:
                yield path, 1, "service", f"say in bin/lint.d/include_rules.py, SERVICE, where {here} stands"
                continue
            for line, name, ours, _ in self.includes[path]:
                if ours and ours.startswith("pos/") and self.folder(ours).path == "pos" and part(ours) in SERVICE:
                    allowed = SERVICE[: SERVICE.index(here) + 1]
                    if part(ours) not in allowed:
                        yield path, line, "service", f'"{name}": pos/{here} stands before pos/{part(ours)} and may include {", ".join(allowed)} of pos/ alone'

    def tests(self):
        for path in self.sources:
            for line, name, ours, _ in self.includes[path]:
                if ours and is_test(ours) and not is_test(path):
                    yield path, line, "test", f'"{name}" is there for tests alone'

    def words(self):
        for path in self.sources:
            if not path.startswith("src/") or is_test(path) or SHOWN_SHOPS.search(path):
                continue
            for number, line in enumerate(self.files[path].split("\n"), 1):
                for word in [] if EXAMPLE_LINE.match(line) else shop_words(line):
                    yield path, number, "word", f'"{word}" is a word of a shop, and src/ is there for any service: find the general one, or let the service hand it in'

    def circles(self):
        """Includes between modules that another way leads back from, whether excused or not; headers that do so."""
        arrows, excused = self.module_arrows(), self.module_arrows(excused=True)
        graph = {module: set(others) for module, others in arrows.items()}
        for module, others in [*arrows.items(), *excused.items()]:
            for other, places in others.items():
                back = way(graph, other, module)
                for path, line in places if back else ():
                    example = ", ".join("{}:{}".format(*arrows[a][b][0]) for a, b in zip(back, back[1:]))
                    message = f"{module} includes {other}, and {' → '.join(back)} leads back ({example}): what both need belongs to the one that the other may include, or to pos/plumbing"
                    yield path, line, "circle", message
        headers = {path: {ours for _, _, ours, _ in found if ours} for path, found in self.includes.items()}
        for circle in circles_of(headers):
            yield circle[0], 1, "circle", "the headers " + " → ".join([*circle, circle[0]]) + " include each other"

    def module_arrows(self, excused=False):
        """Module → other module → the includes, less those that are excused."""
        arrows = {}
        for path in self.sources:
            here = module_of(path)
            if here is None or is_test(path):
                continue
            arrows.setdefault(here, {})
            for line, _, ours, _ in self.includes[path]:
                there = module_of(ours) if ours else None
                if there and there != here and (self.excuse(path, line, "circle") is not None) == excused:
                    arrows[here].setdefault(there, []).append((path, line))
        return arrows


def shop_words(line):
    """In the order in which they stand."""
    for name in NAME.findall(SHOWN_HOSTS.sub("", line)):
        parts = [part.lower() for part in NAME_PART.findall(name)]
        for part, after in zip(parts, [*parts[1:], ""]):
            if {part, part.removesuffix("s")} & SHOP_WORDS or (part, after) in SHOP_PAIRS:
                yield name


def is_test(path):
    return bool(re.search(r"_test\.(cpp|h)$|^pos/testing/|^src/testing/|^fuzz/|(^|/)testing_[^/]*$", path))


def part(path):
    """Of a file of pos/."""
    return "rows" if re.match(r"pos/modules/[^/]+/tables\.h$", path) else path.split("/")[1].split(".")[0]


def module_of(path):
    """The module whose behaviour the file is, or None: rows are none."""
    match = re.match(r"pos/modules/([^/]+)/", path)
    return match.group(1) if match and part(path) == "modules" else None


def rows_of(path):
    """The module whose rows the file declares, or None."""
    return path.split("/")[2] if path.startswith("pos/modules/") and part(path) == "rows" else None


def layers(text):
    found = re.search(r"set\(STACK_LAYERS ([^)]*)\)", text)
    return found.group(1).split() if found else []


def way(graph, start, goal):
    """The shortest way over arrows, both ends included, or None."""
    ways = [[start]]
    seen = {start}
    for taken in ways:
        if taken[-1] == goal:
            return taken
        for other in sorted(graph.get(taken[-1], set()) - seen):
            seen.add(other)
            ways.append([*taken, other])
    return None


def circles_of(graph):
    """Strongly connected parts of more than one node, each sorted (Tarjan)."""
    index, low, stack, circles = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            position = stack.index(node)
            component = stack[position:]
            del stack[position:]
            if len(component) > 1:
                circles.append(sorted(component))

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return circles


def repository():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.cpp", "*.h", "*CMakeLists.txt"],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()
    return House({path: Path(path).read_text(encoding="utf-8") for path in listed if Path(path).is_file()})


# ---- the drawings


def reduced(arrows):
    """Without those that a longer way says too."""
    return {here: {there for there in others if not any(way(arrows, between, there) for between in others - {there})} for here, others in arrows.items()}


def mermaid(arrows, dotted=()):
    lines = ["```mermaid", "flowchart TD"]
    lines += [f"    {here}" for here in sorted(arrows) if not arrows[here] and not any(here in others for others in arrows.values())]
    lines += [f"    {here} --> {there}" for here, others in sorted(reduced(arrows).items()) for there in sorted(others)]
    lines += [f"    {here} -.-> {there}" for here, there in sorted(dotted)]
    return "\n".join([*lines, "```", ""])


def arrows_between(house, name_of):
    """name → names that its files include, tests aside; what has no name is left out."""
    arrows = {}
    for path in house.sources:
        here = None if is_test(path) else name_of(path)
        if here:
            arrows.setdefault(here, set())
            theirs = {name_of(ours) for _, _, ours, _ in house.includes[path] if ours}
            arrows[here] |= {there for there in theirs if there and there != here}
    return arrows


def draw_stack(house):
    def name_of(path):
        folder = house.folder(path)
        return folder.path.removeprefix("src/").split("/")[0] if folder and path.startswith(("src/", "pos/")) else None

    return mermaid(arrows_between(house, name_of))


def draw_service(house):
    def name_of(path):
        return part(path) if path.startswith("pos/") else None

    return mermaid(arrows_between(house, name_of))


def draw_rows(house):
    return mermaid(arrows_between(house, rows_of))


def draw_modules(house):
    dotted = {(here, there) for here, others in house.module_arrows(excused=True).items() for there in others}
    return mermaid({here: set(others) for here, others in house.module_arrows().items()}, dotted)


DRAWINGS = {"stack": draw_stack, "service": draw_service, "modules": draw_modules, "rows": draw_rows}


def drawn(house, page):
    """The page with its drawings as the house is."""
    for name, draw in DRAWINGS.items():
        begin, end = f"<!-- drawing: {name} -->\n", "<!-- end -->\n"
        before, mark, rest = page.partition(begin)
        if mark and end in rest:
            page = before + mark + draw(house) + end + rest.partition(end)[2]
    return page


def main():
    sys.setrecursionlimit(10000)
    house = repository()
    page = Path(PAGE).read_text(encoding="utf-8")
    fresh = drawn(house, page)
    if sys.argv[1:] == ["--draw"]:
        if fresh != page:
            Path(PAGE).write_text(fresh, encoding="utf-8")
            print(f"wrote {PAGE}")
        return 0
    chosen = set() if sys.argv[1:] == ["--all"] else set(sys.stdin.read().splitlines())
    # A link that goes, or a rule that comes, is seen in sources that did not change.
    everything = sys.argv[1:] == ["--all"] or any(path.endswith(("CMakeLists.txt", "include_rules.py")) for path in chosen)
    found = [f"{path}:{line}: [{rule}] {message}" for path, line, rule, message in sorted(house.findings()) if everything or path in chosen]
    if fresh != page:
        found.append(f"{PAGE}:1: [drawing] not the house as it is: bin/docs draws it")
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
