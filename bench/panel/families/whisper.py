"""Whisper tiny.en (speech to text) from its trained weights, as two models: an encoder that ends in the decoder's cross
keys and values, and a decoder with a cache."""

from __future__ import annotations

import numpy as np

from ..archive import member
from ..ctranslate2_file import load_variables
from ..graph import Graph, ValueInfo, gelu, merge_heads, split_heads
from ..model import Arrays, Case, Model, Verdict, Workshop, session
from ..sounds import speech
from ..tokens import text_of

WIDTH, HEADS, HEAD, LAYERS = 384, 6, 64, 4
VOCABULARY, FRAMES = 51864, 3000
EPSILON = 1e-5
START, NO_TIMESTAMPS, END = 50257, 50362, 50256
RATE, WINDOW, HOP, BANDS = 16000, 400, 160, 80
SENTENCE = "Today is a good day to learn something new."
HIDDEN_SCORE = -1e9
LONGEST = 60


class _Builder(Graph):
    """The layers of both models over CTranslate2's variables, in which Q, K and V are one matrix."""

    def __init__(self, shop: Workshop) -> None:
        super().__init__()
        self._p = variables(shop)

    def param(self, name: str) -> np.ndarray:
        return self._p[name].astype(np.float32)

    def linear(self, x: str, name: str, part: int | None = None) -> str:
        """A dense layer; `part` takes the n-th third (or half) of its outputs, as wide as the model."""
        rows = slice(None) if part is None else slice(part * WIDTH, (part + 1) * WIDTH)
        label = name if part is None else f"{name}.{part}"
        w = self.weight(f"{label}.weight.T", self.param(f"{name}/weight")[rows].T)
        return self.op("Add", self.op("MatMul", x, w), self.weight(f"{label}.bias", self.param(f"{name}/bias")[rows]))

    def norm(self, x: str, name: str) -> str:
        gain, shift = (self.weight(f"{name}.{p}", self.param(f"{name}/{p}")) for p in ("gamma", "beta"))
        return self.op("LayerNormalization", x, gain, shift, epsilon=EPSILON)

    def heads(self, x: str) -> str:
        return split_heads(self, x, HEADS, HEAD)

    def attend(self, q: str, k: str, v: str, mask: str | None = None) -> str:
        scores = self.op("MatMul", q, self.op("Transpose", k, perm=[0, 1, 3, 2]))
        scores = self.op("Mul", scores, self.const(HEAD**-0.5, np.float32))
        if mask is not None:
            scores = self.op("Add", scores, mask)
        return merge_heads(self, self.op("MatMul", self.op("Softmax", scores, axis=-1), v), WIDTH)

    def feed_forward(self, x: str, name: str) -> str:
        h = gelu(self, self.linear(self.norm(x, f"{name}/layer_norm"), f"{name}/linear_0"))
        return self.op("Add", x, self.linear(h, f"{name}/linear_1"))


def variables(shop: Workshop) -> dict[str, np.ndarray]:
    return shop.once("whisper", lambda: load_variables(member(shop, "whisper", "model/model.bin")))


