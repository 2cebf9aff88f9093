"""Compares two schemas of an OpenAPI document: what we take may become more, what we answer may become less.

A schema that admits certain values alone is compared by them (openapi_values.py), any other word by word. `anyOf`, `oneOf` and
lists of types are alternatives, in any order."""

import json
from decimal import Decimal
from itertools import combinations

from openapi_values import apart, is_multiple, is_of, listed, takes
from openapi_views import as_list, common_types, expanded, same, view
from openapi_words import KINDS, NEWER, SCHEMA, TOLD, has_pattern, has_ref

TAKEN, GIVEN = "taken", "given"
DEEPEST = 80
# Whoever follows the second follows the first.
WIDER_FORMATS = [("int64", "int32"), ("double", "float"), ("double", "int32"), ("double", "int64")]
# What a word says that is not there.
ABSENT = {"allowReserved": False, "allowEmptyValue": False}


def alternatives(document, schema, followed=()):
    """Schemas of which a value follows one at least."""
    if schema in followed:
        return []
    seen = view(document, schema)
    for word in ("anyOf", "oneOf"):
        if word in seen:
            rest = {name: value for name, value in seen.items() if name != word and name not in ("default", "x-left-out")}
            inner = [{**rest, "allOf": [*rest.get("allOf", []), one]} if rest else one for one in seen[word]]
            return [found for one in inner for found in alternatives(document, one, (*followed, schema))]
    if not isinstance(seen.get("type"), list):
        return [schema]
    return [of_type(seen, name) for name in seen["type"]]


def one_ofs(document, schema, followed=()):
    """Each `oneOf` among the alternatives of a schema."""
    if schema in followed:
        return []
    seen = view(document, schema)
    inner = [one for word in ("anyOf", "oneOf") for one in seen.get(word, [])]
    own = [seen["oneOf"]] if "oneOf" in seen else []
    return own + [found for one in inner for found in one_ofs(document, one, (*followed, schema))]


def of_type(schema, name):
    schema = {**schema, "type": name}
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if is_of(value, name)]
    return schema


def admits(schema, name):
    return "type" not in schema or bool(common_types(schema["type"], name))


def other_type(old, new):
    return "type" in old and "type" in new and not common_types(old["type"], new["type"])


def edge(schema, word, sign):
    """The lowest (sign 1) or highest (-1) number, comparable: the higher, the narrower. None without one. A decimal is a text."""
    exclusive = {"minimum": "exclusiveMinimum", "maximum": "exclusiveMaximum"}.get(word)
    edges = [(sign * (Decimal(schema[word]) if isinstance(schema[word], str) else schema[word]), 0)] if word in schema else []
    if exclusive in schema:
        number = schema[exclusive]
        whole = set(as_list(schema.get("type", "any"))) <= {"integer", "null"} and number == int(number)
        edges.append((sign * number + 1, 0) if whole else (sign * number, 1))
    return max(edges, default=None)


def implies(word, one, other):
    """Whether what follows `word: one` follows `word: other`."""
    if same(one, other) or word == "format" and (other, one) in WIDER_FORMATS:
        return True
    return word == "multipleOf" and is_multiple(one, other)


def said(edge_of, sign):
    if edge_of is None:
        return "none"
    number, exclusive = edge_of
    return f"{('over ' if sign > 0 else 'under ') if exclusive else ''}{sign * number}"


