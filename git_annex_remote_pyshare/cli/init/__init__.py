"""Sets up a store for a dataset: questions, answers, and the commands that follow from them."""
