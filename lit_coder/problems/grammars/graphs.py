"""Graphs: small adjacency lists; degrees, what can be reached, distances, where walks end.

    def reach(graph):
        \"\"\"`graph[i]` is the list of the nodes that arrows lead to from node i.
        Return how many nodes can be reached from node 0 in at most 2 steps.\"\"\"

Difficulty is the number of rules.
"""

from __future__ import annotations

from random import Random

from lit_coder.problems.grammars.drawn_family import DrawnFamily
from lit_coder.problems.grammars.inputs import one_argument
from lit_coder.problems.grammars.integer_words import random_change, random_filters
from lit_coder.problems.grammars.layout import collected, joined, joined_tests
from lit_coder.problems.grammars.sketch import Sketch

_GRAPHS = one_argument(
    (
        [[1, 2], [3], [3, 4], [], [5], []],
        [[1], [2], [0], [4], [3]],
        [[]],
        [[3, 1], [0, 2, 5], [4], [6], [2, 6], [], [7], [0]],
        [[2], [], [1, 3], [4], [5], [6], [1]],
        [[1, 2, 3, 4], [0], [0, 5], [0], [0], [6, 2], [5]],
        [[5, 7], [0], [8], [2], [4], [3, 1], [], [6, 8], [5]],
    ),
    (
        [[0]],
        [[], [], []],
        [[1], [2], [3], [4], [5], [6], [7], []],
        [[7], [0], [1], [2], [3], [4], [5], [6]],
        [[1, 4], [2], [3], [1], [6], [4], [5, 7], [8], []],
        [[2, 3], [2, 3], [4, 5], [4, 5], [6], [6, 7], [], []],
        [[6], [6, 3], [1], [], [3], [3, 4], [5, 2]],
        [[1, 1, 2], [2], [], [0], [3, 6], [4], [5]],
        [[8, 2], [], [6], [5], [1, 7], [9], [3], [4], [7, 5], [3]],
    ),
)
_NODES = one_argument(tuple(range(9)), ())
_SIZES = one_argument((0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6), ())
_NOTE = "`graph[i]` is the list of the nodes that arrows lead to from node i."
_BOTH = "Arrows may be followed in both directions."
_TYPE = "list[list[int]]"
_NAMES = (("graph", _TYPE),)

_RESULTS: tuple[tuple[str, str, str], ...] = (
    ("the number of {them}", "int", "return len(found)"),
    ("the sorted list of {them}", "list[int]", "return sorted(found)"),
    ("the sum of {them}", "int", "return sum(found)"),
    ("the largest of {them}, or -1 if there are none", "int", "return max(found, default=-1)"),
    ("the set of {them}", "set[int]", "return set(found)"),
    ("the sorted list of all nodes but {them}", "list[int]",
     "return sorted(set(range(len(graph))) - set(found))"),
)  # fmt: skip


def _both_ways() -> list[str]:
    """Lines that let each arrow lead back."""
    return [
        "links = [set(nodes) for nodes in graph]",
        "for i, nodes in enumerate(graph):",
        "    for node in nodes:",
        "        links[node].add(i)",
    ]


def reached(difficulty: int, random: Random) -> Sketch:
    """The nodes that can be reached, perhaps in some number of steps, past some nodes only."""
    both = random.random() < 0.4 and difficulty > 1
    steps = random.randint(1, 4) if difficulty in (1, 3, 5) else 0
    past = random_filters(random, _NODES, 1) if difficulty > 1 else []
    ends = random_filters(random, _NODES, (0, 0, 1, 1, 2)[difficulty - 1])
    start = random.choice((0, 0, 0, -1))
    result, returns, returned = random.choice(_RESULTS if difficulty > 1 else _RESULTS[:4])
    first = "node 0" if start == 0 else "the node with the largest number"
    words = [_NOTE, *([_BOTH] if both else [])]
    if past:
        words.append(f"Nodes that {past[0].plural} may be left; others may be arrived at only.")
        words.append("The first node may be left in any case.")
    them = f"the nodes that {' and '.join(['can be reached', *(c.plural for c in ends)])}"
    within = f" in at most {steps} steps" if steps > 1 else " in at most one step" if steps else ""
    where = f"from {first}{within}; {first} itself is reached"
    words.append(f"Start {where}. Return {result.format(them=them)}.")
    origin = "0" if start == 0 else "len(graph) - 1"
    links = "links" if both else "graph"
    body = [*(_both_ways() if both else []), f"found = {{{origin}}}", f"edge = [{origin}]"]
    body += [f"for _ in range({steps}):" if steps else "while edge:"]
    inner = f"{{other for node in edge for other in {links}[node]}}"
    body += [f"    edge = {inner} - found", "    found |= edge"]
    if past:
        body += collected("    edge = ", "[]", "node", "for node in edge", [past[0].of("node")])
    body += collected("found = ", "[]", "node", "for node in found", [c.of("node") for c in ends]) \
        if ends else []  # fmt: skip
    return Sketch(
        names=("reach", "reachable", "explore", "visit"),
        parameters=_NAMES,
        returns=returns,
        words=(" ".join(words),),
        body=(*body, returned),
        inputs=_GRAPHS,
    )


