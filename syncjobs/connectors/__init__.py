"""How client systems are spoken to: one contract, one HTTP door, one folder per vendor."""
