"""The command line of lit_coder, from a source tree: `python main.py fit --config ...`."""

from lit_coder.__main__ import main

if __name__ == "__main__":
    raise SystemExit(main())
