"""What `make load` (load.py) is made of: processes with their memory, a cold cache, a stream."""
