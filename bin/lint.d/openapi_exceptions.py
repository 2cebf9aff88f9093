#!/usr/bin/env python3
"""Each rule that .spectral.yaml or redocly.yaml switches off is argued in docs/openapi-exceptions.md, and no other is."""

import re
import sys
from pathlib import Path


def switched_off(text):
    return set(re.findall(r"^  ([\w:.-]+): off\b", text, re.MULTILINE))


def argued(text):
    """Rules with a reason; a row without one argues nothing."""
    return {rule for rule, why in re.findall(r"^\| `([^`]+)` \|([^|]*)\|", text, re.MULTILINE) if why.strip()}


def findings(configurations, page):
    off = set().union(*(switched_off(text) for text in configurations))
    reasons = argued(page)
    return [f"{rule} is off, and docs/openapi-exceptions.md does not say why" for rule in sorted(off - reasons)] + [
        f"docs/openapi-exceptions.md argues {rule}, which is not off" for rule in sorted(reasons - off)
    ]


if __name__ == "__main__":
    read = lambda name: Path(name).read_text(encoding="utf-8")
    found = findings([read(".spectral.yaml"), read("redocly.yaml")], read("docs/openapi-exceptions.md"))
    print("\n".join(found))
    sys.exit(1 if found else 0)
