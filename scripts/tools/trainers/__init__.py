"""What `make weights` trains, a module a lesson: each has TRAINERS, a dictionary of name and function."""