_DEGREES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("the number of arrows that lead from it", ("degrees = [len(nodes) for nodes in graph]",)),
    (
        "the number of arrows that lead to it",
        (
            "degrees = [0] * len(graph)",
            "for nodes in graph:",
            "    for node in nodes:",
            "        degrees[node] += 1",
        ),
    ),
    (
        "the number of arrows that lead from it or to it, of one to itself both counted",
        (
            "degrees = [len(nodes) for nodes in graph]",
            "for nodes in graph:",
            "    for node in nodes:",
            "        degrees[node] += 1",
        ),
    ),
    (
        "the number of nodes that can be reached from it in exactly two steps",
        (
            "degrees = []",
            "for nodes in graph:",
            "    degrees.append(len({other for node in nodes for other in graph[node]}))",
        ),
    ),
    (
        "the sum of the nodes that its arrows lead to",
        ("degrees = [sum(nodes) for nodes in graph]",),
    ),
    (
        "the number of its arrows that lead to a node with a larger number",
        (
            "degrees = []",
            "for i, nodes in enumerate(graph):",
            "    degrees.append(sum(node > i for node in nodes))",
        ),
    ),
)


def degrees(difficulty: int, random: Random) -> Sketch:
    """A number for each node from the arrows at it, and the nodes where it is something."""
    said, lines = random.choice(_DEGREES)
    change = random_change(random, _SIZES) if difficulty in (3, 5) else None
    conditions = random_filters(random, _SIZES, 1)
    nodes = random_filters(random, _NODES, (0, 1, 1, 2, 2)[difficulty - 1])
    ending = difficulty > 1 and random.random() < 0.5
    result, returns, returned = random.choice(_RESULTS)
    words = [_NOTE, f"The degree of a node shall be {said}."]
    if change:
        words.append(f"Replace each degree by {change.said('the degree')}.")
        lines = (*lines, f"degrees = [{change.of('degree')} for degree in degrees]")
        conditions = [] if nodes and ending else conditions
    them = joined([f"whose degree {c.singular}" for c in conditions]
                  + [f"that {c.plural}" for c in nodes])  # fmt: skip
    tests = [c.of("degree") for c in conditions] + [c.of("i") for c in nodes]
    element = "i"
    if ending:
        element = "degree"
        result, returns, returned = random.choice(_RESULTS[:5])
        result = result.replace("the set of {them}", "the set of the degrees of {them}")
        result = result.replace("the number of {them}", "how many different degrees {them} have")
        result = result.replace("of {them}", "of the degrees of {them}")
        result = result.replace("of the degrees of the degrees", "of the degrees")
        returned = "return len(set(found))" if "different" in result else returned
    words.append(f"Return {result.format(them=f'the nodes {them}')}.")
    loop = "for i, degree in enumerate(degrees)"
    return Sketch(
        names=("degrees", "busy_nodes", "look_at_arrows", "rate"),
        parameters=_NAMES,
        returns=returns,
        words=(" ".join(words),),
        body=(*lines, *collected("found = ", "[]", element, loop, tests), returned),
        inputs=_GRAPHS,
    )


_FAR: tuple[tuple[str, str, str], ...] = (
    ("the list of these distances, one for each node", "list[int]", "return distances"),
    ("the sum of the distances that are not -1{which}", "int",
     "return sum(d for i, d in enumerate(distances) if d >= 0{tests})"),
    ("the largest distance{which}, or -1 if there is none", "int",
     "return max((d for i, d in enumerate(distances){first}), default=-1)"),
    ("the sorted list of the nodes at the distances 1 and {k}{which}", "list[int]",
     "return [i for i, d in enumerate(distances) if d in (1, {k}){tests}]"),
    ("how many nodes have an even distance{which}", "int",
     "return sum(d % 2 == 0 for i, d in enumerate(distances){first})"),
    ("a dictionary from each node with a distance above 0{which} to that distance",
     "dict[int, int]", "return {{i: d for i, d in enumerate(distances) if d > 0{tests}}}"),
)  # fmt: skip


