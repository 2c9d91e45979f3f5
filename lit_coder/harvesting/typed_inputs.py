"""Arguments for functions with type hints, drawn by hypothesis; kinds for the search by trial.

    typed_arguments(parameters, 60, seed=7)      # [(3, "a"), ...]; [] where a hint is missing
    kinds_of(("list", ("int",)))                 # ("list[int]",)

hypothesis is the optional extra `harvest` and is imported where it is used. The same seed draws the
same arguments with the same version of hypothesis.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lit_coder.harvesting.candidate import Parameter
from lit_coder.problems.problem import Value

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_LARGEST = 10_000
_LONGEST = 6
# The alphabet is given so that no table of Unicode is built and kept.
_ALPHABET = "abcxyzABC019 _-./:,;=%'\"\\\n\té"
_ANY = (("int",), ("str",))


def require_hypothesis() -> None:
    """Raise where the extra is not installed.

    Raises:
        ValueError: with what to install.
    """
    if importlib.util.find_spec("hypothesis") is None:
        raise ValueError(
            "harvesting draws the arguments of typed functions with hypothesis, which is not "
            "installed; install it: pip install 'lit-coder[harvest]'"
        )


def typed_arguments(
    parameters: Sequence[Parameter], count: int, seed: int
) -> list[tuple[Value, ...]]:
    """Different argument lists for the parameters whose hints are known, from the first on."""
    known = []
    for parameter in parameters:
        if not parameter.hint:
            break
        known.append(parameter)
    num_required = sum(parameter.is_required for parameter in parameters)
    if not known or len(known) < num_required:
        return []
    return _drawn([parameter.hint for parameter in known], max(num_required, 1), count, seed)


def kinds_of(hint: tuple[Any, ...]) -> tuple[str, ...]:
    """The kinds of `inside/inputs.py` that a hint stands for; () where there are none."""
    if not hint:
        return ()
    name, *inner = hint
    if name == "union":
        return tuple(kind for each in inner for kind in kinds_of(each))
    if name in ("literal", "complex"):
        return ()
    if name in ("list", "set", "tuples", "frozenset", "tuple") and inner:
        outer = {"tuples": "tuple", "frozenset": "set"}.get(name, name)
        if name == "tuple" and len(set(inner)) > 1:
            return ()
        return tuple(f"{outer}[{kind}]" for kind in kinds_of(inner[0]) if kind)
    if name == "dict" and len(inner) == 2:
        return tuple(f"dict[{k},{v}]" for k in kinds_of(inner[0]) for v in kinds_of(inner[1]))
    bare: dict[str, tuple[str, ...]] = {}
    bare |= {"list": ("list[int]", "list[str]"), "tuple": ("tuple[int]", "tuple[str]")}
    bare |= {"dict": ("dict[str,int]", "dict[str,str]"), "set": ("set[int]",)}
    return bare.get(name, (name,))


def _drawn(
    hints: list[tuple[Any, ...]], num_required: int, count: int, seed: int
) -> list[tuple[Value, ...]]:
    import hypothesis
    from hypothesis import strategies
    from hypothesis.configuration import set_hypothesis_home_dir

    sizes = range(num_required, len(hints) + 1)
    lists = strategies.one_of(
        *(strategies.tuples(*(_strategy(hint) for hint in hints[:size])) for size in sizes)
    )
    found: dict[str, tuple[Value, ...]] = {}

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(lists)
    def draw(arguments: tuple[Value, ...]) -> None:
        found[repr(arguments)] = arguments

    with tempfile.TemporaryDirectory() as folder:
        # What it keeps between runs is nothing to us, and nothing to find in the user's folder.
        set_hypothesis_home_dir(folder)
        draw()
    return list(found.values())


def _strategy(hint: tuple[Any, ...]) -> SearchStrategy[Any]:
    """What hypothesis draws for a hint; texts and containers are short, floats finite."""
    from hypothesis import strategies as of

    name, *inner = hint
    if name == "union":
        return of.one_of(*map(_strategy, inner))
    if name == "literal":
        return of.sampled_from(inner)
    simple: dict[str, SearchStrategy[Any]] = {
        "int": of.one_of(of.integers(-9, 99), of.integers(-_LARGEST, _LARGEST)),
        "str": of.text(_ALPHABET, max_size=4 * _LONGEST),
        "float": of.floats(-_LARGEST, _LARGEST, allow_nan=False, width=32),
        "bool": of.booleans(),
        "bytes": of.binary(max_size=2 * _LONGEST),
        "complex": of.complex_numbers(max_magnitude=100, allow_nan=False),
        "None": of.none(),
    }
    if name in simple:
        return simple[name]
    hints = inner or list(_ANY[:1])
    if name == "dict":
        key, item = hints if len(hints) == 2 else (_ANY[1], _ANY[0])
        return of.dictionaries(_strategy(key), _strategy(item), max_size=_LONGEST)
    if name == "tuple" and inner:
        return of.tuples(*map(_strategy, inner))
    members = of.lists(_strategy(hints[0]), max_size=_LONGEST)
    makers: dict[str, type] = {"list": list, "set": set, "frozenset": frozenset}
    maker = makers.get(name, tuple)
    return members if maker is list else members.map(maker)
