"""Writes a model of random weights that llama.cpp loads: half a megabyte, two layers, no download.

A vocabulary of bytes and a few characters, so that any text can be read, and what is written is noise.
Usage: llama_model.py FILE.gguf
"""

import sys

import gguf
import numpy as np

WIDTH, INNER, LAYERS, HEADS, CONTEXT = 64, 128, 2, 4, 16384
CHARACTERS = "您好请问政务服务大厅办理材料时间地址电话网站身份证社保医保。，？！的是在了有"

# Token, kind (1 normal, 2 unknown, 3 control, 6 byte) and score. A token that stands there twice ends llama.cpp.
tokens = {b"<unk>": (2, 0.0), b"<s>": (3, 0.0), b"</s>": (3, 0.0)}
for byte in range(256):
    tokens[b"<0x%02X>" % byte] = (6, 0.0)
for place, character in enumerate(["▁", *map(chr, range(0x21, 0x7F)), *CHARACTERS]):
    tokens.setdefault(character.encode(), (1, -float(place)))

random = np.random.default_rng(0)
model = gguf.GGUFWriter(sys.argv[1], "llama")
model.add_context_length(CONTEXT)
model.add_embedding_length(WIDTH)
model.add_block_count(LAYERS)
model.add_feed_forward_length(INNER)
model.add_head_count(HEADS)
model.add_head_count_kv(HEADS)
model.add_layer_norm_rms_eps(1e-5)
model.add_rope_dimension_count(WIDTH // HEADS)
model.add_vocab_size(len(tokens))
model.add_file_type(0)
model.add_name("random")
model.add_tokenizer_model("llama")
model.add_token_list(list(tokens))
model.add_token_types([kind for kind, _ in tokens.values()])
model.add_token_scores([score for _, score in tokens.values()])
model.add_bos_token_id(1)
model.add_eos_token_id(2)
model.add_unk_token_id(0)
model.add_add_bos_token(True)
model.add_chat_template(
    "{% for m in messages %}<{{ m['role'] }}>{{ m['content'] }}\n{% endfor %}<assistant>"
)


def weights(name, *shape):
    model.add_tensor(name, (random.standard_normal(shape) * 0.08).astype(np.float32))


def ones(name):
    model.add_tensor(name, np.ones(WIDTH, np.float32))


weights("token_embd.weight", len(tokens), WIDTH)
ones("output_norm.weight")
weights("output.weight", len(tokens), WIDTH)
for layer in range(LAYERS):
    block = f"blk.{layer}."
    ones(block + "attn_norm.weight")
    ones(block + "ffn_norm.weight")
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        weights(f"{block}{name}.weight", WIDTH, WIDTH)
    weights(block + "ffn_gate.weight", INNER, WIDTH)
    weights(block + "ffn_up.weight", INNER, WIDTH)
    weights(block + "ffn_down.weight", WIDTH, INNER)
model.write_header_to_file()
model.write_kv_data_to_file()
model.write_tensors_to_file()
model.close()
