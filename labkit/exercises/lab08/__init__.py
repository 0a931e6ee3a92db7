"""Lab 08: a style-based generator, its score, and the edits that it allows, as a course report reviews it.

8.1 to 8.6 are the parts of the generator: the mapping network, AdaIN, noise (8.3 adds it, 8.4 maps what it
decides), style mixing, truncation. 8.7 is the score and 8.8 the report's tables, read with it. 8.9 measures
how smooth z and w are, 8.10 finds a direction to edit along, and 8.11 is a review in words.
"""
