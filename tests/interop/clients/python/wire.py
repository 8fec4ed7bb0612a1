"""One order a line on standard input, one answer a line on standard output, both JSON."""

import json
import sys
import traceback


def serve(driver):
    """Calls driver.<do>(**rest) for every order and answers {"ok": result} or {"error": text}."""
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = {"ok": getattr(driver, order.pop("do"))(**order)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        sys.__stdout__.write(json.dumps(answer) + "\n")
        sys.__stdout__.flush()


def settings():
    """Where the servers are and how to prove who one is."""
    return json.loads(sys.argv[1])


def text(b):
    return None if b is None else b.decode()


def raw(s):
    return None if s is None else s.encode()
