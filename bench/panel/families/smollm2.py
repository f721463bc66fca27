"""SmolLM2-135M-Instruct in float32 from its 4-bit GGUF: a chat model with a cache; 30 layers of width 576."""

from __future__ import annotations

import numpy as np

from ..archive import member
from ..gguf_file import Gguf
from ..llama import Llama, build
from ..model import Arrays, Case, Model, Verdict, Workshop, run_reference
from ..tokens import byte_pairs, text_of

CONFIG = Llama(49152, 576, 30, 9, 3, 64, 1536, rope_base=100000.0, epsilon=1e-5, grouped=True)
CHAT = (
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
    "<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n"
)
ANSWER = "The capital of France is Paris."
END = 2
NAMES = {
    "embedding": "token_embd",
    "norm": "output_norm",
    "attention_norm": "attn_norm",
    "mlp_norm": "ffn_norm",
    "query": "attn_q",
    "key": "attn_k",
    "value": "attn_v",
    "output": "attn_output",
    "gate": "ffn_gate",
    "up": "ffn_up",
    "down": "ffn_down",
}


def gguf(shop: Workshop) -> Gguf:
    return shop.once("smollm2", lambda: Gguf(member(shop, "smollm2", ".gguf")))


def make(shop: Workshop) -> bytes:
    file = gguf(shop)
    if file.metadata["llama.rope.freq_base"] != CONFIG.rope_base:
        raise ValueError("the file has another base of the rotary positions")

    def weights(name: str, shape: tuple[int, ...]) -> np.ndarray:
        layer, _, part = name.rpartition(".")
        found = file.tensor(f"blk.{layer}.{NAMES[part]}.weight" if layer else f"{NAMES[part]}.weight")
        if part in ("query", "key"):
            found = _two_halves(found)
        if found.shape != shape:
            raise ValueError(f"{name} is {found.shape}, not {shape}")
        return found.astype(np.float32)

    return build(CONFIG, weights, tied=True).SerializeToString()


def _two_halves(rows: np.ndarray) -> np.ndarray:
    """llama.cpp stores the rows of Q and K for interleaved rotary pairs; this is the order for two halves."""
    pairs = rows.reshape(-1, CONFIG.head_size // 2, 2, rows.shape[1])
    return pairs.swapaxes(1, 2).reshape(rows.shape)


def ids(shop: Workshop, text: str) -> list[int]:
    file = gguf(shop)
    return byte_pairs(text, file.metadata["tokenizer.ggml.tokens"], file.metadata["tokenizer.ggml.merges"])


def question_and_answer(shop: Workshop) -> Arrays:
    """All tokens at once: a greedy reader of the outputs would write the same answer, token by token."""
    return {"input_ids": np.array([ids(shop, CHAT) + ids(shop, ANSWER)]), **CONFIG.empty_cache()}


def judge(shop: Workshop, inputs: Arrays, outputs: Arrays) -> Verdict:
    """The likeliest next tokens from the end of the question on."""
    best = outputs["logits"][0, len(ids(shop, CHAT)) - 1 :].argmax(1).tolist()
    if END in best:
        best = best[: best.index(END)]
    says = text_of(best, gguf(shop).metadata["tokenizer.ggml.tokens"])
    return Verdict(says, ANSWER + " …", says.startswith(ANSWER))


def step(shop: Workshop) -> Arrays:
    """The token after "The capital of France is", with what the model remembers of all before it."""
    *before, last = ids(shop, CHAT) + ids(shop, ANSWER.removesuffix(" Paris."))
    found = run_reference(make(shop), {"input_ids": np.array([before]), **CONFIG.empty_cache()})
    cache = {f"past_{n}": found[f"present_{n}"] for n in CONFIG.cache_names()}
    return {"input_ids": np.array([[last]]), **cache}


def judge_step(shop: Workshop, _: Arrays, outputs: Arrays) -> Verdict:
    says = text_of([int(outputs["logits"][0, -1].argmax())], gguf(shop).metadata["tokenizer.ggml.tokens"])
    return Verdict(says, " Paris", says == " Paris")


MODELS = (
    Model(
        name="smollm2",
        family="text",
        make=make,
        cases=(Case("question", question_and_answer, judge), Case("step", step, judge_step)),
        packages=("smollm2",),
    ),
)
