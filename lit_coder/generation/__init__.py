"""Token ids in, token ids out: sampling and key-value-cache decoding."""
