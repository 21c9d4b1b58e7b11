"""Has a number moved since the baseline?"""
