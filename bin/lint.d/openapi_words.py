"""The words of an OpenAPI 3.1 document: by which rule of openapi_changes.py each is compared, and which carry no promise.

A word that stands in neither table is reported, so that somebody decides. promise() is what a release keeps: the document without
the words that carry no promise, with what a path item or the document says for its operations put into them, and `$ref`s in place
but for schemas and headers."""

import json
import math
import re
from typing import NamedTuple
from urllib.parse import unquote

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
PROBLEM_JSON = "application/problem+json"
PROBLEM = {"description": "", "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
# Of sentences that src/schema and src/openapi write: what leaving out a member means, and until when an operation stays.
LEFT_OUT = re.compile(r"When left out: `(.*?)`\.", re.DOTALL)
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
UNKNOWN = None  # What a judge of a word answers where it cannot say.
STAYS_UNTIL = re.compile(r"it may be gone from (\d{4}-\d\d-\d\d) on")


def has_all(kind, follows):
    """Of lists and objects: whether each of what is inside follows."""
    return lambda value: isinstance(value, kind) and all(map(follows, value.values() if kind is dict else value))


def is_text(value):
    return isinstance(value, str)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def is_decimal(value):
    return is_text(value) and DECIMAL.fullmatch(value) is not None


def is_type(value):
    return is_text(value) and value in TYPES


def is_flag(value):
    return isinstance(value, bool)


def is_object(value):
    return isinstance(value, dict)


TYPES = "null boolean integer number string array object".split()
COUNTS = "minLength maxLength minItems maxItems minProperties maxProperties"
NUMBERS = "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf"
# What a word's value has to be in every kind; other values cannot be compared.
WRITTEN = {
    **dict.fromkeys(f"{COUNTS} {NUMBERS}".split(), is_number),
    **dict.fromkeys("pattern format x-permission operationId name in style url scheme type".split(), is_text),
    **dict.fromkeys("x-minimum x-maximum".split(), is_decimal),
    **dict.fromkeys("explode readOnly writeOnly uniqueItems x-not-zero deprecated required".split(), is_flag),
    "dependentRequired": is_object,
    "discriminator": lambda value: is_object(value) and is_object(value.get("mapping", {})),
    "enum": lambda value: isinstance(value, list),
    "security": lambda value: value is None or has_all(list, has_all(dict, has_all(list, is_text)))(value),
    "variables": has_all(dict, lambda value: is_object(value) and is_text(value.get("default"))),
}
WRITTEN_OF_SCHEMAS = {
    "type": lambda value: is_type(value) or value != [] and has_all(list, is_type)(value),
    "required": has_all(list, is_text),
}


class Word(NamedTuple):
    rule: str = ""  # A member of Comparison; none: kept, and looked at by another word's rule or where a $ref leads to it.
    kind: str = ""  # What is inside.
    form: str = "one"  # one, list, map
    of: str = ""  # The JSON type that a schema's word is about.


def words(rule, names, **more):
    return {name: Word(rule, **more) for name in names.split()}


# Rule constraint: taking such a word away takes more and promises less, whatever it says.
SCHEMA = {
    "$ref": Word(),
    "$defs": Word("", "schema", "map"),
    **words("types", "type"),
    **words("values", "enum const"),
    **words("lowest", "minimum exclusiveMinimum", of="number"),
    **words("highest", "maximum exclusiveMaximum", of="number"),
    **words("least", "minLength", of="string"),
    **words("most", "maxLength", of="string"),
    **words("least", "minItems", of="array"),
    **words("most", "maxItems", of="array"),
    **words("least", "minProperties", of="object"),
    **words("most", "maxProperties", of="object"),
    **words("constraint", "pattern contentMediaType contentEncoding", of="string"),
    **words("constraint", "format"),
    **words("constraint", "multipleOf", of="number"),
    **words("lowest", "x-minimum", of="string"),  # Of decimals, which are texts.
    **words("highest", "x-maximum", of="string"),
    **words("constraint", "x-not-zero", of="string"),
    **words("constraint", "uniqueItems", of="array"),
    **words("constraint", "contains", kind="schema", of="array"),
    **words("constraint", "dependentRequired", of="object"),
    **words("constraint", "propertyNames", kind="schema", of="object"),
    **words("constraint", "dependentSchemas", kind="schema", form="map", of="object"),
    **words("patterns", "patternProperties", kind="schema", form="map", of="object"),
    **words("constraint", "contentSchema", kind="schema", of="string"),
    **words("constraint", "not", kind="schema"),
    **words("items", "items", kind="schema", of="array"),
    **words("additional", "additionalProperties", kind="schema", of="object"),
    **words("members", "properties", kind="schema", form="map", of="object"),
    **words("required_members", "required", of="object"),
    **words("", "readOnly writeOnly x-permission"),  # KINDS["value"] sees to them.
    "default": Word(),  # Rules left_out of members and of parameters.
    "x-left-out": Word(),
    **words("", "oneOf anyOf", kind="schema", form="list"),  # choices() sees to them.
    **words("every", "allOf", kind="schema", form="list"),
    **words("same", "if then else unevaluatedProperties unevaluatedItems", kind="schema"),
    **words("same", "prefixItems", kind="schema", form="list", of="array"),
    **words("same", "minContains maxContains", of="array"),
    **words("told_apart", "discriminator", of="object"),
    **words("same", "xml $schema $id $anchor $dynamicAnchor $dynamicRef $vocabulary"),
}
HEADER = {
    "required": Word("required"),
    "schema": Word("inner_schema", "schema"),
    "content": Word("media", "media", "map"),
    **words("serialised", "style explode"),
    **words("same", "allowReserved allowEmptyValue"),
}
KINDS = {
    "document": {
        "openapi": Word(),
        "info": Word("", "info"),
        "servers": Word("servers", "server", "list"),
        "paths": Word("paths", "path item", "map"),
        "webhooks": Word("webhooks", "path item", "map"),
        "components": Word("components", "components"),
        "x-problems": Word("problems", "problem", "map"),
        "jsonSchemaDialect": Word("same"),
        "x-told": Word(),
        "security": Word(),  # Put into each operation that has none of its own.
    },
    "info": words("", "title version"),
    "server": {"url": Word(), "variables": Word()},
    "components": {
        "schemas": Word("", "schema", "map"),
        "headers": Word("", "header", "map"),
        "securitySchemes": Word("schemes", "scheme", "map"),
    },
    "path item": {
        **{method: Word("", "operation") for method in METHODS},
        "parameters": Word("", "parameter", "list"),
        "servers": Word("", "server", "list"),
    },
    "operation": {
        "operationId": Word("same"),
        "parameters": Word("parameters", "parameter", "list"),
        "requestBody": Word("body", "body"),
        "responses": Word("replies", "reply", "map"),
        "callbacks": Word("callbacks", "callback", "map"),
        "security": Word("access"),
        "servers": Word("servers", "server", "list"),
        "x-permission": Word("permission"),
        **words("sunset", "deprecated x-stays-until"),
    },
    "parameter": {"name": Word(), "in": Word(), **HEADER},
    "header": HEADER,
    "body": {"required": Word("required"), "content": Word("media", "media", "map")},
    "reply": {
        "headers": Word("headers", "header", "map"),
        "content": Word("media", "media", "map"),
        "links": Word("links", "link", "map"),
    },
    "media": {
        "schema": Word("inner_schema", "schema"),
        "x-with-fields": Word("inner_schema", "schema"),  # The reply to a request with `fields`.
        "encoding": Word("same"),
    },
    "link": words("same", "operationId operationRef parameters requestBody server"),
    "scheme": words("same", "type scheme in name flows openIdConnectUrl"),
    "problem": words("same", "status retriable action"),
    "schema": SCHEMA,
    # A schema again, whatever its other words are: who sends a value of it, and who is sent one.
    "value": {**words("flags", "readOnly writeOnly"), **words("readers", "x-permission")},
}
# Words of schemas that releases before them do not have: a release lists those that it tells, and no other is compared with it.
NEWER = ("x-maximum", "x-minimum", "x-not-zero", "x-permission")
TOLD = "x-told"
# Words for people and tools alone. `examples` of components are for people, too; what else components have is put where it is used.
TEXTS = {"description", "summary", "externalDocs"}
SAMPLES = {"example", "examples"}
NO_PROMISE = {
    "document": {"tags", "externalDocs", "x-digest"},
    "info": TEXTS | {"contact", "license", "termsOfService"},
    "server": TEXTS,
    "components": SAMPLES | {"parameters", "requestBodies", "responses", "links", "callbacks", "pathItems"},
    "path item": TEXTS,
    "operation": TEXTS | {"tags", "x-needs"},
    "parameter": TEXTS | SAMPLES | {"deprecated"},
    "header": TEXTS | SAMPLES | {"deprecated"},
    "body": TEXTS,
    "reply": TEXTS,
    "media": SAMPLES,
    "link": TEXTS,
    "scheme": TEXTS | {"bearerFormat"},
    "problem": TEXTS | {"title"},
    "schema": TEXTS | SAMPLES | {"title", "deprecated", "$comment"},
}


def pointed_at(document, ref):
    """What a `$ref` leads to; None when it leads nowhere or out of the document."""
    if not ref.startswith("#"):
        return None
    at = document
    for part in unquote(ref[1:]).split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(at, list) and name.isdigit() and int(name) < len(at):
            at = at[int(name)]
        elif isinstance(at, dict) and name in at:
            at = at[name]
        else:
            return None
    return at


def has_pattern(pattern, value):
    if "$" in pattern and value.endswith("\n"):
        return UNKNOWN  # Python's $ passes over a last line feed, that of ECMA-262 does not.
    try:
        return re.search(pattern, value, re.ASCII) is not None
    except re.error:
        return UNKNOWN


def has_ref(value):
    return isinstance(value, dict) and isinstance(value.get("$ref"), str)


def plain(value):
    """With whole numbers as such: 50.0 is 50."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def is_written(kind, word, value):
    """Whether a word has a value that can be compared."""
    inner = KINDS[kind][word]
    if inner.kind:
        return isinstance(value, {"list": list, "map": dict}.get(inner.form, object))  # keep() looks at what is inside.
    written = {**WRITTEN, **WRITTEN_OF_SCHEMAS} if kind == "schema" else WRITTEN
    return word not in written or written[word](value)


class Keeper:
    """Keeps of a document what it promises; `faults` are sentences about words that nobody has decided on."""

    def __init__(self, document):
        self.document = document
        self.faults = []
        self.within = []

    def fault(self, where, text):
        finding = f"{where or 'document'}: {text}"
        if finding not in self.faults:
            self.faults.append(finding)

    def keep(self, where, kind, value):
        if has_ref(value):
            return self.followed(where, kind, value)
        if not isinstance(value, dict):
            if kind == "schema" and isinstance(value, bool):
                return value
            self.unread(where, value)
            return {}
        if kind == "callback":
            return self.map(where, "path item", value)
        kept = {}
        for word, inner in value.items():
            if word in KINDS[kind]:
                there = f"{where} {word}".strip()
                if is_written(kind, word, inner):
                    kept[word] = self.inside(there, KINDS[kind][word], inner)
                else:
                    self.unread(there, inner)
            elif word not in NO_PROMISE[kind]:
                self.unknown(where, word, kind)
        return self.told(kind, value, kept)

    def inside(self, where, word, value):
        if not word.kind:
            return plain(value)
        if word.form == "list":
            return [self.keep(f"{where} {number}", word.kind, one) for number, one in enumerate(value, 1)]
        if word.form == "map":
            return self.map(where, word.kind, value)
        return self.keep(where, word.kind, value)

    def map(self, where, kind, value):
        kept = {}
        for name, one in value.items():
            if kind in ("path item", "reply", "callback") and name.startswith("x-"):
                self.unknown(where, name, f"map of kind {kind}")
            else:
                kept[name] = self.keep(f"{where} {name}", kind, one)
        return kept

    def unread(self, where, value):
        self.fault(where, f"{json.dumps(value)[:80]} is no value of this word, so that nobody can compare it")

    def unknown(self, where, word, kind):
        self.fault(
            where,
            f"the gate does not know the word {word} ({kind}): decide whether a client depends on it, then give it a rule in KINDS "
            "or a place in NO_PROMISE of bin/lint.d/openapi_words.py",
        )

    def target(self, where, value):
        """What a reference leads to, with what stands beside it."""
        followed = set()
        while has_ref(value):
            ref = value["$ref"]
            found = pointed_at(self.document, ref)
            if found is None or ref in followed:
                self.fault(where, f"$ref {ref} leads nowhere in this document, so that nobody can compare what it means")
                found = {}
            followed.add(ref)
            beside = {name: one for name, one in value.items() if name != "$ref"}
            value = {**found, **beside} if isinstance(found, dict) else found
        return value

    def followed(self, where, kind, value):
        ref = value["$ref"]
        beside = {name: one for name, one in value.items() if name != "$ref"}
        if ref.startswith({"schema": "#/components/schemas/", "header": "#/components/headers/"}.get(kind, "-")):
            if pointed_at(self.document, ref) is None:
                self.target(where, value)
            return {"$ref": ref, **self.keep(where, kind, beside)}
        if ref in self.within:
            self.fault(where, f"$ref {ref} leads to itself; only in components.schemas that can be compared")
            return {}
        self.within.append(ref)
        kept = self.keep(where, kind, self.target(where, {"$ref": ref} if kind == "schema" else value))
        self.within.pop()
        return {"allOf": [kept, self.keep(where, kind, beside)]} if beside and kind == "schema" else kept

    def told(self, kind, value, kept):
        """With what the texts of a schema and of an operation promise."""
        text = str(value.get("description", ""))
        if kind == "schema" and "default" not in value and (found := LEFT_OUT.search(text)):
            try:
                kept["x-left-out"] = plain(json.loads(found.group(1)))
            except ValueError:
                kept["x-left-out"] = found.group(1)
        if kind == "operation" and value.get("deprecated") and (found := STAYS_UNTIL.search(text)):
            kept["x-stays-until"] = found.group(1)
        if kind == "scheme" and "scheme" in kept:
            kept["scheme"] = kept["scheme"].lower()  # RFC 9110, section 11.1.
        if kind == "path item":
            self.shared(kept)
        # Without a description it is no valid document.
        return {"description": "", **kept} if kind == "reply" else kept

    def shared(self, item):
        """Gives each operation what its path item and the document say for all."""
        parameters, servers = item.pop("parameters", []), item.pop("servers", None)
        for operation in item.values():
            own = {(one.get("in"), one.get("name")) for one in operation.get("parameters", [])}
            more = [one for one in parameters if (one.get("in"), one.get("name")) not in own]
            if more:
                operation["parameters"] = [*operation.get("parameters", []), *more]
            if servers is not None:
                operation.setdefault("servers", servers)
            if "security" in self.document:
                operation.setdefault("security", self.document["security"])


def without_problems(replies):
    """Which problems an operation answers may change: clients act on a problem's members, whatever its code. Its form may not."""
    kept = {}
    for status, reply in replies.items():
        if status[0] in "45d":
            content = dict(reply.get("content", {}))
            if content.get(PROBLEM_JSON) == PROBLEM["content"][PROBLEM_JSON]:
                del content[PROBLEM_JSON]
                if not content:
                    continue
            reply = {"description": "", "content": content} if content else reply
        kept[status] = reply
    return {"default": PROBLEM} | kept


def promise(document):
    """What a release promises, and sentences about words that nobody has decided on."""
    keeper = Keeper(document)
    kept = keeper.keep("", "document", document)
    kept.pop("security", None)
    kept[TOLD] = list(NEWER)
    if "Problem" in kept.get("components", {}).get("schemas", {}):
        for item in kept.get("paths", {}).values():
            for operation in item.values():
                operation["responses"] = without_problems(operation.get("responses", {}))
    return kept, keeper.faults
