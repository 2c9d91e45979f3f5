"""What runs in the sandbox to look into a program; sent there as text by `looking_inside.py`.

The files import the standard library, each other, and `harvesting/inside/`. What they report was
said in the program's own process: it points at a line, and never becomes a verdict.
"""