def make_encoder(shop: Workshop) -> bytes:
    g, x = _Builder(shop), "mel"
    for i, stride in ((1, 1), (2, 2)):
        w, b = (g.weight(f"conv{i}.{part}", g.param(f"encoder/conv{i}/{part}")) for part in ("weight", "bias"))
        x = gelu(g, g.op("Conv", x, w, b, kernel_shape=[3], strides=[stride], pads=[1, 1]))
    positions = g.weight("positions", g.param("encoder/position_encodings/encodings"))
    x = g.op("Add", g.op("Transpose", x, perm=[0, 2, 1]), positions)
    for i in range(LAYERS):
        own = f"encoder/layer_{i}/self_attention"
        with g.scope(f"encoder.{i}"):
            h = g.norm(x, f"{own}/layer_norm")
            q, k, v = (g.heads(g.linear(h, f"{own}/linear_0", part)) for part in range(3))
            x = g.op("Add", x, g.linear(g.attend(q, k, v), f"{own}/linear_1"))
            x = g.feed_forward(x, f"encoder/layer_{i}/ffn")
    x = g.norm(x, "encoder/layer_norm")
    outputs: list[ValueInfo] = []
    for i in range(LAYERS):
        with g.scope(f"decoder.{i}"):
            for part, kind in enumerate("kv"):
                y = g.linear(x, f"decoder/layer_{i}/attention/linear_1", part)
                y = g.op("Reshape", y, g.const([0, 0, HEADS, HEAD]))
                g.op("Transpose", y, perm=[0, 2, 1, 3], out=f"cross_{kind}_{i}")
                outputs.append((f"cross_{kind}_{i}", "f32", ["N", HEADS, FRAMES // 2, HEAD]))
    return g.model([("mel", "f32", ["N", BANDS, FRAMES])], outputs).SerializeToString()


def make_decoder(shop: Workshop) -> bytes:
    g = _Builder(shop)
    inputs: list[ValueInfo] = [("tokens", "i64", ["N", "T"])]
    outputs: list[ValueInfo] = [("logits", "f32", ["N", "T", VOCABULARY])]
    embedding = g.weight("embedding", g.param("decoder/embeddings/weight"))
    positions = g.weight("positions", g.param("decoder/position_encodings/encodings"))
    past = g.op("Shape", "past_k_0", start=2, end=3)
    total = g.op("Add", past, g.op("Shape", "tokens", start=1, end=2))
    x = g.op("Add", g.op("Gather", embedding, "tokens"), g.op("Slice", positions, past, total, g.const([0])))
    mask = _causal_mask(g, past, total)
    for i in range(LAYERS):
        own, other = f"decoder/layer_{i}/self_attention", f"decoder/layer_{i}/attention"
        with g.scope(f"decoder.{i}"):
            h = g.norm(x, f"{own}/layer_norm")
            q, k, v = (g.heads(g.linear(h, f"{own}/linear_0", part)) for part in range(3))
            k, v = (
                g.op("Concat", f"past_{n}_{i}", new, axis=2, out=f"present_{n}_{i}") for n, new in (("k", k), ("v", v))
            )
            x = g.op("Add", x, g.linear(g.attend(q, k, v, mask), f"{own}/linear_1"))
            q = g.heads(g.linear(g.norm(x, f"{other}/layer_norm"), f"{other}/linear_0"))
            x = g.op("Add", x, g.linear(g.attend(q, f"cross_k_{i}", f"cross_v_{i}"), f"{other}/linear_2"))
            x = g.feed_forward(x, f"decoder/layer_{i}/ffn")
        inputs += [(f"past_{n}_{i}", "f32", ["N", HEADS, "P", HEAD]) for n in "kv"]
        inputs += [(f"cross_{n}_{i}", "f32", ["N", HEADS, FRAMES // 2, HEAD]) for n in "kv"]
        outputs += [(f"present_{n}_{i}", "f32", ["N", HEADS, "L", HEAD]) for n in "kv"]
    g.op("MatMul", g.norm(x, "decoder/layer_norm"), g.op("Transpose", embedding, perm=[1, 0]), out="logits")
    return g.model(inputs, outputs).SerializeToString()


def _causal_mask(g: Graph, past: str, total: str) -> str:
    """0 where a new token may look, very low elsewhere: [T, P + T]."""
    scalar = lambda x: g.op("Squeeze", x, g.const([0]))  # noqa: E731
    every = g.op("Unsqueeze", g.op("Range", g.const(0), scalar(total), g.const(1)), g.const([0]))
    new = g.op("Unsqueeze", g.op("Range", scalar(past), scalar(total), g.const(1)), g.const([1]))
    zero, low = g.const(0, np.float32), g.const(HIDDEN_SCORE, np.float32)
    return g.op("Where", g.op("LessOrEqual", every, new), zero, low)


def mel_filters() -> np.ndarray:
    """Slaney's mel scale, triangles of equal area: [80, 201]."""
    step, knee = 200 / 3, 15.0
    rise = np.log(6.4) / 27
    hertz = lambda m: np.where(m < knee, step * m, 1000 * np.exp(rise * (m - knee)))  # noqa: E731
    corners = hertz(np.linspace(0, knee + np.log(8) / rise, BANDS + 2))
    slopes = corners[:, None] - np.linspace(0, RATE / 2, WINDOW // 2 + 1)[None]
    widths = np.diff(corners)
    triangles = np.minimum(-slopes[:-2] / widths[:-1, None], slopes[2:] / widths[1:, None])
    return np.maximum(0, triangles) * (2 / (corners[2:] - corners[:-2]))[:, None]


def log_mel(samples: np.ndarray) -> np.ndarray:
    """Whisper's input of up to 30 s of sound: float32 [1, 80, 3000]."""
    padded = np.zeros(FRAMES * HOP)
    padded[: len(samples)] = samples
    padded = np.pad(padded, WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:FRAMES]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW + 1)[:-1])) ** 2
    levels = np.log10(np.maximum(1e-10, mel_filters() @ power.T))
    return ((np.maximum(levels, levels.max() - 8) + 4) / 4).astype(np.float32)[None]


def spoken(_: Workshop) -> Arrays:
    return {"mel": log_mel(speech(SENTENCE, RATE))}


def empty_cache() -> dict[str, np.ndarray]:
    return {f"past_{n}_{i}": np.zeros((1, HEADS, 0, HEAD), np.float32) for i in range(LAYERS) for n in "kv"}


def transcribe(shop: Workshop) -> tuple[list[int], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What ONNX Runtime hears, greedily: tokens, cross keys and values, and the cache after the last token."""
    cross = shop.run("whisper_encoder", spoken(shop))
    decoder = session(make_decoder(shop))
    names = [o.name for o in decoder.get_outputs()]
    heard, new, cache = [], [START, NO_TIMESTAMPS], empty_cache()
    while len(heard) < LONGEST:
        found = dict(zip(names, decoder.run(None, {"tokens": np.array([new]), **cross, **cache}), strict=True))
        best = int(found["logits"][0, -1].argmax())
        if best == END:
            break
        cache = {f"past_{n}_{i}": found[f"present_{n}_{i}"] for i in range(LAYERS) for n in "kv"}
        heard, new = [*heard, best], [best]
    return heard, cross, cache


def transcript(shop: Workshop) -> tuple[list[int], dict[str, np.ndarray], dict[str, np.ndarray]]:
    return shop.once("transcript", lambda: transcribe(shop))


def all_tokens(shop: Workshop) -> Arrays:
    """The start and the whole transcript at once: what follows each token is to be heard again."""
    heard, cross, _ = transcript(shop)
    return {"tokens": np.array([[START, NO_TIMESTAMPS, *heard]]), **cross, **empty_cache()}


def step(shop: Workshop) -> Arrays:
    """The last token alone, with the cache of those before it."""
    heard, cross, cache = transcript(shop)
    return {"tokens": np.array([heard[-1:]]), **cross, **cache}


def judge(shop: Workshop, _: Arrays, outputs: Arrays) -> Verdict:
    best = outputs["logits"][0, 1:].argmax(1).tolist()
    ended = END in best
    says = text_of(best[: best.index(END)] if ended else best, vocabulary(shop)).strip()
    return Verdict(says, SENTENCE, says == SENTENCE and ended)


def judge_step(_: Workshop, __: Arrays, outputs: Arrays) -> Verdict:
    ended = int(outputs["logits"][0, -1].argmax()) == END
    return Verdict("the end" if ended else "more words", "the end", ended)


def vocabulary(shop: Workshop) -> list[str]:
    return member(shop, "whisper", "model/vocabulary.txt").decode().split("\n")


MODELS = (
    Model(
        name="whisper_encoder",
        family="sound",
        make=make_encoder,
        cases=(Case("sentence", spoken),),
        packages=("whisper",),
    ),
    Model(
        name="whisper_decoder",
        family="sound",
        make=make_decoder,
        cases=(Case("sentence", all_tokens, judge), Case("step", step, judge_step)),
        packages=("whisper",),
        after=("whisper_encoder",),
    ),
)
