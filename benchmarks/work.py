"""The inside of a process that measures one variant: call a function, print what it returns."""

from __future__ import annotations

import json
import sys
from importlib import import_module


def main() -> None:
    """Call `module:function` with the arguments of the command line's JSON."""
    module, _, function = sys.argv[1].partition(":")
    result = getattr(import_module(module), function)(**json.loads(sys.argv[2]))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
