"""What a training step computes, and what a device can compute: the two halves of MFU.

    flops = training_flops_per_token(config, sequence=1024)
    peak = bfloat16_peak(torch.cuda.get_device_name())      # None where it is not known

Model FLOPs utilization (Chowdhery et al. 2022, appendix B) is tokens per second times the first
over the second. Work that is done twice, as by gradient checkpointing, counts once: recomputing
makes the figure smaller, not larger. Nothing is measured here.
"""

from __future__ import annotations

from lit_coder.networks.gpt_config import GPTConfig

_TERAFLOPS: dict[str, float] = {
    # Blackwell
    "B200": 2250,
    "GB200": 2500,
    "RTX PRO 6000 Blackwell": 503.8,
    "RTX 5090": 209.5,
    "RTX 5080": 112.6,
    "RTX 5070 Ti": 87.9,
    "RTX 5070": 61.7,
    "RTX 5060 Ti": 47.4,
    "RTX 5060": 38.4,
    # Hopper
    "GH200": 989,
    "H200": 989,
    "H200 NVL": 835,
    "H100": 989,
    "H100 PCIe": 756,
    "H100 NVL": 835,
    # Ada
    "L40S": 362,
    "L40": 181,
    "L4": 121,
    "RTX 6000 Ada": 364.2,
    "RTX 4090": 165.2,
    "RTX 4080 SUPER": 104.4,
    "RTX 4080": 97.5,
    "RTX 4070 Ti SUPER": 88.2,
    "RTX 4070 Ti": 80.2,
    "RTX 4070 SUPER": 71.0,
    "RTX 4070": 58.3,
    "RTX 4060 Ti": 44.1,
    "RTX 4060": 30.2,
    # Ampere
    "A100": 312,
    "A40": 149.7,
    "A30": 165,
    "A10": 125,
    "RTX A6000": 154.8,
    "RTX 3090 Ti": 80,
    "RTX 3090": 71,
    "RTX 3080 Ti": 68.2,
    "RTX 3080": 59.5,
    "RTX 3070": 40.6,
    "RTX 3060 Ti": 32.4,
    "RTX 3060": 25.5,
    # CDNA
    "MI300X": 1307,
    "MI250X": 383,
}
"""Dense bfloat16 products added up in float32, TFLOP/s, from the makers' data sheets.

GeForce cards add up in float32 at half the rate of their float16 figure; figures "with sparsity"
are twice the dense ones. A card of which one name has several, such as H100, has its SXM form's.
"""

_OTHER_DEVICES = {"D", "LAPTOP", "MAX-Q", "MIG", "MOBILE"}
"""Words of a name that make it another, slower device than the one the table means."""


def training_flops_per_token(config: GPTConfig, sequence: int) -> int:
    """FLOPs of one token's forward and backward pass, 6P + 6LdT.

    P counts the weights that multiply each token: all of them with a tied embedding, all but the
    embedding without. L layers attend with d = heads x head dimension features to T / 2 tokens
    on average: the causal half. Documents that are packed into a row count as one: what attention
    leaves out between them is not taken off.

    Args:
        config: the network's size.
        sequence: T, tokens of a row.
    """
    looked_up = 0 if config.tie_word_embeddings else config.vocab_size * config.hidden_size
    width = config.num_attention_heads * config.features_per_head
    multiplied = config.num_parameters - looked_up
    return 6 * multiplied + 6 * config.num_hidden_layers * width * sequence


def bfloat16_peak(device_name: str) -> float | None:
    """The device's dense bfloat16 peak in FLOP/s by its driver's name, None where not known.

    The longest name of the table whose words stand in the device's, in their order, decides:
    "NVIDIA GeForce RTX 5060 Ti" is not an RTX 5060. A laptop's card and a MIG slice are unknown.
    """
    words = device_name.upper().replace("-SXM", " SXM").replace("-PCIE", " PCIE").split()
    if _OTHER_DEVICES & set(words):
        return None
    text = f" {' '.join(words)} "
    found = [name for name in _TERAFLOPS if f" {name.upper()} " in text]
    return _TERAFLOPS[max(found, key=len)] * 1e12 if found else None
