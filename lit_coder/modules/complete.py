r"""Text in, text out: what a module writes after a prompt.

    module = load_module("last")
    for text in complete(module, "def factorial(n):\n", num_samples=3):
        print(text)

`continuations` gives the same with its tokens and their log-probabilities, `stream` one of them
while it is drawn. Nothing is run, parsed or judged here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from lit_coder.generation.contract import Completion, SamplingOptions
from lit_coder.generation.gpt_generator import GPTGenerator
from lit_coder.generation.text_stops import stop_rule
from lit_coder.generation.token_healing import HealedPrompt, heal
from lit_coder.modules.code_module import CodeModule
from lit_coder.modules.text_stream import TextStream
from lit_coder.networks.gpt import GPT
from lit_coder.tokenizer import CodeTokenizer

CONTINUES_NOTHING = (
    "a TRMModule answers whole problems and continues no text; main.py test and predict ask it its "
    "problems"
)


@dataclass(frozen=True, slots=True)
class Continuation:
    """What was written after a prompt.

    Attributes:
        text: the text, without the stop sequence that ended it.
        ids: the tokens that it takes; the last may reach beyond the text.
        log_probability: natural logarithm of their probability under the model at temperature 1,
            the end token's included where it was given.
        ended: the model itself gave the end token, and nothing was cut.
    """

    text: str
    ids: tuple[int, ...]
    log_probability: float
    ended: bool


def complete(
    module: CodeModule,
    prompt: str,
    num_samples: int = 1,
    temperature: float = 0.8,
    top_k: int = 0,
    top_p: float = 1.0,
    max_new_tokens: int = 256,
    seed: int = 0,
    stops: Sequence[str] = (),
    token_healing: bool = False,
) -> list[str]:
    """Texts that the module writes after the prompt; the same seed gives the same ones.

    Args:
        module: with its tokenizer, as `load_module` gives it.
        prompt: what is completed.
        num_samples: how many texts.
        temperature: 0 = greedy.
        top_k: keep the k most likely tokens; 0 = all.
        top_p: keep the smallest set of tokens with this probability; 1 = all.
        max_new_tokens: tokens after which a text is cut.
        seed: of the random numbers.
        stops: a text ends before the first of these.
        token_healing: take the prompt's last piece back and let the model write it anew, so that
            it may end anywhere.

    Raises:
        ValueError: the prompt is empty or does not fit the context, or an option is out of range.
    """
    options = SamplingOptions(num_samples, max_new_tokens, temperature, top_k, top_p, seed)
    return [c.text for c in continuations(module, prompt, options, stops, token_healing)]


def continuations(
    module: CodeModule,
    prompt: str,
    options: SamplingOptions,
    stops: Sequence[str] = (),
    token_healing: bool = False,
) -> list[Continuation]:
    """As `complete`, with tokens and log-probabilities."""
    tokenizer = _tokenizer(module)
    healed = _read(module, prompt, token_healing)
    is_over = stop_rule(tokenizer, stops) if stops else None
    (drawn,) = module.generator().generate([healed.prompt()], options, is_over)
    return [_continuation(tokenizer, healed, each, stops) for each in drawn]


def stream(
    module: CodeModule,
    prompt: str,
    options: SamplingOptions,
    stops: Sequence[str] = (),
    token_healing: bool = False,
    name: str = "",
) -> Generator[str, None, None]:
    """One continuation, piece by piece; closing the iterator ends the drawing.

    `name` is the random stream's: another name, another text.
    """
    tokenizer = _tokenizer(module)
    healed = _read(module, prompt, token_healing)
    text = TextStream(tokenizer, stops, healed.forced_text)
    generator = module.generator()
    assert isinstance(generator, GPTGenerator)
    for token_id in generator.stream(healed.prompt(name), options):
        yield text.feed(token_id)
        if text.is_over:
            return
    yield text.finish()


def _read(module: CodeModule, prompt: str, token_healing: bool) -> HealedPrompt:
    """The prompt as tokens.

    Raises:
        ValueError: it is empty, or nothing fits behind it.
    """
    tokenizer = _tokenizer(module)
    healed = heal(tokenizer, prompt) if token_healing else None
    healed = healed or HealedPrompt(tuple(tokenizer.encode(prompt)))
    if not healed.ids:
        raise ValueError("the prompt is empty; give the beginning of a program")
    network = module.network
    if not isinstance(network, GPT):
        raise ValueError(CONTINUES_NOTHING)
    limit = network.config.max_position_embeddings
    if len(healed.ids) >= limit:
        raise ValueError(
            f"the prompt has {len(healed.ids)} tokens and the model's context holds {limit} in "
            "all; shorten it"
        )
    return healed


def _continuation(
    tokenizer: CodeTokenizer, healed: HealedPrompt, drawn: Completion, stops: Sequence[str]
) -> Continuation:
    """A completion without what stands behind a stop sequence."""
    whole = healed.text_of(tokenizer, drawn.ids)
    ends = [at for stop in stops if (at := whole.find(stop)) >= 0]
    if not ends:
        return Continuation(whole, drawn.ids, sum(drawn.log_probabilities), drawn.ended)
    text = whole[: min(ends)]
    length = len(healed.forced_text) + len(text)
    counts = range(len(drawn.ids) + 1)
    num_kept = bisect_left(counts, length, key=lambda n: len(tokenizer.decode(drawn.ids[:n])))
    log_probability = sum(drawn.log_probabilities[:num_kept])
    return Continuation(text, drawn.ids[:num_kept], log_probability, ended=False)


def _tokenizer(module: CodeModule) -> CodeTokenizer:
    if module.tokenizer is None:
        raise ValueError("the module has no tokenizer; load it with load_module")
    return module.tokenizer
