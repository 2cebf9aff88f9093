#!/usr/bin/env python3
"""What of the API's document breaks a client of the last release.

    backend-api openapi | openapi_changes.py --released docs/openapi-released.json     # exit code 1 when something breaks
    backend-api openapi | openapi_changes.py --write docs/openapi-released.json        # bin/release; docs/api-changes.md: who else

What we take may become more, never less; what we answer may become less in its values, never more, and more in its members. An
enum of a reply is closed: one more value breaks who switches over it. Problem codes are open (clients act on `action`), so a new
one breaks nobody, and one that changes does. openapi_words.py names each word that a document may have, with its rule, which is a
function of Comparison or of openapi_schemas.py. The released document has no texts and no examples, which are no promise, and a
digest: it is moved by bin/release, not by hand."""

import hashlib
import json
import sys
from urllib.parse import urlsplit

from openapi_schemas import GIVEN, TAKEN, Schemas, admits
from openapi_views import expanded, same, view
from openapi_words import METHODS, promise

DIGEST = "x-digest"
# Statuses that come to a client alone that asks for them by a header: Upgrade, Range, If-None-Match. HTTP libraries pass over the
# others that begin with 1.
ASKED_FOR = {"101", "206", "304"}


def digest_of(kept):
    text = json.dumps({name: part for name, part in kept.items() if name != DIGEST}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def other(way):
    return GIVEN if way == TAKEN else TAKEN


def ways_in(security):
    """Alternatives of {scheme: scopes}; an empty one needs nothing."""
    return [{name: set(scopes) for name, scopes in way.items()} for way in security or [{}]]


def ranges_of(media_type):
    """It, and the ranges that it is in (RFC 9110, section 12.5.1)."""
    return [media_type, media_type.split("/")[0] + "/*", "*/*"]


def schema_of(parameter):
    """It has a schema, or content of one media type with a schema."""
    return next((one["schema"] for one in (parameter, *parameter.get("content", {}).values()) if "schema" in one), {})


class Comparison(Schemas):
    """Rules of what is not a schema. `way` is what we do with it: TAKEN from a client, or GIVEN to one. Webhooks and callbacks are
    operations the other way round."""

    def run(self):
        self.words("document", "document", self.before, self.after, TAKEN)
        return self.findings

    def header(self, document, value):
        return expanded(document, {"$ref": value["$ref"]}) if "$ref" in value else value

    # ---- The document -------------------------------------------------------------------------------------------------------

    def paths(self, where, word, old, new, way):
        self.items_of(old.get(word, {}), new.get(word, {}), lambda path, method: f"{method.upper()} {path}", TAKEN)

    def webhooks(self, where, word, old, new, way):
        self.items_of(old.get(word, {}), new.get(word, {}), lambda name, method: f"webhook {name}", GIVEN)

    def items_of(self, was, now, named, way):
        for path, item in was.items():
            for method in METHODS:
                if method not in item:
                    continue
                where = named(path, method)
                if self.alike and same(item[method], now.get(path, {}).get(method)):
                    continue  # Nothing that it refers to is another: no word of it can be.
                if method in now.get(path, {}):
                    self.words("operation", where, item[method], now[path][method], way)
                else:
                    self.say(where, "is gone" if path not in now else f"is gone as {method.upper()}")

    def components(self, where, word, old, new, way):
        self.words("components", where, old.get(word, {}), new.get(word, {}), way)

    def schemes(self, where, word, old, new, way):
        now = new.get(word, {})
        for name, scheme in old.get(word, {}).items():
            if name not in now:
                self.say(f"log-in {name}", "is gone")
            else:
                self.words("scheme", f"log-in {name}", scheme, now[name], way)

    def servers(self, where, word, old, new, way):
        """The host is the installation's, the path before ours is a promise."""
        def place(server):
            url = server["url"]
            for name, variable in server.get("variables", {}).items():
                url = url.replace("{" + name + "}", variable["default"])
            return urlsplit(url).path.rstrip("/")

        # An operation without servers of its own is at those of the document.
        places = lambda document, one: {place(server) for server in one.get(word) or document.get(word) or [{"url": "/"}]}
        for path in sorted(places(self.before, old) - places(self.after, new)):
            self.say(where, f"is no longer at the server's path {path or '/'}")

    def problems(self, where, word, old, new, way):
        now = new.get(word, {})
        for code, problem in old.get(word, {}).items():
            if code not in now:
                self.say(f"problem {code}", "is gone")
            else:
                self.words("problem", f"problem {code}", problem, now[code], way)

    # ---- Operations ---------------------------------------------------------------------------------------------------------

    def access(self, where, word, old, new, way):
        if way == GIVEN:
            self.same(where, word, old, new, way)
            return
        now = ways_in(new.get(word))
        for has in ways_in(old.get(word)):
            if not any(all(name in has and scopes <= has[name] for name, scopes in needs.items()) for needs in now):
                self.say(where, f"no longer takes {' and '.join(has)}" if has else "needs a log-in now")

    def permission(self, where, word, old, new, way):
        if new.get(word) and old.get(word) != new[word]:
            self.say(where, f"needs the permission {new[word]} now")

    def sunset(self, where, word, old, new, way):
        until = "x-stays-until"
        if new.get("deprecated") and until not in new:
            self.say(where, "is deprecated and does not say until when it stays")
        elif new.get(until, "9999") < old.get(until, ""):
            self.say(where, f"stays until {new[until]} now, was promised until {old[until]}")

    def callbacks(self, where, word, old, new, way):
        for name, was in old.get(word, {}).items():
            now = new.get(word, {}).get(name, {})
            self.items_of(was, now, lambda path, method, name=name: f"{where} callback {name} {path}", other(way))

    def parameters(self, where, word, old, new, way):
        def by_name(one):
            key = lambda p: (p.get("in"), p.get("name", "").lower() if p.get("in") == "header" else p.get("name"))
            return {key(parameter): parameter for parameter in one.get(word, [])}

        was, now = by_name(old), by_name(new)
        for (place, name), parameter in was.items():
            there = f"{where} {place} parameter {parameter['name']}"
            if (place, name) not in now:
                self.say(there, "is gone")
                continue
            kept = now[place, name]
            self.words("parameter", there, parameter, kept, way)
            if way == TAKEN and not parameter.get("required"):
                self.left_out(there, schema_of(parameter), schema_of(kept))
        for (place, name), parameter in now.items():
            if way == TAKEN and (place, name) not in was and parameter.get("required"):
                self.say(f"{where} {place} parameter {name}", "is new and required")

    def body(self, where, word, old, new, way):
        was, now = old.get(word), new.get(word)
        if now is None:
            self.say(where, "takes no body any more" if way == TAKEN else "has no body any more")
        elif was is None:
            if way == TAKEN and now.get("required"):
                self.say(where, "requires a body now")
        else:
            self.words("body", f"{where} body", was, now, way)

    def replies(self, where, word, old, new, way):
        was, now = old.get(word, {}), new.get(word, {})
        back = other(way)
        for status, reply in was.items():
            if status in now:
                self.words("reply", f"{where} {status}", reply, now[status], back)
            else:
                self.say(where, f"does not answer {status} any more" if back == GIVEN else f"takes no answer {status} any more")
        for status in now:
            if back == TAKEN or status in was or status in ASKED_FOR or status[0] == "1":
                continue
            if status[0] in "23":
                self.say(where, f"may answer {status} now")
            elif "default" not in was or self.found(self.words, "reply", where, was["default"], now[status], GIVEN):
                self.say(where, f"answers {status} with no problem document now")

    # ---- What parameters, headers, bodies and replies have in common --------------------------------------------------------

    def required(self, where, word, old, new, way):
        if way == TAKEN and new.get(word) and not old.get(word):
            self.say(where, "is required now")
        if way == GIVEN and old.get(word) and not new.get(word):
            self.say(where, "may be missing now")

    def inner_schema(self, where, word, old, new, way):
        if word in old and word not in new and "content" in new and word == "schema":
            self.say(where, "has another form")
            return
        self.schema(where, old.get(word, {}), new.get(word, {}), way)

    def serialised(self, where, word, old, new, way):
        def meant(one):
            style = one.get("style", "form" if one.get("in") in ("query", "cookie") else "simple")
            return style if word == "style" else one.get("explode", style == "form")

        def has_parts(document, one):
            schema = view(document, one.get("schema", {}))
            return admits(schema, "array") or admits(schema, "object")

        # A value without parts has none to explode.
        counts = word == "style" or has_parts(self.before, old) or has_parts(self.after, new)
        if counts and meant(old) != meant(new):
            self.say(where, f"{word} is another")

    def media(self, where, word, old, new, way):
        by_name = lambda one: {name.lower(): content for name, content in one.get(word, {}).items()}
        was, now = by_name(old), by_name(new)
        for name in was if way == TAKEN else now:
            covering = next((one for one in ranges_of(name) if one in (now if way == TAKEN else was)), None)
            if covering is None:
                self.say(where, f"takes no {name} any more" if way == TAKEN else f"may be {name} now")
            else:
                one, other = (name, covering) if way == TAKEN else (covering, name)
                self.words("media", where, was[one], now[other], way)
        for name in was if way == GIVEN else ():
            if not any(name in ranges_of(one) for one in now):
                self.say(where, f"is no {name} any more")

    def headers(self, where, word, old, new, way):
        by_name = lambda one: {name.lower(): (name, header) for name, header in one.get(word, {}).items()}
        was, now = by_name(old), by_name(new)
        for key, (name, header) in was.items():
            if key in now:
                was_header, now_header = self.header(self.before, header), self.header(self.after, now[key][1])
                self.words("header", f"{where} header {name}", was_header, now_header, way)
            else:
                self.say(where, f"has no header {name} any more" if way == GIVEN else f"takes no header {name} any more")
        for key, (name, header) in now.items():
            if way == TAKEN and key not in was and self.header(self.after, header).get("required"):
                self.say(f"{where} header {name}", "is new and required")

    def links(self, where, word, old, new, way):
        for name, link in old.get(word, {}).items():
            if name not in new.get(word, {}):
                self.say(where, f"has no link {name} any more")
            else:
                self.words("link", f"{where} link {name}", link, new[word][name], way)


def breaking(before, after):
    """Sentences; none when every client of `before`, a promise, can go on with the document `after`."""
    kept, faults = promise(after)
    return faults + Comparison(before, kept).run()


def load_released(path):
    with open(path, encoding="utf-8") as file:
        released = json.load(file)
    if released.get(DIGEST) != digest_of(released):
        sys.exit(f"{path} was changed by hand: bin/release writes it")
    return released


def write_released(path, document):
    kept, faults = promise(document)
    if faults:
        sys.exit("\n".join(faults))
    kept[DIGEST] = digest_of(kept)
    # A path or a component a line: what changed is seen, and the file stays small.
    with open(path, "w", encoding="utf-8") as file:
        file.write(compact(kept) + "\n")


def compact(kept):
    flat = lambda value: json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    parts = []
    for name in sorted(kept):
        part = kept[name]
        if name in ("paths", "webhooks", "x-problems"):
            inner = ",\n".join(f"{flat(key)}:{flat(part[key])}" for key in sorted(part))
            parts.append(f"{flat(name)}:{{\n{inner}\n}}")
        elif name == "components":
            groups = []
            for group in sorted(part):
                inner = ",\n".join(f"{flat(key)}:{flat(part[group][key])}" for key in sorted(part[group]))
                groups.append(f"{flat(group)}:{{\n{inner}\n}}")
            parts.append(f"{flat(name)}:{{{','.join(groups)}}}")
        else:
            parts.append(f"{flat(name)}:{flat(part)}")
    return "{" + ",\n".join(parts) + "}"


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("--released", "--write"):
        sys.exit(__doc__)
    document = json.load(sys.stdin)
    if sys.argv[1] == "--write":
        write_released(sys.argv[2], document)
        return
    released = load_released(sys.argv[2])
    findings = breaking(released, document)
    for finding in findings:
        print(finding)
    version = released["info"]["version"]
    if findings:
        sys.exit(f"{len(findings)} changes break clients of {version}: docs/api-changes.md says what to do instead")
    print(f"every client of {version} can go on")


if __name__ == "__main__":
    main()