class Schemas:
    """`before` and `after` are documents of openapi_words.promise()."""

    def __init__(self, before, after):
        self.before, self.after = before, after
        self.alike = same(before.get("components"), after.get("components"))
        self.findings = []
        self.depth = 0
        self.fits = {}  # Pairs of schemas without findings, in the order in which they were taken to be so.
        self.broken = {}  # Findings of others.

    def say(self, where, text):
        finding = f"{where}: {text}"
        if finding not in self.findings:
            self.findings.append(finding)

    def found(self, compare, *arguments):
        """What a comparison says, without saying it."""
        outer, self.findings = self.findings, []
        compare(*arguments)
        found, self.findings = self.findings, outer
        return found

    def say_all(self, findings):
        self.findings += [finding for finding in findings if finding not in self.findings]

    def sides(self, old, new, way):
        """Whose values have to follow which: (document, schema) of either."""
        return ((self.before, old), (self.after, new)) if way == TAKEN else ((self.after, new), (self.before, old))

    def words(self, kind, where, old, new, way):
        for name, word in KINDS[kind].items():
            if not word.rule or name not in old and name not in new:
                continue
            if name in NEWER and kind in ("schema", "value") and name not in self.before.get(TOLD, ()):
                continue
            if word.of and not (admits(old, word.of) and admits(new, word.of)):
                continue
            getattr(self, word.rule)(where, name, old, new, way)

    def schema(self, where, old, new, way):
        self.words("value", where, view(self.before, old), view(self.after, new), way)
        if has_ref(new):
            where = new["$ref"].rsplit("/", 1)[-1]
        key = json.dumps([old, new, way], sort_keys=True)
        if key not in self.fits:
            self.say_all(self.broken.get(key) or self.pair(key, where, old, new, way))

    def pair(self, key, where, old, new, way):
        """Findings of two schemas. One that is in itself is taken to fit there; where it does not, what was found meanwhile to fit
        may have done so by that alone, and is looked at again."""
        if self.depth > DEEPEST:
            return [f"{where}: is more than {DEEPEST} schemas deep"]
        before = len(self.fits)
        self.fits[key] = True
        self.depth += 1
        found = self.found(self.whole, where, old, new, way)
        self.depth -= 1
        while found and len(self.fits) > before:
            self.fits.popitem()
        if found and has_ref(new):
            self.broken[key] = found  # They are the same wherever a named schema is used.
        return found

    def whole(self, where, old, new, way):
        was, now = view(self.before, old), view(self.after, new)
        if other_type(was, now):
            # Its other words are then about something else.
            self.types(where, "type", was, now, way)
        elif self.by_values(where, old, new, way):
            return
        elif any(word in one for one in (was, now) for word in ("anyOf", "oneOf")):
            self.choices(where, old, new, way)
            self.exclusive(where, old, new, way)
        elif way == GIVEN and "type" in was and "type" not in now:
            self.types(where, "type", was, now, way)
        else:
            self.words("schema", where, was, now, way)

    def by_values(self, where, old, new, way):
        """Where the values can be listed that we took, or that we answer: which of them we take, or answered. Else False."""
        (document, narrow), (other, wide) = self.sides(old, new, way)
        values = listed(document, narrow)
        if values is None:
            return False
        # What both say of them in the same word is so.
        narrow, wide = view(document, narrow), view(other, wide)
        so = {word for word in narrow if word in wide and not SCHEMA[word].kind and same(narrow[word], wide[word])}
        rest = {word: said for word, said in wide.items() if word not in so}
        refused = sorted({json.dumps(value, sort_keys=True) for value in values if not takes(other, rest, value)})
        if refused:
            self.say(where, f"takes no {', '.join(refused)} any more" if way == TAKEN else f"may be {', '.join(refused)} now")
        return True

    def choices(self, where, old, new, way):
        """Each alternative that we took is taken, each that we answer was answered."""
        was, now = alternatives(self.before, old), alternatives(self.after, new)
        for one in was if way == TAKEN else now:
            if self.by_values(where, *((one, new) if way == TAKEN else (old, one)), way):
                continue
            pairs = [(one, other) for other in now] if way == TAKEN else [(other, one) for other in was]
            tried = [self.found(self.schema, where, *pair, way) for pair in pairs]
            # Of the alternative that is most alike.
            self.say_all(min(tried, key=len, default=[f"{where}: has no alternative any more"]))

    def exclusive(self, where, old, new, way):
        """What follows two schemas of a `oneOf` does not follow it."""
        (document, narrow), (other, wide) = self.sides(old, new, way)
        known = [expanded(document, schemas) for schemas in one_ofs(document, narrow)]
        has = lambda schemas, schema: any(same(expanded(other, schema), one) for one in schemas)
        text = "refuses what follows two of its schemas" if way == TAKEN else "may follow two of its former schemas"
        for schemas in one_ofs(other, wide):
            for one, second in combinations(schemas, 2):
                alike = any(has(had, one) and has(had, second) for had in known)
                if not alike and not apart(other, one, second):
                    self.say(where, f"oneOf {text} now")

    # ---- Rules of keywords --------------------------------------------------------------------------------------------------

    def narrowed(self, where, word, was, now, way):
        self.say(where, f"{word} is {'none' if now is None else now} now, was {'none' if was is None else was}")

    def same(self, where, word, old, new, way):
        nothing = ABSENT.get(word)
        was, now = expanded(self.before, old.get(word, nothing)), expanded(self.after, new.get(word, nothing))
        if not same(was, now):
            text = lambda value: value if isinstance(value, str) else json.dumps(value)
            self.say(where, f"{word} {text(was)} is now {text(now)}")

    def constraint(self, where, word, old, new, way):
        def all_of(document, schema):
            found = [one[word] for one in (schema, *schema.get("allOf", [])) if word in one]
            return [value for value in expanded(document, found) if value is not False]

        was, now = all_of(self.before, old), all_of(self.after, new)
        needed, has = (now, was) if way == TAKEN else (was, now)
        if not all(any(implies(word, one, other) for one in has) for other in needed):
            text = lambda values: values[0] if len(values) == 1 else values or None
            self.narrowed(where, word, text(was), text(now), way)

    def every(self, where, word, old, new, way):
        """What could not be put together of allOf; rule constraint sees to its own words."""

        def rest(document, schema):
            left = expanded(document, schema.get(word, []))
            return [one for one in left if any(SCHEMA[name].rule != "constraint" for name in one)]

        was, now = rest(self.before, old), rest(self.after, new)
        needed, has = (now, was) if way == TAKEN else (was, now)
        if not all(any(same(one, other) for other in has) for one in needed):
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
        self.number(where, "minimum" if word == "exclusiveMinimum" else word, 1, old, new, way)

    def highest(self, where, word, old, new, way):
        self.number(where, "maximum" if word == "exclusiveMaximum" else word, -1, old, new, way)

    def number(self, where, word, sign, old, new, way):
        was, now = edge(old, word, sign), edge(new, word, sign)
        narrow, wide = (now, was) if way == TAKEN else (was, now)
        if narrow is not None and (wide is None or narrow > wide):
            self.narrowed(where, word, said(was, sign), said(now, sign), way)

    def types(self, where, word, old, new, way):
        was, now = (set(as_list(one["type"])) if "type" in one else None for one in (old, new))
        if was is None or now is None:
            if was != now and (now is None) == (way == GIVEN):
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
        """Of certain values on one side alone: by_values() has seen to where the values of the other can be listed."""
        if word in (new if way == TAKEN else old):
            self.say(where, "takes certain values alone now" if way == TAKEN else "may be any value now")

    def told_apart(self, where, word, old, new, way):
        """A mapping may get names of alternatives that we take, and lose names of those that we answer."""
        was, now = old.get(word, {}), new.get(word, {})
        narrow, wide = ((one.get("mapping", {}).items()) for one in ((was, now) if way == TAKEN else (now, was)))
        if was.get("propertyName") != now.get("propertyName") or ("mapping" in was) != ("mapping" in now) or not narrow <= wide:
            self.same(where, word, old, new, way)

    def items(self, where, word, old, new, way):
        self.schema(f"{where}[]", old.get(word, True), new.get(word, True), way)

    def additional(self, where, word, old, new, way):
        """A reply may get members, so that `false` may become another; a map may not lose its values."""
        self.named(f"{where}[]", old.get(word, way == TAKEN), new.get(word, True), way)

    def patterns(self, where, word, old, new, way):
        """Names that follow no pattern on one side are there what additionalProperties says."""
        def of(side, name, nothing):
            return side.get(word, {}).get(name, side.get("additionalProperties", nothing))

        for name in sorted({*old.get(word, {}), *new.get(word, {})}):
            self.named(f"{where}[{name}]", of(old, name, way == TAKEN), of(new, name, True), way)

    def named(self, where, was, now, way):
        """Members of an object that has not named them."""
        if was is False or was == now == True:
            return
        if now is False:
            self.say(where, "refuses members that it does not know now" if way == TAKEN else "has no values by name any more")
            return
        self.schema(where, was, now, way)

    def members(self, where, word, old, new, way):
        was, now = old.get(word, {}), new.get(word, {})
        for name, member in was.items():
            there = f"{where}.{name}"
            # It may be one of a map's now.
            kept = now.get(name, new.get("additionalProperties"))
            if name not in now and not isinstance(kept, dict):
                self.say(there, "is gone")
                continue
            self.schema(there, member, kept, way)
            if way == TAKEN and name not in old.get("required", []):
                self.left_out(there, member, kept)
        for name, member in now.items():
            if name not in was:
                self.new_member(f"{where}.{name}", name, old, member, way)

    def new_member(self, where, name, old, member, way):
        """It was a value of a map, or it is a member that we passed over: such names are ours to take."""
        patterns = old.get("patternProperties", {}).items()
        fitting = [schema for pattern, schema in patterns if has_pattern(pattern, name) is not False]
        rest = {"allOf": fitting} if fitting else old.get("additionalProperties", True)
        if isinstance(rest, dict) or way == TAKEN and rest and not old.get("properties"):
            self.schema(where, rest, member, way)

    def left_out(self, where, old, new):
        """What it means not to send a member or a parameter that may be left out."""
        def told(document, schema):
            said = [view(document, one) for one in (schema, *alternatives(document, schema))]
            return next((one[word] for one in said for word in ("default", "x-left-out") if word in one), None)

        was, now = told(self.before, old), told(self.after, new)
        if not same(was, now):
            self.say(where, f"left out, it means {json.dumps(now)} now, meant {json.dumps(was)}")

    def required_members(self, where, word, old, new, way):
        """A member that is readOnly is not sent by a client, whatever `required` says, and one that is writeOnly not by us."""
        def needed(side, flag):
            schemas = side[0].get("properties", {})
            return {name for name in side[0].get(word, []) if not view(side[1], schemas.get(name, {})).get(flag)}

        had = needed((old, self.before), "readOnly" if way == TAKEN else "writeOnly")
        has = needed((new, self.after), "readOnly" if way == TAKEN else None)
        gone = set(old.get("properties", {})) - set(new.get("properties", {}))
        for name in sorted(has - had if way == TAKEN else had - has):
            if way == TAKEN:
                self.say(f"{where}.{name}", "is required now")
            elif name not in gone or isinstance(new.get("additionalProperties"), dict):
                self.say(f"{where}.{name}", "may be missing now")

    # ---- Rules of members ---------------------------------------------------------------------------------------------------

    def flags(self, where, word, old, new, way):
        """A request that no longer has what we only answer, a reply that no longer has what we only take."""
        if word == ("readOnly" if way == TAKEN else "writeOnly") and new.get(word) and not old.get(word):
            self.say(where, f"is {word} now")

    def readers(self, where, word, old, new, way):
        if way == GIVEN and word in new and old.get(word) != new[word]:
            self.say(where, f"is sent to readers with the permission {new[word]} alone now")
