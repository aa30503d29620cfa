"""The runs behind each lesson's cards: one module a lesson, lesson_NN.py, which `make cards` reads."""
