"""What an operator wants to know when something is wrong, or before it is."""

from tenants.services.diagnosis.finding import Finding, Level, worst
from tenants.services.diagnosis.run import diagnose, register_check

__all__ = ["Finding", "Level", "diagnose", "register_check", "worst"]
