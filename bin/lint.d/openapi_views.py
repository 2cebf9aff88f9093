"""A schema of an OpenAPI document looked at as one: `$ref` is followed, what stands beside it and `allOf` are put together."""

import json
from decimal import Decimal

from openapi_words import UNKNOWN, has_pattern, has_ref, pointed_at


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


def each(one, other):
    """What follows two schemas."""
    if one is False or other is False:
        return False
    return other if one in ({}, True) else one if other in ({}, True) else {"allOf": [one, other]}


def by_name(one, other):
    return {**one, **{name: each(one[name], schema) if name in one else schema for name, schema in other.items()}}


# How two values of a word become one that says both.
BOTH = {
    "type": common_types,
    "enum": lambda one, other: [value for value in one if any(same(value, another) for another in other)],
    "required": lambda one, other: sorted({*one, *other}),
    **{word: max for word in ("minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum")},
    **{word: min for word in ("maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum")},
    "x-minimum": lambda one, other: max(one, other, key=Decimal),
    "x-maximum": lambda one, other: min(one, other, key=Decimal),
    **{word: lambda one, other: one or other for word in ("uniqueItems", "readOnly", "writeOnly", "x-not-zero")},
    **{word: lambda one, other: other for word in ("default", "x-left-out", "x-permission", "$defs")},
    "allOf": lambda one, other: [*one, *other],
}
OBJECT = ("properties", "patternProperties", "additionalProperties")
# Words of which one is about what the others beside it, in the same schema, do not name or find.
GROUPS = (OBJECT, ("prefixItems", "items"), ("contains", "minContains", "maxContains"), ("if", "then", "else"))
# They are about what no word beside them has looked at, nor a schema in the words beside them.
UNEVALUATED = ("unevaluatedProperties", "unevaluatedItems")


def under_rest(of, others):
    """Members and patterns of one object that another one does not name: they follow its additionalProperties, too. None where
    nobody can say which they are."""
    rest, patterns, names = of.get(OBJECT[2], True), of.get(OBJECT[1], {}), of.get(OBJECT[0], {})
    members, more = dict(others.get(OBJECT[0], {})), dict(others.get(OBJECT[1], {}))
    if rest in ({}, True):
        return members, more
    for name in set(members) - set(names):
        found = [has_pattern(pattern, name) for pattern in patterns]
        if True not in found and UNKNOWN in found:
            return None
        if True not in found:
            members[name] = each(members[name], rest)
    for pattern in set(more) - set(patterns):
        # Names that follow two patterns may be there.
        if patterns or any(has_pattern(pattern, name) is not False for name in names):
            return None
        more[pattern] = each(more[pattern], rest)
    return members, more


def one_object(one, other):
    """The words of OBJECT that say what those of two schemas say; None where there are none."""
    mine, others = under_rest(other, one), under_rest(one, other)
    if mine is None or others is None:
        return None
    members, patterns = (by_name(*two) for two in zip(mine, others))
    said = {OBJECT[1]: patterns, OBJECT[2]: each(one.get(OBJECT[2], True), other.get(OBJECT[2], True))}
    if said[OBJECT[2]] is False:
        # Without its name it is refused as well.
        may_be = lambda name: any(has_pattern(pattern, name) is not False for pattern in patterns)
        members = {name: schema for name, schema in members.items() if schema is not False or may_be(name)}
    said[OBJECT[0]] = members
    return {word: value for word, value in said.items() if word in one or word in other}


def together(group, one, other):
    """One group for two; None where its words cannot say it."""
    if not one or not other or same(one, other):
        return {**one, **other}
    if group == OBJECT:
        return one_object(one, other)
    return {"items": each(one["items"], other["items"])} if set(one) == set(other) == {"items"} else None


def both(one, other):
    """One schema for two: the first is in allOf or behind $ref of the second. What one word cannot say stays in allOf."""
    if not one or not other:
        return one or other
    if any(word in one for word in UNEVALUATED):
        return {**other, "allOf": [*other.get("allOf", []), one]}
    result = {word: value for word, value in one.items() if not any(word in group for group in GROUPS)}
    left = []
    for group in GROUPS:
        mine, others = ({word: schema[word] for word in group if word in schema} for schema in (one, other))
        said = together(group, mine, others)
        left += [mine, others] if said is None else []
        result.update(said or {})
    for word, value in other.items():
        if any(word in group for group in GROUPS):
            continue
        if word not in result or same(result[word], value):
            result[word] = value
        elif word in BOTH:
            result[word] = BOTH[word](result[word], value)
        else:
            left.append({word: value})
    return {**result, "allOf": [*result.get("allOf", []), *left]} if left else result


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
