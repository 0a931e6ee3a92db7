"""Lab 06: a variational autoencoder, its gradient, and one with a condition, as a course report has them."""
