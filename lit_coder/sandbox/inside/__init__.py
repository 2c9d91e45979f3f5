"""The part of the sandbox that runs inside its own processes, never in the trainer.

These files are started by `python -I -S` through a path of their own, so they import only the
standard library and each other, by relative imports. The trainer's side shares `codec` and
`frames` with them; everything else here is for the zygote and the processes it forks.
"""
