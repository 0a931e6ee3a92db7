"""Lab 05: mode collapse and vanishing gradients, made on purpose, measured, cured and told apart."""
