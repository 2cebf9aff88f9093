#!/usr/bin/env python3
"""Samples for openapi_changes.py: what breaks a client, and what does not. Run by bin/lint and bin/test."""

import copy
import sys

from openapi_changes import DIGEST, breaking, digest_of, promise

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
LIMIT = (*THINGS, "get", "parameters", 0)

BREAKS = [
    ("an operation is gone", changed((*THINGS, "post"), None), "is gone"),
    ("its id is another", changed((*THINGS, "get", "operationId"), "allThings"), "operationId"),
    ("a parameter is gone", changed((*THINGS, "get", "parameters"), []), "is gone"),
    ("a parameter is required", changed((*LIMIT, "required"), True), "is required now"),
    ("a parameter takes less", changed((*LIMIT, "schema", "maximum"), 50), "maximum is 50"),
    ("a header must be sent", changed((*THINGS, "post", "parameters"), [{"name": "If-Match", "in": "header", "required": True}]), "new and required"),
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
    ("a problem of a route", changed((*THINGS, "get", "responses", "409"), {"description": ""})),
    ("a problem", changed(("x-problems", "thing.lost"), {"status": 404, "retriable": False, "action": "drop"})),
    ("a public route", changed((*THINGS, "post", "security"), [])),
]

faults = []
released = promise(DOCUMENT)
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
