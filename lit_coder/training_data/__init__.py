"""Tokens to train on: samples, pool, mixture, the CodeDataModule."""
