#!/usr/bin/env python3
"""What of the API's document breaks a client of the last release.

    backend-api openapi | openapi_changes.py --released docs/openapi-released.json     # exit code 1 when something breaks
    backend-api openapi | openapi_changes.py --write docs/openapi-released.json        # bin/release alone

What we take may become more, never less; what we answer may become less in its values, never more, and more in its members. An enum of
a reply is closed: one more value breaks who switches over it. Problem codes are open (clients act on `action`), so a new one breaks
nobody, and one that changes does. The released document has no texts and no examples, which are no promise, and a digest: it is moved by
bin/release, not by hand."""

import hashlib
import json
import sys

METHODS = ("get", "put", "post", "patch", "delete")
TEXTS = {"description", "summary", "example", "examples", "x-needs", "x-with-fields", "title"}
# The more of it, the narrower: what we take must not get it, what we answer must not lose it.
LEAST = ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")
MOST = ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")
DIGEST = "x-digest"
TAKEN, GIVEN = "taken", "given"
PROBLEM = {
    "description": "",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def bare(value, is_map_of_names=False):
    """Without texts. Members of maps whose names are ours (properties, headers) are kept whatever they are called."""
    if isinstance(value, list):
        return [bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    named = ("properties", "schemas", "headers", "responses", "parameters", "x-problems", "webhooks", "paths", "content", "links")
    return {
        name: bare(member, name in named)
        for name, member in value.items()
        if is_map_of_names or name not in TEXTS
    }


def promise(document):
    """What a release promises: the document's bare parts that a client can depend on."""
    components = document.get("components", {})
    kept = {
        "openapi": document["openapi"],
        "info": {"title": document["info"]["title"], "version": document["info"]["version"]},
        "paths": document["paths"],
        "webhooks": document.get("webhooks", {}),
        "components": {
            name: components.get(name, {}) for name in ("schemas", "responses", "headers", "securitySchemes")
        },
        "x-problems": {
            code: {name: problem[name] for name in ("status", "retriable", "action")}
            for code, problem in document.get("x-problems", {}).items()
        },
    }
    kept = bare(kept)
    kept["info"]["title"] = document["info"]["title"]
    for name, scheme in components.get("securitySchemes", {}).items():
        kept["components"]["securitySchemes"][name] = bare(scheme)
    kept["components"].pop("responses")
    for _, _, operation in operations(kept):
        # Clients act on a problem's members, whatever its code: x-problems has them.
        operation["responses"] = {
            status: {"description": "", **reply}
            for status, reply in operation["responses"].items()
            if status.startswith("2")
        } | {"default": PROBLEM}
    return kept


def digest_of(kept):
    text = json.dumps({name: part for name, part in kept.items() if name != DIGEST}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def operations(document, part="paths"):
    for path, item in document.get(part, {}).items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


class Comparison:
    def __init__(self, before, after):
        self.before, self.after = before, after
        self.findings = []
        self.seen = set()

    def say(self, where, text):
        finding = f"{where}: {text}"
        if finding not in self.findings:
            self.findings.append(finding)

    def run(self):
        new = {(path, method): operation for path, method, operation in operations(self.after)}
        for path, method, operation in operations(self.before):
            where = f"{method.upper()} {path}"
            if (path, method) not in new:
                self.say(where, "is gone")
            else:
                self.operation(where, operation, new[path, method])
        self.webhooks()
        self.problems()
        return self.findings

    def resolved(self, document, value):
        while isinstance(value, dict) and "$ref" in value:
            found = document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            value = found
        return value

    # ---- Operations ---------------------------------------------------------------------------------------------------------

    def operation(self, where, old, new):
        if old.get("operationId") != new.get("operationId"):
            self.say(where, f"operationId {old.get('operationId')} is now {new.get('operationId')}")
        self.access(where, old, new)
        self.parameters(where, old, new)
        self.body(where, old.get("requestBody"), new.get("requestBody"))
        self.replies(where, old["responses"], new["responses"])

    def access(self, where, old, new):
        ways = {json.dumps(way, sort_keys=True) for way in new.get("security", [])}
        if ways and not old.get("security"):
            self.say(where, "needs a log-in now")
        for way in old.get("security", []):
            if ways and json.dumps(way, sort_keys=True) not in ways:
                self.say(where, f"no longer takes {', '.join(way)}")
        if new.get("x-permission") and old.get("x-permission") != new.get("x-permission"):
            self.say(where, f"needs the permission {new['x-permission']} now")

    def parameters(self, where, old, new):
        by_name = lambda one: {(p["in"], p["name"]): p for p in one.get("parameters", [])}
        was, now = by_name(old), by_name(new)
        for (place, name), parameter in was.items():
            there = f"{where} {place} parameter {name}"
            if (place, name) not in now:
                self.say(there, "is gone")
                continue
            other = now[place, name]
            if other.get("required") and not parameter.get("required"):
                self.say(there, "is required now")
            for how in ("style", "explode"):
                if parameter.get(how) != other.get(how):
                    self.say(there, f"{how} is another")
            self.schema(there, parameter.get("schema", {}), other.get("schema", {}), TAKEN)
        for (place, name), parameter in now.items():
            if (place, name) not in was and parameter.get("required"):
                self.say(f"{where} {place} parameter {name}", "is new and required")

    def body(self, where, old, new):
        if new is None:
            if old is not None:
                self.say(where, "takes no body any more")
            return
        if old is None:
            if new.get("required"):
                self.say(where, "requires a body now")
            return
        if new.get("required") and not old.get("required"):
            self.say(where, "requires its body now")
        for media, content in old["content"].items():
            if media not in new["content"]:
                self.say(where, f"takes no {media} any more")
            else:
                self.schema(f"{where} body", content.get("schema", {}), new["content"][media].get("schema", {}), TAKEN)

    def replies(self, where, old, new):
        for status, reply in old.items():
            if not status.startswith("2"):
                continue
            if status not in new:
                self.say(where, f"does not answer {status} any more")
                continue
            self.reply(f"{where} {status}", self.resolved(self.before, reply), self.resolved(self.after, new[status]))
        for status in new:
            if status.startswith("2") and status not in old:
                self.say(where, f"may answer {status} now")

    def reply(self, where, old, new):
        for name in old.get("headers", {}):
            if name not in new.get("headers", {}):
                self.say(where, f"has no header {name} any more")
        for media, content in old.get("content", {}).items():
            if media.endswith("problem+json"):
                continue
            if media not in new.get("content", {}):
                self.say(where, f"is no {media} any more")
            else:
                self.schema(where, content.get("schema", {}), new["content"][media].get("schema", {}), GIVEN)
        for media in new.get("content", {}):
            if media not in old.get("content", {}) and not media.endswith("problem+json"):
                self.say(where, f"may be {media} now")

    def webhooks(self):
        now = self.after.get("webhooks", {})
        for name, item in self.before.get("webhooks", {}).items():
            if name not in now:
                self.say(f"webhook {name}", "is gone")
                continue
            for media, content in item["post"]["requestBody"]["content"].items():
                other = now[name]["post"]["requestBody"]["content"].get(media, {})
                self.schema(f"webhook {name}", content.get("schema", {}), other.get("schema", {}), GIVEN)

    def problems(self):
        now = self.after.get("x-problems", {})
        for code, problem in self.before.get("x-problems", {}).items():
            if code not in now:
                self.say(f"problem {code}", "is gone")
                continue
            for name in ("status", "retriable", "action"):
                if problem[name] != now[code][name]:
                    self.say(f"problem {code}", f"{name} {problem[name]} is now {now[code][name]}")

    # ---- Schemas ------------------------------------------------------------------------------------------------------------

    def schema(self, where, old, new, way):
        names = (old.get("$ref"), new.get("$ref")) if isinstance(old, dict) and isinstance(new, dict) else (None, None)
        if any(names):
            if (names, way) in self.seen:
                return
            self.seen.add((names, way))
            if names[1]:
                where = names[1].rsplit("/", 1)[-1]
        old, new = self.resolved(self.before, old), self.resolved(self.after, new)
        # `true` takes all.
        old, new = ({} if one is True else one for one in (old, new))
        if not isinstance(old, dict) or not isinstance(new, dict):
            if old != new:
                self.say(where, "is another schema")
            return
        self.types(where, old, new, way)
        self.values(where, old, new, way)
        self.bounds(where, old, new, way)
        self.members(where, old, new, way)
        for inner in ("items", "additionalProperties"):
            if isinstance(old.get(inner), dict) and isinstance(new.get(inner), dict):
                self.schema(f"{where}[]", old[inner], new[inner], way)
        if way == TAKEN and new.get("additionalProperties") is False and old.get("additionalProperties", True) is not False:
            self.say(where, "refuses members that it does not know now")
        self.choices(where, old, new, way)

    def types(self, where, old, new, way):
        as_set = lambda one: set(one["type"] if isinstance(one["type"], list) else [one["type"]]) if "type" in one else None
        was, now = as_set(old), as_set(new)
        if was == now:
            return
        if was is None or now is None:
            if (now is None) == (way == GIVEN):
                self.say(where, "is of any type now" if now is None else "has a type now")
            return
        # An integer is a number.
        wider = lambda types: types | {"integer"} if "number" in types else types
        lost, won = was - wider(now), now - wider(was)
        if way == TAKEN and lost:
            self.say(where, f"takes no {' or '.join(sorted(lost))} any more")
        if way == GIVEN and won:
            self.say(where, f"may be {' or '.join(sorted(won))} now")

    def values(self, where, old, new, way):
        def closed(one):
            values = one.get("enum", [one["const"]] if "const" in one else None)
            return None if values is None else {json.dumps(value) for value in values}

        was, now = closed(old), closed(new)
        if way == TAKEN and now is not None:
            if was is None:
                self.say(where, "takes certain values alone now")
            elif was - now:
                self.say(where, f"takes no {', '.join(sorted(was - now))} any more")
        if way == GIVEN and was is not None:
            if now is None:
                self.say(where, "may be any value now")
            elif now - was:
                self.say(where, f"may be {', '.join(sorted(now - was))} now")

    def bounds(self, where, old, new, way):
        narrow, wide = (old, new) if way == GIVEN else (new, old)
        for names, is_wider in ((LEAST, lambda a, b: a < b), (MOST, lambda a, b: a > b)):
            for name in names:
                if name not in narrow:
                    continue
                if way == TAKEN and (name not in wide or is_wider(wide[name], narrow[name])):
                    self.say(where, f"{name} is {narrow[name]} now, was {wide.get(name, 'none')}")
                if way == GIVEN and (name not in wide or is_wider(wide[name], narrow[name])) and name in ("minimum", "maximum"):
                    self.say(where, f"{name} is {wide.get(name, 'none')} now, was {narrow[name]}")
        for name in ("pattern", "format", "contentMediaType"):
            if old.get(name) == new.get(name):
                continue
            if way == TAKEN and name in new or way == GIVEN and name in old and name == "format":
                self.say(where, f"{name} is {new.get(name, 'none')} now, was {old.get(name, 'none')}")
        if way == TAKEN and new.get("uniqueItems") and not old.get("uniqueItems"):
            self.say(where, "takes each item once now")

    def members(self, where, old, new, way):
        was, now = old.get("properties", {}), new.get("properties", {})
        for name, member in was.items():
            there = f"{where}.{name}"
            if name not in now:
                if way == GIVEN or new.get("additionalProperties") is False:
                    self.say(there, "is gone")
            else:
                self.schema(there, member, now[name], way)
        had, has = set(old.get("required", [])), set(new.get("required", []))
        if way == TAKEN:
            for name in sorted(has - had):
                self.say(f"{where}.{name}", "is required now")
        else:
            for name in sorted(had - has):
                if name in now:
                    self.say(f"{where}.{name}", "may be missing now")

    def choices(self, where, old, new, way):
        for word in ("oneOf", "anyOf", "allOf"):
            was, now = old.get(word), new.get(word)
            if was is None and now is None:
                continue
            if was is None or now is None or len(was) != len(now):
                self.say(where, f"{word} is another")
                continue
            for number, (one, other) in enumerate(zip(was, now, strict=True)):
                self.schema(f"{where} {word} {number + 1}", one, other, way)


def breaking(before, after):
    """Sentences; none when every client of `before` can go on."""
    return Comparison(before, promise(after)).run()


def load_released(path):
    with open(path, encoding="utf-8") as file:
        released = json.load(file)
    if released.get(DIGEST) != digest_of(released):
        sys.exit(f"{path} was changed by hand: bin/release alone writes it")
    return released


def write_released(path, document):
    kept = promise(document)
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
