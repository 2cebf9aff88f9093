"""A schema of an OpenAPI document looked at as one: `$ref` is followed, what stands beside it and `allOf` are put together."""

import json
from decimal import Decimal

from openapi_words import has_ref, pointed_at


def as_list(value):
    return value if isinstance(value, list) else [value]


def common_types(one, other):
    """An integer is a number."""
    one, other = as_list(one), as_list(other)
    wide = lambda types: {*types, "integer"} if "number" in types else set(types)
    return sorted(wide(one) & wide(other) - ({"integer"} if "number" in one and "number" in other else set()))


def same(one, other):
    """As JSON: true is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def by_name(one, other):
    return {**one, **{name: {"allOf": [one[name], schema]} if name in one else schema for name, schema in other.items()}}


# How two values of a word become one that says both.
BOTH = {
    "type": common_types,
    "enum": lambda one, other: [value for value in one if any(same(value, another) for another in other)],
    "required": lambda one, other: sorted({*one, *other}),
    **{word: lambda one, other: by_name(one, other) for word in ("properties", "patternProperties")},
    **{word: max for word in ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")},
    **{word: min for word in ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")},
    "x-minimum": lambda one, other: max(one, other, key=Decimal),
    "x-maximum": lambda one, other: min(one, other, key=Decimal),
    **{word: lambda one, other: one or other for word in ("uniqueItems", "readOnly", "writeOnly", "x-not-zero")},
    **{word: lambda one, other: other for word in ("default", "x-left-out", "x-permission", "$defs")},
    **{word: lambda one, other: {"allOf": [one, other]} for word in ("items", "additionalProperties")},
    "allOf": lambda one, other: [*one, *other],
}


def both(one, other):
    """One schema for two; what one word cannot say stays in allOf."""
    result = dict(one)
    for word, value in other.items():
        if word not in result or same(result[word], value):
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
    if "$ref" not in schema and "allOf" not in schema:
        return schema
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
