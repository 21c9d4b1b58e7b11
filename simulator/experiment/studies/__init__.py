"""Many cells of one scenario: sweep, find, sensitivity, optimise; what each gave, and its folder."""
