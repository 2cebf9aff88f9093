#!/usr/bin/env python3
"""Every text and every list in the body of a request has a limit: nobody can send what nobody has counted.

    backend-api openapi | openapi_limits.py        # exit code 1 when something has none
"""

import json
import sys

OF_A_TEXT = ("maxLength", "enum", "const", "format", "pattern")


def without_limit(document):
    """The places, as sentences."""
    findings = []
    seen = set()

    def look(schema, where):
        while isinstance(schema, dict) and "$ref" in schema:
            where = schema["$ref"].rsplit("/", 1)[-1]
            if where in seen:
                return
            seen.add(where)
            schema = document["components"]["schemas"][where]
        if not isinstance(schema, dict):
            return
        types = schema.get("type", [])
        types = types if isinstance(types, list) else [types]
        if "string" in types and not any(rule in schema for rule in OF_A_TEXT):
            findings.append(f"{where}: a text without a limit")
        if "array" in types and "maxItems" not in schema:
            findings.append(f"{where}: a list without a limit")
        for name, member in schema.get("properties", {}).items():
            look(member, f"{where}.{name}")
        for inner in ("items", "additionalProperties"):
            look(schema.get(inner), f"{where}[]")
        for word in ("oneOf", "anyOf", "allOf"):
            for choice in schema.get(word, []):
                look(choice, where)

    for path, item in document["paths"].items():
        for method, operation in item.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                look(content.get("schema"), f"{method.upper()} {path}")
    return findings


if __name__ == "__main__":
    found = without_limit(json.load(sys.stdin))
    print("\n".join(found) if found else "every text and list of a body has a limit")
    sys.exit(1 if found else 0)
