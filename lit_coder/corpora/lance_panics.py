"""A panic in Lance's Rust code becomes an exception that can be handled.

    with panics_as_errors():
        dataset = lance.dataset(path)     # LancePanic, a ValueError, where a manifest was cut

Lance gives up in that way where a file of its own ends too early, and what Python sees is no
`Exception`: a run would end in a traceback where a sentence is due.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class LancePanic(ValueError):
    """Lance met bytes that it cannot make sense of."""


@contextmanager
def panics_as_errors() -> Iterator[None]:
    """Raise what is a panic as `LancePanic`; all else goes by.

    Raises:
        LancePanic: with the panic's own words.
    """
    try:
        yield
    except BaseException as error:
        # The class belongs to no module that could be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise LancePanic(str(error)) from error
