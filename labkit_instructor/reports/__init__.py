"""What people look at: feedback pages, the class overview, review pages, the lines in the shell."""
