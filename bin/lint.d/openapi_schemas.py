"""Compares two schemas of an OpenAPI document: what we take may become more, what we answer may become less.

A schema is looked at as one: `$ref` is followed, what stands beside it and `allOf` are put together, and `anyOf`, `oneOf` and lists
of types are alternatives, in any order."""

import json

from openapi_words import KINDS, SCHEMA, has_ref, pointed_at

TAKEN, GIVEN = "taken", "given"
DEEPEST = 80
# Looked for as (what the narrow side has, what the wide side has): fits though they differ.
NARROWER_FORMATS = [("int64", "int32"), ("double", "float")]


def as_list(value):
    return value if isinstance(value, list) else [value]


def common_types(one, other):
    """An integer is a number."""
    one, other = as_list(one), as_list(other)
    wide = lambda types: {*types, "integer"} if "number" in types else set(types)
    return sorted(wide(one) & wide(other) - ({"integer"} if "number" in one and "number" in other else set()))


# How two values of a word become one that says both.
BOTH = {
    "type": common_types,
    "enum": lambda one, other: [value for value in one if value in other],
    "required": lambda one, other: sorted({*one, *other}),
    "properties": lambda one, other: {
        **one,
        **{name: {"allOf": [one[name], value]} if name in one else value for name, value in other.items()},
    },
    **{word: max for word in ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")},
    **{word: min for word in ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")},
    **{word: lambda one, other: one or other for word in ("uniqueItems", "readOnly", "writeOnly")},
    **{word: lambda one, other: other for word in ("default", "x-left-out", "$defs")},
    **{word: lambda one, other: {"allOf": [one, other]} for word in ("items", "additionalProperties")},
    "allOf": lambda one, other: [*one, *other],
}


def both(one, other):
    """One schema for two; what one word cannot say stays in allOf."""
    result = dict(one)
    for word, value in other.items():
        if word not in result or result[word] == value:
            result[word] = value
        elif word in BOTH:
            result[word] = BOTH[word](result[word], value)
        else:
            result["allOf"] = [*result.get("allOf", []), {word: value}]
    return result


def view(document, schema, followed=()):
    """A schema as an object, without `$ref` and, where it can be, without `allOf`."""
    if not isinstance(schema, dict):
        return {"not": {}} if schema is False else {}
    result = {word: value for word, value in schema.items() if word not in ("$ref", "allOf")}
    for one in schema.get("allOf", []):
        result = both(view(document, one, followed), result)
    if has_ref(schema) and schema["$ref"] not in followed:
        ref = schema["$ref"]
        result = both(view(document, pointed_at(document, ref), (*followed, ref)), result)
    return result


def expanded(document, value, followed=()):
    """A value with what its references lead to, to be compared as it is."""
    if isinstance(value, list):
        return [expanded(document, one, followed) for one in value]
    if not isinstance(value, dict):
        return value
    if has_ref(value) and value["$ref"] not in followed:
        value, followed = view(document, value), (*followed, value["$ref"])
    return {name: expanded(document, one, followed) for name, one in value.items()}


def alternatives(document, schema, followed=()):
    """Schemas of which a value follows one at least."""
    if schema in followed:
        return []
    seen = view(document, schema)
    for word in ("anyOf", "oneOf"):
        if word in seen:
            rest = {name: value for name, value in seen.items() if name != word and name not in ("default", "x-left-out")}
            inner = [{"allOf": [rest, one]} if rest else one for one in seen[word]]
            return [found for one in inner for found in alternatives(document, one, (*followed, schema))]
    if not isinstance(seen.get("type"), list):
        return [schema]
    return [of_type(seen, name) for name in seen["type"]]


def of_type(schema, name):
    if name == "null":
        return {"type": "null"}
    schema = {**schema, "type": name}
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    return schema


def admits(schema, name):
    return "type" not in schema or bool(common_types(schema["type"], name))


def other_type(old, new):
    return "type" in old and "type" in new and not common_types(old["type"], new["type"])


def edge(schema, word, sign):
    """The lowest (sign 1) or highest (-1) number, comparable: the higher, the narrower. None without one."""
    name = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}[word]
    edges = [(sign * schema[word], 0)] if word in schema else []
    if name in schema:
        whole = set(as_list(schema.get("type", "any"))) <= {"integer", "null"} and schema[name] == int(schema[name])
        edges.append((sign * schema[name] + 1, 0) if whole else (sign * schema[name], 1))
    return max(edges, default=None)


def said(edge_of, sign):
    if edge_of is None:
        return "none"
    number, exclusive = edge_of
    return f"{('over ' if sign > 0 else 'under ') if exclusive else ''}{sign * number}"


class Schemas:
    """`before` and `after` are documents of openapi_words.promise()."""

    def __init__(self, before, after):
        self.before, self.after = before, after
        self.findings = []
        self.known = {}
        self.open = []

    def say(self, where, text):
        finding = f"{where}: {text}"
        if finding not in self.findings:
            self.findings.append(finding)

    def words(self, kind, where, old, new, way):
        for name, word in KINDS[kind].items():
            if not word.rule or name not in old and name not in new:
                continue
            if word.of and not (admits(old, word.of) and admits(new, word.of)):
                continue
            getattr(self, word.rule)(where, name, old, new, way)

    def schema(self, where, old, new, way):
        if has_ref(new):
            where = new["$ref"].rsplit("/", 1)[-1]
        key = json.dumps([old, new, way], sort_keys=True)
        if key in self.open:
            return
        if len(self.open) > DEEPEST:
            self.say(where, f"is more than {DEEPEST} schemas deep")
            return
        # What is found of a named schema is the same wherever it is used.
        if (found := self.known.get(key)) is None:
            outer, self.findings = self.findings, []
            self.open.append(key)
            self.whole(where, old, new, way)
            self.open.pop()
            found, self.findings = self.findings, outer
            if has_ref(new):
                self.known[key] = found
        self.findings += [finding for finding in found if finding not in self.findings]

    def whole(self, where, old, new, way):
        was, now = view(self.before, old), view(self.after, new)
        if any(word in one for one in (was, now) for word in ("anyOf", "oneOf")):
            self.choices(where, old, new, way)
            if way == TAKEN and "oneOf" in now and "anyOf" in was:
                self.say(where, "takes what follows one of its schemas alone now, followed any")
        elif other_type(was, now) or way == GIVEN and "type" in was and not {"type", "enum", "const"} & set(now):
            # Its other words are then about something else.
            self.types(where, "type", was, now, way)
        else:
            self.words("schema", where, was, now, way)

    def choices(self, where, old, new, way):
        """Each alternative that we took is taken, each that we answer was answered."""
        was, now = alternatives(self.before, old), alternatives(self.after, new)
        for one in was if way == TAKEN else now:
            tried = []
            for other in now if way == TAKEN else was:
                outer, self.findings = self.findings, []
                self.schema(where, *((one, other) if way == TAKEN else (other, one)), way)
                tried.append(self.findings)
                self.findings = outer
            # Of the alternative that is most alike.
            best = min(tried, key=len, default=[f"{where}: has no alternative any more"])
            self.findings += [finding for finding in best if finding not in self.findings]

    # ---- Rules of keywords --------------------------------------------------------------------------------------------------

    def narrowed(self, where, word, was, now, way):
        self.say(where, f"{word} is {'none' if now is None else now} now, was {'none' if was is None else was}")

    def same(self, where, word, old, new, way):
        was, now = expanded(self.before, old.get(word)), expanded(self.after, new.get(word))
        if was != now:
            text = lambda value: value if isinstance(value, str) else json.dumps(value)
            self.say(where, f"{word} {text(was)} is now {text(now)}")

    def constraint(self, where, word, old, new, way):
        def all_of(document, schema):
            found = [one[word] for one in (schema, *schema.get("allOf", [])) if word in one]
            return [value for value in expanded(document, found) if value is not False]

        was, now = all_of(self.before, old), all_of(self.after, new)
        narrow, wide = (now, was) if way == TAKEN else (was, now)
        if any(one not in wide and (one, *wide[:1]) not in NARROWER_FORMATS for one in narrow):
            text = lambda values: values[0] if len(values) == 1 else values or None
            self.narrowed(where, word, text(was), text(now), way)

    def every(self, where, word, old, new, way):
        """What could not be put together of allOf; rule constraint sees to its own words."""

        def rest(document, schema):
            left = expanded(document, schema.get(word, []))
            return [one for one in left if any(SCHEMA[name].rule != "constraint" for name in one)]

        was, now = rest(self.before, old), rest(self.after, new)
        if any(one not in (was if way == TAKEN else now) for one in (now if way == TAKEN else was)):
            self.say(where, "allOf is another")

    def least(self, where, word, old, new, way):
        narrow, wide = (new, old) if way == TAKEN else (old, new)
        if narrow.get(word, 0) > wide.get(word, 0):
            self.narrowed(where, word, old.get(word), new.get(word), way)

    def most(self, where, word, old, new, way):
        narrow, wide = (new, old) if way == TAKEN else (old, new)
        if word in narrow and wide.get(word, float("inf")) > narrow[word]:
            self.narrowed(where, word, old.get(word), new.get(word), way)

    def lowest(self, where, word, old, new, way):
        self.number(where, "minimum", 1, old, new, way)

    def highest(self, where, word, old, new, way):
        self.number(where, "maximum", -1, old, new, way)

    def number(self, where, word, sign, old, new, way):
        was, now = edge(old, word, sign), edge(new, word, sign)
        narrow, wide = (now, was) if way == TAKEN else (was, now)
        if narrow is not None and (wide is None or narrow > wide):
            self.narrowed(where, word, said(was, sign), said(now, sign), way)

    def types(self, where, word, old, new, way):
        was, now = (set(as_list(one["type"])) if "type" in one else None for one in (old, new))
        if was is None or now is None:
            closed = any(name in (new if now is None else old) for name in ("enum", "const"))
            if was != now and (now is None) == (way == GIVEN) and not closed:
                self.say(where, "is of any type now" if now is None else "has a type now")
            return
        # An integer is a number.
        wider = lambda types: types | {"integer"} if "number" in types else types
        lost, won = was - wider(now), now - wider(was)
        if way == TAKEN and lost:
            self.say(where, f"takes no {' or '.join(sorted(lost))} any more")
        if way == GIVEN and won:
            self.say(where, f"may be {' or '.join(sorted(won))} now")

    def values(self, where, word, old, new, way):
        def closed(one):
            values = [one["const"]] if "const" in one else one.get("enum")
            return None if values is None else {json.dumps(value, sort_keys=True) for value in values}

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

    def items(self, where, word, old, new, way):
        self.schema(f"{where}[]", old.get(word, True), new.get(word, True), way)

    def additional(self, where, word, old, new, way):
        """A reply may get members, so that `false` may become another; a map may not lose its values."""
        was, now = old.get(word, way == TAKEN), new.get(word, True)
        if was is False or was == now == True:
            return
        if now is False:
            self.say(where, "refuses members that it does not know now" if way == TAKEN else "has no values by name any more")
            return
        self.schema(f"{where}[]", was, now, way)

    def members(self, where, word, old, new, way):
        was, now = old.get(word, {}), new.get(word, {})
        for name, member in was.items():
            there = f"{where}.{name}"
            if name not in now:
                self.say(there, "is gone")
                continue
            self.schema(there, member, now[name], way)
            if way == TAKEN and name not in old.get("required", []):
                self.left_out(there, member, now[name])

    def left_out(self, where, old, new):
        """What it means not to send a member or a parameter that may be left out."""
        told = lambda one: next((one[word] for word in ("default", "x-left-out") if word in one), None)
        was, now = told(view(self.before, old)), told(view(self.after, new))
        if json.dumps(was, sort_keys=True) != json.dumps(now, sort_keys=True):
            self.say(where, f"left out, it means {json.dumps(now)} now, meant {json.dumps(was)}")

    def required_members(self, where, word, old, new, way):
        had, has = set(old.get(word, [])), set(new.get(word, []))
        for name in sorted(has - had if way == TAKEN else had - has):
            if way == TAKEN:
                self.say(f"{where}.{name}", "is required now")
            elif name in new.get("properties", {}) or name not in old.get("properties", {}):
                self.say(f"{where}.{name}", "may be missing now")

    def flags(self, where, word, old, new, way):
        """A request that no longer has what we only answer, a reply that no longer has what we only take."""
        if word == ("readOnly" if way == TAKEN else "writeOnly") and new.get(word) and not old.get(word):
            self.say(where, f"is {word} now")
