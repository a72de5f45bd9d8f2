"""The bench's two systems, the scripts that it compares with, and the engine at work there."""
