#!/usr/bin/env python3
"""Samples for openapi_changes.py: what breaks a client, and what does not. Run by bin/test. Changes of a part of the service's own
document are in openapi_changes_cases.py."""

import copy
import sys

from openapi_changes import DIGEST, Comparison, breaking, digest_of
from openapi_changes_cases import CASES, SAMPLE, SINCE
from openapi_changes_cases import changed as sample_with
from openapi_schemas import GIVEN, TAKEN
from openapi_words import KINDS, NO_PROMISE, TOLD, promise

DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "Shop", "version": "1.0.0", "description": "Words"},
    "paths": {
        "/things": {
            "get": {
                "operationId": "listThings",
                "parameters": [
                    {"name": "limit", "in": "query", "required": False, "schema": {"type": "integer", "maximum": 100}}
                ],
                "responses": {
                    "200": {
                        "description": "Words",
                        "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                    },
                    "404": {"description": "None"},
                },
                "security": [],
            },
            "post": {
                "operationId": "createThing",
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewThing"}}},
                },
                "responses": {"201": {"description": "Made"}},
                "security": [{"bearer": []}],
            },
        }
    },
    "webhooks": {
        "thing.made": {
            "post": {
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
                }
            }
        }
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "state": {"type": "string", "enum": ["open", "closed"]},
                    "size": {"type": "integer", "minimum": 0},
                    "description": {"type": "string", "description": "A member that has a text's name"},
                },
                "required": ["id", "state"],
            },
            "NewThing": {
                "type": "object",
                "properties": {
                    "name": {"type": ["string", "null"], "maxLength": 80},
                    "colour": {"type": "string", "enum": ["red", "green"]},
                    "parts": {"type": "array", "items": {"type": "number"}},
                },
                "required": [],
                "additionalProperties": False,
            },
        },
        "headers": {"ETag": {"schema": {"type": "string"}}},
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
    },
    "x-problems": {"thing.gone": {"status": 410, "title": "Gone", "retriable": False, "action": "drop"}},
}


def changed(path, value):
    """The document with `value` at a path; None: without it."""
    document = copy.deepcopy(DOCUMENT)
    at = document
    *way, last = path
    for step in way:
        at = at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return document


THINGS = ("paths", "/things")
THING = ("components", "schemas", "Thing")
NEW_THING = ("components", "schemas", "NewThing")
IF_MATCH = {"name": "If-Match", "in": "header", "required": True}
LIMIT = (*THINGS, "get", "parameters", 0)

