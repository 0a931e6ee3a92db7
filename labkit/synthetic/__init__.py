"""The built-in twins of real data sets: drawn by the kit, with the factors that made them."""
