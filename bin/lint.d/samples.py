"""How the samples of a rule are judged: what it must report, and what it must leave alone. For *_test.py beside it.

    if __name__ == "__main__":
        end(judged(rules_in, REPORTED, ACCEPTED))
"""

import sys


def judged(rules_in, reported, accepted):
    """What is wrong: of (rule, *sample) where rules_in(*sample) is not that rule alone, of sample where it is any."""
    for rule, *sample in reported:
        if (found := list(rules_in(*sample))) != [rule]:
            yield f"not reported as {rule}, but as {found}: {sample}"
    for sample in accepted:
        if found := list(rules_in(*sample)):
            yield f"reported as {found}: {sample}"


def end(wrong):
    """Ends the program: with 1, having said what, when something is wrong."""
    wrong = list(wrong)
    if wrong:
        print("\n".join(wrong))
    sys.exit(1 if wrong else 0)
