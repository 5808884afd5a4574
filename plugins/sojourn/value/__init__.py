"""What customers are worth: how often they will buy, for how much, and whether they still will."""
