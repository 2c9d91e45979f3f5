"""Pure nn.Module parts and networks (torch only)."""