def distances(difficulty: int, random: Random) -> Sketch:
    """The lengths of shortest paths."""
    both = difficulty in (3, 5) or random.random() < 0.2
    closed = random_filters(random, _NODES, 1) if difficulty > 1 else []
    conditions = random_filters(random, _NODES, (1, 0, 1, 1, 2)[difficulty - 1])
    costs = difficulty in (4, 5)
    result, returns, returned = random.choice(_FAR[1:] if conditions else _FAR)
    start = random.choice((0, 0, 1, 2))
    words = [_NOTE, *([_BOTH] if both else [])]
    words.append(
        f"The distance of a node is the number of steps of the shortest path from node {start}, or "
        "-1 if there is none; it is -1 for all if there is no such node."
        if start
        else "The distance of a node is the number of steps of the shortest path from node 0, or "
        "-1 if there is none."
    )
    if closed:
        words.append(f"No path may step on a node that {closed[0].singular}; only the first may "
                     "be such a node.")  # fmt: skip
    least = random.randint(2, 4)
    if costs:
        words.append(f"Then double each distance that is {least} or more.")
    plural = joined([c.plural for c in conditions])
    which = f" (looking only at nodes that {plural})" if conditions else ""
    tests = joined_tests([c.of("i") for c in conditions]) if conditions else ""
    tests = f"({tests})" if " or " in tests and len(conditions) == 1 else tests
    k = random.randint(2, 3)
    words.append(f"Return {result.format(which=which, k=k)}.")
    links = "links" if both else "graph"
    body = ["distances = [-1] * len(graph)", f"queue = [{start}]"]
    if start:
        body[1:] = [f"queue = [{start}] if len(graph) > {start} else []", "for node in queue:",
                    "    distances[node] = 0"]  # fmt: skip
    else:
        body.append("distances[0] = 0")
    new = ["distances[other] < 0", *([f"not ({closed[0].of('other')})"] if closed else [])]
    body += [
        "for node in queue:",
        f"    for other in {links}[node]:",
        f"        if {joined_tests(new)}:",
        "            distances[other] = distances[node] + 1",
        "            queue.append(other)",
    ]
    if costs:
        body.append(f"distances = [2 * d if d >= {least} else d for d in distances]")
    code = returned.format(tests=f" and {tests}" if tests else "",
                           first=f" if {tests}" if tests else "", k=k)  # fmt: skip
    return Sketch(
        names=("distances", "steps_from", "how_far", "shortest"),
        parameters=_NAMES,
        returns=returns,
        words=(" ".join(words),),
        body=(*(_both_ways() if both else []), *body, code),
        inputs=_GRAPHS,
    )


_NEXT = (
    ("the smallest", "min({them})"),
    ("the largest", "max({them})"),
    ("the first in the list", "{them}[0]"),
    ("the last in the list", "{them}[-1]"),
)


def walk(difficulty: int, random: Random) -> Sketch:
    """A walk that always knows where to go next."""
    said, taken = random.choice(_NEXT)
    conditions = random_filters(random, _NODES, (1, 1, 1, 1, 2)[difficulty - 1])
    fresh = difficulty in (2, 4, 5)
    steps = random.randint(3, 7)
    change = random_change(random, _NODES) if difficulty > 2 else None
    result, returns, returned = random.choice(
        (
            ("the list of the nodes that the walk comes to", "list[int]", "return found"),
            ("the node where the walk ends", "int", "return found[-1]"),
            ("the sum of the nodes that the walk comes to", "int", "return sum(found)"),
            ("how many steps are made", "int", "return len(found) - 1"),
            ("how many different nodes the walk comes to", "int", "return len(set(found))"),
        )[: 3 if change else 5]
    )
    tests = [c.of("node") for c in conditions] + (["node not in found"] if fresh else [])
    plural = joined([c.plural for c in conditions] + (["were not come to before"] if fresh else []))
    words = [
        _NOTE,
        f"A walk begins at node 0 and makes at most {steps} steps. Each step follows an arrow to "
        f"{said} of the nodes that {plural}; where there is none, the walk ends.",
    ]
    if change:
        words.append(f"Wherever a node is told of, tell of {change.said('its number')} instead.")
        returned = {
            "return found": f"return [{change.of('node')} for node in found]",
            "return found[-1]": f"node = found[-1]\nreturn {change.of('node')}",
            "return sum(found)": f"return sum({change.of('node')} for node in found)",
        }[returned]
    words.append(f"Return {result}; node 0 is come to as well.")
    loop = "for node in graph[found[-1]]"
    return Sketch(
        names=("walk", "wander", "follow", "path_of"),
        parameters=_NAMES,
        returns=returns,
        words=(" ".join(words),),
        body=(
            "found = [0]",
            f"for _ in range({steps}):",
            *(f"    {line}" for line in collected("nodes = ", "[]", "node", loop, tests)),
            "    if not nodes:",
            "        break",
            f"    found.append({taken.format(them='nodes')})",
            *returned.split("\n"),
        ),
        inputs=_GRAPHS,
    )


GRAPHS = DrawnFamily("graphs", (reached, degrees, distances, walk))
