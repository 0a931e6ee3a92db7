"""Lab 01: the transposed convolution, as sizes, as stamps, as the transpose of a matrix, and as a ladder."""
