"""Lab 00: from images as files have them to images as networks want them, and back."""
