"""A shop of one page, for the tutorial docs/tutorial/embed.md. Lines that are there for Klatch say so."""
