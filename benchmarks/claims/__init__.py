"""One module per kind of claim; each gives finished claims for a scale and the contenders that are there."""
