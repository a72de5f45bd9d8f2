"""Harbor Staffing: who is available, and who is planned on what."""
