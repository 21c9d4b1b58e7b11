"""Which is better, on what, and how sure is that?"""