BREAKS = [
    ("an operation is gone", changed((*THINGS, "post"), None), "is gone"),
    ("its id is another", changed((*THINGS, "get", "operationId"), "allThings"), "operationId"),
    ("a parameter is gone", changed((*THINGS, "get", "parameters"), []), "is gone"),
    ("a parameter is required", changed((*LIMIT, "required"), True), "is required now"),
    ("a parameter takes less", changed((*LIMIT, "schema", "maximum"), 50), "maximum is 50"),
    ("a header must be sent", changed((*THINGS, "post", "parameters"), [IF_MATCH]), "new and required"),
    ("a log-in is needed", changed((*THINGS, "get", "security"), [{"bearer": []}]), "log-in"),
    ("a permission is needed", changed((*THINGS, "get", "x-permission"), "things.read"), "things.read"),
    ("a status is gone", changed((*THINGS, "get", "responses"), {"202": {"description": ""}}), "does not answer 200"),
    ("a status is new", changed((*THINGS, "post", "responses", "202"), {"description": ""}), "may answer 202"),
    ("a header of a reply is gone", changed((*THINGS, "get", "responses", "200", "headers"), {}), "no header ETag"),
    ("a reply's value is new", changed((*THING, "properties", "state", "enum"), ["open", "closed", "lost"]), 'may be "lost"'),
    ("a reply's values are open", changed((*THING, "properties", "state"), {"type": "string"}), "any value"),
    ("a reply's member is gone", changed((*THING, "properties", "size"), None), "is gone"),
    ("a member with a text's name is gone", changed((*THING, "properties", "description"), None), "is gone"),
    ("a reply's member may be missing", changed((*THING, "required"), ["id"]), "may be missing"),
    ("a reply's member may be null", changed((*THING, "properties", "id", "type"), ["string", "null"]), "may be null"),
    ("a reply's integer is a number", changed((*THING, "properties", "size", "type"), "number"), "may be number"),
    ("a reply's number may be negative", changed((*THING, "properties", "size", "minimum"), None), "minimum"),
    ("a member must be sent", changed((*NEW_THING, "required"), ["name"]), "is required now"),
    ("a member is refused", changed((*NEW_THING, "properties", "colour"), None), "is gone"),
    ("a value is refused", changed((*NEW_THING, "properties", "colour", "enum"), ["red"]), 'takes no "green"'),
    ("null is refused", changed((*NEW_THING, "properties", "name", "type"), ["string"]), "takes no null"),
    ("a text is shorter", changed((*NEW_THING, "properties", "name", "maxLength"), 40), "maxLength is 40"),
    ("a text has a pattern", changed((*NEW_THING, "properties", "name", "pattern"), "^[a-z]+$"), "pattern"),
    ("an item is an integer", changed((*NEW_THING, "properties", "parts", "items", "type"), "integer"), "takes no number"),
    ("a body's form is gone", changed((*THINGS, "post", "requestBody", "content"), {"text/csv": {}}), "takes no application/json"),
    ("a body must be sent", changed((*THINGS, "get", "requestBody"), {"content": {}, "required": True}), "requires a body"),
    ("a body is no longer taken", changed((*THINGS, "post", "requestBody"), None), "takes no body"),
    ("a problem has no form", changed((*THINGS, "get", "responses", "409"), {"description": ""}), "answers 409 with no problem"),
    ("a webhook is gone", changed(("webhooks", "thing.made"), None), "is gone"),
    ("a problem is retried", changed(("x-problems", "thing.gone", "retriable"), True), "retriable"),
    ("a problem is gone", changed(("x-problems", "thing.gone"), None), "is gone"),
]

FITS = [
    ("nothing", DOCUMENT),
    ("words", changed(("info", "description"), "Other words")),
    ("an operation", changed(("paths", "/parts"), {"get": {"operationId": "listParts", "responses": {}}})),
    ("a parameter", changed((*THINGS, "post", "parameters"), [{"name": "dry", "in": "query", "required": False, "schema": {}}])),
    ("a parameter that takes more", changed((*LIMIT, "schema", "maximum"), 500)),
    ("a member of a reply", changed((*THING, "properties", "colour"), {"type": "string"})),
    ("a reply with fewer values", changed((*THING, "properties", "state", "enum"), ["open"])),
    ("a member that may be sent", changed((*NEW_THING, "properties", "note"), {"type": "string"})),
    ("a value that is taken", changed((*NEW_THING, "properties", "colour", "enum"), ["red", "green", "blue"])),
    ("an integer for a number", changed((*THING, "properties", "size", "minimum"), 1)),
    ("a status that is asked for", changed((*THINGS, "get", "responses", "206"), {"description": ""})),
    ("a body that may be sent", changed((*THINGS, "get", "requestBody"), {"content": {}})),
    ("a body that may be left out", changed((*THINGS, "post", "requestBody", "required"), False)),
    ("a problem", changed(("x-problems", "thing.lost"), {"status": 404, "retriable": False, "action": "drop"})),
    ("a public route", changed((*THINGS, "post", "security"), [])),
]

