"""What people look at: feedback pages, the class overview, review pages, the lines in the shell.

Python says what is on a page; ``templates/`` has all the markup and the one stylesheet.
"""
