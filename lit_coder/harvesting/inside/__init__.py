"""What runs in the sandbox alone, sent there as text by `bundle.py`: finds, tries, mutates."""
