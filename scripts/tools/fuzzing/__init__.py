"""What `make fuzz` damages, by subject: files (files.py, kept.py), answers (answers.py), and the machinery (engine.py)."""
