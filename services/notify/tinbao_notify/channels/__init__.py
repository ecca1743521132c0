"""One module for each way to reach people."""