# A schema that takes more, and one that takes less: a request may go to the first, a reply to the second.
WIDE_AND_NARROW = [
    ({}, {"type": "string"}),
    ({"type": "number"}, {"type": "integer"}),
    ({"type": ["string", "null"]}, {"type": "string"}),
    ({"type": "string"}, {"type": "string", "enum": ["a"]}),
    ({"enum": ["a", "b"]}, {"const": "a"}),
    ({"enum": [1, None]}, {"type": "integer", "enum": [1]}),
    ({"type": "integer", "minimum": 0}, {"type": "integer", "exclusiveMinimum": 0}),
    ({"type": "number", "minimum": 0}, {"type": "number", "exclusiveMinimum": 0}),
    ({"type": "number", "exclusiveMaximum": 2}, {"type": "number", "maximum": 1.5}),
    ({"type": "integer"}, {"type": "integer", "maximum": 9}),
    ({"type": "integer", "format": "int64"}, {"type": "integer", "format": "int32"}),
    ({"type": "number", "format": "double"}, {"type": "number", "format": "float"}),
    ({"type": "integer"}, {"type": "integer", "multipleOf": 5}),
    ({"type": "string"}, {"type": "string", "minLength": 1}),
    ({"type": "string", "maxLength": 9}, {"type": "string", "maxLength": 8}),
    ({"type": "string"}, {"type": "string", "pattern": "^a"}),
    ({"type": "string"}, {"type": "string", "format": "uuid"}),
    ({"type": "string"}, {"type": "string", "x-minimum": "0"}),
    ({"type": "string", "x-maximum": "10.5"}, {"type": "string", "x-maximum": "9"}),
    ({"type": "string"}, {"type": "string", "x-not-zero": True}),
    ({"type": ["string", "null"], "enum": ["a", None]}, {"type": ["string", "null"], "enum": ["a"]}),
    ({"type": "string", "maxLength": 2}, {"enum": ["a", "bc"]}),
    ({"type": "string", "pattern": "^[ab]$"}, {"enum": ["a", "b"]}),
    ({"type": "integer", "format": "int32", "minimum": 1, "maximum": 3}, {"type": "integer", "enum": [1, 3]}),
    ({"type": "string", "format": "uuid"}, {"type": "string", "format": "uuid", "enum": ["a"]}),
    ({"anyOf": [{"type": "boolean"}, {"type": "string", "maxLength": 9}]}, {"enum": [True, "abc"]}),
    ({"oneOf": [{"const": "a"}, {"enum": ["b", 1]}]}, {"enum": ["a", 1]}),
    ({"not": {"enum": ["a", "b"]}}, {"enum": ["c"]}),
    ({"type": "integer"}, {"oneOf": [{"type": "integer"}, {"type": "integer", "minimum": 5}]}),
    ({"type": "integer"}, {"anyOf": [{"oneOf": [{"type": "integer"}, {"type": "integer", "minimum": 5}]}]}),
    ({"type": "integer", "multipleOf": 5}, {"type": "integer", "multipleOf": 10}),
    ({"type": ["integer", "null"]}, {"enum": [None, 5]}),
    ({"const": 1}, {"allOf": [{"const": 1}, {"const": True}]}),
    ({"type": "string"}, {"type": "string", "contentMediaType": "text/html"}),
    ({"type": "string"}, {"type": "string", "contentEncoding": "base64"}),
    ({"type": "string"}, {"type": "string", "contentSchema": {"type": "object"}}),
    ({"type": "array"}, {"type": "array", "minItems": 1}),
    ({"type": "array", "maxItems": 9}, {"type": "array", "maxItems": 8}),
    ({"type": "array", "uniqueItems": False}, {"type": "array", "uniqueItems": True}),
    ({"type": "array"}, {"type": "array", "contains": {"type": "null"}}),
    ({"type": "array"}, {"type": "array", "items": {"type": "string"}}),
    ({"type": "array", "items": True}, {"type": "array", "items": False}),
    ({"type": "object"}, {"type": "object", "minProperties": 1}),
    ({"type": "object", "maxProperties": 9}, {"type": "object", "maxProperties": 8}),
    ({"type": "object", "properties": {"a": {}}}, {"type": "object", "properties": {"a": {}}, "required": ["a"]}),
    ({"type": "object"}, {"type": "object", "required": ["a"]}),
    ({"type": "object"}, {"type": "object", "propertyNames": {"maxLength": 4}}),
    ({"type": "object"}, {"type": "object", "dependentRequired": {"a": ["b"]}}),
    ({"type": "object"}, {"type": "object", "dependentSchemas": {"a": {"required": ["b"]}}}),
    ({"type": "object"}, {"type": "object", "patternProperties": {"^a": {"type": "string"}}}),
    ({"type": "object", "additionalProperties": True}, {"type": "object", "additionalProperties": {"type": "string"}}),
    ({}, {"not": {"type": "null"}}),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "string"}),
    ({"type": ["integer", "string"]}, {"oneOf": [{"type": "string"}, {"type": "integer", "minimum": 0}]}),
    ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"oneOf": [{"type": "string", "maxLength": 5}]}),
    ({"maxLength": 9, "type": "string"}, {"allOf": [{"maxLength": 8}, {"type": "string"}]}),
    ({"pattern": "a"}, {"allOf": [{"pattern": "a"}, {"pattern": "b"}]}),
    ({"$ref": "#/components/schemas/Thing"}, {"$ref": "#/components/schemas/Thing", "required": ["size"]}),
]
CLOSED = {"additionalProperties": False}
WHOLE = {"type": "integer"}
A, B, AB = ({"type": "object", "properties": {name: WHOLE for name in names}} for names in ("a", "b", "ab"))
A_ALONE, AB_ALONE, NONE = {**A, **CLOSED}, {**AB, **CLOSED}, {"type": "object", **CLOSED}
MAP = {"type": "object", "additionalProperties": WHOLE}
X_ALONE, Y_ALONE = ({"type": "object", "patternProperties": {name: WHOLE}, **CLOSED} for name in ("^x", "y$"))
FIRST = {"type": "array", "prefixItems": [WHOLE]}
# Likewise, of requests alone: a reply may get members, and a map in it may not become none (openapi_changes_cases.py).
WIDE_AND_NARROW_TAKEN = [
    ({"type": "object"}, {"type": "object", "additionalProperties": False}),
    ({"type": "object", "additionalProperties": {"type": "string"}}, {"type": "object", "additionalProperties": False}),
    # The names of the other are refused by the closed one.
    (AB_ALONE, {"allOf": [A_ALONE, B]}),
    (AB_ALONE, {"allOf": [B, A_ALONE]}),
    (AB_ALONE, {**B, "allOf": [A_ALONE]}),
    ({**A_ALONE, "patternProperties": {"^x": WHOLE}}, {"allOf": [A_ALONE, {"patternProperties": {"^x": WHOLE}}]}),
    ({**MAP, "properties": {"a": {"type": "boolean"}}}, {"allOf": [MAP, {"properties": {"a": {"type": "boolean"}}}]}),
]
# Words about which nobody can say which takes more.
OTHERS = [
    ("if", {"type": "null"}),
    ("then", {"type": "null"}),
    ("else", {"type": "null"}),
    ("prefixItems", [{"type": "string"}]),
    ("unevaluatedItems", False),
    ("unevaluatedProperties", False),
    ("minContains", 2),
    ("maxContains", 2),
    ("discriminator", {"propertyName": "a"}),
    ("xml", {"name": "a"}),
    ("$schema", "https://json-schema.org/draft/2020-12/schema"),
    ("$id", "a"),
    ("$anchor", "a"),
    ("$dynamicAnchor", "a"),
    ("$dynamicRef", "#a"),
    ("$vocabulary", {"a": True}),
]
# The second takes less. It cannot be put together to one, so that the other way is reported, too.
IN_PARTS = [
    (X_ALONE, {"allOf": [X_ALONE, Y_ALONE]}),
    (AB_ALONE, {"allOf": [{**A, "unevaluatedProperties": False}, B]}),
    (FIRST, {"allOf": [FIRST, {"type": "array", "items": {"type": "null"}}]}),
    ({"contains": WHOLE, "minContains": 0}, {"allOf": [{"contains": WHOLE}, {"minContains": 0}]}),
    ({"allOf": [{"if": {"type": "null"}}, {"then": False}]}, {"if": {"type": "null"}, "then": False}),
]
# Schemas that say the same.
ALIKE = [
    ({"minimum": 1, "type": "integer"}, {"exclusiveMinimum": 0, "type": "integer"}),
    ({"type": ["string", "null"]}, {"type": ["null", "string"]}),
    ({"type": ["string", "null"]}, {"anyOf": [{"type": "null"}, {"type": "string"}]}),
    ({"const": 1}, {"enum": [1]}),
    ({"const": 1}, {"enum": [1.0]}),
    ({"enum": ["a", "b"]}, {"anyOf": [{"const": "b"}, {"const": "a"}]}),
    ({"type": ["string", "null"], "enum": ["a", None]}, {"anyOf": [{"enum": ["a"]}, {"type": "null"}]}),
    ({"type": "boolean"}, {"enum": [True, False]}),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"oneOf": [{"type": "string"}, {"type": "null"}]}),
    ({"type": "string"}, {"allOf": [{"type": "string"}]}),
    ({"type": "string"}, {"anyOf": [{"type": "string"}]}),
    ({"type": "string"}, {"type": "string", "minimum": 3}),
    ({}, True),
    (False, {"not": {}}),
    ({}, {"title": "a", "description": "b", "examples": [1], "example": 1}),
    ({}, {"deprecated": True, "$comment": "c", "externalDocs": {}}),
    (
        {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}},
        {"allOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"properties": {"a": {"maxLength": 3}}}]},
    ),
    # additionalProperties is about each name that its own schema does not have, also about one that another of allOf has.
    (A_ALONE, {"allOf": [A_ALONE, AB]}),
    (A_ALONE, {**AB, "allOf": [A_ALONE]}),
    (NONE, {"allOf": [A_ALONE, {**B, **CLOSED}]}),
    (A_ALONE, {**A_ALONE, "anyOf": [AB, B]}),
    (A_ALONE, {"allOf": [A_ALONE, {"patternProperties": {"^b": {}}}]}),
    ({**MAP, "properties": {"a": WHOLE}}, {"allOf": [MAP, {"properties": {"a": {}}}]}),
    ({**X_ALONE, "properties": {"xa": WHOLE}}, {"allOf": [X_ALONE, {"properties": {"xa": WHOLE, "a": {}}}]}),
    ({"allOf": [X_ALONE, Y_ALONE]}, {"allOf": [{"allOf": [X_ALONE]}, Y_ALONE]}),
    ({**A, "unevaluatedProperties": False}, {"allOf": [A], "unevaluatedProperties": False}),
    ({**FIRST, "items": False}, {"allOf": [{**FIRST, "items": False}, {"minItems": 0}]}),
]
EMPTY = {"openapi": "3.1.0", "info": {"title": "a", "version": "1"}}
VARIABLES = {"host": {"default": "a"}, "version": {"default": "b"}}
NODE = {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#/components/schemas/Node"}, {"type": "null"}]}}}
# What a document may be like, however odd; nothing of it is a crash.
ODD = [
    {**EMPTY, "components": {}},
    {**EMPTY, "paths": {"/a": {"get": {}, "head": {"responses": {"2XX": {"description": ""}}}}}},
    changed((*THINGS, "get", "callbacks"), {"done": {"{$request.query.url}": {"post": {"requestBody": {"content": {}}}}}}),
    changed((*THINGS, "get", "parameters"), [{"name": "a", "in": "query", "content": {"application/json": {"schema": True}}}]),
    changed((*THINGS, "servers"), [{"url": "https://{host}/{version}", "variables": VARIABLES}]),
    changed(("components", "schemas", "Node"), NODE),
    changed((*THING, "properties", "next"), {"$ref": "#/components/schemas/Thing"}),
    changed((*THING, "allOf"), [{"$ref": "#/components/schemas/Thing"}]),
    changed((*THING, "anyOf"), [{"$ref": "#/components/schemas/Thing"}, {"type": "null"}]),
    changed((*THING, "properties", "part"), {"$ref": "#/components/schemas/NewThing/properties/parts"}),
    changed((*THING, "properties", "limit"), {"$ref": "#/paths/~1things/get/parameters/0/schema"}),
    changed((*THING, "properties", "$ref"), {"type": "string"}),
    changed((*THING, "properties", "inner"), {"$defs": {"a": {"type": "string"}}, "items": False}),
    changed(("webhooks", "thing.made", "put"), {"responses": {"default": {"description": ""}}}),
    changed((*THINGS, "get", "responses", "200", "links"), {"next": {"operationId": "listThings", "parameters": {"limit": 1}}}),
]
# What nobody can compare is said.
UNDECIDED = [
    ("a $ref to nowhere", changed((*THING, "properties", "id"), {"$ref": "#/components/schemas/None"}), "leads nowhere"),
    ("a $ref to another file", changed((*THING, "properties", "id"), {"$ref": "other.json#/a"}), "leads nowhere"),
    ("a $ref to itself", changed((*THING, "properties", "id"), {"$ref": "#/components/schemas/Thing/properties/id"}), ""),
    ("a word of the document", changed(("x-other",), 1), "document: the gate does not know the word x-other (document)"),
    ("a word of a path", changed((*THINGS, "x-other"), 1), "x-other (path item)"),
    ("a word beside paths", changed(("paths", "x-other"), 1), "x-other (map of kind path item)"),
    ("a word of an operation", changed((*THINGS, "get", "x-other"), 1), "x-other (operation)"),
    ("a word of a new operation", changed(("paths", "/parts"), {"get": {"responses": {}, "x-other": 1}}), "x-other (operation)"),
    ("a word of a parameter", changed((*LIMIT, "x-other"), 1), "x-other (parameter)"),
    ("a word of a body", changed((*THINGS, "post", "requestBody", "x-other"), 1), "x-other (body)"),
    ("a word of a reply", changed((*THINGS, "get", "responses", "200", "x-other"), 1), "x-other (reply)"),
    ("a word of a header", changed(("components", "headers", "ETag", "x-other"), 1), "x-other (header)"),
    ("a word of a scheme", changed(("components", "securitySchemes", "bearer", "x-other"), 1), "x-other (scheme)"),
    ("a word of a schema", changed((*THING, "x-other"), 1), "x-other (schema)"),
    ("a word of a member", changed((*NEW_THING, "properties", "name", "x-other"), 1), "x-other (schema)"),
    ("a word of a problem", changed(("x-problems", "thing.gone", "x-other"), 1), "x-other (problem)"),
]
STAYS = "Deprecated since 2026-12-01; it may be gone from {} on."


def old_operation(until):
    operation = {**DOCUMENT["paths"]["/things"]["get"], "deprecated": True, "description": STAYS.format(until)}
    return changed((*THINGS, "get"), operation)


# Two documents: until when an operation stays, what a link, a callback and an encoding say.
LINKED = changed((*THINGS, "get", "responses", "200", "links"), {"next": {"operationId": "listThings"}})
LINKED_ELSEWHERE = changed((*THINGS, "get", "responses", "200", "links"), {"next": {"operationId": "createThing"}})
CALLING = changed((*THINGS, "get", "callbacks"), {"done": {"{$url}": {"post": {"responses": {}}}}})
ENCODED = changed((*THINGS, "post", "requestBody", "content", "application/json", "encoding"), {"a": {"contentType": "text/csv"}})


def tuples(*types):
    """What cannot be put together of allOf."""
    return changed((*THING, "allOf"), [{"prefixItems": [{"type": name}]} for name in types])


PAIRS = [
    ("one of allOf is another", tuples("string", "null"), tuples("integer", "null"), "allOf is another"),
    ("allOf is the same", tuples("string", "null"), tuples("string", "null"), None),
    ("it goes earlier", old_operation("2027-07-01"), old_operation("2027-06-01"), "stays until 2027-06-01 now"),
    ("it goes later", old_operation("2027-07-01"), old_operation("2027-08-01"), None),
    ("it is no longer deprecated", old_operation("2027-07-01"), DOCUMENT, None),
    ("a link is gone", LINKED, DOCUMENT, "has no link next"),
    ("a link is new", DOCUMENT, LINKED, None),
    ("a link is another", LINKED, LINKED_ELSEWHERE, "link next: operationId"),
    ("a callback is gone", CALLING, DOCUMENT, "callback done"),
    ("a callback is new", DOCUMENT, CALLING, None),
    ("an encoding is new", DOCUMENT, ENCODED, "encoding"),
    ("an encoding is gone", ENCODED, DOCUMENT, "encoding"),
]


def schemas_compared(old, new, way):
    """Findings of one schema in the place of the request's body, or of a reply's member."""
    place = (*NEW_THING, "properties", "name") if way == TAKEN else (*THING, "properties", "size")
    return breaking(promise(changed(place, old))[0], changed(place, new))


def check_keywords(faults):
    samples = [(TAKEN, wide, narrow) for wide, narrow in WIDE_AND_NARROW + WIDE_AND_NARROW_TAKEN]
    samples += [(GIVEN, narrow, wide) for wide, narrow in WIDE_AND_NARROW]
    for way, first, then in [*samples, *((TAKEN, wide, narrow) for wide, narrow in IN_PARTS)]:
        if not schemas_compared(first, then, way):
            faults.append(f"not reported: {way} {first} becomes {then}")
    for way, first, then in samples:
        if findings := schemas_compared(then, first, way):
            faults.append(f"reported without need: {way} {then} becomes {first}: {findings}")
    for way in (TAKEN, GIVEN):
        for word, value in OTHERS:
            for first, then in (({}, {word: value}), ({word: value}, {})):
                if not schemas_compared(first, then, way):
                    faults.append(f"not reported: {way} {first} becomes {then}")
        for one, other in ALIKE:
            for first, then in ((one, other), (other, one)):
                if findings := schemas_compared(first, then, way):
                    faults.append(f"reported without need: {way} {first} becomes {then}: {findings}")


def check_tables(faults):
    """Each rule exists, no word is in both tables, each keyword of a schema that has a rule is in a sample above."""
    for kind, words in KINDS.items():
        if both := words.keys() & NO_PROMISE.get(kind, set()):
            faults.append(f"{kind}: {both} have a rule and carry no promise")
        for name, word in words.items():
            if word.rule and not callable(getattr(Comparison, word.rule, None)):
                faults.append(f"{kind} {name}: there is no rule {word.rule}")
    samples = str(WIDE_AND_NARROW) + str(OTHERS)
    for name, word in KINDS["schema"].items():
        if word.rule and f"'{name}'" not in samples and word.rule != "flags":
            faults.append(f"the keyword {name} has no sample")


def check_pairs(faults):
    of_sample = promise(SAMPLE)[0]
    cases = [(name, of_sample, sample_with(change), words) for name, change, words in CASES]
    cases += [(name, promise(sample_with(old))[0], sample_with(new), words) for name, old, new, words in SINCE]
    cases += [(name, promise(old)[0], new, words) for name, old, new, words in PAIRS]
    cases += [(name, promise(DOCUMENT)[0], new, words) for name, new, words in UNDECIDED]
    for name, old, new, words in cases:
        findings = breaking(old, new)
        if words is None and findings:
            faults.append(f"reported without need: {name}: {findings}")
        if words is not None and not any(words in finding for finding in findings):
            faults.append(f"not reported: {name}: {findings}")


def check_first_telling(faults):
    """A release from before an extension tells nothing of it; the one after does."""
    bounded = changed((*NEW_THING, "properties", "name", "x-maximum"), "5")
    bounded["components"]["schemas"]["Thing"]["properties"]["id"]["x-permission"] = "things.read"
    before = promise(DOCUMENT)[0]
    if len(breaking(before, bounded)) != 2:
        faults.append("not reported: a limit and a permission")
    del before[TOLD]
    if findings := breaking(before, bounded):
        faults.append(f"reported without need: extensions that the release did not tell: {findings}")


def check_odd(faults):
    for document in ODD:
        kept, findings = promise(document)
        if findings or promise(kept) != (kept, []):
            faults.append(f"another promise than that of the promise: {document}: {findings}")
        if findings := breaking(kept, document):
            faults.append(f"reported without need: the same document: {document}: {findings}")
        for one, other in ((DOCUMENT, document), (document, DOCUMENT)):
            breaking(promise(one)[0], other)


faults = []
check_tables(faults)
check_keywords(faults)
check_pairs(faults)
check_odd(faults)
check_first_telling(faults)
released, _ = promise(DOCUMENT)
for name, document, words in BREAKS:
    findings = breaking(released, document)
    if not any(words in finding for finding in findings):
        faults.append(f"not reported: {name}: {findings}")
for name, document in FITS:
    if findings := breaking(released, document):
        faults.append(f"reported without need: {name}: {findings}")
released[DIGEST] = digest_of(released)
released["paths"]["/things"]["get"]["operationId"] = "allThings"
if released[DIGEST] == digest_of(released):
    faults.append("a change by hand is not noticed")
for fault in faults:
    print(fault)
sys.exit(1 if faults else 0)
