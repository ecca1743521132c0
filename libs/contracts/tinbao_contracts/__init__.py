"""What the services say to each other, and the data they agree on. Imports pydantic and nothing else."""
