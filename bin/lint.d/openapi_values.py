"""Which values follow a schema, where they can be listed, and whether a value follows a schema.

By this are compared two schemas of which one admits certain values alone: it does not matter in which words either says so."""

from decimal import Decimal
from fractions import Fraction

from openapi_views import as_list, common_types, same, view
from openapi_words import SCHEMA, UNKNOWN, has_pattern, is_decimal

JSON_TYPES = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
RANGES = {"int32": 2**31, "int64": 2**63}
FLOATS = ("float", "double")


def is_of(value, name):
    found = JSON_TYPES[type(value)]
    return found == name or (found, name) == ("integer", "number")


def is_multiple(value, of):
    return of != 0 and (Fraction(str(value)) / Fraction(str(of))).denominator == 1


def has_format(name, value):
    if isinstance(value, str):
        return is_decimal(value) if name == "decimal" else name in RANGES or name in FLOATS or UNKNOWN
    if name in RANGES and is_of(value, "number"):
        return -RANGES[name] <= value < RANGES[name]
    return True


def of_decimals(follows):
    """A judge of a decimal, which is a text."""
    return lambda said, value: follows(said, Decimal(value)) if is_decimal(value) else UNKNOWN


# By word: whether a value follows it. SCHEMA says of which type a word is; a value of another type follows it.
JUDGES = {
    "type": lambda said, value: any(is_of(value, name) for name in as_list(said)),
    "enum": lambda said, value: any(same(value, one) for one in said),
    "const": lambda said, value: same(value, said),
    "minimum": lambda said, value: value >= said,
    "maximum": lambda said, value: value <= said,
    "exclusiveMinimum": lambda said, value: value > said,
    "exclusiveMaximum": lambda said, value: value < said,
    "multipleOf": lambda said, value: is_multiple(value, said),
    "minLength": lambda said, value: len(value) >= said,
    "maxLength": lambda said, value: len(value) <= said,
    "x-minimum": of_decimals(lambda said, number: number >= Decimal(said)),
    "x-maximum": of_decimals(lambda said, number: number <= Decimal(said)),
    "x-not-zero": of_decimals(lambda said, number: number != 0 or not said),
    "pattern": has_pattern,
    "format": has_format,
}


def takes(document, schema, value, unsure=False, followed=()):
    """Whether a value follows a schema; `unsure` is the answer where nobody can say."""
    if schema in followed:
        return unsure

    def inner(one, unsure=unsure):
        return takes(document, one, value, unsure, (*followed, schema))

    def follows(word, said):
        if SCHEMA[word].of and not is_of(value, SCHEMA[word].of):
            return True
        if word in JUDGES:
            found = JUDGES[word](said, value)
            return unsure if found is UNKNOWN else found
        if word == "allOf":
            return all(inner(one) for one in said)
        if word == "anyOf":
            return any(inner(one) for one in said)
        if word == "oneOf":
            surely, perhaps = (sum(inner(one, way) for one in said) for way in (False, True))
            return surely <= 1 <= perhaps if unsure else surely == perhaps == 1
        if word == "not":
            return not inner(said, not unsure)
        return unsure if SCHEMA[word].rule else True

    return all(follows(word, said) for word, said in view(document, schema).items())


def listed(document, schema, followed=()):
    """The values that follow a schema; None where they cannot be listed."""
    if schema in followed:
        return []
    seen = view(document, schema)
    types = set(as_list(seen["type"])) if "type" in seen else {"any"}
    if "const" in seen:
        values = [seen["const"]]
    elif "enum" in seen:
        values = seen["enum"]
    elif types <= {"boolean", "null"}:
        values = [value for value in (False, True, None) if any(is_of(value, name) for name in types)]
    else:
        word = next((word for word in ("anyOf", "oneOf") if word in seen), None)
        lists = [listed(document, one, (*followed, schema)) for one in seen[word]] if word else [None]
        if None in lists:
            return None
        values = [value for one in lists for value in one]
    return [value for value in values if takes(document, schema, value, unsure=True)]


def apart(document, one, other, deepest=3):
    """Whether it is seen that no value follows both."""
    for few, rest in ((one, other), (other, one)):
        if (values := listed(document, few)) is not None:
            return not any(takes(document, rest, value, unsure=True) for value in values)
    one, other = view(document, one), view(document, other)
    if "type" not in one or "type" not in other:
        return False
    if not common_types(one["type"], other["type"]):
        return True
    return one["type"] == other["type"] == "object" and deepest > 0 and objects_apart(document, one, other, deepest - 1)


def objects_apart(document, one, other, deepest):
    """By a member that one requires and the other refuses, or that both require and each with other values."""
    members, others = one.get("properties", {}), other.get("properties", {})
    for needs, has in ((one, other), (other, one)):
        closed = has.get("additionalProperties") is False and "patternProperties" not in has
        if closed and not set(needs.get("required", [])) <= set(has.get("properties", {})):
            return True
    both = set(one.get("required", [])) & set(other.get("required", [])) & set(members) & set(others)
    return any(apart(document, members[name], others[name], deepest) for name in both)
