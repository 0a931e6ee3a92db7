"""Lab 02: first weights, the DCGAN pair of the handout, ladders on paper, and the dense pair of a report."""
