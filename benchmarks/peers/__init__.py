"""The contenders, ours among them. A module imports its package only when it takes part."""
