"""What students handed in: from files and zips to answers, helpers, written texts and figures."""
