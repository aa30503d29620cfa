"""What `make fuzz` damages, and how.

engine.py  the machinery;  damage.py  edits of bytes and texts;  files.py  pictures, tables, .pt
boxes.py   annotations in four forms, held to plain_boxes.py;  kept.py  what the course keeps;  answers.py
"""
