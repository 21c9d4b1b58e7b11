"""watch.html: a page that plays a run back, from what its result folder holds.

May import results and the report's formats. The page is one file that loads nothing: data, style and script are in it.
"""
