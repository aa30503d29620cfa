"""The maintainers' commands behind the Makefile. Only this part of `scripts` knows the notebooks."""
