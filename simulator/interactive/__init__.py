"""What a notebook moves by hand: widgets over runs."""
