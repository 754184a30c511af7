"""Going back: the command that is filled in, run in its own session, and followed while it runs."""
